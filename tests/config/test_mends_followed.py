"""Whoever does to a damaged file what its first problem says, word by word, has the file that it was.

Each line of the sample sites is damaged alone: its indentation is off, or its colon is lost. What is no fault of YAML
is not looked at here; a file that says another thing is what the rules judge.
"""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from butterfly_gitops.config.indentation import lines_that_left
from butterfly_gitops.config.tree import Mapping, Node, Scalar
from butterfly_gitops.config.yaml_text import Text, read_text
from butterfly_gitops.model.problem import Problem

SITES = Path(__file__).parents[2] / "sites"
FILES = sorted(path.relative_to(SITES).as_posix() for path in SITES.rglob("*.yaml"))
OFF_BY = (-4, -3, -2, -1, 1, 2, 3, 4)
COLON = re.compile(r"(?<=[\w-]):")
INDENT = re.compile(
    r"indent (?:it|lines (?P<first>\d+) to (?P<last>\d+)) by (?P<column>no|\d+) spaces?(?:, like .+)?"
)
WRITE_COLON = re.compile(r"write a colon behind (?:it: )?(?P<key>[\w-]+):?")


def read(text: str, file: str) -> Text:
    return read_text(text.encode(), file=file, site=None)


def said(node: Node) -> Any:
    """What a tree says, without where it says it."""
    if isinstance(node, Scalar):
        return node.text
    if isinstance(node, Mapping):
        return {name: said(entry.value) for name, entry in node.entries.items()}
    return [said(item) for item in node.items]


def damaged(line: str) -> Iterator[str]:
    bare = line.lstrip(" ")
    if not bare or bare.startswith("#"):
        return
    column = len(line) - len(bare)
    yield from {" " * max(0, column + by) + bare for by in OFF_BY} - {line}
    yield COLON.sub("", line, count=1)


def followed(lines: list[str], problem: Problem) -> list[str] | None:
    """The lines after what the hint says; None for one that leaves a choice."""
    after, at = list(lines), problem.origin.line
    if found := INDENT.fullmatch(problem.hint):
        column = 0 if found["column"] == "no" else int(found["column"])
        for number in range(int(found["first"] or at), int(found["last"] or at) + 1):
            after[number - 1] = " " * column + after[number - 1].lstrip(" ")
    elif found := WRITE_COLON.fullmatch(problem.hint):
        after[at - 1] = after[at - 1].replace(found["key"], f"{found['key']}:", 1)
    else:
        return None
    return after


@pytest.mark.parametrize("file", FILES)
def test_a_hint_that_is_followed_brings_the_file_back(file: str) -> None:
    text = (SITES / file).read_text(encoding="utf-8")
    lines = text.splitlines()
    sound = said(read(text, file).root)
    for index, line in enumerate(lines):
        for worse in damaged(line):
            broken = [*lines[:index], worse, *lines[index + 1 :]]
            for problem in read("\n".join(broken), file).problems[:1]:
                if problem.rule != "bad-yaml":
                    continue
                told = f"{file}:{index + 1}: {worse.rstrip()!r} at line {problem.origin.line}: {problem.hint}"
                fixed = followed(broken, problem)
                assert fixed is not None, told
                again = read("\n".join(fixed), file)
                assert not again.problems, told
                assert said(again.root) == sound, told


HEAD = "version: 1\nehr_endpoints:\n"
SETTINGS = "    preset: epic\n    host: 10.0.0.1\n"


@pytest.mark.parametrize(
    ("text", "line", "hint"),
    [
        (f"{HEAD}     epic-prod:\n{SETTINGS}", 3, "indent it by 2 spaces"),
        (
            f"{HEAD}  epic-prod:\n{SETTINGS}     registry:\n{SETTINGS}",
            6,
            "indent it by 2 spaces, like line 3",
        ),
        (f"{HEAD}epic-prod:\n{SETTINGS}  registry:\n{SETTINGS}", 3, "indent it by 2 spaces, like line 6"),
        (
            f"version: 1\n  ehr_endpoints:\n  epic-prod:\n{SETTINGS}",
            2,
            "indent it by no spaces, like the line above",
        ),
        (f"  {HEAD}  epic-prod:\n{SETTINGS}", 1, "indent it by no spaces, like the line below"),
        (
            f"{HEAD}  epic-prod:\n{SETTINGS}   port: 1\n   status: paused\n  registry:\n{SETTINGS}",
            6,
            "indent lines 6 to 7 by 4 spaces, like the line above",
        ),
        (
            f"{HEAD}  epic-prod:\n{SETTINGS}   message:\n      empty_as_null:\n        - OBR-31\n    port: 1\n",
            6,
            "indent it by 4 spaces, like the line above",
        ),
        (
            f"{HEAD}  epic-prod:\n    message:\n        empty_as_null:\n      - OBR-31\n    port: 1\n",
            6,
            "indent it by 8 spaces",
        ),
        (
            f"{HEAD}  epic-prod  # the one\n{SETTINGS}",
            3,
            "write a colon behind it: epic-prod:",
        ),
        (
            f"{HEAD}  epic-prod:\n{SETTINGS}    retry {{first: 1s, factor: 2}}\n",
            6,
            "write a colon behind retry",
        ),
    ],
)
def test_the_line_that_left_is_told_with_its_column(text: str, line: int, hint: str) -> None:
    problem = read(text, "st-elsewhere/ehr-endpoints.yaml").problems[0]
    assert (problem.origin.line, problem.hint) == (line, hint)


def test_a_file_of_another_kind_is_judged_by_its_columns_alone() -> None:
    problem = read("steps:\n  - one\nmore:\n    a: 1\n   b: 2\n    c: 3\n", "scenario.yaml").problems[0]
    assert (problem.origin.line, problem.hint) == (5, "indent it by 4 spaces, like the line above")


def test_it_is_found_at_the_end_of_a_long_file_as_well() -> None:
    many = "".join(f"  endpoint-{number}:\n{SETTINGS}" for number in range(500))
    problem = read(f"{HEAD}{many}   late:\n{SETTINGS}", "st-elsewhere/ehr-endpoints.yaml").problems[0]
    assert (problem.origin.line, problem.hint) == (1503, "indent it by 2 spaces, like line 1500")


def test_a_name_is_found_above_all_its_settings() -> None:
    message = "".join(f"        OBR-{number}: X\n" for number in range(15, 75))
    text = f"{HEAD}epic-prod:\n{SETTINGS}    message:\n      fields:\n{message}  registry:\n{SETTINGS}"
    problem = read(text, "st-elsewhere/ehr-endpoints.yaml").problems[0]
    assert (problem.origin.line, problem.hint) == (3, "indent it by 2 spaces, like line 68")


@pytest.mark.parametrize("deep", [30, 3000])
def test_a_file_deeper_than_any_of_ours_is_not_searched(deep: int) -> None:
    lines = ("version: 1", *(" " * number + f"e{number}:" for number in range(deep)), " late: 1")
    assert lines_that_left(lines, len(lines), file="ehr-endpoints.yaml") is None
