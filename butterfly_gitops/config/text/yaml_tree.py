"""The parser's events become a tree, and what our rules of the text refuse becomes problems.

Where the events come from, and what becomes of what the parser itself refuses, is left to `yaml_text`.
"""

import re
from collections.abc import Iterator
from typing import Any

from ruamel.yaml.events import (
    AliasEvent,
    DocumentStartEvent,
    MappingEndEvent,
    MappingStartEvent,
    ScalarEvent,
    SequenceEndEvent,
    StreamStartEvent,
)

from butterfly_gitops.config.key_order import setting_names
from butterfly_gitops.config.text.plain_text import (
    HIDDEN,
    HOW_TO_SPLIT,
    NOT_PRINTABLE,
    UnreadableError,
    is_plain_text,
    refused_character,
)
from butterfly_gitops.config.tree import (
    Entry,
    Mapping,
    Node,
    Place,
    Related,
    Scalar,
    Sequence,
    SourceFile,
    problem_at,
)
from butterfly_gitops.model.problem import Problem

MAX_DEPTH = 32
MAX_VALUES = 20_000

# Within a value, escapes can write what the file itself may not hold, and line ends.
_REFUSED_IN_VALUE = re.compile(f"[\t\n\r{HIDDEN}{NOT_PRINTABLE}]")
# What refuses a value of its own, in the line that it stands in.
_ANCHOR = re.compile(r"&[^\s,\[\]{}]+")
_TAG = re.compile(r"![^\s,\[\]{}]*")
# What word processors make of " and ', and of the - before an item.
_QUOTES = "“”„‟«»‹›‘’‚‛"
_PASTED = frozenset(f"{_QUOTES}‐‑‒–—―−•·")
_BLOCK = re.compile(r"[|>][-+1-9]*")
_DASHES_WITHOUT_SPACE = re.compile(r"-[^\s-]\S*( -[^\s-]\S*)+")
_FIRST_OF_SEVERAL_WORDS = re.compile(r" *([a-z_]+) +[^ #]")


class TreeBuilder:
    """Builds nodes from events, and collects what our rules of the text refuse."""

    def __init__(self, source: SourceFile, events: Iterator[Any], problems: list[Problem]) -> None:
        self._source = source
        self._events = events
        self._problems = problems
        self._count = 0

    def document(self) -> Node:
        """The only document of the stream. Raises UnreadableError, and what the parser raises."""
        first = next(self._events, None)
        start = next(self._events, None) if isinstance(first, StreamStartEvent) else first
        if not isinstance(start, DocumentStartEvent):
            place = Place(source=self._source, line=1, column=1)
            raise _empty(place)
        root = self._node(next(self._events), depth=1)
        if isinstance(root, Scalar) and root.is_null:
            # Where nothing stands, each parser points elsewhere.
            raise _empty(root.place if root.text else Place(source=self._source, line=1, column=1))
        next(self._events)  # the document's end
        if isinstance(another := next(self._events, None), DocumentStartEvent):
            # What the second one says is not known, so no rule may judge by the first one alone.
            lines, first_line = self._source.lines, another.start_mark.line
            below = range(first_line, len(lines))
            line = next((number for number in below if lines[number].startswith("---")), first_line)
            length = len(lines[line].rstrip()) if line < len(lines) else 1
            place = Place(source=self._source, line=line + 1, column=1, length=max(1, length))
            hint = "keep one document in a file, with at most one `---` at its top"
            raise UnreadableError(problem_at(place, "several-documents", "a second document", hint))
        return root

    def _node(self, event: Any, *, depth: int, key: Scalar | None = None) -> Node:
        self._count += 1
        if depth > MAX_DEPTH:
            hint = "look at the brackets of this line; no setting nests deeper than five levels"
            says = f"nested more than {MAX_DEPTH} levels deep"
            raise UnreadableError(problem_at(self._begin_of(event), "too-deep", says, hint))
        if self._count > MAX_VALUES:
            says, hint = f"the file has more than {MAX_VALUES} keys and values", HOW_TO_SPLIT
            raise UnreadableError(problem_at(self._begin_of(event), "file-too-large", says, hint))
        if isinstance(event, ScalarEvent):
            return self._scalar(event, key=key)
        if isinstance(event, AliasEvent):
            place, hint = self._token(event), "write the value itself, or use a preset"
            self._refuse(place, "alias", "an alias", hint)
            return Scalar(place=place, text="", is_plain=True)
        if event.anchor is not None or event.ctag is not None:
            self._refuse_shorthand(event)
        if isinstance(event, MappingStartEvent):
            return self._mapping(event, depth=depth)
        items: list[Node] = []
        while not isinstance(inner := next(self._events), SequenceEndEvent):
            items.append(self._node(inner, depth=depth + 1))
        return Sequence(place=self._begin_of(event), items=tuple(items))

    def _mapping(self, event: Any, *, depth: int) -> Mapping:
        entries: dict[str, Entry] = {}
        while not isinstance(inner := next(self._events), MappingEndEvent):
            key = self._key(inner, depth=depth + 1)
            value = self._node(next(self._events), depth=depth + 1, key=key)
            if key is None:
                continue
            if first := entries.get(key.text):
                says = f'"{key.text}" stands twice in the same mapping'
                there = (("first defined here", first.key.place.origin),)
                self._refuse(key.place, "duplicate-key", says, "keep one of them", related=there)
                continue
            entries[key.text] = Entry(key, value)
        return Mapping(place=self._begin_of(event), entries=entries)

    def _key(self, event: Any, *, depth: int) -> Scalar | None:
        node = self._node(event, depth=depth)
        if isinstance(event, AliasEvent):
            return None
        if not isinstance(node, Scalar) or node.is_null:
            self._refuse(node.place, "key-not-text", "a key that is no text", "write a name before the colon")
            return None
        if node.is_plain and node.text == "<<":
            hint = "use a preset or endpoint_defaults for what several endpoints share"
            self._refuse(node.place, "merge-key", "a merge key (<<)", hint)
            return None
        return node

    def _scalar(self, event: ScalarEvent, *, key: Scalar | None) -> Scalar:
        text, is_plain = event.value, not event.style
        start, end = event.start_mark, event.end_mark
        # Nearly all values are like this, and nothing is wrong with them; that is quickly asked.
        is_simple = text and start.line == end.line and event.anchor is None and event.ctag is None
        if is_simple and is_plain_text(text):
            # By position, here and for the scalar: names take half as long again, and no other line makes so many.
            place = Place(self._source, start.line + 1, start.column + 1, end.column - start.column)
        else:
            # An empty value has no characters of its own; its key does.
            place = key.place if key is not None and is_plain and not text else self._token(event)
            self._check(event, place)
        return Scalar(place, text, is_plain)

    def _check(self, event: ScalarEvent, place: Place) -> None:
        text, is_plain = event.value, not event.style
        if event.anchor is not None or event.ctag is not None:
            self._refuse_shorthand(event)
        if not is_plain_text(text) and (found := _REFUSED_IN_VALUE.search(text)):
            if found.group() in "\n\r":
                self._refuse(place, "several-lines", "a value of several lines", "write it in one line")
            else:
                self._problems.append(refused_character(place, found.group()))
        elif is_plain and text[:1] in _PASTED and self._refuse_pasted(place, text):
            pass  # what was pasted in front of the lines below joined them
        elif event.end_mark.line > event.start_mark.line and event.style not in ("|", ">"):
            self._refuse_several_lines(place, event)

    def _refuse_several_lines(self, place: Place, event: ScalarEvent) -> None:
        """YAML would fold the lines into one value: a setting that lost its colon would be part of the one above."""
        hint = "write it in one line"
        if not event.style and _DASHES_WITHOUT_SPACE.fullmatch(event.value):
            hint = "write a space behind each dash"
        for line in self._source.lines[event.start_mark.line + 1 : event.end_mark.line + 1]:
            if (word := _FIRST_OF_SEVERAL_WORDS.match(line)) and word[1] in setting_names():
                hint = f"write a colon behind {word[1]}, and indent it like the other settings"
                break
        self._refuse(place, "several-lines", "a value of several lines", hint)

    def _refuse_pasted(self, place: Place, text: str) -> bool:
        """Refuse what a word processor makes of quotes and of the dash before an item; tells whether it is that."""
        sign, code, rule = text[0], f"U+{ord(text[0]):04X}", "pasted-character"
        if sign in _QUOTES:
            says = f"a quotation mark of a word processor ({sign}, {code})"
            self._refuse(place, rule, says, 'write plain quotes ("), or none')
            return True
        if text[1:2] == " ":
            says = f"a dash or bullet of a word processor ({sign}, {code})"
            self._refuse(place._replace(length=1), rule, says, 'begin an item of a list with a plain "-"')
            return True
        return False

    def _refuse_shorthand(self, event: Any) -> None:
        """Anchors and tags say a thing where nobody looks for it."""
        place = self._token(event) if isinstance(event, ScalarEvent) else self._begin_of(event)
        if event.anchor is not None:
            at, message = self._sign(place, _ANCHOR), "an anchor"
            self._refuse(at, "anchor", message, "take it out")
        if event.ctag is not None:
            hint = "take it out; each setting has one type, and quotes are enough for text"
            self._refuse(self._sign(place, _TAG), "tag", "a YAML tag", hint)

    def _sign(self, place: Place, sign: re.Pattern[str]) -> Place:
        """The first such sign at or behind a place in its line; the place itself if there is none."""
        # Of a tag before an anchor the parser in Python only tells where the anchor stands.
        before = re.search(rf"{sign.pattern} +$", place.excerpt[: place.column - 1])
        found = before or sign.search(place.excerpt, place.column - 1)
        return (
            place._replace(column=found.start() + 1, length=len(found.group().rstrip())) if found else place
        )

    def _refuse(self, place: Place, rule: str, message: str, hint: str, *, related: Related = ()) -> None:
        self._problems.append(problem_at(place, rule, message, hint, related=related))

    def _begin_of(self, event: Any) -> Place:
        line, column = event.start_mark.line, event.start_mark.column
        return Place(source=self._source, line=line + 1, column=column + 1)

    def _token(self, event: Any) -> Place:
        start, end = event.start_mark, event.end_mark
        line, column, until = start.line, start.column, end.column
        if end.line != line:
            until = self._end_of_first_line(event, line, column)
        length = until - column if until > column else 1
        return Place(source=self._source, line=line + 1, column=column + 1, length=length)

    def _end_of_first_line(self, event: Any, line: int, column: int) -> int:
        """Of a value of several lines, where its first one ends; of a block, its sign."""
        text = self._source.lines[line] if line < len(self._source.lines) else ""
        sign = _BLOCK.match(text, column) if event.style in ("|", ">") else None
        return sign.end() if sign else len(text.rstrip())


def _empty(place: Place) -> UnreadableError:
    hint = "write what it must say, starting with `version: 1`, or bring back what it said"
    return UnreadableError(problem_at(place, "empty-file", "the file says nothing", hint))
