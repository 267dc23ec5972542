"""The way into the YAML parser, which only modules named after it know: bytes in, a tree with positions or problems out.

It reads the parser's events, so that each scalar keeps its raw text; `yaml_tree` builds the tree of them. What a value
must be is left to `decode`.
"""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import takewhile
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.error import MarkedYAMLError, YAMLError
from ruamel.yaml.events import DocumentEndEvent, ScalarEvent

from butterfly_gitops.config.plain_text import read_plain
from butterfly_gitops.config.remarks import Quoted, find_remarks, may_have_remarks
from butterfly_gitops.config.tree import Node, Remark, Source, problem_of_file
from butterfly_gitops.config.yaml_faults import not_yaml
from butterfly_gitops.config.yaml_tree import TreeBuilder, UnreadableError
from butterfly_gitops.model.problem import Problem

try:
    from _ruamel_yaml import CParser  # type: ignore[import-not-found,unused-ignore]
except ImportError:  # a plain ruamel.yaml comes without it
    CParser = None

Events = Callable[[str], Iterator[Any]]

# The end of a line that a block scalar begins in.
_BLOCK = re.compile(r"[|>][-+0-9]*[ \t]*(?:#.*)?$", re.MULTILINE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Text:
    """What one file holds: its tree, if it could be read, what is wrong with the text, and remarks to this program."""

    source: Source
    root: Node | None
    problems: tuple[Problem, ...]
    remarks: tuple[Remark, ...] = ()


def c_events(text: str) -> Iterator[Any]:
    """The events of the C parser."""
    return iter(CParser(text).get_event, None)


def python_events(text: str) -> Iterator[Any]:
    """The events of the parser in Python, some twenty times slower."""
    yield from YAML(typ="safe", pure=True).parse(text)


fastest_events: Events = python_events if CParser is None else c_events


def read_text(data: bytes, *, file: str, site: str | None, events: Events = fastest_events) -> Text:
    """Read one file. Whatever is wrong with it becomes a problem; no exception leaves."""
    plain = read_plain(data, Source(file=file, site=site, lines=()))
    if plain.problems:
        return Text(source=plain.source, root=None, problems=plain.problems)
    return _read_tree(plain.text, plain.source, events)


def _read_tree(text: str, source: Source, events: Events) -> Text:
    problems: list[Problem] = []
    root: Node | None = None
    try:
        root = TreeBuilder(source, events(text), problems).document()
    except UnreadableError as unreadable:
        problems.append(unreadable.problem)
    except MarkedYAMLError as error:
        if events is not python_events:
            # The other parser follows a newer YAML; it decides, so that every machine says the same.
            return _read_tree(text, source, python_events)
        fault = not_yaml(source, error)
        if (
            problems
            and problems[-1].rule == "several-lines"
            and fault.origin.line - problems[-1].origin.line <= 1
        ):
            # What seemed to go on in the next line is what the parser complains of.
            problems.pop()
        problems.append(fault)
    except (YAMLError, ValueError, OverflowError, AssertionError):
        # The parser in Python refuses some escapes, and some directives, in words of its own.
        message = "this is not YAML: a backslash or a % begins what cannot be read"
        hint = "write each character itself, and take out lines that begin with %"
        problems.append(problem_of_file(source, rule="bad-yaml", message=message, hint=hint))
    if (
        events is not python_events
        and any(one.rule == "several-lines" for one in problems)
        and _BLOCK.search(text)
    ):
        # Of blank lines in a block scalar, which is refused anyway, the parsers think differently, too.
        return _read_tree(text, source, python_events)
    remarks = _remarks(text, source, events) if root is not None and may_have_remarks(text) else ()
    return Text(source=source, root=root, problems=tuple(problems), remarks=remarks)


def _remarks(text: str, source: Source, events: Events) -> tuple[Remark, ...]:
    """Read the events once more, in the rare file that has remarks: they tell which # stand inside of a value."""
    quoted = [
        Quoted(
            start=(event.start_mark.line, event.start_mark.column),
            end=(event.end_mark.line, event.end_mark.column),
            is_block=event.style in ("|", ">"),
        )
        for event in of_first_document(events(text))
        if isinstance(event, ScalarEvent) and event.style
    ]
    return tuple(find_remarks(source, quoted))


def of_first_document(events: Iterator[Any]) -> Iterator[Any]:
    """The events that the builder has taken; what comes behind may not even be YAML."""
    return takewhile(lambda event: not isinstance(event, DocumentEndEvent), events)
