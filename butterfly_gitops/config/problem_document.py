"""Problems as other programs read them: the objects that `validate --format json` prints and the API answers."""

from typing import Any

from butterfly_gitops.model.frozen import Frozen
from butterfly_gitops.model.problem import Origin, Problem, Severity


class RelatedPlace(Frozen):
    """Another place that has to do with a problem."""

    what: str
    """Why it is named."""
    file: str
    """Its path, as the files were given."""
    line: int | None = None
    """Its line, from 1; absent when the whole file is meant."""
    column: int | None = None
    """Its column, in characters from 1."""


class ProblemDocument(Frozen):
    """One thing to fix."""

    rule: str
    """The rule that it breaks; `bgo explain RULE` says why there is one."""
    severity: Severity
    """An error keeps its site as it runs; a warning and a note do not."""
    message: str
    """The fault, in one sentence."""
    hint: str | None = None
    """Advice on what to write instead."""
    file: str | None = None
    """The path of the file or folder, as it was given."""
    line: int | None = None
    """The line, from 1; absent when the whole file is meant."""
    column: int | None = None
    """The column, in characters from 1."""
    length: int | None = None
    """How many characters it is about."""
    pointer: str | None = None
    """In events over HTTP: the JSON pointer (RFC 6901) of the value, in place of file, line and column."""
    related: tuple[RelatedPlace, ...] = ()
    """Other places that have to do with it."""
    site: str | None = None
    """The site that stays as it runs because of it; absent when the whole fleet does."""
    reaches: tuple[str, ...] | None = None
    """The first endpoints that a wrong value of a preset or of endpoint defaults reaches; absent for other values."""
    reaches_more: int | None = None
    """How many endpoints it reaches besides; absent where all are named."""
    silenced: str | None = None
    """The reason that a comment in the file gives for living with it; absent for what is to fix."""


def problem_document(problem: Problem) -> dict[str, Any]:
    """One problem as JSON data; what does not apply is absent."""
    has_token = problem.pointer is None and problem.origin.line > 0
    document = ProblemDocument(
        rule=problem.rule,
        severity=problem.severity,
        message=problem.message,
        hint=problem.hint or None,
        pointer=problem.pointer,
        related=tuple(RelatedPlace(what=what, **_place(origin)) for what, origin in problem.related),
        site=problem.site,
        reaches=problem.reaches or None,
        reaches_more=problem.reaches_more or None,
        silenced=problem.silenced or None,
        length=problem.length if has_token else None,
        **(_place(problem.origin) if problem.pointer is None else {}),
    )
    return document.model_dump(mode="json", exclude_none=True)


def _place(origin: Origin) -> dict[str, Any]:
    token = {"line": origin.line, "column": origin.column} if origin.line else {}
    return {"file": origin.file, **token}
