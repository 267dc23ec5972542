"""The body of an accepted event: its text as it is stored, and the event that it says."""

from pydantic import ValidationError

from butterfly_gitops.model.study import StudyEvent


class BodyUnreadable(Exception):  # noqa: N818 - it says what is the case
    """An earlier version accepted what this one cannot read. `place` is where it stands in the event."""

    def __init__(self, place: str) -> None:
        super().__init__(f"was accepted by an earlier version, and this one cannot read its {place}")
        self.place = place


_FIELDS_BYTES = 10_000


class Body:
    """An event's canonical JSON, read once: not at all where it comes from the event, and is kept with it.

    It shows in no repr, for it holds patient data.
    """

    __slots__ = ("_event", "text")

    def __init__(self, text: str, event: StudyEvent | None = None) -> None:
        self.text = text
        self._event = event

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Body) and self.text == other.text

    def __hash__(self) -> int:
        return hash(self.text)

    @property
    def weight(self) -> int:
        """About how many bytes it takes, once it is read: of its text the longest parts twice, and the rest in fields."""
        return _FIELDS_BYTES + 2 * len(self.text)

    def event(self) -> StudyEvent:
        """Return the event. Raises BodyUnreadable."""
        if self._event is None:
            self._event = _read(self.text)
        return self._event


def _read(text: str) -> StudyEvent:
    try:
        return StudyEvent.model_validate_json(text)
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False, include_context=False)[0]
        place = "/".join(map(str, first["loc"]))
    # Outside `except`, so that what is raised does not carry the error, which has the study.
    raise BodyUnreadable(place)
