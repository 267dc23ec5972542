"""The segments of the statement, each as a table of its fields."""

from collections.abc import Iterator, Mapping
from typing import Any

from butterfly_gitops.hl7.layouts.catalog import LAYOUTS
from butterfly_gitops.hl7.length import LENGTHS
from butterfly_gitops.hl7.segment_map import Field, SegmentMap
from butterfly_gitops.hl7.version import VERSIONS
from tools.conformance.standard import KINDS

ORDER = ("MSH", "PID", "PV1", "ORC", "OBR", "TQ1", "OBX", "ZDS")


def segments() -> Iterator[str]:
    """A section for each segment that any layout sends."""
    for name in ORDER:
        maps = {layout.name: found for layout in LAYOUTS.values() if (found := layout.segments.get(name))}
        yield _section(name, maps)


def _section(name: str, maps: Mapping[str, SegmentMap[Any]]) -> str:
    some = next(iter(maps.values()))
    where = "in every layout" if len(maps) == len(LAYOUTS) else f"in {_listed([f'`{one}`' for one in maps])}"
    lines = [
        f"### {name}, {some.title}\n",
        f"Sent {some.sent_says}; {where}.\n" if some.sent_says != "always" else f"Sent {where}.\n",
        "| Field | Name | Type | Usage | Holds | Longest |",
        "|---|---|---|---|---|---|",
    ]
    if name == "MSH":
        lines += [
            "| MSH-1 | Field Separator | ST | R | `\\|` | |",
            "| MSH-2 | Encoding Characters | ST | R | `^~\\&` | |",
        ]
    return "\n".join([*lines, *_rows(name, maps), ""])


def _rows(name: str, maps: Mapping[str, SegmentMap[Any]]) -> Iterator[str]:
    """A row for what all layouts hold in a field, and one for each layout that holds another thing."""
    numbers = sorted({field.number for table in maps.values() for field in table.fields})
    for number in numbers:
        by_says: dict[str, list[str]] = {}
        fields: dict[str, Field[Any]] = {}
        for layout, table in maps.items():
            for field in table.fields:
                if field.number == number:
                    fields[field.says] = field
                    by_says.setdefault(field.says, []).append(layout)
        most = max(by_says, key=lambda says: len(by_says[says]))
        for says, layouts in by_says.items():
            only = (
                ""
                if says == most and len(layouts) > 1
                else f"in {_listed([f'`{one}`' for one in layouts])}: "
            )
            kind = KINDS[name][number]
            cells = (
                f"{name}-{number}",
                fields[says].name,
                kind.type,
                kind.usage,
                only + says,
                _longest(name, number),
            )
            yield f"| {' | '.join(cells)} |"


def _longest(name: str, number: int) -> str:
    """One number, or one for each version where they differ."""
    found: dict[int, list[str]] = {}
    for version in VERSIONS:
        if longest := LENGTHS[version].get(name, {}).get(number):
            found.setdefault(longest, []).append(version)
    if len(found) == 1 and len(next(iter(found.values()))) == len(VERSIONS):
        return str(next(iter(found)))
    return "; ".join(f"{_listed(versions)}: {longest}" for longest, versions in found.items())


def _listed(words: list[str]) -> str:
    return words[0] if len(words) == 1 else f"{', '.join(words[:-1])} and {words[-1]}"
