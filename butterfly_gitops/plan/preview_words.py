"""The messages of sample studies before and after, for a terminal of 80 columns and for the comment of a pull request.

Whatever the fields of a message hold: names of files and values are text of other people, and no markup here.
"""

from collections.abc import Callable, Iterator, Sequence

from butterfly_gitops.model.printable import printable
from butterfly_gitops.plan.markdown_text import code, named, plain, table, value
from butterfly_gitops.plan.message_effect import MessageEffect, MessageFact, MessageGroup, Preview
from butterfly_gitops.plan.wording import WIDTH, all_of, many, wrapped

MOST_STUDIES = 4
TABLE_BUDGET = 12_000
MOST_UNREAD = 10
LONGEST_SENTENCE = 400

_UNSEEN = "no sample study shows a difference"
_SEGMENT = {"changed": "changed", "added": "comes", "removed": "leaves"}
_HIDDEN = {"changed": "changed", "added": "valued", "removed": "emptied"}


def preview_lines(preview: Preview) -> list[str]:
    """The section of a plan for a terminal, with its heading."""
    lines = ["MESSAGES OF SAMPLE STUDIES"]
    lines += wrapped(f"{_headline(preview, where=f' of {preview.folder}')}.", indent=2)
    for effect in preview.effects:
        places = ", ".join(map(str, effect.places))
        if effect.groups:
            lines += wrapped(places, indent=2)
        elif preview.studies:
            lines += wrapped(f"{places}: {_UNSEEN}", indent=2)
        for group in effect.groups:
            lines += _group_lines(group, preview)
    for one in preview.unread:
        lines += wrapped(f"Not read: {one}", indent=2)
    return lines


def _group_lines(group: MessageGroup, preview: Preview) -> Iterator[str]:
    yield from wrapped(studies_of(group, preview), indent=4)
    for fact in group.facts:
        if fate := fate_of(fact):
            yield from wrapped(fate, indent=6)
    altered = [fact for fact in group.facts if fact.happens == "altered"]
    width = max((len(fact.place) for fact in altered), default=0)
    name_width = max((len(fact.name) for fact in altered), default=0)
    for fact in altered:
        head = f"      {fact.place:<{width}}  {fact.name:<{name_width}}  "
        values = _values(fact, "+ - ->", code=str, value=str)
        said = f"{values}{f' in {fact.row}' if fact.row else ''}{times_of(fact)}"
        line = f"{head}{printable(said)}"
        if len(line) <= WIDTH:
            yield line
        else:
            yield head.rstrip()
            yield from wrapped(said, indent=8)


def preview_section(preview: Preview) -> Iterator[str]:
    """The folded section of a comment; nothing where no endpoint is touched and all could be read."""
    if not (preview.effects or preview.unread):
        return
    parts = [f"<details><summary>{plain(_headline(preview))}</summary>"]
    rows = [row for effect in preview.effects for row in _rows(effect, preview)]
    if rows:
        parts.append(table(("Where", "Sample study", "Its message"), rows, budget=TABLE_BUDGET))
        parts.append(
            "Shown is what the configuration fills, and codes; `bgo study render` shows whole messages."
        )
    if unread := [plain(one) for one in preview.unread[:MOST_UNREAD]]:
        more = len(preview.unread) - len(unread)
        parts.append(f"Not read: {'; '.join(unread)}{f'; and {more} more' if more else ''}")
    yield "\n\n".join([*parts, "</details>"])


def _rows(effect: MessageEffect, preview: Preview) -> Iterator[tuple[str, str, str]]:
    where = named(effect.places)
    if not effect.groups and preview.studies:
        yield where, "", _UNSEEN
    for group in effect.groups:
        yield where, plain(studies_of(group, preview)), "<br>".join(map(_fact_cell, group.facts))
        where = ""


def _fact_cell(fact: MessageFact) -> str:
    if fate := fate_of(fact):
        said = plain(fate, longest=LONGEST_SENTENCE)
        return f"**{said}**" if fact.happens == "set_aside" else said
    row = f" in {code(fact.row)}" if fact.row else ""
    values = _values(fact, "+ − →", code=code, value=value)
    return f"{code(fact.place)} {plain(fact.name)} {values}{row}{times_of(fact)}".replace("  ", " ")


def _values(fact: MessageFact, signs: str, *, code: Callable[[str], str], value: Callable[[str], str]) -> str:
    plus, minus, arrow = signs.split()
    match fact.old, fact.new:
        case None, str(new):
            return f"{plus if fact.change == 'added' else arrow} {code(new)}"
        case str(old), None if fact.change == "removed":
            return f"{minus} {code(old)}"
        case str(old), None:
            return f"{code(old)} {arrow} (not shown)"
        case str(old), str(new):
            return f"{value(old)} {arrow} {value(new)}"
        case _:
            return hidden_change(fact)


def studies_of(group: MessageGroup, preview: Preview) -> str:
    """`efast.json and twins.json`, `corrections of all 5 sample studies`."""
    kind = "corrections of " if group.is_correction else "withdrawals of " if group.is_withdrawal else ""
    return f"{kind}{_studies(group.studies, preview.studies)}"


def _studies(names: Sequence[str], known: Sequence[str]) -> str:
    if len(names) == len(known) > 1:
        return f"all {len(known)} sample studies"
    if len(names) > MOST_STUDIES:
        return f"{', '.join(names[:MOST_STUDIES])} and {len(names) - MOST_STUDIES} more"
    return all_of(names)


def fate_of(fact: MessageFact) -> str:
    """Say the fate of a result as a whole; empty where only its fields differ."""
    settings = f" ({' or '.join(fact.settings)})" if fact.settings else ""
    match fact.happens:
        case "set_aside":
            return f"would be set aside: {fact.place} {fact.says}{settings}"
        case "no_longer_set_aside":
            return f"would be sent; until now set aside: {fact.place} {fact.says}{settings}"
        case "sent":
            return f"would be sent: {fact.says}"
        case "not_sent":
            return "would no longer be sent"
        case "another_layout":
            return f"would be written in the layout {fact.new} in place of {fact.old}:"
        case "altered":
            return ""


def hidden_change(fact: MessageFact) -> str:
    """The change of a field whose values are not shown, or of a segment without a name of its own."""
    return (_HIDDEN if "-" in fact.place else _SEGMENT)[fact.change or "changed"]


def times_of(fact: MessageFact) -> str:
    """` (2 times)`, or nothing for once."""
    if fact.fewest < fact.most:
        return f" ({fact.fewest} to {fact.most} times)"
    return f" ({fact.most} times)" if fact.most > 1 else ""


def _headline(preview: Preview, *, where: str = "") -> str:
    """Sum a preview up: `In 4 sample studies, messages to 2 endpoints change; 1 result would be set aside`."""
    endpoints = sum(len(effect.places) for effect in preview.effects if effect.groups)
    change = (
        f"messages to {many(endpoints, 'endpoint', 'endpoints')} change"
        if endpoints
        else "no message changes"
    )
    aside = (
        f"; {many(preview.set_aside, 'result', 'results')} would be set aside" if preview.set_aside else ""
    )
    return f"In {many(len(preview.studies), 'sample study', 'sample studies')}{where}, {change}{aside}"
