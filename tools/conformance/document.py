"""The whole statement as one page of Markdown."""

from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

from pydantic import BaseModel

from butterfly_gitops.hl7 import content
from butterfly_gitops.hl7.field_type import TYPE_OF_FIELD, component_name
from butterfly_gitops.hl7.own_field import FIXABLE
from butterfly_gitops.hl7.ucum import SYMBOLS
from butterfly_gitops.hl7.version import VERSIONS
from butterfly_gitops.model.frozen import descriptions_of
from butterfly_gitops.model.message import Message
from butterfly_gitops.model.study import StudyEvent
from tools.conformance import prose
from tools.conformance.components import FILLED
from tools.conformance.fields import segments
from tools.conformance.shapes import layouts
from tools.conformance.standard import DECLARED, TABLES


class Sample(NamedTuple):
    """A message that is kept beside the tests: where it is, and what it was made for."""

    link: str
    layout: str
    version: str
    encoding: str
    obr_25: str
    obx_11: str


def statement(complete: StudyEvent, samples: Sequence[Sample]) -> str:
    """The statement as Markdown; `complete` is a study that holds everything that a study can hold."""
    return "\n".join(
        [
            prose.START.format(versions=", ".join(VERSIONS)),
            prose.LAYOUTS,
            *layouts(complete),
            prose.SEGMENTS,
            *segments(),
            prose.COMPONENTS,
            _components(),
            prose.FIXABLE.format(rows="\n".join(_fixable())),
            _codes(),
            _tables(),
            prose.STATUS,
            prose.ACKNOWLEDGEMENT,
            prose.TEXT.replace("{charsets}", "\n".join(_charsets())),
            prose.VERSIONS,
            _versions(),
            prose.MISSING,
            prose.SETTINGS.format(anchor=Message.__name__.lower()),
            _table(("Setting", "Says", "Unless said"), _settings(Message, "")),
            prose.SAMPLES,
            _table(
                ("Message", "Layout", "Version", "Encoding", "OBR-25", "OBX-11"),
                ((f"[{one.link.rpartition('/')[2]}]({one.link})", *one[1:]) for one in samples),
            ),
        ]
    )


def _table(head: Sequence[str], rows: Iterator[Sequence[str]]) -> str:
    lines = [f"| {' | '.join(head)} |", "|---" * len(head) + "|"]
    return "\n".join([*lines, *(f"| {' | '.join(cells)} |" for cells in rows), ""])


def _components() -> str:
    rows = (
        (f"{data_type}.{number}", component_name(data_type, int(number)), says)
        for data_type, filled in FILLED.items()
        for number, says in filled.items()
    )
    return _table(("Component", "Name", "Holds"), rows)


def _fixable() -> Iterator[str]:
    """One row for the components of a field that stand beside the same ones."""
    for field, components in FIXABLE.items():
        for beside in dict.fromkeys(one.beside for one in components):
            named = [
                f"{one.number} {component_name(TYPE_OF_FIELD[field], one.number)}"
                for one in components
                if one.beside == beside
            ]
            yield f"| {field} | {', '.join(named)} | {' or '.join(map(str, sorted(beside)))} |"


def _codes() -> str:
    rows = [
        f"| {name} | {code} | {display} | {f'`&{suffix}`' if suffix else ''} |"
        for name, (code, display, suffix) in content.SECTIONS.items()
    ]
    return prose.CODES.format(
        sections="\n".join(rows),
        study_uid=content.STUDY_UID,
        attestation=content.ATTESTATION,
        images=content.IMAGES,
        addendum=content.ADDENDUM,
        units=", ".join(f"`{symbol}`" for symbol in sorted(SYMBOLS)),
    )


def _tables() -> str:
    rows = (
        (
            one.number,
            one.name,
            one.places,
            "; ".join(f"`{code}` {meaning}".rstrip() for code, meaning in one.values.items()),
        )
        for one in TABLES
    )
    return _table(("Table", "Name", "Where", "Codes"), rows)


def _charsets() -> Iterator[str]:
    for encoding, declared in DECLARED.items():
        yield f"| {encoding} | {f'`{declared}`' if declared else 'empty'} |"


def _versions() -> str:
    rows = (
        (
            version.id,
            f"`{version.message_type}`",
            version.coded,
            "`^^^` and OBR-7" if version.requires_timing else "empty",
            "`1`" if version.requires_sub_id else "empty",
        )
        for version in VERSIONS.values()
    )
    head = (
        "Version",
        "MSH-9",
        "OBX-2 of a coded value",
        "ORC-7 and OBR-27",
        "OBX-4 of a row that none resembles",
    )
    return _table(head, rows)


def _settings(model: type[BaseModel], prefix: str) -> Iterator[tuple[str, str, str]]:
    described = descriptions_of(model)
    for name, field in model.model_fields.items():
        default = field.get_default()
        if isinstance(default, BaseModel):
            yield from _settings(type(default), f"{prefix}{name}.")
        else:
            yield (
                f"`{prefix}{name}`",
                (field.description or described.get(name, "")).replace("|", "\\|"),
                _default(default),
            )


def _default(value: Any) -> str:
    return f"`{value}`" if value not in (None, (), {}) else "not set"
