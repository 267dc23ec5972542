"""What a study may lack, and what the endpoint says of it: set aside with the field named, or sent without."""

from collections.abc import Callable
from dataclasses import dataclass

from butterfly_gitops.hl7 import content
from butterfly_gitops.hl7.refusal import RenderingRefused
from butterfly_gitops.hl7.result import Result

_OF_TEXT = frozenset({"report", "lines"})


@dataclass(frozen=True, slots=True, kw_only=True)
class _Need:
    """Something that `message.when_missing` has a word for."""

    setting: str
    field: Callable[[Result], str]
    why: str
    is_missing: Callable[[Result], bool]


_NEEDS = (
    _Need(
        setting="accession_number",
        field=lambda _: "OBR-18",
        why="the study has no accession number",
        is_missing=lambda of: not of.event.study.accession_number,
    ),
    _Need(
        setting="visit_number",
        field=lambda of: of.options.visit_number,
        why="the study has no visit number",
        is_missing=lambda of: not (of.event.encounter and of.event.encounter.visit_number),
    ),
    _Need(
        setting="report",
        field=lambda _: "OBX-5",
        why="the study has no report",
        is_missing=lambda of: (
            of.options.layout in _OF_TEXT and not any(part.text.strip() for part in of.event.study.report)
        ),
    ),
    _Need(
        setting="document",
        field=lambda _: "OBX-5",
        why="the study has no PDF",
        is_missing=lambda of: of.options.layout == "pdf" and not any(content.documents(of)),
    ),
    _Need(
        setting="study_uid",
        field=lambda _: "OBX-5",
        why="the study has no Study UID",
        is_missing=lambda of: not of.event.study.study_uid,
    ),
)


def check_needs(result: Result) -> None:
    """Raise RenderingRefused, naming the field, where something is missing that the endpoint does not do without."""
    policy = result.options.when_missing
    for need in _NEEDS:
        if getattr(policy, need.setting) == "set_aside" and need.is_missing(result):
            raise RenderingRefused(
                need.field(result), need.why, settings=(f"message.when_missing.{need.setting}",)
            )
