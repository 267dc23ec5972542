"""Schema and program agree on each file: what one refuses the other refuses, as far as a schema can tell.

A schema sees what a YAML reader made of a text, one value at a time; the program sees the text. Where they differ
stands here: `BEYOND_SCHEMA`, by rule, and `READ_OTHERWISE`, by how a value is written.
"""

import functools
import json
import operator
from dataclasses import dataclass
from typing import Any

from hypothesis import HealthCheck, Phase, find, given, settings
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from butterfly_gitops.config import json_schema
from butterfly_gitops.config.layers import EndpointLayer
from butterfly_gitops.config.load import load
from butterfly_gitops.config.reading import SiteReading
from butterfly_gitops.config.rules.forwarding import check_forwarding
from butterfly_gitops.config.site_text import check_shared_layer, read_file
from butterfly_gitops.config.text.yaml_text import read_text
from butterfly_gitops.config.tree import Mapping, Node, Scalar, mapping_at
from butterfly_gitops.config.values.context import Context
from butterfly_gitops.config.values.models import reader_of
from butterfly_gitops.model.problem import Problem
from tests.config.documents import (
    MODELS,
    Value,
    Written,
    as_written,
    at_the_limits,
    changed,
    core_value,
    documents,
    paths,
    spoilt,
    written,
)
from tests.config.examples import sound_files
from tests.law_examples import up_to
from tests.table import in_one_test

VALIDATORS = {
    name.removesuffix(".v1.schema.json"): Draft202012Validator(json.loads(text))
    for name, text in json_schema.documents().items()
}
KINDS = st.sampled_from(sorted(MODELS))

# What reading a value refuses, and no pattern can tell.
BEYOND_SCHEMA = {
    "secret-by-value": "a secret is known by how it looks",
    "bad-host": "an address is reckoned with, and the parts of a name are counted",
    "bad-identity": "two quotes alone would delete what the EHR has",
}


def problems_of(kind: str, text: str) -> list[Problem]:
    """What reading one file complains of: its text, its model, and each layer in it by itself."""
    read = read_text(text.encode(), file=f"sites/{kind}.yaml", site=None)
    context = Context(problems=list(read.problems))
    read_file(MODELS[kind], read.root, context)
    for entry in _entries(read.root, "presets"):
        check_shared_layer(entry, context)
    if isinstance(read.root, Mapping):
        check_shared_layer(read.root.entry("endpoint_defaults"), context)
    for entry in _entries(read.root, "ehr_endpoints"):
        if isinstance(entry.value, Mapping):
            relaxed = Context(problems=context.problems, relaxed=True)
            reader_of(EndpointLayer).read(entry.value, entry.key, relaxed)
    return [*context.problems, *(_problems_of_lists(text) if kind == "archives" else ())]


@dataclass(frozen=True, slots=True, kw_only=True)
class OneSite:
    """As much of a fleet as the rules of lists look at."""

    sites: tuple[SiteReading, ...]


def _problems_of_lists(text: str) -> list[Problem]:
    """What a rule says of a list as a whole, at the item that is too many; what the items name is another's concern."""
    part = load({**sound_files(), "st-elsewhere/archives.yaml": text.encode()}).parts.sites["st-elsewhere"]
    reading = OneSite(sites=(part.reading,))
    rules = {"too-many-endpoints", "duplicate-forward"}
    return [problem for problem in check_forwarding(reading) if problem.rule in rules]


def _entries(root: Node | None, key: str):
    found = mapping_at(root, key)
    return found.entries.values() if found else ()


def count(errors) -> int:
    return sum(1 + count(error.context) for error in errors)


def with_texts(validator: Draft202012Validator, value: Value) -> Value:
    """The document with numbers and booleans in quotes wherever the schema asks for text; the program needs none."""
    complaints = list(validator.iter_errors(value))
    of_a_type = [
        tuple(each.absolute_path) for each in complaints if each.validator in {"type", "enum", "anyOf"}
    ]
    for path in paths(value) if of_a_type else ():
        old = value_at(value, path)
        if isinstance(old, int | float) and any(path[: len(above)] == above for above in of_a_type):
            quoted = changed(value, path, json.dumps)
            if count(fewer := list(validator.iter_errors(quoted))) < count(complaints):
                value, complaints = quoted, fewer
    return value


def assert_agreement(kind: str, document: Written) -> None:
    problems = problems_of(kind, document.text)
    value = with_texts(VALIDATORS[kind], document.value)
    complaints = [error.message for error in VALIDATORS[kind].iter_errors(value)]
    if complaints:
        assert problems, complaints
    else:
        assert [problem for problem in problems if problem.rule not in BEYOND_SCHEMA] == []


@given(KINDS.flatmap(lambda kind: st.tuples(st.just(kind), written(documents(kind)))))
@settings(max_examples=up_to(150), deadline=None, suppress_health_check=list(HealthCheck))
def test_what_the_models_types_allow_both_take(made: tuple[str, Written]):
    kind, document = made
    assert list(VALIDATORS[kind].iter_errors(document.value)) == []
    assert_agreement(kind, document)


@given(KINDS.flatmap(lambda kind: st.tuples(st.just(kind), written(spoilt(kind)))))
@settings(max_examples=up_to(300), deadline=None, suppress_health_check=list(HealthCheck))
def test_what_is_spoilt_both_refuse_or_both_take(made: tuple[str, Written]):
    kind, document = made
    assert_agreement(kind, document)


@in_one_test("kind", MODELS)
def test_what_has_every_setting_both_take(kind: str):
    whole = with_every_setting(kind)
    assert list(VALIDATORS[kind].iter_errors(whole)) == []
    assert_agreement(kind, as_written(whole, is_plain=False))


def with_every_setting(kind: str) -> Value:
    once = settings(database=None, derandomize=True, phases=[Phase.generate])
    return find(documents(kind, are_whole=True), lambda _: True, settings=once)


@in_one_test("kind", MODELS)
def test_at_each_limit_of_each_setting_both_refuse_or_both_take(kind: str):
    whole = with_every_setting(kind)
    for path in paths(whole):
        alone = with_little_beside(kind, whole, path)
        for edge in at_the_limits(value_at(alone, path)):
            assert_agreement(
                kind, as_written(changed(alone, path, lambda _, edge=edge: edge), is_plain=False)
            )


def with_little_beside(kind: str, document: Value, path: tuple[Any, ...]) -> Value:
    """The document less what stands beside a value, or holds nothing that must be there: it is read many times."""
    for depth, key in enumerate(path):
        if isinstance(key, str):
            alone = changed(document, path[:depth], lambda old, key=key: {key: old[key]})
            emptied = changed(document, path[:depth], lambda old, key=key: _emptied(old, key))
            fits = (each for each in (alone, emptied) if VALIDATORS[kind].is_valid(each))
            document = next(fits, document)
    return document


def _emptied(old: Value, key: str) -> Value:
    return {name: {} if name != key and isinstance(inner, dict) else inner for name, inner in old.items()}


def value_at(value: Value, path: tuple[Any, ...]) -> Value:
    return functools.reduce(operator.getitem, path, value)


@dataclass(frozen=True, slots=True, kw_only=True)
class Differs:
    """A way to write one value in which a YAML reader, and so the schema, sees another value than the program."""

    kind: str
    text: str
    schema_takes: bool
    program_takes: bool
    why: str


ENDPOINT = "version: 1\nehr_endpoints:\n  epic:\n    "
READ_OTHERWISE = (
    Differs(
        kind="ehr-endpoints",
        text=ENDPOINT + "display_name: 2026",
        schema_takes=False,
        program_takes=True,
        why="a number where text is wanted: the program keeps what was written, other readers need quotes",
    ),
    Differs(
        kind="ehr-endpoints",
        text=ENDPOINT + "sending_facility: 0123",
        schema_takes=False,
        program_takes=True,
        why="the same: the program sends 0123, others would read 123",
    ),
    Differs(
        kind="ehr-endpoints",
        text=ENDPOINT + "message: {hl7_version: 2.4}",
        schema_takes=False,
        program_takes=True,
        why="the same, of a choice",
    ),
    Differs(
        kind="ehr-endpoints",
        text=ENDPOINT + "display_name: yes, true",
        schema_takes=True,
        program_takes=True,
        why="no difference: this is no number, no boolean and no null in any reader of YAML 1.2",
    ),
    Differs(
        kind="ehr-endpoints",
        text=ENDPOINT + "port: 0666",
        schema_takes=True,
        program_takes=False,
        why="some readers see 666 and some 438, so the program asks for digits without leading zeros",
    ),
    Differs(
        kind="ehr-endpoints",
        text=ENDPOINT + "port: 6661.0",
        schema_takes=True,
        program_takes=False,
        why="JSON knows no whole numbers: to a schema 6661.0 is one",
    ),
    Differs(
        kind="ehr-endpoints",
        text=ENDPOINT + "port: 0x1A05",
        schema_takes=True,
        program_takes=False,
        why="the program asks for a decimal number",
    ),
    Differs(
        kind="ehr-endpoints",
        text=ENDPOINT + "port: +6661",
        schema_takes=True,
        program_takes=False,
        why="the program asks for digits alone",
    ),
    Differs(
        kind="ehr-endpoints",
        text=ENDPOINT + "declare_encoding: True",
        schema_takes=True,
        program_takes=False,
        why="the program knows one way to write true",
    ),
    Differs(
        kind="ehr-endpoints",
        text=ENDPOINT + "receiving_application:",
        schema_takes=True,
        program_takes=False,
        why="a value that was left out looks unfinished; null says that nothing is meant",
    ),
    Differs(
        kind="archives",
        text="version: 1.0\narchives: {}",
        schema_takes=True,
        program_takes=False,
        why="to a schema 1.0 is 1",
    ),
)


def core_document(node: Node | None) -> Value:
    """What a reader of YAML 1.2 makes of a text."""
    if isinstance(node, Mapping):
        return {name: core_document(entry.value) for name, entry in node.entries.items()}
    if isinstance(node, Scalar):
        return core_value(node.text) if node.is_plain else node.text
    return [core_document(item) for item in node.items] if node else None


@in_one_test("each", READ_OTHERWISE, ids=lambda each: each.text.splitlines()[-1].strip())
def test_what_is_read_otherwise_is_known(each: Differs):
    root = read_text(each.text.encode(), file="sites/file.yaml", site=None).root
    taken = VALIDATORS[each.kind].is_valid(core_document(root))
    assert (taken, problems_of(each.kind, each.text) == []) == (each.schema_takes, each.program_takes), (
        each.why
    )


@given(KINDS.flatmap(lambda kind: written(documents(kind))))
@settings(max_examples=up_to(50), deadline=None, suppress_health_check=list(HealthCheck))
def test_a_document_is_written_so_that_yaml_reads_it_back(document: Written):
    root = read_text(document.text.encode(), file="sites/file.yaml", site=None).root
    assert core_document(root) == document.value
