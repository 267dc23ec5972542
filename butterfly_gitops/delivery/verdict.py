"""The judgement of a reply, or of its absence: strict, because a wrong yes loses a result for good."""

from collections.abc import Iterator
from dataclasses import replace
from typing import Literal, assert_never

from butterfly_gitops.hl7.acknowledgement import ParsedAcknowledgement
from butterfly_gitops.hl7.charset import charset_of
from butterfly_gitops.mllp.exchange import Answer, NoReply, Reply, Silence
from butterfly_gitops.mllp.framing import framed
from butterfly_gitops.model.delivery import Outcome, Verdict
from butterfly_gitops.model.endpoint import Encoding

Mode = Literal["original", "commit"]

_DELIVERS: dict[Mode, frozenset[str]] = {"original": frozenset({"AA"}), "commit": frozenset({"AA", "CA"})}
_REFUSES = frozenset({"AE", "AR", "CE", "CR"})

_PHRASES = {
    Silence.NOTHING_LEFT: "the connection was lost before a byte left",
    Silence.SILENCE: "no answer",
    Silence.CLOSED: "closed before an answer",
    Silence.RESET: "reset before an answer",
    Silence.GARBAGE: "bytes came, but no start byte",
    Silence.STALLED: "an answer began and did not end in time",
    Silence.TOO_BIG: "an answer over the size limit",
    Silence.EMPTY: "an empty answer",
}


# What some receivers fill a field of fixed length with.
_PADDING = " \t\0"
# Shorter than this, a part of our id may be another's: a receiver that numbers its messages has a `1` in MSA-2.
_LEAST_PART = 6


def judge(
    answer: Answer[ParsedAcknowledgement], *, control_id: str, mode: Mode, encoding: Encoding
) -> Verdict:
    """Judge what came back on the connection that carried the message (HL7 v2.5.1 2.9.2 and 2.9.3).

    Delivered takes an MSA-1 that is exactly right for the mode and an MSA-2 that is our MSH-10. `encoding` is the
    message's: an answer in another one is read all the same.
    """
    match answer:
        case NoReply(kind=kind):
            outcome = Outcome.NOT_SENT if kind is Silence.NOTHING_LEFT else Outcome.UNCERTAIN
            return Verdict(outcome=outcome, detail=_joined(_PHRASES[kind], *_late(answer)))
        case Reply():
            read = answer.block
            verdict = _judge_read(read, control_id=control_id, mode=mode)
            notes = (*_tolerated(read, answer, encoding), *_late(answer))
            return replace(verdict, detail=_joined(verdict.detail, *notes))
    assert_never(answer)


def reply_bytes(answer: Answer[ParsedAcknowledgement]) -> bytes:
    """Return what came back, for the history of the attempt: one block bare, more as it came.

    It may hold patient data.
    """
    match answer:
        case NoReply():
            return answer.received
        case Reply():
            is_cut = answer.data not in answer.received
            return answer.data if is_cut or answer.received == framed(answer.data) else answer.received
    assert_never(answer)


def _judge_read(read: ParsedAcknowledgement, *, control_id: str, mode: Mode) -> Verdict:
    if read.problem:
        return Verdict(outcome=Outcome.UNCERTAIN, detail=read.problem)
    if read.msa2 != control_id:
        # Even a refusal of another message must not set this one aside.
        return Verdict(outcome=Outcome.UNCERTAIN, code=read.msa1, detail=_whose(read.msa2, control_id))
    if read.msa1 in _DELIVERS[mode]:
        return Verdict(outcome=Outcome.DELIVERED, code=read.msa1)
    if read.msa1 in _REFUSES:
        codes = ", ".join(error.code for error in read.errors)
        return Verdict(outcome=Outcome.REFUSED, code=read.msa1, detail=f"error {codes}" if codes else "")
    if read.msa1 == "CA":
        detail = "CA in original mode: set acknowledgement mode commit?"
        return Verdict(outcome=Outcome.UNCERTAIN, code="CA", detail=detail)
    return Verdict(outcome=Outcome.UNCERTAIN, code=read.msa1, detail="MSA-1 is no known code")


def _whose(msa2: str, control_id: str) -> str:
    """Say what is wrong with an MSA-2, so that a receiver that alters our id is told from one that means another."""
    bare = msa2.strip(_PADDING)
    if not bare:
        return "MSA-2 is empty"
    if bare == control_id:
        return "MSA-2 is our MSH-10, padded"
    if control_id in bare:
        return "MSA-2 is our MSH-10 and more"
    if len(bare) >= _LEAST_PART and (control_id.startswith(bare) or control_id.endswith(bare)):
        return "MSA-2 is our MSH-10, cut off"
    return "acknowledges another message"


def _tolerated(
    read: ParsedAcknowledgement, answer: Reply[ParsedAcknowledgement], encoding: Encoding
) -> Iterator[str]:
    """Name what was tolerated, so that the history can show a peer that strays from the protocol."""
    yield from read.oddities
    if _is_in_another_set(answer.data, read.charset, encoding):
        yield "another character set"
    if answer.lacked_final_cr:
        yield "no final CR"
    if answer.has_split_trailer:
        yield "the end of the block in pieces"
    if answer.junk > 0:
        yield "bytes outside blocks"


def _is_in_another_set(data: bytes, declared: str, encoding: Encoding) -> bool:
    ours = charset_of(encoding)
    if declared not in ("", "ASCII", ours.declared):
        return True
    try:
        data.decode(ours.codec)
    except UnicodeDecodeError:
        return True
    return False


def _late(answer: Answer[ParsedAcknowledgement]) -> Iterator[str]:
    if answer.dropped > 0:
        yield f"{answer.dropped} late or second {'answer' if answer.dropped == 1 else 'answers'} dropped"


def _joined(*phrases: str) -> str:
    return "; ".join(filter(None, phrases))
