"""The layout of one file, from its bytes: its text laid out, or the problems that keep it from being read.

What was laid out is read again and compared: that its meaning is kept does not rest on the layout being right.
"""

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from butterfly_gitops.config.formatting.attachment import read_page
from butterfly_gitops.config.formatting.page import print_page
from butterfly_gitops.config.formatting.written import UnmovableError
from butterfly_gitops.config.key_order import order_of
from butterfly_gitops.config.text.comments import Lines, comment_as_laid_out, find_comments
from butterfly_gitops.config.text.yaml_events import Events, Piece, fastest_events, pieces
from butterfly_gitops.config.text.yaml_text import read_text
from butterfly_gitops.config.tree import Mapping, Node, Scalar
from butterfly_gitops.model.problem import Problem

# What the layout may add to, with spaces and lines.
_LIMITS = ("file-too-large", "line-too-long")


@dataclass(frozen=True, slots=True, kw_only=True)
class LaidOut:
    """One file laid out: its text as it should be, or None and why it cannot be read.

    `is_left` says that it holds what cannot be laid out anew, and stays as it is.
    """

    text: str | None
    problems: tuple[Problem, ...]
    is_left: bool = False


class ChangedMeaningError(Exception):
    """The layout would change what a file says: a defect of ours, found before anything was written."""


def lay_out(data: bytes, *, file: str, site: str | None = None, events: Events = fastest_events) -> LaidOut:
    """Lay out a file of the configuration; the last part of its path says its kind.

    Raises KeyError for a file of another name, ChangedMeaningError where it may not be trusted.
    """
    order = order_of(file.rpartition("/")[2])
    read = read_text(data, file=file, site=site, events=events)
    if read.problems or read.root is None:
        return LaidOut(text=None, problems=read.problems)
    written = data.decode("utf-8")
    text = re.sub(r"\r\n?", "\n", written)
    parts = pieces(text, events)
    try:
        laid_out = print_page(read_page(text, parts), order)
    except UnmovableError:
        return LaidOut(text=written, problems=(), is_left=True)
    again = read_text(laid_out.encode(), file=file, site=site, events=events)
    if any(problem.rule in _LIMITS for problem in again.problems):
        return LaidOut(text=written, problems=(), is_left=True)
    if again.problems or again.root is None or _meaning(again.root) != _meaning(read.root):
        raise ChangedMeaningError(file)
    if _comments(laid_out, pieces(laid_out, events)) != _comments(text, parts):
        raise ChangedMeaningError(file)
    return LaidOut(text=laid_out, problems=())


def _meaning(node: Node) -> Any:
    """The meaning of a tree, whatever the order of its keys."""
    if isinstance(node, Scalar):
        return node.text, node.is_plain
    if isinstance(node, Mapping):
        return {name: _meaning(entry.value) for name, entry in node.entries.items()}
    return [_meaning(item) for item in node.items]


def _comments(text: str, parts: Sequence[Piece]) -> Counter[str]:
    return Counter(comment_as_laid_out(comment.text) for comment in find_comments(text, parts, Lines(text)))
