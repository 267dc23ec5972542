"""Text of other people inside of Markdown: shown as it is, whatever it holds; and tables of it that a forge has room for."""

import re
from collections.abc import Iterable, Sequence

from butterfly_gitops.model.address import Address
from butterfly_gitops.model.printable import printable
from butterfly_gitops.plan.wording import many

LONGEST = 160
CELL_BUDGET = 8_000

_HTML = str.maketrans({"&": "&amp;", "<": "&lt;", ">": "&gt;"})
_PUNCTUATION = re.compile(r"([\\`*_{}\[\]()~^$])")
# What a forge makes a mention, a reference or a link of, even where the character is escaped.
_CALLS = re.compile(r"[@#!%]|(?<=:)//|(?<=www)\.", re.IGNORECASE)
_BREAK = "<!-- -->"
_NEEDS_NO_CODE = re.compile(r"(?!www\.)[A-Za-z0-9](?:[A-Za-z0-9 .:-]*[A-Za-z0-9])?", re.IGNORECASE)


def plain(text: str, *, longest: int = LONGEST) -> str:
    """The text without any markup, mention or link in it, cut where it is longer than that many characters."""
    escaped = _PUNCTUATION.sub(r"\\\1", _shown(text, longest).translate(_HTML))
    calmed = _CALLS.sub(lambda found: f"{_BREAK}//" if found[0] == "//" else f"{found[0]}{_BREAK}", escaped)
    # A bar ends a table's cell even behind a backslash, if that is escaped itself.
    return calmed.replace("|", "&#124;")


def code(text: str) -> str:
    """The text as code."""
    shown = _shown(text)
    if not shown.strip():
        return f'`"{shown}"`'
    if "|" in shown:
        return f"<code>{plain(text)}</code>"
    longest = max((len(run) for run in re.findall("`+", shown)), default=0)
    fence = "`" * (longest + 1)
    # One space at each side is taken off again, where both are there (CommonMark 6.1).
    pad = " " if shown[0] in "` " or shown[-1] in "` " else ""
    return f"{fence}{pad}{shown}{pad}{fence}"


def value(text: str) -> str:
    """A setting's value: as it is where nothing in it could be markup, otherwise as code."""
    shown = _shown(text)
    return shown if _NEEDS_NO_CODE.fullmatch(shown) else code(text)


def _shown(text: str, longest: int = LONGEST) -> str:
    """Cut a text and make it visible on one line: many people write files, and a comment has an end."""
    short = text if len(text) <= longest else f"{text[: longest - 1]}…"
    return printable(short)


def table(head: Sequence[str], rows: Iterable[Sequence[str]], *, budget: int) -> str:
    """The table, with as many rows as its budget of characters has room for."""
    lines = [f"| {' | '.join(head)} |".replace("|  |", "| |"), "|---" * len(head) + "|"]
    left_out = 0
    for row in rows:
        line = f"| {' | '.join(row)} |"
        budget -= len(line)
        if budget >= 0:
            lines.append(line)
        else:
            left_out += 1
    if left_out:
        lines += ["", f"{many(left_out, 'row', 'rows')} more: `bgo diff` shows all."]
    return "\n".join(lines)


def named(places: Sequence[Address], *, strong: bool = False) -> str:
    """All places, but for those that no comment would hold."""
    shown: list[str] = []
    budget = CELL_BUDGET
    for place in places:
        of_site = f"{place.site} / " if place.name else ""
        name = place.name or place.site
        text = f"{of_site}**{name}**" if strong else f"{of_site}{name}"
        budget -= len(text)
        if budget < 0:
            return f"{', '.join(shown)}, and {len(places) - len(shown)} more: `bgo diff` names all"
        shown.append(text)
    return ", ".join(shown)
