"""What a reply, or its absence, proves of one attempt: strict, because a wrong yes loses a result for good."""

from typing import Literal, assert_never

from butterfly_gitops.hl7.acknowledgement import Reply as Acknowledgement
from butterfly_gitops.hl7.acknowledgement import read_acknowledgement
from butterfly_gitops.mllp.exchange import NoReply, Reply, Silence
from butterfly_gitops.mllp.framing import framed
from butterfly_gitops.model.delivery import Outcome, Verdict

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


def judge(answer: Reply | NoReply, *, control_id: str, mode: Mode) -> Verdict:
    """Judge what came back on the connection that carried the message (HL7 v2.5.1 2.9.2 and 2.9.3).

    Delivered takes an MSA-1 that is exactly right for the mode and an MSA-2 that is our MSH-10.
    """
    match answer:
        case NoReply(kind=kind):
            outcome = Outcome.NOT_SENT if kind is Silence.NOTHING_LEFT else Outcome.UNCERTAIN
            return Verdict(outcome=outcome, detail=_PHRASES[kind])
        case Reply():
            read = read_acknowledgement(answer.data)
            verdict = _judge_read(read, control_id=control_id, mode=mode)
            return _with_notes(verdict, read, answer)
    assert_never(answer)


def reply_bytes(answer: Reply | NoReply) -> bytes:
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


def _judge_read(read: Acknowledgement, *, control_id: str, mode: Mode) -> Verdict:
    if read.problem:
        return Verdict(outcome=Outcome.UNCERTAIN, detail=read.problem)
    if read.msa2 != control_id:
        # Even a refusal of another message must not set this one aside.
        detail = "acknowledges another message" if read.msa2 else "MSA-2 is empty"
        return Verdict(outcome=Outcome.UNCERTAIN, code=read.msa1, detail=detail)
    if read.msa1 in _DELIVERS[mode]:
        return Verdict(outcome=Outcome.DELIVERED, code=read.msa1)
    if read.msa1 in _REFUSES:
        codes = ", ".join(error.code for error in read.errors)
        return Verdict(outcome=Outcome.REFUSED, code=read.msa1, detail=f"error {codes}" if codes else "")
    if read.msa1 == "CA":
        detail = "CA in original mode: set acknowledgement mode commit?"
        return Verdict(outcome=Outcome.UNCERTAIN, code="CA", detail=detail)
    return Verdict(outcome=Outcome.UNCERTAIN, code=read.msa1, detail="MSA-1 is no known code")


def _with_notes(verdict: Verdict, read: Acknowledgement, answer: Reply) -> Verdict:
    """Name what was tolerated, so that the status can show a peer that strays from the protocol."""
    notes = [
        phrase
        for is_so, phrase in (
            (read.ended_by_line_feed, "segments end in line feeds"),
            (answer.lacked_final_cr, "no final CR"),
            (answer.junk > 0, "bytes outside blocks"),
        )
        if is_so
    ]
    detail = "; ".join(filter(None, [verdict.detail, *notes]))
    return Verdict(outcome=verdict.outcome, code=verdict.code, detail=detail)
