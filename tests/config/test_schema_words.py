"""Each published schema tells an editor what a setting is called, what it is for, and how it is written."""

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from butterfly_gitops.config.json_schema import documents, title_of
from butterfly_gitops.model.meaning import PATTERN_HINT, VALUE_MEANINGS
from tests.table import in_one_test

SCHEMAS = {name.removesuffix(".v1.schema.json"): json.loads(text) for name, text in documents().items()}
FILES = ("fleet", "grants", "site", "ehr-endpoints", "archives")


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """One schema within a document, and where it stands; `is_property` when it is what a setting holds."""

    path: str
    schema: dict[str, Any]
    is_property: bool


def parts_of(schema: Any, path: str = "", *, is_property: bool = False) -> Iterator[Part]:
    if isinstance(schema, list):
        for at, each in enumerate(schema):
            yield from parts_of(each, f"{path}/{at}")
    if not isinstance(schema, dict):
        return
    yield Part(path=path, schema=schema, is_property=is_property)
    for name, inner in schema.items():
        if name in ("properties", "$defs"):
            for key, each in inner.items():
                yield from parts_of(each, f"{path}/{name}/{key}", is_property=name == "properties")
        elif name not in ("default", "examples", "enum", "const"):
            yield from parts_of(inner, f"{path}/{name}")


PARTS = {kind: list(parts_of(schema)) for kind, schema in SCHEMAS.items()}
SETTINGS = {kind: [part for part in PARTS[kind] if part.is_property] for kind in SCHEMAS}


def paths_where(parts: list[Part], is_wrong: Any) -> list[str]:
    return [part.path for part in parts if is_wrong(part.schema)]


@in_one_test("kind", SCHEMAS)
def test_each_setting_has_a_title(kind: str):
    assert paths_where(SETTINGS[kind], lambda schema: not schema.get("title")) == []


@in_one_test("kind", SCHEMAS)
def test_each_setting_says_what_it_is_for(kind: str):
    """A whole sentence, as far as it goes: `MSH-3: the sender.`."""
    assert paths_where(SETTINGS[kind], lambda schema: not schema.get("description", "").endswith(".")) == []


@in_one_test("kind", FILES)
def test_each_setting_shows_how_it_is_written(kind: str):
    """By its values, its default or an example; what holds settings of its own, too."""

    def is_silent(schema: dict[str, Any]) -> bool:
        return not schema.keys() & {"enum", "const", "default", "examples"}

    assert paths_where(SETTINGS[kind], is_silent) == []


@in_one_test("kind", FILES)
def test_each_value_of_a_choice_says_what_it_means(kind: str):
    def is_silent(schema: dict[str, Any]) -> bool:
        meanings = schema.get(VALUE_MEANINGS, [])
        return len(schema.get("enum", [])) != len(meanings) or not all(meanings)

    assert paths_where(PARTS[kind], is_silent) == []


@in_one_test("kind", FILES)
def test_each_pattern_is_put_into_words(kind: str):
    assert paths_where(PARTS[kind], lambda schema: "pattern" in schema and PATTERN_HINT not in schema) == []


@in_one_test("kind", FILES)
def test_each_number_has_limits(kind: str):
    """JSON knows no limits, and the program does not read a number of nineteen digits."""

    def is_open(schema: dict[str, Any]) -> bool:
        numbers = {"integer", "number"} & {*([t] if isinstance(t := schema.get("type", ""), str) else t)}
        return bool(numbers) and "const" not in schema and not {"minimum", "maximum"} <= schema.keys()

    assert paths_where(PARTS[kind], is_open) == []


@in_one_test("kind", SCHEMAS)
def test_each_default_and_example_fits(kind: str):
    whole = SCHEMAS[kind]
    unfit = [
        (part.path, value)
        for part in PARTS[kind]
        for value in [
            *part.schema.get("examples", []),
            *([part.schema["default"]] if "default" in part.schema else []),
        ]
        if not Draft202012Validator({**part.schema, "$defs": whole.get("$defs", {})}).is_valid(value)
    ]
    assert unfit == []


def holds_null(value: Any) -> bool:
    inner = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    return value is None or any(holds_null(each) for each in inner)


@in_one_test("kind", SCHEMAS)
def test_no_default_says_that_nothing_is_set(kind: str):
    assert paths_where(PARTS[kind], lambda schema: holds_null(schema.get("default", ""))) == []


# What ECMA-262 with its `u` flag, Rust's regex and Python's re read alike. In Python alone, `$` also takes a last line
# end, which no file may hold; \d, \w and \s differ in what is a letter.
PORTABLE = re.compile(
    r"""(?: \[\^?(?: \\[\\\-\]^] | \\x[0-9a-f]{2} | \\u[0-9a-f]{4} | [^\\\[\]] )+\]   # a class
          | \\[.\\/$^|()\[\]{}+*?]                                   # an escaped sign
          | \((?!\?) | \((?=\?:) | \?: | [)|^$.*+?]                  # groups without names or looking around
          | \{[0-9]+(?:,[0-9]*)?\}
          | [A-Za-z0-9_/:=@ ,~%&-]
        )+""",
    re.VERBOSE,
)


@in_one_test("kind", SCHEMAS)
def test_patterns_mean_the_same_everywhere(kind: str):
    patterns = {part.schema["pattern"] for part in PARTS[kind] if "pattern" in part.schema}
    assert [pattern for pattern in patterns if not PORTABLE.fullmatch(pattern)] == []


@in_one_test(
    ("name", "title"),
    [
        ("ack_timeout", "Ack timeout"),
        ("hl7_version", "HL7 version"),
        ("universal_id", "Universal ID"),
        ("AE", "AE"),
        ("class_", "Class"),
        ("EhrEndpoint", "EHR endpoint"),
        ("OnNoReply", "On no reply"),
        ("study_uid", "Study UID"),
    ],
)
def test_a_title_is_a_name_in_human_words(name: str, title: str):
    assert title_of(name) == title


@pytest.mark.parametrize("kind", ["fleet", "site", "ehr-endpoints"])
def test_a_layer_shows_what_holds_where_no_layer_says_otherwise(kind: str):
    layer = SCHEMAS[kind]["$defs"]["EndpointLayer" if kind == "ehr-endpoints" else "EhrEndpoint"]
    timeout = layer["properties"]["ack_timeout"]
    assert timeout["default"] == "30s"
    assert timeout["markdownDescription"].endswith("Default: `30s`")
    assert layer["properties"]["retry"]["default"] == {"first": "5s", "factor": 2, "longest": "10m"}
    assert "required" not in layer
