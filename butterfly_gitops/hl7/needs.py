"""Parts that a study may lack, and the endpoint's word on each: set aside with the field named, or sent without."""

from collections.abc import Callable, Iterator
from typing import NamedTuple

from butterfly_gitops.hl7.refusal import RenderingRefused
from butterfly_gitops.hl7.result import Result
from butterfly_gitops.model.message import Message


class Requirement(NamedTuple):
    """A part that a study must have, by the setting below `message.when_missing` that asks for it."""

    setting: str
    field: str
    part: str
    has: Callable[[Result], object]

    def check(self, result: Result) -> None:
        """Raise RenderingRefused, naming the field, where it is missing."""
        if not self.has(result):
            settings = (f"message.when_missing.{self.setting}",)
            raise RenderingRefused(self.field, f"the study has no {self.part}", settings=settings)


def needs_of(options: Message) -> tuple[Requirement, ...]:
    """The parts without which this endpoint's results are set aside."""
    policy = options.when_missing
    return tuple(one for one in _used(options) if getattr(policy, one.setting) == "set_aside")


def _used(options: Message) -> Iterator[Requirement]:
    """The parts that the layout of an endpoint uses."""
    yield Requirement("accession_number", "OBR-18", "accession number", lambda of: of.study.accession_number)
    yield Requirement(
        "visit_number", options.visit_number, "visit number", lambda of: of.encounter.visit_number
    )
    if options.layout in ("report", "lines"):
        yield Requirement(
            "report", "OBX-5", "report", lambda of: any(part.text.strip() for part in of.study.report)
        )
    if options.layout == "pdf":
        yield Requirement(
            "document", "OBX-5", "PDF", lambda of: any(document.is_pdf for document in of.study.documents)
        )
    yield Requirement("study_uid", "OBX-5", "Study UID", lambda of: of.study.study_uid)
