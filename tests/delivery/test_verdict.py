"""What a reply, or its absence, proves of one attempt: a wrong yes would lose a result for good (promise 5)."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from butterfly_gitops.delivery.verdict import judge, reply_bytes
from butterfly_gitops.hl7.acknowledgement import ParsedAcknowledgement, read_acknowledgement
from butterfly_gitops.mllp.exchange import NoReply, Reply, Silence
from butterfly_gitops.mllp.framing import framed
from butterfly_gitops.model.delivery import Outcome
from tests.table import in_one_test

ID = "K7Q2M4ZP0V9T3XNB6RWC"
MSH = b"MSH|^~\\&|EPIC|STE|BUTTERFLY|STE|20261124090316||ACK^R01^ACK|1|P|2.5.1"
ORU = b"MSH|^~\\&|BUTTERFLY|STE|EPIC|STE|20261124090316||ORU^R01^ORU_R01|%s|P|2.5.1\rPID|1\r" % ID.encode()
ERR = b"ERR||PID^1^3|204^Unknown key identifier^HL70357|E||||no Erika Muster"

D, R, U = Outcome.DELIVERED, Outcome.REFUSED, Outcome.UNCERTAIN
ANOTHER = "acknowledges another message"


def ack(code, control_id=ID, *more, end=b"\r", msh=MSH):
    msa = b"MSA|%s|%s" % (code.encode(), control_id.encode())
    return end.join([msh, msa, *more, b""])


def judged(data, mode="original", *, encoding="UTF-8", **reply):
    answer = Reply(
        data=data, block=read_acknowledgement(data), answers_us=True, received=framed(data), **reply
    )
    return judge(answer, control_id=ID, mode=mode, encoding=encoding)


def unanswered(kind, **came):
    return judge(NoReply(kind=kind, **came), control_id=ID, mode="original", encoding="UTF-8")


# The numbers are the rows of the catalogue of misbehaving peers.
@in_one_test(
    ("data", "original", "commit", "code", "detail"),
    [
        pytest.param(ack("AA"), D, D, "AA", "", id="19 AA"),
        pytest.param(ack("AE"), R, R, "AE", "", id="23 AE"),
        pytest.param(ack("AR"), R, R, "AR", "", id="24 AR"),
        pytest.param(ack("CE"), R, R, "CE", "", id="25 CE"),
        pytest.param(ack("CR"), R, R, "CR", "", id="25 CR"),
        pytest.param(ack("AE", ID, ERR), R, R, "AE", "error 204", id="26 AE with ERR"),
        pytest.param(ack("AE", ID, ERR, ERR), R, R, "AE", "error 204, 204", id="26 AE with two ERR"),
        pytest.param(ack("AX"), U, U, "AX", "MSA-1 is no known code", id="28 AX"),
        pytest.param(ack("AAX"), U, U, "AAX", "MSA-1 is no known code", id="28 AAX"),
        pytest.param(ack("aa"), U, U, "aa", "MSA-1 is no known code", id="28 lower case"),
        pytest.param(ack(""), U, U, "", "MSA-1 is no known code", id="28 empty"),
        pytest.param(ack("AA "), U, U, "?", "MSA-1 is no known code", id="28 a blank more"),
        pytest.param(ack("AA", "OTHER"), U, U, "AA", ANOTHER, id="29 AA for another"),
        pytest.param(ack("CA", "OTHER"), U, U, "CA", ANOTHER, id="29 CA for another"),
        pytest.param(ack("AA", ID.lower()), U, U, "AA", ANOTHER, id="29 id in lower case"),
        pytest.param(ack("AA", ID[:-1]), U, U, "AA", "MSA-2 is our MSH-10, cut off", id="29 id cut"),
        pytest.param(ack("AA", ID[:6]), U, U, "AA", "MSA-2 is our MSH-10, cut off", id="29 id cut short"),
        pytest.param(
            ack("AA", ID[-10:]), U, U, "AA", "MSA-2 is our MSH-10, cut off", id="29 id cut in front"
        ),
        pytest.param(ack("AA", ID[:5]), U, U, "AA", ANOTHER, id="29 too little of the id"),
        pytest.param(ack("AA", ID[1:10]), U, U, "AA", ANOTHER, id="29 out of the middle"),
        pytest.param(ack("AA", ID + "   "), U, U, "AA", "MSA-2 is our MSH-10, padded", id="29 id padded"),
        pytest.param(ack("AE", "\0" + ID), U, U, "AE", "MSA-2 is our MSH-10, padded", id="30 id padded"),
        pytest.param(ack("AA", ID[:-1] + " "), U, U, "AA", "MSA-2 is our MSH-10, cut off", id="29 both"),
        pytest.param(
            ack("AA", ID + "^1"), U, U, "AA", "MSA-2 is our MSH-10 and more", id="29 a component more"
        ),
        pytest.param(ack("AA", "  "), U, U, "AA", "MSA-2 is empty", id="31 blanks"),
        pytest.param(ack("AE", "OTHER"), U, U, "AE", ANOTHER, id="30 AE for another"),
        pytest.param(ack("AR", "OTHER"), U, U, "AR", ANOTHER, id="30 AR for another"),
        pytest.param(ack("AA", ""), U, U, "AA", "MSA-2 is empty", id="31 no id"),
        pytest.param(MSH + b"\rMSA|AA\r", U, U, "AA", "MSA-2 is empty", id="31 no MSA-2"),
        pytest.param(ORU, U, U, "", "no MSA segment", id="32 echo"),
        pytest.param(MSH + b"\r", U, U, "", "no MSA segment", id="33 no MSA"),
        pytest.param(b"", U, U, "", "empty reply", id="35 empty"),
        pytest.param(b"HTTP/1.1 400 Bad Request\r\n", U, U, "", "an HTTP or HTML answer", id="36 HTTP"),
        pytest.param(b"\x06", U, U, "", "no MSH segment at its start", id="49 byte acknowledgement"),
        pytest.param(ack("AE") + ack("AA"), U, U, "", "more than one MSA segment", id="44 two in one block"),
    ],
)
def test_a_reply_is_judged_strictly_in_both_modes(data, original, commit, code, detail):
    for mode, outcome in (("original", original), ("commit", commit)):
        verdict = judged(data, mode)
        assert (verdict.outcome, verdict.code, verdict.detail) == (outcome, code, detail)


def test_a_commit_accept_delivers_in_commit_mode_only():  # rows 20 and 21
    assert judged(ack("CA"), "commit").outcome is D
    verdict = judged(ack("CA"))
    assert (verdict.outcome, verdict.detail) == (U, "CA in original mode: set acknowledgement mode commit?")


@in_one_test(
    ("data", "reply", "detail"),
    [
        pytest.param(ack("AA", end=b"\n"), {}, "segments end in line feeds", id="34 LF"),
        pytest.param(ack("AA", end=b"\r\n"), {}, "segments end in line feeds", id="34 CRLF"),
        pytest.param(ack("AA"), {"lacked_final_cr": True}, "no final CR", id="38 no final CR"),
        pytest.param(ack("AA"), {"junk": 4}, "bytes outside blocks", id="39 junk before, 40 junk after"),
        pytest.param(
            ack("AA"),
            {"dropped": 1},
            "1 late or second answer dropped",
            id="44 a late answer to an earlier one",
        ),
        pytest.param(ack("AA"), {"dropped": 2}, "2 late or second answers dropped", id="44 two"),
        pytest.param(
            ack("AA"), {"has_split_trailer": True}, "the end of the block in pieces", id="42 split trailer"
        ),
        pytest.param(b"\xef\xbb\xbf" + ack("AA"), {}, "a byte order mark", id="47 byte order mark"),
        pytest.param(
            ack("AA").replace(b"|", b"#").replace(b"^~\\&", b"!~\\}"), {}, "other delimiters", id="delimiters"
        ),
        pytest.param(ack("AA", ID, b"\x1c"), {}, "an end byte within the block", id="71 FS in content"),
        pytest.param(ack("AA", msh=MSH + b"||||||8859/1"), {}, "another character set", id="47 declared"),
        pytest.param(ack("AA", ID, b"NTE|1||M\xfcller"), {}, "another character set", id="47 Latin-1"),
        pytest.param(
            ack("AA", ID, b"NTE|1||M\xfcller"), {"encoding": "ISO-8859-1"}, "", id="47 Latin-1 as we write it"
        ),
        pytest.param(
            ack("AA", ID, b"NTE|1||\xc3\xbc", msh=MSH + b"||||||UNICODE UTF-8"),
            {},
            "",
            id="47 ours, declared",
        ),
        pytest.param(ack("AA", msh=MSH + b"||||||ASCII"), {}, "", id="47 ASCII, which is in each"),
        pytest.param(
            ack("AA", end=b"\n"),
            {"lacked_final_cr": True, "junk": 1},
            "segments end in line feeds; no final CR; bytes outside blocks",
            id="all of it",
        ),
    ],
)
def test_what_is_tolerated_delivers_and_is_named(data, reply, detail):
    verdict = judged(data, **reply)
    assert (verdict.outcome, verdict.detail) == (D, detail)


def test_what_is_tolerated_is_named_beside_a_refusal():
    assert judged(ack("AE", ID, ERR), junk=1).detail == "error 204; bytes outside blocks"


@pytest.mark.parametrize(
    "more",
    [
        pytest.param(b"NTE|1||" + b"x" * 9000, id="46 nine kilobytes"),
        pytest.param("NTE|1||Müller".encode("latin-1"), id="47 Latin-1"),
        pytest.param(b"NTE|1||\xff\xfe\xc3", id="48 invalid UTF-8"),
    ],
)
def test_what_stands_beside_the_codes_does_not_matter(more):
    assert judged(ack("AA", ID, more)).outcome is D


@in_one_test(
    ("kind", "outcome", "detail"),
    [
        (Silence.NOTHING_LEFT, Outcome.NOT_SENT, "the connection was lost before a byte left"),
        (Silence.SILENCE, U, "no answer"),
        (Silence.CLOSED, U, "closed before an answer"),
        (Silence.RESET, U, "reset before an answer"),
        (Silence.GARBAGE, U, "bytes came, but no start byte"),
        (Silence.STALLED, U, "an answer began and did not end in time"),
        (Silence.TOO_BIG, U, "an answer over the size limit"),
        (Silence.EMPTY, U, "an empty answer"),
    ],
    ids=lambda value: value if isinstance(value, Silence) else "",
)
def test_no_reply_is_uncertain_unless_nothing_left(kind, outcome, detail):
    verdict = unanswered(kind)
    assert (verdict.outcome, verdict.code, verdict.detail) == (outcome, "", detail)


def test_a_late_answer_is_named_where_none_came():
    verdict = unanswered(Silence.SILENCE, dropped=1)
    assert (verdict.outcome, verdict.detail) == (U, "no answer; 1 late or second answer dropped")


def test_every_silence_has_a_verdict():
    assert [unanswered(kind).detail for kind in Silence]


def test_patient_data_of_a_reply_reaches_no_verdict():  # row 26
    verdict = judged(ack("AE", ID, ERR))
    assert "Muster" not in repr(verdict)


def test_what_came_back_is_kept_whatever_it_was():
    for received in (b"Junk" + framed(b"MSH"), framed(b"MSH")[:-1], framed(b"MSH") + framed(b"MSA")):
        assert (
            reply_bytes(
                Reply(data=b"MSH", block=ParsedAcknowledgement(), answers_us=False, received=received)
            )
            == received
        )
    # One block alone needs no frame; and whatever there was too much of, it is the block that is kept.
    for received in (framed(b"MSH"), b"Junk\x0bMS"):
        assert (
            reply_bytes(
                Reply(data=b"MSH", block=ParsedAcknowledgement(), answers_us=False, received=received)
            )
            == b"MSH"
        )
    assert reply_bytes(NoReply(kind=Silence.GARBAGE, received=b"junk")) == b"junk"


@given(st.binary(max_size=200), st.sampled_from(["original", "commit"]))
def test_no_bytes_without_our_id_deliver_or_refuse(data, mode):
    assert judged(data, mode).outcome is U


@given(
    st.binary(min_size=0, max_size=3).filter(lambda code: code not in {b"AA", b"CA"} and b"\r" not in code)
)
def test_no_other_code_delivers(code):
    assert judged(MSH + b"\rMSA|%s|%s\r" % (code, ID.encode()), "commit").outcome is not D
