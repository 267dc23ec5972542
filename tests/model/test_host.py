"""Which spellings of a host are one, and behind which addresses there is no EHR."""

import ipaddress

from hypothesis import given
from hypothesis import strategies as st

from butterfly_gitops.model.host import is_public, same_host, why_no_target, why_no_target_name
from tests.table import in_one_test


@in_one_test(
    ("one", "other"),
    [
        ("registry.example.org", "registry.example.org."),
        ("registry.example.org", "Registry.Example.ORG"),
        ("fd00::1", "fd00:0:0:0:0:0:0:1"),
        ("fd00::1", "FD00::0001"),
        ("::ffff:10.20.30.40", "10.20.30.40"),
        ("localhost", "127.0.0.1"),
        ("LOCALHOST.", "127.0.0.1"),
    ],
)
def test_two_spellings_of_one_host_are_one(one: str, other: str):
    assert same_host(one) == same_host(other)


@in_one_test(
    ("one", "other"),
    [
        ("registry.example.org", "registry.example.com"),
        ("registry", "registry.example.org"),
        ("fd00::1", "fd00::10"),
        ("10.20.30.4", "10.20.30.40"),
        ("127.0.0.1", "127.0.0.2"),
    ],
)
def test_two_hosts_are_two(one: str, other: str):
    assert same_host(one) != same_host(other)


@given(st.ip_addresses(v=6))
def test_an_address_is_the_same_short_and_long(address: ipaddress.IPv6Address):
    assert same_host(str(address)) == same_host(address.exploded.upper())


@in_one_test(
    ("address", "said"),
    [
        ("0.0.0.0", "all addresses"),
        ("::", "all addresses"),
        ("0.1.2.3", "this range"),
        ("240.0.0.1", "this range"),
        ("224.0.0.1", "multicast"),
        ("ff02::1", "multicast"),
        ("255.255.255.255", "broadcast"),
        ("169.254.0.0", "link-local"),
        ("169.254.169.254", "link-local"),
        ("169.254.255.255", "link-local"),
        ("fe80::1", "link-local"),
        ("fe80::1%3", "link-local"),
        ("febf:ffff::1", "link-local"),
        ("fd00:ec2::254", "credentials"),
        ("100.100.100.200", "credentials"),
        ("168.63.129.16", "credentials"),
        ("::ffff:169.254.169.254", "link-local"),
        ("2002:a9fe:a9fe::1", "link-local"),
        ("64:ff9b::169.254.169.254", "link-local"),
        ("64:ff9b:1::a9fe:a9fe", "link-local"),
        ("::169.254.169.254", "link-local"),
        ("::ffff:224.0.0.1", "multicast"),
    ],
)
def test_no_ehr_is_behind(address: str, said: str):
    assert said in why_no_target(ipaddress.ip_address(address))


@in_one_test(
    "address", ["127.0.0.1", "::1", "10.20.30.40", "fd00::1", "169.253.1.1", "fec0::1", "::ffff:10.1.1.1"]
)
def test_an_ehr_may_be_behind(address: str):
    assert why_no_target(ipaddress.ip_address(address)) == ""


def test_clouds_have_names_that_are_no_ehr():
    assert why_no_target_name("METADATA.google.internal.")
    assert not why_no_target_name("metadata.google.internal.example.org")


@in_one_test(
    "host",
    [
        "8.8.4.4", "172.32.0.1", "::ffff:8.8.4.4", "2600::1",
        "ehr.mercy-health.org", "EHR.Vendor.Cloud.", "localhost.vendor.com", "notexample.org", "local.vendor.com",
    ],
)  # fmt: skip
def test_what_the_internet_may_reach_is_public(host: str):
    assert is_public(host)


@in_one_test(
    "host",
    [
        "10.20.30.40", "172.16.0.1", "192.168.1.1", "127.0.0.1", "169.254.1.1", "100.64.0.1", "192.0.2.1", "fd00::1",
        "::1", "::ffff:10.0.0.1", "ehr", "ehr_prod", "LOCALHOST.", "ehr.mercy.local", "ehr.mercy.internal",
        "epic.mercy.corp", "ehr.home.arpa", "registry.mercy.example.org", "example.com", "ehr.example",
    ],
)  # fmt: skip
def test_what_it_cannot_reach_is_private(host: str):
    assert not is_public(host)
