"""What becomes of the messages of sample studies, for the comment of a pull request.

Whatever the fields of a message hold: names of files and values are text of other people, and no markup here.
"""

from collections.abc import Iterator

from butterfly_gitops.plan.markdown_text import code, named, plain, table, value
from butterfly_gitops.plan.message_effect import MessageEffect, MessageFact, MessageGroup, Preview
from butterfly_gitops.plan.message_fact_words import fate_of, headline_of, hidden_change, studies_of, times_of

BUDGET = 12_000
MOST_UNREAD = 10
LONGEST_SENTENCE = 400


def preview_section(preview: Preview) -> Iterator[str]:
    """The folded section of a comment; nothing where no endpoint is touched and all could be read."""
    if not (preview.effects or preview.unread):
        return
    parts = [f"<details><summary>{plain(headline_of(preview))}</summary>"]
    rows = [row for effect in preview.effects for row in _rows(effect, preview)]
    if rows:
        parts.append(table(("Where", "Sample study", "Its message"), rows, budget=BUDGET))
        parts.append(
            "Shown is what the configuration fills, and codes; `bgo study render` shows whole messages."
        )
    unread = [plain(one) for one in preview.unread[:MOST_UNREAD]]
    if unread:
        more = len(preview.unread) - len(unread)
        parts.append(f"Not read: {'; '.join(unread)}{f'; and {more} more' if more else ''}")
    yield "\n\n".join([*parts, "</details>"])


def _rows(effect: MessageEffect, preview: Preview) -> Iterator[tuple[str, str, str]]:
    where = named(effect.places)
    if not effect.groups and preview.studies:
        yield where, "", "no sample study shows a difference"
    for group in effect.groups:
        yield where, plain(studies_of(group, preview)), "<br>".join(_facts(group))
        where = ""


def _facts(group: MessageGroup) -> Iterator[str]:
    for fact in group.facts:
        if fate := fate_of(fact):
            strong = fact.happens == "set_aside"
            said = plain(fate, longest=LONGEST_SENTENCE)
            yield f"**{said}**" if strong else said
        else:
            row = f" in {code(fact.row)}" if fact.row else ""
            said = f"{code(fact.place)} {plain(fact.name)} {_values(fact)}{row}{times_of(fact)}"
            yield said.replace("  ", " ")


def _values(fact: MessageFact) -> str:
    match fact.old, fact.new:
        case None, None:
            return hidden_change(fact)
        case None, str(new) if fact.change == "added":
            return f"+ {code(new)}"
        case str(old), None if fact.change == "removed":
            return f"− {code(old)}"
        case None, str(new):
            return f"→ {code(new)}"
        case str(old), None:
            return f"{code(old)} → (not shown)"
        case str(old), str(new):
            return f"{value(old)} → {value(new)}"
        case _:
            return hidden_change(fact)
