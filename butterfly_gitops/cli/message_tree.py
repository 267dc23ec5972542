"""A message as a tree: for people, on a terminal and elsewhere, and as data."""

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Any

from butterfly_gitops.cli.output import say_lines
from butterfly_gitops.hl7.tree import FieldPart, Segment
from butterfly_gitops.model.printable import printable

if TYPE_CHECKING:
    from rich.tree import Tree


def print_tree(segments: Iterable[Segment]) -> None:
    """Print to standard output: branches on a terminal, indented lines elsewhere."""
    from rich.console import Console

    console = Console(highlight=False)
    if console.is_terminal:
        for segment in segments:
            console.print(_branches(segment))
    else:
        say_lines("\n".join(_lines(segments)))


def to_data(segments: Iterable[Segment]) -> list[dict[str, Any]]:
    """Return the tree as JSON data."""
    return [
        {"segment": one.name, "title": one.title, "fields": [_part_data(part) for part in one.fields]}
        for one in segments
    ]


def _part_data(part: FieldPart) -> dict[str, Any]:
    head = {"place": part.place, "name": part.name or None}
    if part.parts:
        return {**head, "parts": [_part_data(each) for each in part.parts]}
    return {**head, "text": part.text}


def _lines(segments: Iterable[Segment]) -> Iterator[str]:
    """Print three columns: place, name and text."""
    walked = [(one, [row for top in one.fields for row in _walked(top, depth=1)]) for one in segments]
    rows = [row for _, of_segment in walked for row in of_segment]
    first, second = (
        2 + max(map(len, column)) for column in zip(*((row[0], row[1].name) for row in rows), strict=True)
    )
    for segment, of_segment in walked:
        yield f"{segment.name}  {segment.title}"
        for place, part in of_segment:
            head = f"{place:<{first}}{part.name:<{second}}"
            said = [""] if part.parts else _shown(part)
            for number, line in enumerate(said):
                yield f"{' ' * len(head) if number else head}{line}".rstrip()


def _walked(part: FieldPart, *, depth: int) -> Iterator[tuple[str, FieldPart]]:
    yield f"{'  ' * depth}{part.place}", part
    for each in part.parts:
        yield from _walked(each, depth=depth + 1)


def _branches(segment: Segment) -> "Tree":
    from rich.text import Text
    from rich.tree import Tree

    # Text, not markup: what patients and physicians write is shown as it is.
    branch = Tree(
        Text.assemble((segment.name, "bold cyan"), "  ", (segment.title, "bold")), guide_style="dim"
    )
    _grow(branch, segment.fields)
    return branch


def _grow(branch: "Tree", parts: Iterable[FieldPart]) -> None:
    from rich.text import Text

    for part in parts:
        label = Text.assemble((part.place, "cyan"), " ", (part.name, "dim"))
        if not part.parts:
            label.append("  " + "\n".join(_shown(part)))
        _grow(branch.add(label), part.parts)


def _shown(part: FieldPart) -> list[str]:
    """Split a text into lines, with nothing in them that would steer a terminal."""
    if part.is_data:
        return [f"({len(part.text):,} characters of base64)"]
    return [printable(line) for line in part.text.splitlines() or [""]]
