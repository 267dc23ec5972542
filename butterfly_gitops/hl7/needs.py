"""What a study may lack, and what the endpoint says of it: set aside with the field named, or sent without."""

from collections.abc import Callable
from dataclasses import dataclass

from butterfly_gitops.hl7.refusal import RenderingRefused
from butterfly_gitops.hl7.result import Result
from butterfly_gitops.model.message import Message

_ALL = frozenset({"report", "lines", "pdf", "notice"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Requirement:
    """Something that `message.when_missing` has a word for; `layouts` are those that use it."""

    setting: str
    field: Callable[[Result], str]
    why: str
    is_missing: Callable[[Result], bool]
    layouts: frozenset[str] = _ALL

    def check(self, result: Result) -> None:
        """Raise RenderingRefused, naming the field, where it is missing."""
        if self.is_missing(result):
            setting = f"message.when_missing.{self.setting}"
            raise RenderingRefused(self.field(result), self.why, settings=(setting,))


_NEEDS = (
    Requirement(
        setting="accession_number",
        field=lambda _: "OBR-18",
        why="the study has no accession number",
        is_missing=lambda of: not of.study.accession_number,
    ),
    Requirement(
        setting="visit_number",
        field=lambda of: of.options.visit_number,
        why="the study has no visit number",
        is_missing=lambda of: not of.encounter.visit_number,
    ),
    Requirement(
        setting="report",
        field=lambda _: "OBX-5",
        why="the study has no report",
        is_missing=lambda of: not any(part.text.strip() for part in of.study.report),
        layouts=frozenset({"report", "lines"}),
    ),
    Requirement(
        setting="document",
        field=lambda _: "OBX-5",
        why="the study has no PDF",
        is_missing=lambda of: not any(document.is_pdf for document in of.study.documents),
        layouts=frozenset({"pdf"}),
    ),
    Requirement(
        setting="study_uid",
        field=lambda _: "OBX-5",
        why="the study has no Study UID",
        is_missing=lambda of: not of.study.study_uid,
    ),
)


def needs_of(options: Message) -> tuple[Requirement, ...]:
    """What an endpoint does not do without."""
    policy = options.when_missing
    return tuple(
        need
        for need in _NEEDS
        if options.layout in need.layouts and getattr(policy, need.setting) == "set_aside"
    )
