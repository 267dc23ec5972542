"""What holds other values: lists, mappings, and values that may be null."""

import re
from dataclasses import dataclass
from typing import Any

from butterfly_gitops.config import secrets_by_value
from butterfly_gitops.config.context import FAILED, Context, Reader, is_refused_null, read_once, shown
from butterfly_gitops.config.tree import Mapping, Node, Scalar, Sequence

_MOST_NAMED = 8
_MOST_REPEATED = 40


@dataclass(frozen=True, slots=True, kw_only=True)
class OpaqueReader:
    """Leaves the node as it is, for whoever knows its model."""

    wants: str = "a value"

    def read(self, node: Node, at: Scalar, context: Context) -> Any:  # noqa: ARG002 - it has nothing to refuse
        return node


@dataclass(frozen=True, slots=True, kw_only=True)
class OptionalReader:
    """Reads null as None, else what it wraps."""

    inner: Reader

    @property
    def wants(self) -> str:
        return self.inner.wants

    def read(self, node: Node, at: Scalar, context: Context) -> Any:
        if isinstance(node, Scalar) and node.is_null and node.text:
            return None
        return self.inner.read(node, at, context)


@dataclass(frozen=True, slots=True, kw_only=True)
class ListReader:
    """Reads a list whose items have one type."""

    item: Reader
    wants: str = "a list in brackets"

    def read(self, node: Node, at: Scalar, context: Context) -> Any:
        if is_refused_null(node, at, "[] for none", context):
            return FAILED
        if not isinstance(node, Sequence):
            hint = _list_meant(node, at) if isinstance(node, Scalar) else f"write {self.wants}"
            if isinstance(node, Scalar) and node.is_plain and node.text.startswith("-"):
                hint = "write a space behind the dash"
            message = f"{at.text} is a list"
            return context.refuse(node.place, rule="wrong-type", message=message, hint=hint)
        items = tuple(read_once(self.item, item, at, context) for item in node.items)
        return FAILED if any(item is FAILED for item in items) else items


def _list_meant(written: Scalar, at: Scalar) -> str:
    """The hint for a list without brackets, or in brackets of another kind."""
    if at.text == "sites" and written.text.lower() in ("all", "any", "every", "*"):
        return 'write ["*"]'
    if written.text.lower() in ("none", "nothing"):
        return "write []"
    items = re.split(r"[\s,;]+", written.text.strip("()[]<> "))
    return f"write [{_repeated(', '.join(items))}]"


def mapping_for(
    node: Node, at: Scalar, context: Context, *, settings: tuple[str, ...] = ()
) -> Mapping | None:
    """The node as a mapping, or None after its problem was noted. `settings` are those that it must have."""
    if isinstance(node, Mapping):
        return node
    if not is_refused_null(node, at, "{} for none", context):
        what = shown(node) if isinstance(node, Scalar) else "a list"
        hint = "write one `key: value` in a line, indented below it"
        if isinstance(node, Scalar) and len(settings) == 1:
            hint = f"write {{{settings[0]}: {_as_written(node)}}}"
        elif isinstance(node, Scalar) and settings:
            hint += f": {', '.join(settings[:_MOST_NAMED])}"
        context.refuse(
            node.place, rule="wrong-type", message=f"{at.text} is a mapping, not {what}", hint=hint
        )
    return None


def _as_written(value: Scalar) -> str:
    """A value as it stands in its file, if it is short enough to be said again."""
    start = value.place.column - 1
    written = value.place.excerpt[start : start + value.place.length]
    return "…" if secrets_by_value.looks_secret(value.text) else _repeated(written)


def _repeated(text: str) -> str:
    return text if len(text) <= _MOST_REPEATED else "…"
