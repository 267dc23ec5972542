"""Single values: taken from the text as they are, and indented anew."""

import re

from butterfly_gitops.config.text.yaml_events import Verbatim

_MANY = 10_000
_BLOCK_HEADER = re.compile(r"[|>][-+0-9]*")


class UnmovableError(Exception):
    """The text holds what cannot be laid out anew; it is left as it is."""


def scalar_lines(value: Verbatim, indent: int) -> list[str]:
    """The lines of a scalar, all but the first indented."""
    if value.is_block:
        return _block_lines(value, indent)
    first, *rest = value.written.split("\n")
    if not rest:
        return [first]
    # Brackets keep the steps among their lines; of text YAML folds each line end, with the spaces around it.
    columns = [_indentation(line) for line in rest if line.strip(" ")]
    least = min(columns, default=0) if first[:1] in ("[", "{") else _MANY
    return [_trimmed(first), *(" " * indent + _trimmed(_without_indentation(line, least)) for line in rest)]


def _without_indentation(line: str, most: int) -> str:
    return line[min(most, _indentation(line)) :]


def _trimmed(line: str) -> str:
    trimmed = line.rstrip(" ")
    backslashes = len(trimmed) - len(trimmed.rstrip("\\"))
    # Between double quotes an escaped space is no space to be folded.
    return f"{trimmed} " if backslashes % 2 and trimmed != line else trimmed


def _block_lines(value: Verbatim, indent: int) -> list[str]:
    first, *body = value.written.split("\n")
    if not body or not value.text.strip(" "):
        raise UnmovableError
    header = _BLOCK_HEADER.match(first)
    assert header  # noqa: S101 - the parser says that it is one; this tells the type checker
    old = _indentation(body[0]) - _indentation(value.text)
    return [re.sub(r"[0-9]", "2", header.group()), *(" " * indent + line[old:] for line in body)]


def _indentation(line: str) -> int:
    return len(line) - len(line.lstrip(" "))
