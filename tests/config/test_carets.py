"""What a caret underlines is the token that is wrong, in a terminal too, whatever stands before it."""

import re
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from butterfly_gitops.config.load import load
from butterfly_gitops.config.problem_text import print_problem
from butterfly_gitops.model.problem import Origin, Problem
from tests.config.examples import Example, examples

INVALID = examples("invalid")
# Brackets and signs are tokens of one character; any other token ends where a word does.
ENDS_A_TOKEN = re.compile(r"$|[\s,:\]}\"'#]")
STARTS_A_TOKEN = re.compile(r"^|[\s,:\[{\"'!&*-]$")
# They stand at a character within a value.
OF_ONE_CHARACTER = {
    "tab",
    "hidden-character",
    "control-character",
    "byte-order-mark",
    "not-utf-8",
    "bad-yaml",
}


def name(example: Example) -> str:
    return example.name


def underlined(problem: Problem) -> tuple[str, str, str]:
    """What stands before, under and behind the caret."""
    start = problem.origin.column - 1
    end = start + problem.length
    return problem.excerpt[:start], problem.excerpt[start:end], problem.excerpt[end:]


@pytest.mark.parametrize("example", INVALID, ids=name)
def test_a_whole_token_is_underlined(example: Example):
    for problem in load(example.files).problems:
        before, token, behind = underlined(problem)
        if not problem.excerpt.strip() or problem.rule in OF_ONE_CHARACTER or set(token) == {"*"}:
            continue
        assert len(token) == problem.length, problem.message
        assert token == token.strip(), problem.message
        if len(token) > 1 or token.isalnum():
            assert STARTS_A_TOKEN.search(before), (token, problem.message)
            assert ENDS_A_TOKEN.match(behind), (token, problem.message)


@pytest.mark.parametrize("example", INVALID, ids=name)
def test_the_first_line_never_wraps_and_related_places_follow_the_hint(example: Example):
    for problem in load(example.files).problems:
        head, *rest = print_problem(problem).splitlines()
        assert head.endswith(f"{problem.severity}[{problem.rule}]: {problem.message}")
        notes = [line.partition(" = ")[2] for line in rest if " = " in line[:8]]
        kinds = [
            "hint" if note.startswith("hint: ") else "more" if note.startswith("more: ") else ""
            for note in notes
        ]
        assert kinds == sorted(kinds, key=["hint", "", "more"].index)
        assert kinds[-1] == "more"


def columns(text: str) -> int:
    """How wide a terminal shows text of these alphabets."""
    return sum(
        0
        if unicodedata.category(one) in ("Mn", "Me")
        else 2
        if unicodedata.east_asian_width(one) in "WF"
        else 1
        for one in text
    )


WORDS = st.text(alphabet="aé東ｱＡ\u0301\u0e35\u20dd한 ", max_size=12)


@given(WORDS, st.text(alphabet="aé東Ａ한", min_size=1, max_size=6), WORDS)
def test_the_caret_counts_what_a_terminal_shows(before: str, token: str, behind: str):
    problem = Problem(
        rule="unknown-key",
        message="",
        origin=Origin(file="f", line=1, column=len(before) + 1),
        length=len(token),
        excerpt=f"{before}{token}{behind}",
    )
    carets = print_problem(problem).splitlines()[3].removeprefix("  | ")
    assert len(carets) - len(carets.lstrip(" ")) == columns(before)
    assert carets.count("^") == columns(token)
