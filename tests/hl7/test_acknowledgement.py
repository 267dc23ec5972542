"""What a reply says, whatever a peer sends; and the answers that a practice EHR gives."""

from datetime import UTC, datetime

import hl7
import pytest
from hypothesis import given
from hypothesis import strategies as st

from butterfly_gitops.hl7.acknowledgement import (
    ErrorCode,
    ParsedAcknowledgement,
    answer,
    read_acknowledgement,
)
from tests.hl7.samples import CONTROL_ID, rendered, study
from tests.table import in_one_test

MSH = b"MSH|^~\\&|EPIC|STE|BUTTERFLY|STE|20261124090316||ACK^R01^ACK|1|P|2.5.1"
ID = CONTROL_ID.encode()
MESSAGE = rendered(study("efast.json")).data
AT = datetime(2026, 11, 24, 9, 3, 16, tzinfo=UTC)


def ack(msa: bytes, *more: bytes, end: bytes = b"\r") -> bytes:
    return end.join([MSH, msa, *more, b""])


@in_one_test("code", ["AA", "AE", "AR", "CA", "CE", "CR"])
def test_every_code_is_read_exactly(code: str):
    reply = read_acknowledgement(ack(b"MSA|%s|%s" % (code.encode(), ID)))
    assert (reply.problem, reply.msa1, reply.msa2, reply.oddities) == ("", code, CONTROL_ID, ())


@in_one_test(
    ("field", "msa1"),
    [
        pytest.param(b"", "", id="empty"),
        pytest.param(b"AX", "AX", id="unknown"),
        pytest.param(b"AAX", "AAX", id="longer"),
        pytest.param(b"aa", "aa", id="lower case is not AA"),
        pytest.param(b"AA ", "?", id="a blank is not AA"),
        pytest.param(b"AA^", "?", id="a component is not AA"),
        pytest.param(b"Muster", "?", id="text"),
        pytest.param("АА".encode(), "?", id="letters that look alike"),
    ],
)
def test_msa_1_is_exact(field: bytes, msa1: str):
    assert read_acknowledgement(ack(b"MSA|%s|%s" % (field, ID))).msa1 == msa1


@in_one_test(
    ("msa", "msa2"),
    [
        pytest.param(b"MSA|AA|OTHER", "OTHER", id="another message"),
        pytest.param(b"MSA|AA|" + ID[:10], CONTROL_ID[:10], id="cut"),
        pytest.param(b"MSA|AA|%s " % ID, CONTROL_ID + " ", id="a blank more"),
        pytest.param(b"MSA|AA|%s\x1cX" % ID, CONTROL_ID + "\x1cX", id="an end byte and more"),
        pytest.param(b"MSA|AA|", "", id="empty"),
        pytest.param(b"MSA|AA", "", id="missing"),
        pytest.param(b"MSA", "", id="nothing at all"),
        pytest.param(b"MSA|AA|\xe9", "\xe9", id="not UTF-8"),
    ],
)
def test_msa_2_is_exact(msa: bytes, msa2: str):
    assert read_acknowledgement(ack(msa)).msa2 == msa2


@in_one_test(
    ("reply", "problem"),
    [
        pytest.param(b"", "empty reply", id="empty"),
        pytest.param(b"\r\n", "empty reply", id="line ends only"),
        pytest.param(b"HTTP/1.1 400 Bad Request\r\n\r\n", "an HTTP or HTML answer", id="HTTP"),
        pytest.param(b"<!DOCTYPE html><html>", "an HTTP or HTML answer", id="HTML"),
        pytest.param(b"<ACK><MSA/></ACK>", "an XML answer", id="XML"),
        pytest.param(b"\x06", "no MSH segment at its start", id="a byte of MLLP 2"),
        pytest.param(b"MSA|AA|" + ID, "no MSH segment at its start", id="MSA without MSH"),
        pytest.param(b" " + ack(b"MSA|AA|" + ID), "no MSH segment at its start", id="blank before MSH"),
        pytest.param(b"MSH", "an MSH segment without delimiters", id="bare MSH"),
        pytest.param(b"MSHAAAAAAAAA", "an MSH segment without delimiters", id="letters for delimiters"),
        pytest.param(MSH + b"\r", "no MSA segment", id="MSH only"),
        pytest.param(MESSAGE, "no MSA segment", id="our message echoed"),
        pytest.param(MSH + b"|MSA|AA|" + ID, "no MSA segment", id="MSA inside MSH"),
        pytest.param(ack(b"MSA|AE|1", b"MSA|AA|" + ID), "more than one MSA segment", id="two answers in one"),
        pytest.param(
            ack(b"MSA|AA|" + ID, b"\x1cMSA|AE|" + ID), "more than one MSA segment", id="another behind an FS"
        ),
        pytest.param(
            ack(b"MSA|AA|%s|\x1c\x00 MSA|AE|%s" % (ID, ID)), "more than one MSA segment", id="another within"
        ),
        pytest.param(
            ack(b"MSA|AA|" + ID, b" MSA|AE|" + ID), "more than one MSA segment", id="another behind a blank"
        ),
    ],
)
def test_what_is_no_acknowledgement_says_why(reply: bytes, problem: str):
    assert read_acknowledgement(reply) == ParsedAcknowledgement(problem=problem)


@in_one_test(
    ("reply", "oddities"),
    [
        pytest.param(ack(b"MSA|AA|" + ID), (), id="CR"),
        pytest.param(ack(b"MSA|AA|" + ID, end=b"\n"), ("segments end in line feeds",), id="LF"),
        pytest.param(ack(b"MSA|AA|" + ID, end=b"\r\n"), ("segments end in line feeds",), id="CRLF"),
        pytest.param(ack(b"MSA|AA|" + ID).rstrip(b"\r"), (), id="no last end"),
        pytest.param(b"\xef\xbb\xbf" + ack(b"MSA|AA|" + ID), ("a byte order mark",), id="byte order mark"),
        pytest.param(
            ack(b"MSA|AA|" + ID).replace(b"|", b"#").replace(b"^~\\&", b"!~\\}"),
            ("other delimiters",),
            id="other delimiters",
        ),
        pytest.param(MSH + b"\rSFT|x\rMSA|AA|" + ID + b"\r", (), id="a segment between"),
        pytest.param(ack(b"MSA|AA|" + ID + b"|see MSA|", b"ERR|MSA^1|MSA|0|I"), (), id="MSA in a text"),
        pytest.param(
            ack(b"MSA|AA|" + ID, b"\x1c"), ("an end byte within the block",), id="FS in a segment of its own"
        ),
        pytest.param(MSH + b"||||||8859/1\rMSA|AA|" + ID + b"|pr\xf8ve\r", (), id="Latin-1"),
        pytest.param(ack(b"MSA|AA|" + ID + b"|\xff\xfe\xc3"), (), id="invalid UTF-8"),
        pytest.param(ack(b"MSA|AA|" + ID, *[b"ERR|||0|I||||" + b"x" * 900] * 10), (), id="9 KB"),
    ],
)
def test_an_accept_is_read_through_what_peers_do(reply: bytes, oddities: tuple[str, ...]):
    read = read_acknowledgement(reply)
    assert (read.problem, read.msa1, read.msa2) == ("", "AA", CONTROL_ID)
    assert read.oddities == oddities


@in_one_test(
    ("err", "errors"),
    [
        pytest.param(
            b"ERR||PID^1^3|204^Unknown key^HL70357|E", (ErrorCode(code="204", severity="E"),), id="2.5"
        ),
        pytest.param(b"ERR|||207", (ErrorCode(code="207"),), id="without severity"),
        pytest.param(b"ERR|PID^1^5^101&Missing&HL70357", (ErrorCode(code="101"),), id="before 2.5"),
        pytest.param(b"ERR|||Muster^Erika|E", (), id="text in place of a code"),
        pytest.param(b"ERR", (), id="empty"),
    ],
)
def test_error_codes(err: bytes, errors: tuple[ErrorCode, ...]):
    assert read_acknowledgement(ack(b"MSA|AE|" + ID, err)).errors == errors


def test_free_text_is_kept_and_never_shown():
    reply = read_acknowledgement(
        ack(b"MSA|AE|Muster|Patient Muster unknown", b"ERR|||204|E||||Erika", b"ERR|PID^1^5^101|||||Muster")
    )
    assert "Patient Muster unknown" in reply.text
    assert "Erika" in reply.text
    assert "Muster" not in repr(reply)
    assert "Erika" not in repr(reply)


@given(st.binary())
def test_any_bytes_are_read(content: bytes):
    read_acknowledgement(content)
    read_acknowledgement(ack(b"MSA|AA|" + ID, content))
    read_acknowledgement(b"MSH|^~\\&|" + content)


@given(st.binary())
def test_any_message_is_answered(content: bytes):
    reply = answer(content, code="AA", control_id="1", at=AT, acknowledges=CONTROL_ID)
    assert reply.endswith(b"\r")


def test_a_practice_answer_is_an_acknowledgement_of_the_message():
    reply = answer(MESSAGE, code="AE", control_id="EHR1", at=AT, error="207")
    assert str(hl7.parse(reply.decode())).replace("\r", "\n").splitlines() == [
        "MSH|^~\\&|EPIC|STE|BUTTERFLY|STE|20261124090316||ACK^R01^ACK|EHR1|P|2.5.1||||||UNICODE UTF-8",
        f"MSA|AE|{CONTROL_ID}",
        "ERR|||207^^HL70357|E",
    ]
    read = read_acknowledgement(reply)
    assert (read.msa1, read.msa2, read.errors) == ("AE", CONTROL_ID, (ErrorCode(code="207", severity="E"),))


def test_a_practice_answer_may_name_another_message():
    reply = answer(MESSAGE, code="AA", control_id="EHR1", at=AT, acknowledges="OTHER")
    assert read_acknowledgement(reply).msa2 == "OTHER"
