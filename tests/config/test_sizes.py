"""What a file says does not depend on its size, nor on the parser that is installed."""

import pytest

from butterfly_gitops.config.load import load
from butterfly_gitops.config.text import yaml_events
from tests.config.examples import Example, examples, sound_files
from tests.table import in_one_test

SOUND = sound_files()
PATH = "st-elsewhere/archives.yaml"
# More than any buffer of a parser, and than a look at small files alone.
COMMENTS = b"# one of many lines that say nothing of an archive\n" * 400
PARSERS = [yaml_events.fastest_events, yaml_events.python_events]
UNREADABLE = [each for each in examples("invalid") if each.rule == "bad-yaml"]


@pytest.mark.parametrize("events", PARSERS)
@pytest.mark.parametrize("comments", [b"", COMMENTS], ids=["small", "large"])
def test_what_only_the_newer_yaml_reads_is_read(comments: bytes, events: yaml_events.Events):
    text = b"version: 1\narchives:\n  simulation: {display_name: Ward:A, purpose: educational}\n"
    assert load({**SOUND, PATH: text}).fleet == load({**SOUND, PATH: text + comments}, events=events).fleet
    assert {problem.rule for problem in load({**SOUND, PATH: text}).problems} == {"unused-endpoint"}


@in_one_test("example", UNREADABLE, ids=lambda example: example.name)
def test_what_is_no_yaml_is_said_in_the_same_words(example: Example):
    def problems(comments: bytes, events: yaml_events.Events) -> list[tuple[str, str, int]]:
        files = {path: data + b"\n" + comments for path, data in example.files.items()}
        found = load(files, events=events).problems
        return [(problem.message, problem.hint, problem.origin.line) for problem in found]

    said = [problems(comments, events) for comments in (b"", COMMENTS) for events in PARSERS]
    assert said == [said[0]] * 4
