"""Trees of a file before a model gives them types: mappings, sequences and scalars that know where they stand.

How text becomes such a tree belongs to `yaml_tree`, what its values mean to `decode`.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import NamedTuple

from butterfly_gitops.model.problem import Origin, Problem, Severity

# Longer lines are not worth showing, and would make a report as large as the file.
MAX_EXCERPT = 2000

Related = tuple[tuple[str, Origin], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceFile:
    """One file: the path as people see it, the site that it belongs to, and its lines for excerpts."""

    file: str
    site: str | None = None
    lines: tuple[str, ...] = ()


# Tuples, where other values are dataclasses: a fleet has hundreds of thousands of them, and a frozen dataclass takes
# three times as long to make. They are written with the names of their fields all the same, but where files are read.
class Place(NamedTuple):
    """Where something stands; line and column count from 1, `length` is what a caret underlines."""

    source: SourceFile
    line: int
    column: int
    length: int = 1

    @property
    def origin(self) -> Origin:
        """The place as the plan and the problems print it."""
        return Origin(file=self.source.file, line=self.line, column=self.column)

    @property
    def excerpt(self) -> str:
        """The line of text, or nothing when it is too long to show."""
        lines = self.source.lines
        text = lines[self.line - 1] if 1 <= self.line <= len(lines) else ""
        return text if len(text) <= MAX_EXCERPT else ""


class Scalar(NamedTuple):
    """A value as it was written: `text` without quotes, and whether there were none."""

    place: Place
    text: str
    is_plain: bool

    @property
    def is_null(self) -> bool:
        """Whether YAML reads it as nothing."""
        return self.is_plain and self.text in ("", "~", "null", "Null", "NULL")


@dataclass(frozen=True, slots=True, kw_only=True)
class Sequence:
    """A list."""

    place: Place
    items: tuple["Node", ...]


class Entry(NamedTuple):
    """A key with its value."""

    key: Scalar
    value: "Node"


@dataclass(frozen=True, slots=True, kw_only=True)
class Mapping:
    """Keys with values, in the order of the file."""

    place: Place
    entries: dict[str, Entry]

    def value(self, *path: str) -> "Node | None":
        """The node below these keys, if it is there."""
        node: Node = self
        for name in path:
            if not isinstance(node, Mapping) or (entry := node.entries.get(name)) is None:
                return None
            node = entry.value
        return node

    def entry(self, *path: str) -> Entry | None:
        """The key and value below these keys, if they are there."""
        *above, name = path
        node = self.value(*above)
        return node.entries.get(name) if isinstance(node, Mapping) else None

    def without(self, *keys: str) -> "Mapping":
        """The same mapping, less these keys."""
        kept = {name: entry for name, entry in self.entries.items() if name not in keys}
        return Mapping(place=self.place, entries=kept)


Node = Scalar | Sequence | Mapping


@dataclass(frozen=True, slots=True, kw_only=True)
class Remark:
    """A comment that speaks to this program, `# bgo: …` to its end, and the line that it speaks of (0: none)."""

    place: Place
    text: str
    line: int


def mapping_at(node: Node | None, *path: str) -> Mapping | None:
    """The mapping below these keys, if there is one."""
    if isinstance(node, Mapping):
        found = node.value(*path) if path else node
        return found if isinstance(found, Mapping) else None
    return None


def text_at(node: Node | None, *path: str) -> Scalar | None:
    """The scalar below these keys, if there is one."""
    if isinstance(node, Mapping):
        found = node.value(*path)
        return found if isinstance(found, Scalar) else None
    return None


def scalars_at(node: Node | None, *path: str) -> tuple[Scalar, ...]:
    """The scalars of the list below these keys."""
    found = node.value(*path) if isinstance(node, Mapping) else None
    items = found.items if isinstance(found, Sequence) else ()
    return tuple(item for item in items if isinstance(item, Scalar))


def entries_below(node: Node | None, *, above: str = "") -> Iterator[tuple[str, Entry]]:
    """Each entry of a mapping and of those in it, with its dotted path, parents first."""
    for name, entry in node.entries.items() if isinstance(node, Mapping) else ():
        path = f"{above}{name}"
        yield path, entry
        yield from entries_below(entry.value, above=f"{path}.")


def problem_at(
    place: Place,
    rule: str,
    message: str,
    hint: str = "",
    *,
    related: Related = (),
    severity: Severity = Severity.ERROR,
) -> Problem:
    """A problem of the site that the place belongs to."""
    return Problem(
        rule=rule,
        message=message,
        hint=hint,
        related=related,
        severity=severity,
        origin=place.origin,
        length=place.length,
        excerpt=place.excerpt,
        site=place.source.site,
    )


def problem_of_file(source: SourceFile, rule: str, message: str, hint: str = "") -> Problem:
    """A problem of a whole file or folder."""
    origin = Origin(file=source.file, line=0)
    return Problem(rule=rule, message=message, hint=hint, origin=origin, site=source.site)


def print_origin(origin: Origin) -> str:
    """`file:line`, or only the file where no line is meant."""
    return f"{origin.file}:{origin.line}" if origin.line else origin.file
