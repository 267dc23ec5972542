"""Which spellings of a host are one."""

import ipaddress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from butterfly_gitops.model.host import same_host


@pytest.mark.parametrize(
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


@pytest.mark.parametrize(
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
