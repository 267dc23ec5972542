"""Comments that may have been meant as text: YAML takes a # behind a space for the begin of one."""

import re
from collections.abc import Iterator

from butterfly_gitops.config.comment_or_text import SIGN, may_be_text
from butterfly_gitops.config.context import shown
from butterfly_gitops.config.reading import FleetReading
from butterfly_gitops.config.rules.documentation import Rule
from butterfly_gitops.config.tree import Mapping, Node, Scalar, Sequence, problem_at
from butterfly_gitops.model.problem import Problem, Severity

RULES = (
    Rule(
        id="comment-or-text",
        says="A # behind a space begins a comment, so what follows is no part of the value. People write a space behind "
        "the # of a comment; where there is none, text such as Epic #1 may have been meant. It is asked of settings that "
        "take any text, such as display_name; a host, a name or a choice has no # in it.",
        wrong="display_name: Epic #1 production",
        right='display_name: "Epic #1 production"',
        severity=Severity.WARNING,
    ),
)

_MAY_BE_TEXT = re.compile(rf"(?<=[^\s#]) +(?={SIGN})")


def check_comments(reading: FleetReading) -> Iterator[Problem]:
    """All rules of this module."""
    trees = [reading.fleet_tree, reading.grants_tree]
    for site in reading.sites:
        trees += [site.site_tree, site.endpoints_tree, site.archives_tree]
    for tree in trees:
        if tree is not None and (found := _candidates(tree)):
            for key, value in _plain_values(tree):
                end = value.place.column - 1 + value.place.length
                if (sign := found.get((value.place.line, end))) and may_be_text(
                    value.text, value.place.excerpt[sign:], key=key.text
                ):
                    yield _problem(key, value, sign)


def _candidates(tree: Mapping) -> dict[tuple[int, int], int]:
    """Where the # stands of what looks like a comment, maybe within quotes: by line and by the end of what is before."""
    return {
        (number, found.start()): found.end()
        for number, line in enumerate(tree.place.source.lines, start=1)
        if " #" in line
        for found in _MAY_BE_TEXT.finditer(line)
    }


def _plain_values(node: Node, key: Scalar | None = None) -> Iterator[tuple[Scalar, Scalar]]:
    """Each value without quotes that holds something, with the key that it stands behind."""
    match node:
        case Mapping():
            for entry in node.entries.values():
                yield from _plain_values(entry.value, entry.key)
        case Sequence():
            for item in node.items:
                yield from _plain_values(item, key)
        case Scalar():
            if key is not None and node.is_plain and node.text:
                yield key, node


def _problem(key: Scalar, value: Scalar, sign: int) -> Problem:
    length = len(value.place.source.lines[value.place.line - 1].rstrip()) - sign
    return problem_at(
        value.place._replace(column=sign + 1, length=length),
        rule="comment-or-text",
        message=f"{key.text} is {shown(value)} alone, for a comment begins here",
        hint="write the whole in quotes, or write a space behind the #",
        severity=Severity.WARNING,
    )
