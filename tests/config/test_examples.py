"""Every folder under tests/examples is a case: add one by adding files."""

import pytest

from butterfly_gitops.config import yaml_text
from butterfly_gitops.config.rules.catalog import RULES
from butterfly_gitops.model.problem import Severity
from tests.config.examples import Example, examples, report

VALID, INVALID = examples("valid"), examples("invalid")

# Too large a file to keep; test_hostile_files.py makes one. Version 1 is the first; test_versions.py makes one up.
WITHOUT_EXAMPLE = {
    "file-too-large", "layer-too-large", "line-too-long", "older-version", "site-too-large", "too-many-problems",
}  # fmt: skip


def name(example: Example) -> str:
    return example.name


@pytest.mark.parametrize("example", VALID, ids=name)
def test_a_valid_one_has_no_problem(example: Example):
    loaded = example.load()
    assert [str(problem) for problem in loaded.problems] == []
    assert loaded.fleet is not None
    assert len(loaded.fleet.sites) == loaded.site_count


@pytest.mark.parametrize("example", INVALID, ids=name)
def test_an_invalid_one_is_reported_with_position_and_hint(example: Example):
    assert report(example.load()) == example.expected


@pytest.mark.parametrize("example", INVALID, ids=name)
def test_an_error_keeps_what_runs_and_a_warning_does_not(example: Example):
    loaded = example.load()
    errors = [problem for problem in loaded.problems if problem.severity is Severity.ERROR]
    named = {problem.site for problem in errors}
    assert (loaded.fleet is None) == (None in named)
    assert loaded.unsound_sites == named - {None}
    if loaded.fleet is not None:
        assert not loaded.unsound_sites & loaded.fleet.sites.keys()
        assert len(loaded.fleet.sites) >= loaded.site_count - len(loaded.unsound_sites)


@pytest.mark.parametrize("example", [*VALID, *INVALID], ids=name)
def test_the_parser_in_python_reads_the_same(example: Example):
    assert example.load(events=yaml_text.python_events) == example.load()


@pytest.mark.parametrize("kind", ["valid", "invalid"])
def test_each_rule_has_an_example(kind: str):
    covered = {example.rule for example in (VALID if kind == "valid" else INVALID)}
    assert RULES.keys() - covered - WITHOUT_EXAMPLE == set()


@pytest.mark.parametrize("example", [each for each in INVALID if each.rule in RULES], ids=name)
def test_an_invalid_one_breaks_the_rule_that_it_is_named_after(example: Example):
    assert example.rule in {problem.rule for problem in example.load().problems}


def test_every_rule_that_is_reported_is_documented():
    reported = {problem.rule for example in INVALID for problem in example.load().problems}
    assert reported <= RULES.keys()
