"""What becomes of the messages of sample studies, for a terminal of 80 columns."""

from collections.abc import Iterator

from butterfly_gitops.model.printable import printable
from butterfly_gitops.plan.message_effect import MessageEffect, MessageFact, MessageGroup, Preview
from butterfly_gitops.plan.message_fact_words import fate_of, headline_of, hidden_change, studies_of, times_of
from butterfly_gitops.plan.wording import WIDTH, wrapped

_UNSEEN = "no sample study shows a difference"


def preview_lines(preview: Preview) -> list[str]:
    """The section of a plan, with its heading."""
    lines = ["MESSAGES OF SAMPLE STUDIES"]
    lines += wrapped(f"{headline_of(preview, where=f' of {preview.folder}')}.", indent=2)
    for effect in preview.effects:
        lines += _effect(effect, preview)
    for one in preview.unread:
        lines += wrapped(f"Not read: {one}", indent=2)
    return lines


def _effect(effect: MessageEffect, preview: Preview) -> Iterator[str]:
    places = ", ".join(map(str, effect.places))
    if not effect.groups:
        if preview.studies:
            yield from wrapped(f"{places}: {_UNSEEN}", indent=2)
        return
    yield from wrapped(places, indent=2)
    for group in effect.groups:
        yield from _group(group, preview)


def _group(group: MessageGroup, preview: Preview) -> Iterator[str]:
    yield from wrapped(studies_of(group, preview), indent=4)
    altered = [fact for fact in group.facts if fact.happens == "altered"]
    for fact in group.facts:
        if fate := fate_of(fact):
            yield from wrapped(fate, indent=6)
    width = max((len(fact.place) for fact in altered), default=0)
    name_width = max((len(fact.name) for fact in altered), default=0)
    for fact in altered:
        head = f"      {fact.place:<{width}}  {fact.name:<{name_width}}  "
        yield from _altered(head, fact)


def _altered(head: str, fact: MessageFact) -> Iterator[str]:
    said = f"{_values(fact)}{f' in {fact.row}' if fact.row else ''}{times_of(fact)}"
    line = f"{head}{printable(said)}"
    if len(line) <= WIDTH:
        yield line
    else:
        yield head.rstrip()
        yield from wrapped(said, indent=8)


def _values(fact: MessageFact) -> str:
    match fact.old, fact.new:
        case None, None:
            return hidden_change(fact)
        case None, new if fact.change == "added":
            return f"+ {new}"
        case old, None if fact.change == "removed":
            return f"- {old}"
        case None, new:
            return f"-> {new}"
        case old, None:
            return f"{old} -> (not shown)"
        case old, new:
            return f"{old} -> {new}"
