"""Lines that begin with % are refused wherever they could change how a file is read, and none of them raises."""

import pytest

from butterfly_gitops.config.text import yaml_events, yaml_text
from tests.config.examples import sound_files
from tests.table import in_one_test

FLEET = sound_files()["fleet.yaml"].decode()
PARSERS = [yaml_events.fastest_events, yaml_events.python_events]
DIRECTIVES = [
    "%YAML 1.0",
    "%YAML 1.1",
    "%YAML 1.2",
    "%YAML 1.3",
    "%YAML 2.0",
    "%YAML",
    "%FOO x",
    "%TAG ! !",
    "%",
]


def rules(text: str, events: yaml_events.Events) -> list[tuple[str, int]]:
    found = yaml_text.read_text(text.encode(), file="sites/fleet.yaml", site=None, events=events).problems
    return [(problem.rule, problem.origin.line) for problem in found]


@in_one_test("events", PARSERS)
@in_one_test("directive", DIRECTIVES)
def test_one_before_the_content_is_refused_in_its_line(directive: str, events: yaml_events.Events):
    assert rules(f"{directive}\n---\n{FLEET}", events) == [("directive", 1)]
    assert rules(f"# Mercy Health\n\n{directive}\n{FLEET}", events) == [("directive", 3)]


@in_one_test("events", PARSERS)
@in_one_test("directive", DIRECTIVES)
@in_one_test("between", ["", "...\n", "---\n"])
def test_one_behind_the_content_is_refused(directive: str, between: str, events: yaml_events.Events):
    assert rules(f"{FLEET}{between}{directive}\n---\n", events)


@pytest.mark.parametrize("events", PARSERS)
def test_a_percent_sign_within_a_value_is_none(events: yaml_events.Events):
    assert rules('# %YAML 1.3\nname: "%YAML 1.3"\nother: 5%\n', events) == []
