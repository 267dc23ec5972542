"""The effects of changes on the messages of sample studies, as data."""

from typing import Annotated, Literal

from butterfly_gitops.model.frozen import Frozen
from butterfly_gitops.model.meaning import Meanings
from butterfly_gitops.plan.change import AddressText

Happens = Literal["set_aside", "no_longer_set_aside", "sent", "not_sent", "another_layout", "altered"]
Difference = Annotated[
    Literal["changed", "added", "removed"],
    Meanings(
        changed="It holds something else.",
        added="It holds something, and nothing until now.",
        removed="It holds nothing any more.",
    ),
]


class MessageFact(Frozen):
    """One thing that becomes of a message, or one field of it that differs."""

    happens: Happens
    """Whether the result is set aside or sent from now on, no longer is, or is written otherwise."""
    place: str = ""
    """The field, a component of one that is not shown, or the whole segment: `MSH-4`, `PV1-19.4`, `OBX`; of a result that is set aside, what can't be written."""
    name: str = ""
    """The name of the field or segment; empty for one that only `message.fields` fills."""
    row: str | None = None
    """OBX-3 of the OBX that the field is of; null where it is so in several, and in other segments."""
    change: Difference | None = None
    """The fate of the field or segment."""
    old: str | None = None
    """The text there now, or the layout; null for nothing, and for what a study says: that is never shown."""
    new: str | None = None
    """The text to be there, or the layout; null for nothing, and for what a study says."""
    says: str = ""
    """Why a result is set aside; of a new message, its segments."""
    settings: tuple[str, ...] = ()
    """The settings that decide whether it is set aside."""
    fewest: int = 1
    """The number of times in the message that has it least often."""
    most: int = 1
    """The number of times in the message that has it most often."""


class MessageGroup(Frozen):
    """Facts that are so of the messages of the same studies."""

    is_correction: bool
    """Whether it is so where the study is corrected; what is so of the first result is not repeated of it."""
    is_withdrawal: bool = False
    """Whether it is so where the result is withdrawn; what is so of the others is not repeated of it."""
    studies: tuple[str, ...]
    """The sample studies, by their files."""
    facts: tuple[MessageFact, ...]
    """The fate of each of them."""


class MessageEffect(Frozen):
    """The effects on the messages to one endpoint, or to several alike."""

    places: tuple[AddressText, ...]
    """The endpoints."""
    groups: tuple[MessageGroup, ...]
    """The worst first; none where no sample study shows a difference."""


class Preview(Frozen):
    """The effects of changes on the messages of sample studies."""

    folder: str
    """The folder of the sample studies."""
    studies: tuple[str, ...]
    """All of them, by their files."""
    unread: tuple[str, ...] = ()
    """The files that could not be read there, and why."""
    effects: tuple[MessageEffect, ...] = ()
    """By endpoint."""

    @property
    def set_aside(self) -> int:
        """The number of results that would be set aside and are sent now; the same study at another endpoint is another."""
        found = {
            (place, study)
            for effect in self.effects
            for group in effect.groups
            if any(fact.happens == "set_aside" for fact in group.facts)
            for place in effect.places
            for study in group.studies
        }
        return len(found)
