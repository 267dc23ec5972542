"""Where an indentation is wrong, one hint names all lines that left their block, and following it is enough."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from butterfly_gitops.config.indentation import lines_that_left
from butterfly_gitops.config.load import load
from butterfly_gitops.model.problem import Problem
from tests.config.examples import sound_files

ENDPOINTS = "st-elsewhere/ehr-endpoints.yaml"
SOUND = sound_files()[ENDPOINTS].decode().splitlines()
INDENT = re.compile(
    r"indent (?:it|lines (?P<first>\d+) to (?P<last>\d+)) by (?P<spaces>\d+|no) spaces?(?:, like .+)?"
)


def problems_of(lines: list[str]) -> tuple[Problem, ...]:
    text = "\n".join(lines) + "\n"
    return load({**sound_files(), ENDPOINTS: text.encode()}).problems


def moved(first: int, last: int, column: int) -> list[str]:
    """The sound file with these lines, counted from 1, at another column."""
    return [
        " " * column + line.lstrip(" ") if first <= number <= last else line
        for number, line in enumerate(SOUND, start=1)
    ]


def fixed(lines: list[str], problem: Problem) -> list[str]:
    """The lines after somebody did what the hint says, and nothing else."""
    told = INDENT.fullmatch(problem.hint)
    assert told, problem.hint
    first = int(told["first"] or problem.origin.line)
    last = int(told["last"] or problem.origin.line)
    spaces = 0 if told["spaces"] == "no" else int(told["spaces"])
    return [
        " " * spaces + line.lstrip(" ") if first <= number <= last else line
        for number, line in enumerate(lines, start=1)
    ]


@pytest.mark.parametrize(
    ("first", "last", "column"),
    [
        (8, 8, 2), (8, 8, 3), (8, 8, 0), (8, 8, 5), (8, 8, 6), (8, 9, 2), (8, 10, 3), (8, 10, 5), (8, 10, 6),
        (4, 4, 2), (4, 4, 3), (4, 4, 6), (4, 5, 2), (10, 10, 5), (11, 11, 1), (11, 11, 3), (13, 13, 0), (16, 16, 7),
    ],
)  # fmt: skip
def test_one_hint_is_enough(first: int, last: int, column: int):
    lines = moved(first, last, column)
    (problem,) = problems_of(lines)
    assert (problem.rule, problem.origin.line) == ("bad-yaml", first)
    assert fixed(lines, problem) == SOUND


@pytest.mark.parametrize(
    ("line", "hint"),
    [
        (1, "write a colon behind version"),
        (2, "write a colon behind it: ehr_endpoints:"),
        (3, "write a colon behind it: epic-prod:"),
        (4, "write a colon behind display_name"),
        (8, "write a colon behind port"),
        (11, "write a colon behind it: registry:"),
        (16, "write a colon behind receiving_facility"),
    ],
)
def test_a_lost_colon_is_found_in_its_own_line(line: int, hint: str):
    lines = list(SOUND)
    lines[line - 1] = lines[line - 1].replace(":", "", 1)
    (problem,) = problems_of(lines)
    assert (problem.rule, problem.origin.line, problem.hint) == ("bad-yaml", line, hint)


WRITTEN = st.lists(
    st.sampled_from(["a:", "b: 1", " c:", "  d: 2", "   e: x", "  - f: 1", "# g", "", "  h", "i: |"])
)


@given(WRITTEN, st.integers(1, 12))
def test_what_left_is_told_for_any_lines(lines: list[str], stopped: int):
    if stopped <= len(lines) and (left := lines_that_left(tuple(lines), stopped, file=ENDPOINTS)):
        assert 1 <= left.first <= left.last <= len(lines)
        assert INDENT.fullmatch(left.hint)
