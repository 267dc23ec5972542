"""Acknowledgements: reading one from reply bytes, and writing one for the practice EHR.

Reading says what stands there, strictly and without judging: whether it delivers is `delivery.verdict`'s. Codes are
read from bytes, so that no character set of a peer can hide or forge them.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime

from butterfly_gitops.hl7.escape import escape
from butterfly_gitops.hl7.message import ENCODING_CHARACTERS, segment, value_of

_SEGMENT_END = re.compile(rb"\r\n|\r|\n")
_CODE = re.compile(rb"[A-Za-z0-9]{1,3}")
_ERROR_CODE = re.compile(rb"[0-9]{1,3}")
_SEVERITY = re.compile(rb"[A-Z]")
_MSA_BEHIND_CONTROL = rb"[\x00-\x1f\x7f][ ]*MSA"
_BYTE_ORDER_MARK = b"\xef\xbb\xbf"
_DELIMITERS = b"MSH|" + ENCODING_CHARACTERS.encode()
_LEAST_HEADER = 8  # MSH, its separator and four encoding characters
_CHARSET = 17  # MSH-18: MSH-1 is the separator itself

_HELD_NO_CODE = "?"


@dataclass(frozen=True, slots=True, kw_only=True)
class ErrorCode:
    """One ERR: its code of table 0357, and its severity of table 0516 where one is given."""

    code: str
    severity: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class ParsedAcknowledgement:
    """The fields of a reply that matter to its sender.

    `problem` is a fixed phrase for bytes that are no acknowledgement, else empty. `msa1` is exact: `?` where the
    field holds anything but one to three letters or digits, empty where it is empty. `msa2` is exact, as bytes read
    as Latin-1. `oddities` are fixed phrases for what was read all the same. `msa2`, `text` and `charset`, the first of
    MSH-18, may hold patient data and show in no repr.
    """

    problem: str = ""
    msa1: str = ""
    msa2: str = field(default="", repr=False)
    charset: str = field(default="", repr=False)
    oddities: tuple[str, ...] = ()
    errors: tuple[ErrorCode, ...] = ()
    text: str = field(default="", repr=False)


def read_acknowledgement(reply: bytes) -> ParsedAcknowledgement:
    """Read what came back in one block. Never raises, whatever the bytes."""
    content = reply.removeprefix(_BYTE_ORDER_MARK)
    if problem := _not_a_message(content):
        return ParsedAcknowledgement(problem=problem)
    separator, component, subcomponent = content[3:4], content[4:5], _subcomponent(content)
    lines = [line.split(separator) for line in _SEGMENT_END.split(content)]
    acknowledgements = [line for line in lines if line[0] == b"MSA"]
    errors = [line for line in lines if line[0] == b"ERR"]
    if not acknowledgements:
        return ParsedAcknowledgement(problem="no MSA segment")
    if len(acknowledgements) > 1 or _hides_another(content, separator):
        return ParsedAcknowledgement(problem="more than one MSA segment")
    msa = acknowledgements[0]
    return ParsedAcknowledgement(
        msa1=_code(_at(msa, 1)),
        msa2=_at(msa, 2).decode("latin-1"),
        charset=_at(lines[0], _CHARSET).split(content[5:6])[0].decode("latin-1"),
        oddities=tuple(_oddities(reply, content)),
        errors=tuple(code for line in errors for code in _error_codes(line, component, subcomponent)),
        text=_free_text([msa[3:], *(line[1:] for line in errors)], separator),
    )


def answer(
    message: bytes,
    *,
    code: str,
    control_id: str,
    at: datetime,
    acknowledges: str | None = None,
    error: str = "",
) -> bytes:
    """Write an acknowledgement of a message, as a receiver does; every segment ends in CR.

    `acknowledges` stands in MSA-2 in place of the message's MSH-10; `error` (table 0357) adds an ERR segment.
    `at` is printed as it is. MSH-5, 6, 11, 12 and 18 follow the message (2.9.2).
    """
    echoed = _echo(message, "MSH-10") if acknowledges is None else escape(acknowledges)
    segments = [
        segment(
            "MSH",
            {
                3: _echo(message, "MSH-5"),
                4: _echo(message, "MSH-6"),
                5: _echo(message, "MSH-3"),
                6: _echo(message, "MSH-4"),
                7: at.strftime("%Y%m%d%H%M%S"),
                9: "ACK^R01^ACK",
                10: control_id,
                11: _echo(message, "MSH-11") or "P",
                12: _echo(message, "MSH-12") or "2.5.1",
                18: _echo(message, "MSH-18"),
            }.items(),
        ),
        segment("MSA", {1: escape(code), 2: echoed}.items()),
    ]
    if error:
        segments.append(segment("ERR", {3: f"{escape(error)}^^HL70357", 4: "E"}.items()))
    return "\r".join([*segments, ""]).encode("latin-1", errors="replace")


def _echo(message: bytes, place: str) -> str:
    """Latin-1 keeps every byte, so that what is echoed is echoed in the message's own character set."""
    return value_of(message, place, codec="latin-1")


def _not_a_message(content: bytes) -> str:
    start = content[:64].lstrip().lower()
    if not start:
        return "empty reply"
    if start.startswith((b"http/", b"<html", b"<!doctype html")):
        return "an HTTP or HTML answer"
    if start.startswith(b"<"):
        return "an XML answer"
    if content[:3] != b"MSH":
        return "no MSH segment at its start"
    if len(content) < _LEAST_HEADER or content[3:4].isalnum() or content[3:4].isspace():
        return "an MSH segment without delimiters"
    return ""


def _oddities(reply: bytes, content: bytes) -> Iterator[str]:
    if reply.startswith(_BYTE_ORDER_MARK):
        yield "a byte order mark"
    if not content.startswith(_DELIMITERS):
        yield "other delimiters"
    if b"\n" in content:
        yield "segments end in line feeds"
    if b"\x1c" in content:
        yield "an end byte within the block"


def _hides_another(content: bytes, separator: bytes) -> bool:
    """Tell whether an MSA stands behind any control byte, such as an FS within the block, and so begins no line."""
    return len(re.findall(_MSA_BEHIND_CONTROL + re.escape(separator), content)) > 1


def _subcomponent(content: bytes) -> bytes:
    """MSH-2 may hold three to five characters; the fourth parts subcomponents."""
    characters = content[4:9].split(content[3:4])[0]
    return characters[3:4] or b"&"


def _at(fields: list[bytes], number: int) -> bytes:
    return fields[number] if number < len(fields) else b""


def _code(content: bytes) -> str:
    if not content:
        return ""
    return content.decode("ascii") if _CODE.fullmatch(content) else _HELD_NO_CODE


def _error_codes(fields: list[bytes], component: bytes, subcomponent: bytes) -> list[ErrorCode]:
    """Take ERR-3 with ERR-4 (2.5 and later), else the fourth component of ERR-1 (before 2.5)."""
    new = _at(fields, 3).split(component)[0]
    if _ERROR_CODE.fullmatch(new):
        severity = _at(fields, 4)
        known = severity.decode("ascii") if _SEVERITY.fullmatch(severity) else ""
        return [ErrorCode(code=new.decode("ascii"), severity=known)]
    old = _at(_at(fields, 1).split(component), 3).split(subcomponent)[0]
    return [ErrorCode(code=old.decode("ascii"))] if _ERROR_CODE.fullmatch(old) else []


def _free_text(parts: list[list[bytes]], separator: bytes) -> str:
    """Join what a person may want to read; UTF-8 where it is that, else Latin-1, which takes every byte."""
    content = b"\n".join(filter(None, (separator.join(part).strip(separator) for part in parts)))
    try:
        return content.decode("utf-8")
    except UnicodeDecodeError:
        return content.decode("latin-1")
