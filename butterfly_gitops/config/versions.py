"""Files of an older version: checked as they were when it was published, then lifted in memory to today's.

The lifted tree keeps its places, so that problems and provenance point into the file as it is. What a file of
today's version must hold is left to `decode`; what an old schema refuses is put into words by `older_text`.
"""

import re
from collections.abc import Callable
from collections.abc import Mapping as Map
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import get_args

from pydantic import BaseModel

from butterfly_gitops.config.tree import Entry, Mapping, Scalar, problem_at, text_at
from butterfly_gitops.config.yaml_text import Text
from butterfly_gitops.model.fleet import FleetFile, GrantsFile
from butterfly_gitops.model.problem import Problem, Severity
from butterfly_gitops.model.site import ArchivesFile, EhrEndpointsFile, SiteFile


@dataclass(frozen=True, slots=True, kw_only=True)
class Frozen:
    """A published version that is no longer written.

    `schema` is the text of its JSON Schema (2020-12), as it was published. `lift` turns a tree that this schema
    takes into a tree of the next version; the number itself is not its concern. `hint` says the same to a person:
    what to write in place of what.
    """

    schema: str
    lift: Callable[[Mapping], Mapping]
    hint: str


Older = Map[str, Map[int, Frozen]]
"""By the name of a kind of file, such as `ehr-endpoints`, and by version."""

# Version 1 is the first that was published.
OLDER: Older = MappingProxyType({})


def _version_of(model: type[BaseModel]) -> int:
    (version,) = get_args(model.model_fields["version"].annotation)
    return int(version)


TODAY: Map[str, int] = {
    "fleet": _version_of(FleetFile),
    "grants": _version_of(GrantsFile),
    "site": _version_of(SiteFile),
    "ehr-endpoints": _version_of(EhrEndpointsFile),
    "archives": _version_of(ArchivesFile),
}
"""The version that is written today, by kind of file."""


def brought_up_to_date(text: Text, *, kind: str, older: Map[int, Frozen], today: int) -> Text:
    """The text with its tree as one of today's version; without a tree where its version cannot be read.

    A missing version, and one that is no plain value, stay for the model of the file to refuse.
    """
    root = text.root
    version = text_at(root, "version")
    if not isinstance(root, Mapping) or version is None or version.is_null or _is(version, today):
        return text
    number = next((known for known in older if _is(version, known)), None)
    if number is None:
        # Another number is another format; anything else is today's with a slip of the pen.
        found = _unknown(version, known=(*sorted(older), today))
        return replace(text, root=None if _is_number(version) else root, problems=(*text.problems, found))
    # Few files are of an older version, and importing the validator takes longer than reading a site.
    from butterfly_gitops.config.older_text import refusals  # noqa: PLC0415

    steps = [older[step] for step in range(number, today)]
    refused = tuple(refusals(root, schema=steps[0].schema, what=f"version {number} of {kind}.yaml"))
    if refused:
        return replace(text, root=None, problems=(*text.problems, *refused))
    for step in steps:
        root = step.lift(root)
    note = _of_older(version, number=number, today=today, hints=[step.hint for step in steps])
    return replace(text, root=_numbered(root, version, today), problems=(*text.problems, note))


def frozen_documents(older: Older = OLDER) -> dict[str, str]:
    """The schemas of older versions as text, by the name of their file: published once, and for ever."""
    return {
        f"{kind}.v{number}.schema.json": frozen.schema
        for kind, versions in older.items()
        for number, frozen in versions.items()
    }


def _is(version: Scalar, number: int) -> bool:
    return version.is_plain and version.text == str(number)


def _is_number(version: Scalar) -> bool:
    return version.is_plain and re.fullmatch(r"-?[0-9]+", version.text) is not None


def _numbered(tree: Mapping, version: Scalar, number: int) -> Mapping:
    """A lifted tree under its new number, which stands where the old one does."""
    key = tree.entries["version"].key if "version" in tree.entries else version
    entry = Entry(key=key, value=version._replace(text=str(number)))
    return replace(tree, entries={**tree.entries, "version": entry})


def _unknown(version: Scalar, *, known: tuple[int, ...]) -> Problem:
    words = [str(number) for number in known]
    numbers = words[0] if len(words) == 1 else f"{', '.join(words[:-1])} or {words[-1]}"
    written = f'"{version.text[:60]}"'
    if _is_number(version) and int(version.text[:9]) > known[-1]:
        message = f"version is {written}, which only a newer program can read; this one reads {numbers}"
        hint = f"bring the program up to date, or write {known[-1]}"
        return problem_at(version.place, rule="unknown-version", message=message, hint=hint)
    quotes = ", without quotes" if version.text in words else ""
    message = f"version is {'the text ' if quotes else ''}{written}; this program reads {numbers}"
    hint = f"write {version.text if quotes else known[-1]}{quotes}"
    return problem_at(version.place, rule="unknown-version", message=message, hint=hint)


def _of_older(version: Scalar, *, number: int, today: int, hints: list[str]) -> Problem:
    return problem_at(
        version.place,
        rule="older-version",
        severity=Severity.NOTE,
        message=f"the file is of version {number}; {today} is today's",
        hint=f"{'; '.join(hints)}; then write `version: {today}`",
    )
