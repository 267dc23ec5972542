"""What gives a secret away by how it looks: tokens of well-known issuers, and `password=` with a value behind it.

Keys of a file that ask for a secret are `secret_names`'.
"""

import re
from dataclasses import dataclass

# How each begins, whose it is, and what follows. A try at the start of a word alone, and no more characters than the
# longest has: a line that repeats such a beginning must not cost its square.
_ISSUED = (
    ("a GitHub token", ("ghp_", "gho_", "ghu_", "ghs_", "ghr_"), r"[A-Za-z0-9]{36,255}"),
    ("a GitHub token", ("github_pat_",), r"[A-Za-z0-9_]{22,255}"),
    ("an AWS access key", ("AKIA", "ASIA"), r"[A-Z0-9]{16}"),
    ("a Slack token", ("xoxa-", "xoxb-", "xoxe-", "xoxp-", "xoxr-", "xoxs-"), r"[A-Za-z0-9-]{10,255}"),
    ("a GitLab token", ("glpat-",), r"[A-Za-z0-9_-]{20,255}"),
    # RFC 7519: the first of its three parts begins with {" in base64.
    (
        "a JSON Web Token",
        ("eyJ",),
        r"[A-Za-z0-9_-]{8,4000}\.[A-Za-z0-9_-]{8,4000}\.[A-Za-z0-9_-]{0,4000}",
    ),
)
BEGINNINGS = {begin: says for says, beginnings, _ in _ISSUED for begin in beginnings}
"""How tokens begin, and whose each is."""
_MARKS = (
    *(("_", begin) for begin in BEGINNINGS if begin.endswith("_")),
    *(("A", "AKIA"), ("A", "ASIA"), ("x", "xox"), ("-", "glpat-"), ("J", "eyJ")),
)
_FORMS = "|".join(f"(?:{'|'.join(beginnings)})(?![xX]{{8}}){rest}" for _, beginnings, rest in _ISSUED)
TOKEN = re.compile(rf"(?<![\w-])(?:{_FORMS})(?!\w)")
"""A token as its issuer makes them; xxxxxxxx stands for one in the example of a manual."""

_SIGN = r"[^\s\"'&;,)}\]]"
_END = rf"(?!{_SIGN})"
_LETTER = r"[^\W\d_]"
# What says where a secret is, what it is called, or that there is none: each part with a limit, as a secret has one.
_NO_SECRET = "|".join((
    r"[=*$%<{\[…]|\.\.\.",
    r"(?i:env|path|file|vault):",
    r"(?:~|\.{1,2})?/|[A-Za-z]:\\",
    rf"[a-z0-9_.-]{{1,60}}(?:/[a-z0-9_.-]{{1,60}}){{1,8}}{_END}",
    rf"[A-Z0-9_]{{0,60}}[A-Z0-9]_[A-Z0-9_]{{0,60}}{_END}",
    rf"{_LETTER}{{1,60}}(?:[-_.]{_LETTER}{{1,60}}){{0,8}}(?:-[0-9]{{1,2}})?[.:?…]{{0,3}}{_END}",
    # The number of a ticket.
    rf"[A-Z]{{2,10}}-[0-9]{{1,7}}{_END}",
))  # fmt: skip
_WORDS = ("password", "passwort", "passwd", "passphrase", "pwd", "secret", "token")
ASSIGNED = re.compile(
    rf"((?i:{'|'.join(_WORDS)})"
    r"(?:=[\"']?| ?= ?[\"']?(?=\S{0,200}[0-9])))"
    rf"(?!{_NO_SECRET})(?={_SIGN}{{0,199}}{_LETTER})(?={_LETTER}{{0,199}}(?!{_LETTER}){_SIGN})"
    rf"{_SIGN}{{6,200}}"
)
"""`password=` and its like, with what may well be the password: the first group is what stands before it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Shape:
    """A secret in a line: where it begins and ends, and what it is."""

    start: int
    end: int
    says: str


def may_hold_tokens(text: str) -> bool:
    """Whether any token can be in a text; quick to say, and right where it says no."""
    # Asked of each file of a thousand sites: one letter is looked for in a tenth of the time.
    return any(rare in text and mark in text for rare, mark in _MARKS)


def assigned_in(line: str) -> Shape | None:
    """The first value behind `password=` or the like."""
    found = ASSIGNED.search(line) if _may_assign(line) else None
    if found is None:
        return None
    word = re.sub(r"[ =\"']", "", found[1])
    return Shape(start=found.end(1), end=found.end(), says=f"a value behind {word.lower()}=")


def _may_assign(line: str) -> bool:
    # The line that names the schema has a sign, too: only what stands before each is looked at.
    at = line.find("=")
    while at >= 0:
        if line[max(0, at - 12) : at].rstrip(" \"'").lower().endswith(_WORDS):
            return True
        at = line.find("=", at + 1)
    return False


def token_in(line: str) -> Shape | None:
    """The first token of a well-known issuer."""
    found = TOKEN.search(line)
    if found is None:
        return None
    kind = next(says for begin, says in BEGINNINGS.items() if found[0].startswith(begin))
    return Shape(start=found.start(), end=found.end(), says=kind)
