"""Every folder under tests/examples is a case: add one by adding files, and write `expected.txt` by hand.

`python -m tests.config.examples` writes anew what is expected, for a change of many; the difference is what to review.
"""

import json
import re

import pytest
from jsonschema import Draft202012Validator

from butterfly_gitops.config.json_schema import documents
from butterfly_gitops.config.load import Loaded, load
from butterfly_gitops.config.problem_document import problem_document
from butterfly_gitops.config.problem_text import print_problem
from butterfly_gitops.config.rules.catalog import RULES
from butterfly_gitops.config.text.yaml_events import python_events
from butterfly_gitops.model.problem import Problem, Severity
from tests.config.examples import WORDING, Example, examples, report, sound_files, wording
from tests.table import in_one_test

VALID, INVALID = examples("valid"), examples("invalid")
# What all examples share is read once.
SOUND_IN_PYTHON = load(sound_files(), events=python_events)
SCHEMA = Draft202012Validator(json.loads(documents()["problems.v1.schema.json"]))

# Too large a file to keep; test_hostile_files.py makes one.
WITHOUT_EXAMPLE = {
    "file-too-large",
    "layer-too-large",
    "line-too-long",
    "site-too-large",
    "too-many-problems",
}
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


@in_one_test("example", VALID, ids=name)
def test_a_valid_one_has_no_problem(example: Example):
    loaded = example.load()
    assert [str(problem) for problem in loaded.problems] == []
    assert loaded.fleet is not None
    assert len(loaded.fleet.sites) == loaded.site_count
    assert example.load(events=python_events, before=SOUND_IN_PYTHON) == loaded


@in_one_test("example", INVALID, ids=name)
def test_an_invalid_one_is_reported_by_both_parsers_and_keeps_what_runs(example: Example):
    loaded = example.load()
    assert report(loaded) == example.expected
    rules = {problem.rule for problem in loaded.problems}
    assert rules <= RULES.keys()
    assert example.rule in rules or example.rule not in RULES
    only_errors_keep_what_runs(loaded)
    for problem in loaded.problems:
        a_whole_token_is_underlined(problem)
        the_first_line_never_wraps_and_related_places_follow_the_hint(problem)
    assert list(SCHEMA.iter_errors([problem_document(problem) for problem in loaded.problems])) == []
    assert example.load(events=python_events, before=SOUND_IN_PYTHON) == loaded


def only_errors_keep_what_runs(loaded: Loaded) -> None:
    errors = [problem for problem in loaded.problems if problem.severity is Severity.ERROR]
    named = {problem.site for problem in errors}
    assert (loaded.fleet is None) == (None in named)
    assert loaded.unsound_sites == named - {None}
    if loaded.fleet is not None:
        assert not loaded.unsound_sites & loaded.fleet.sites.keys()
        assert len(loaded.fleet.sites) >= loaded.site_count - len(loaded.unsound_sites)


def a_whole_token_is_underlined(problem: Problem) -> None:
    start = problem.origin.column - 1
    end = start + problem.length
    before, token, behind = problem.excerpt[:start], problem.excerpt[start:end], problem.excerpt[end:]
    if not problem.excerpt.strip() or problem.rule in OF_ONE_CHARACTER or set(token) == {"*"}:
        return
    assert len(token) == problem.length, problem.message
    assert token == token.strip(), problem.message
    if len(token) > 1 or token.isalnum():
        assert STARTS_A_TOKEN.search(before), (token, problem.message)
        assert ENDS_A_TOKEN.match(behind), (token, problem.message)


def the_first_line_never_wraps_and_related_places_follow_the_hint(problem: Problem) -> None:
    head, *rest = print_problem(problem).splitlines()
    assert head.endswith(f"{problem.severity}[{problem.rule}]: {problem.message}")
    notes = [line.partition(" = ")[2].partition(": ")[0] for line in rest if " = " in line[:8]]
    kinds = [note if note in ("hint", "more") else "" for note in notes]
    assert kinds == sorted(kinds, key=["hint", "", "more"].index)
    assert kinds[-1] == "more"


def test_the_words_of_each_rule_are_those_that_were_reviewed():
    assert wording() == WORDING.read_text(encoding="utf-8")


@pytest.mark.parametrize("kind", ["valid", "invalid"])
def test_each_rule_has_an_example(kind: str):
    covered = {example.rule for example in (VALID if kind == "valid" else INVALID)}
    assert RULES.keys() - covered - WITHOUT_EXAMPLE == set()
