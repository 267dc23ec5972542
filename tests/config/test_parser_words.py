"""Nothing of the parser's own words is shown, and what is complained of stands at a place that is there."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from butterfly_gitops.config.text import yaml_events, yaml_text
from butterfly_gitops.model.problem import Problem
from tests.table import in_one_test

# Of its tokens, and of what it was doing.
THEIRS = re.compile(r"expected|found|while |<[a-z ]+>|stream|token|node|document separator|hexdecimal")

PIECES = st.sampled_from([
    "a: ", "b:", "- ", "[", "]", "{", "}", ",", ":", "? ", "x", "x y", '"', "'", "|", ">", "&", "&n ", "*", "*n ",
    "!", "!t ", "!<", "%", "@", "`", "#", " # c", "\n", "\n  ", "\n    ", "\n---\n", "\n...\n", "\\", '"\\d', '"\\U99999999"',
    "|0", ">9x", "1",
])  # fmt: skip


def problems_of(text: str, events: yaml_events.Events) -> tuple[Problem, ...]:
    return yaml_text.read_text(text.encode(), file="f.yaml", site=None, events=events).problems


@pytest.mark.parametrize(
    "events", [yaml_events.fastest_events, yaml_events.python_events], ids=["fastest", "python"]
)
@given(st.lists(PIECES, max_size=12).map("".join))
def test_every_complaint_is_in_our_words_with_a_hint_and_a_place(events: yaml_events.Events, text: str):
    for problem in problems_of(f"version: 1\n{text}", events):
        if problem.rule == "bad-yaml":
            assert not THEIRS.search(problem.message), problem.message
            assert problem.hint
            assert not problem.origin.line or problem.excerpt.strip()


@in_one_test(
    ("text", "says", "place", "hint"),
    [
        ("a: [x]]\n", "a bracket that nothing opens", (1, 7), "take the ] out"),
        ("a: {x: y}}\n", "a brace that nothing opens", (1, 10), "take the } out"),
        ("a: [x,, y]\n", "a comma with nothing before it", (1, 7), "take the comma out"),
        ("a: [x]\nb: {\n", "a brace that is not closed", (2, 4), "close the brace"),
        ("a: {b: ']', c: [\n\n", "a bracket that is not closed", (1, 16), "close the bracket"),
        ("a: {b: c\n\n\n", "a mapping that is not closed", (1, 4), "close the brace, or write the missing comma"),
        ("a: ? x\n", "a question mark that begins a key", (1, 4), "put quotes around the value"),
        ("a: [x], [y]\n", "a comma behind the end of a value", (1, 7), "one pair of brackets"),
        ("a: | x\n", "text behind | or >", (1, 6), "put quotes around the value"),
    ],
)  # fmt: skip
def test_a_complaint(text: str, says: str, place: tuple[int, int], hint: str):
    (problem,) = problems_of(text, yaml_events.fastest_events)
    assert says in problem.message
    assert (problem.origin.line, problem.origin.column) == place
    assert hint in problem.hint
