"""What becomes of the messages of sample studies, in words that the terminal and the comment share."""

from collections.abc import Sequence

from butterfly_gitops.plan.message_effect import MessageFact, MessageGroup, Preview
from butterfly_gitops.plan.wording import all_of, many

MOST_STUDIES = 4

_SEGMENT = {"changed": "changed", "added": "comes", "removed": "leaves"}
_HIDDEN = {"changed": "changed", "added": "valued", "removed": "emptied"}


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
    """What becomes of a result as a whole; empty where only its fields differ."""
    match fact.happens:
        case "set_aside":
            return f"would be set aside: {_refusal(fact)}"
        case "no_longer_set_aside":
            return f"would be sent; until now set aside: {_refusal(fact)}"
        case "sent":
            return f"would be sent: {fact.says}"
        case "not_sent":
            return "would no longer be sent"
        case "another_layout":
            return f"would be written in the layout {fact.new} in place of {fact.old}:"
        case "altered":
            return ""


def _refusal(fact: MessageFact) -> str:
    settings = f" ({' or '.join(fact.settings)})" if fact.settings else ""
    return f"{fact.place} {fact.says}{settings}"


def hidden_change(fact: MessageFact) -> str:
    """What happens to a field whose values are not shown, or to a segment without a name of its own."""
    if "-" not in fact.place:
        return _SEGMENT[fact.change or "changed"]
    return _HIDDEN[fact.change or "changed"]


def times_of(fact: MessageFact) -> str:
    """` (2 times)`, or nothing for once."""
    if fact.fewest < fact.most:
        return f" ({fact.fewest} to {fact.most} times)"
    return f" ({fact.most} times)" if fact.most > 1 else ""


def headline_of(preview: Preview, *, where: str = "") -> str:
    """How much there is to see: `In 4 sample studies, messages to 2 endpoints change; 1 result would be set aside`."""
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
