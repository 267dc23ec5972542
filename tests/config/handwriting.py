"""Writes a document as people do: any indentation, quotes, brackets, blank lines and line ends, and comments all over."""

import json
import re
from random import Random
from typing import Any

from butterfly_gitops.config.tree import Mapping, Node, Scalar

# Plain anywhere, and text wherever it stands.
_PLAIN = re.compile(r"[A-Za-z0-9./][A-Za-z0-9./ -]*[A-Za-z0-9.]|[A-Za-z0-9]")
_NULL = ("null", "Null", "NULL", "~", "")


def document_of(node: Node) -> Any:
    """What a tree says, as it can be written again; whoever wrote quotes gets quotes."""
    if isinstance(node, Scalar):
        return node
    if isinstance(node, Mapping):
        return {name: document_of(entry.value) for name, entry in node.entries.items()}
    return [document_of(item) for item in node.items]


class Hand:
    """One way to write, by chance."""

    def __init__(self, random: Random) -> None:
        self._random = random
        self._comments = 0

    def text_of(self, document: dict[str, Any]) -> str:
        """A whole file."""
        head = "# yaml-language-server: $schema=x.json\n" if self._is(0.3) else ""
        text = f"{head}{self._gap(0)}{'--- ' if not head and self._is(0.05) else ''}"
        if text.endswith("--- "):
            text = f"{text[:-4]}---{self._end()}"
        text += "".join(self._mapping(document, 0)) + self._gap(0)
        if self._is(0.2):
            text = text.replace("\n", "\r\n")
        return text.rstrip("\r\n") if self._is(0.2) else text

    def _mapping(self, document: dict[str, Any], indent: int) -> list[str]:
        return [
            f"{self._gap(indent)}{' ' * indent}{self._key(key)}:{self._value(value, indent)}"
            for key, value in document.items()
        ]

    def _value(self, value: Any, indent: int) -> str:
        """What stands behind a colon, to the end of its last line."""
        if isinstance(value, dict | list) and value and self._is(0.7):
            step = self._random.randint(1, 6)
            if isinstance(value, dict):
                return self._end() + "".join(self._mapping(value, indent + step))
            return self._end() + "".join(self._items(value, indent + self._random.choice([0, step])))
        deeper = " " * (indent + self._random.randint(1, 5))
        start = self._spaces(1)
        if self._is(0.1):
            start = self._end() + self._lines_of_comments(len(deeper)) + deeper
        if isinstance(value, dict | list):
            return f"{start}{self._in_brackets(value, deeper)}{self._end()}"
        return f"{start}{self._scalar(value)}{self._end()}"

    def _items(self, items: list[Any], indent: int) -> list[str]:
        lines = []
        for item in items:
            if isinstance(item, dict) and item and self._is(0.5):
                step = self._random.randint(1, 3)
                first, *rest = self._mapping_without_gap(item, indent + 1 + step)
                lines.append(f"{self._gap(indent)}{' ' * indent}-{' ' * step}{first}{''.join(rest)}")
            else:
                lines.append(f"{self._gap(indent)}{' ' * indent}-{self._value(item, indent)}")
        return lines

    def _mapping_without_gap(self, document: dict[str, Any], indent: int) -> list[str]:
        (key, value), *others = document.items()
        return [f"{self._key(key)}:{self._value(value, indent)}", *self._mapping(dict(others), indent)]

    def _in_brackets(self, value: Any, deeper: str) -> str:
        if isinstance(value, dict):
            parts = [
                f"{self._key(key)}:{self._spaces(1)}{self._inner(each, deeper)}"
                for key, each in value.items()
            ]
        else:
            parts = [self._inner(each, deeper) for each in value]
        signs = "{}" if isinstance(value, dict) else "[]"
        inside = f"{self._break(deeper)},{self._break(deeper)}".join(parts)
        return f"{signs[0]}{self._break(deeper)}{inside}{self._break(deeper)}{signs[1]}"

    def _inner(self, value: Any, deeper: str) -> str:
        return self._in_brackets(value, deeper) if isinstance(value, dict | list) else self._scalar(value)

    def _break(self, deeper: str) -> str:
        if self._is(0.9):
            return self._spaces(0)
        return f"{self._end()}{self._lines_of_comments(len(deeper))}{deeper}"

    def _key(self, key: str) -> str:
        is_name = _PLAIN.fullmatch(key.replace("_", "-")) and key not in _NULL
        written = key if is_name and self._is(0.9) else json.dumps(key)
        return written + self._spaces(0)

    def _scalar(self, value: Any) -> str:
        if isinstance(value, Scalar):
            return value.text if value.is_plain else json.dumps(value.text, ensure_ascii=self._is(0.5))
        if not isinstance(value, str):
            return json.dumps(value)
        # Where only text may stand, some plain words would be something else.
        if _PLAIN.fullmatch(value) and value not in _NULL and self._is(0.6):
            return value
        if "'" not in value and value and self._is(0.5):
            return f"'{value}'"
        return json.dumps(value, ensure_ascii=self._is(0.5))

    def _gap(self, indent: int) -> str:
        """What stands above a line: blank lines and comments, indented as it happens."""
        if self._is(0.7):
            return ""
        blank = "".join(self._random.choice(["\n", "\n", "  \n"]) for _ in range(self._random.randint(0, 2)))
        return f"{blank}{self._lines_of_comments(indent)}{self._random.choice(['', '', chr(10)])}"

    def _lines_of_comments(self, indent: int) -> str:
        lines = ""
        while self._is(0.4):
            column = max(0, indent + self._random.choice([0, 0, 0, 0, 2, 4, 30, -2, -4]))
            lines += f"{' ' * column}{self._comment()}\n"
        return lines

    def _end(self) -> str:
        """The end of a line, perhaps with a comment."""
        return f"{self._spaces(1)}{self._comment()}\n" if self._is(0.2) else f"{self._spaces(0)}\n"

    def _comment(self) -> str:
        text = self._random.choice(["", "x: ", "- ", "'", "[", "é ", "# "]) + str(self._comments)
        self._comments += 1
        return self._random.choice(["#", "# ", "#"]) + text + self._random.choice(["", "", "  "])

    def _spaces(self, least: int) -> str:
        return " " * self._random.choice([least, least, least, least + 1, least + 3])

    def _is(self, chance: float) -> bool:
        return self._random.random() < chance
