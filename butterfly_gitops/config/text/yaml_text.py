"""One file is read: bytes in, a tree with positions or problems out, and the comments that speak to this program.

It reads the parser's events, so that each scalar keeps its raw text; `yaml_tree` builds the tree of them.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace

from ruamel.yaml.error import MarkedYAMLError, YAMLError

from butterfly_gitops.config.text.comments import (
    MAY_HOLD_TEXT,
    Comment,
    Lines,
    find_comments,
    find_remarks,
    may_have_remarks,
)
from butterfly_gitops.config.text.plain_text import UnreadableError, decode_file, refused_in, split_lines
from butterfly_gitops.config.text.yaml_events import Events, fastest_events, pieces, python_events
from butterfly_gitops.config.text.yaml_faults import not_yaml
from butterfly_gitops.config.text.yaml_tree import TreeBuilder
from butterfly_gitops.config.tree import Node, Remark, SourceFile, problem_of_file
from butterfly_gitops.model.problem import Problem

# The end of a line that a block scalar begins in.
_BLOCK = re.compile(r"[|>][-+0-9]*[ \t]*(?:#.*)?$", re.MULTILINE)
# Of what these rules refuse, and of blank lines in a block, which is refused anyway, the parsers think differently.
_POINT_ELSEWHERE = {"key-not-text", "anchor", "tag"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Text:
    """One file as it was read: its tree, if there is one, what is wrong with the text, and remarks to this program."""

    source: SourceFile
    problems: tuple[Problem, ...]
    content: bytes = b""
    root: Node | None = None
    remarks: tuple[Remark, ...] = ()
    comments_or_text: tuple[Comment, ...] = ()
    """The comments that may be more of the value before them."""


def read_text(data: bytes, *, file: str, site: str | None, events: Events = fastest_events) -> Text:
    """Read one file. Whatever is wrong with it becomes a problem; no exception leaves."""
    source = SourceFile(file=file, site=site)
    try:
        text = decode_file(data, source)
    except UnreadableError as unreadable:
        return Text(source=source, content=data, problems=(unreadable.problem,))
    source = replace(source, lines=split_lines(text))
    if problems := tuple(refused_in(source, text)):
        return Text(source=source, content=data, problems=problems)
    return replace(_read_tree(text, source, events), content=data)


def _read_tree(text: str, source: SourceFile, events: Events) -> Text:
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
        last = problems[-1] if problems else None
        if last and last.rule == "several-lines" and fault.origin.line - last.origin.line <= 1:
            # What seemed to go on in the next line is what the parser complains of.
            problems.pop()
        problems.append(fault)
    except (YAMLError, ValueError, OverflowError, AssertionError):
        # The parser in Python refuses some escapes, and some directives, in words of its own.
        message = "this is not YAML: a backslash or a % begins what cannot be read"
        hint = "write each character itself, and take out lines that begin with %"
        problems.append(problem_of_file(source, "bad-yaml", message, hint))
    rules = {problem.rule for problem in problems}
    is_block = "several-lines" in rules and _BLOCK.search(text) is not None
    if events is not python_events and (is_block or rules & _POINT_ELSEWHERE):
        return _read_tree(text, source, python_events)
    if root is None or "#" not in text:
        return Text(source=source, root=root, problems=tuple(problems))
    return Text(
        source=source,
        root=root,
        problems=tuple(problems),
        remarks=tuple(_remarks(text, source, events)),
        comments_or_text=tuple(_comments_or_text(text, events)),
    )


def _remarks(text: str, source: SourceFile, events: Events) -> Iterator[Remark]:
    # In the rare file that has some, the events are read once more: they tell which # stand inside of a value.
    if may_have_remarks(text):
        yield from find_remarks(source, "\n".join(source.lines), pieces("\n".join(source.lines), events))


def _comments_or_text(text: str, events: Events) -> Iterator[Comment]:
    if MAY_HOLD_TEXT.search(text):
        found = find_comments(text, pieces(text, events), Lines(text))
        yield from (comment for comment in found if comment.text_of)
