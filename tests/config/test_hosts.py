"""A host is a name or an address that a Link can dial; whatever else is pasted there is refused with a hint."""

import ipaddress
import re

from hypothesis import example, given
from hypothesis import strategies as st

from butterfly_gitops.config.values.hosts import fault_of
from butterfly_gitops.model.endpoint import HOST_PATTERN
from butterfly_gitops.model.host import why_no_target
from tests.table import in_one_test

SOUND = [
    "10.20.30.40", "192.168.12.4", "127.0.0.1", "metadata.example.org", "8.8.4.4", "fd00::20:30:40", "::1", "2001:DB8::5",
    "::ffff:10.20.30.40", "localhost", "EHR01", "ehr_01", "ehr-01.hospital.example.org", "ehr.example.org.", "3com",
    "5east.example.org", "a" * 63, ".".join(["a" * 49] * 5),
]  # fmt: skip

# What was written, what is said of it, and the hint where it is more than a hint.
WRONG = [
    ("https://ehr.example.org:6661/x", "a URL", "write host: ehr.example.org and port: 6661"),
    ("https://ehr.example.org", "a URL", 'write "ehr.example.org"'),
    ("mllp://[fd00::5]:2575", "a URL", "write host: fd00::5 and port: 2575"),
    ("https://10.20.30.400:6661", "a URL", None),
    ("10.20.30.40:6661", "port", "write host: 10.20.30.40 and port: 6661"),
    ("10.20.30.40:06661", "hold :", None),
    ("10.20.30.040:6661", "hold :", None),
    ("ehr.example.org:99999", "hold :", None),
    ("ehr.example.org:hl7", "hold :", None),
    ("10.20.30.40:6661:1", "no IPv6", None),
    ("[fd00::5]", "alone", 'write "fd00::5"'),
    ("[fd00::5]:2575", "port", "write host: fd00::5 and port: 2575"),
    ("ehr.example.org/hl7", "a URL", 'write "ehr.example.org"'),
    ("ada@ehr.example.org", "hold @", None),
    ("10.20.30.40 ", "alone", 'write "10.20.30.40"'),
    ("epic prod", "a space", None),
    ("ehr-1,ehr-2", "a comma", None),
    ("", "empty", None),
    ("10.20.30.400", "0 to 255", None),
    ("10.20.30.99999999999999999999", "0 to 255", None),
    ("10.20.30", "four numbers", None),
    ("10.20.30.40.50", "four numbers", None),
    ("6661", "four numbers", None),
    ("0x7f.1", "four numbers", None),
    ("0x7f000001", "four numbers", None),
    ("010.020.030.040", "leading zeros", None),
    ("fd00:::5", "no IPv6", None),
    ("1:2:3:4:5:6:7:8:9", "no IPv6", None),
    ("fd00::12345", "no IPv6", None),
    ("fe80::1", "link-local", None),
    ("::ffff:169.254.169.254", "link-local", None),
    ("169.254.169.254:6661", "hold :", None),
    ("http://169.254.169.254/latest", "a URL", None),
    ("fd00:ec2::254", "credentials", None),
    ("Metadata.Google.Internal.", "credentials", None),
    ("metadata.google.internal:80", "hold :", None),
    ("fe80::1%eth0", "network card", None),
    ("0.0.0.0", "all addresses", None),
    ("::", "all addresses", None),
    ("0.1.2.3", "this range", None),
    ("240.0.0.1", "this range", None),
    ("224.0.0.1", "multicast", None),
    ("ff02::1", "multicast", None),
    ("255.255.255.255", "broadcast", None),
    ("-ehr.example.org", "hyphen", None),
    ("ehr-.example.org", "hyphen", None),
    ("ehr..example.org", "a dot", None),
    (".", "a dot", None),
    ("münchen.example.org", "ASCII", None),
    ("a" * 64, "63", None),
    (".".join(["a" * 49] * 6), "253", None),
]  # fmt: skip


@in_one_test("text", SOUND)
def test_what_can_be_dialled_is_a_host(text: str):
    assert fault_of(text) is None
    assert re.fullmatch(HOST_PATTERN, text)


@in_one_test(("text", "said", "hint"), WRONG, ids=[text[:24] for text, _, _ in WRONG])
def test_what_is_none_says_why_and_what_to_write(text: str, said: str, hint: str | None):
    fault = fault_of(text)
    assert fault is not None
    assert said in fault.says
    if hint is None:
        assert '"' not in fault.hint
    else:
        assert fault.hint == hint


@given(
    st.one_of(
        st.text(max_size=40), st.from_regex(HOST_PATTERN), st.text("0123456789abf.:[]@/%-_ x", max_size=30)
    )
)
@example("1" * 5000)
@example("http://" + "[:" * 450_000)
@example("a." * 450_000)
@example("\u0660.1.1.1")
def test_a_hint_is_a_host_itself(text: str):
    fault = fault_of(text)
    if fault is None:
        assert re.fullmatch(HOST_PATTERN, text)
    elif found := re.fullmatch(r'write (?:"(.+)"|host: (\S+) and port: (\d+))', fault.hint):
        assert fault_of(found[1] or found[2]) is None
        assert found[3] is None or 1 <= int(found[3]) <= 65535


@given(st.ip_addresses())
def test_an_address_is_refused_as_it_is_when_a_name_leads_there(address: ipaddress.IPv4Address):
    fault = fault_of(str(address))
    assert (fault.says if fault else "") == why_no_target(address)
    assert fault is None or '"' not in fault.hint
