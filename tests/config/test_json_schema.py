"""The published schemas are fresh, say what each setting is for, and agree with the program."""

import io
import json
from functools import cache
from pathlib import Path
from typing import Any

from jsonschema import Draft202012Validator
from ruamel.yaml import YAML

from butterfly_gitops.config.json_schema import documents
from tests.config.examples import Example, examples, files_below
from tests.table import in_one_test

ROOT = Path(__file__).parents[2]
SCHEMAS = {name.removesuffix(".v1.schema.json"): json.loads(text) for name, text in documents().items()}

# The file says 0123 where text is wanted; other YAML readers see a number, and their users must write quotes.
READ_OTHERWISE = {"tag"}
# What one value or key alone shows to be wrong.
ALSO_REFUSED_BY_SCHEMA = {"unknown-key", "wrong-value", "bad-duration", "null-value"}


def kind_of(path: str) -> str:
    return Path(path).stem


def complaints(files: dict[str, bytes]) -> list[str]:
    return [
        f"{path}: {complaint}"
        for path, data in files.items()
        if kind_of(path) in SCHEMAS and path.endswith(".yaml")
        for complaint in complaints_of(kind_of(path), data)
    ]


@cache
def complaints_of(kind: str, data: bytes) -> list[str]:
    value = YAML(typ="safe", pure=True).load(io.BytesIO(data))
    return [error.message for error in Draft202012Validator(SCHEMAS[kind]).iter_errors(value)]


def descriptions(node: Any, path: str) -> list[tuple[str, bool]]:
    """Each property with whether it is described, by itself or by the part that it refers to."""
    found = []
    if isinstance(node, dict):
        properties = node.get("properties")
        if isinstance(properties, dict):
            found += [
                (f"{path}.{name}", bool({"description", "$ref"} & schema.keys()))
                for name, schema in properties.items()
            ]
        for name, inner in node.items():
            found += descriptions(inner, f"{path}/{name}")
    return found


@in_one_test("name", documents())
def test_what_is_committed_is_fresh(name: str):
    assert (ROOT / "schemas" / name).read_text(encoding="utf-8") == documents()[name]


@in_one_test("kind", SCHEMAS)
def test_each_is_a_schema_of_its_dialect(kind: str):
    assert SCHEMAS[kind]["$schema"] == Draft202012Validator.META_SCHEMA["$id"]
    Draft202012Validator.check_schema(SCHEMAS[kind])


@in_one_test("kind", [kind for kind in SCHEMAS if kind != "study-event"])
def test_each_setting_says_what_it_is_for(kind: str):
    silent = [path for path, is_described in descriptions(SCHEMAS[kind], kind) if not is_described]
    assert silent == []


def test_the_sample_sites_fit():
    assert complaints(files_below(ROOT / "sites")) == []


@in_one_test(
    "example",
    [each for each in examples("valid") if each.rule not in READ_OTHERWISE],
    ids=lambda each: each.name,
)
def test_what_the_program_takes_the_schema_takes(example: Example):
    assert complaints(example.files) == []


@in_one_test(
    "example",
    [each for each in examples("invalid") if each.rule in ALSO_REFUSED_BY_SCHEMA],
    ids=lambda each: each.name,
)
def test_what_one_value_shows_to_be_wrong_the_schema_refuses(example: Example):
    assert complaints(example.files) != []


@in_one_test("path", sorted((ROOT / "tests" / "studies").glob("*.json")), ids=lambda path: path.stem)
def test_the_sample_studies_fit(path: Path):
    event = json.loads(path.read_text(encoding="utf-8"))
    assert list(Draft202012Validator(SCHEMAS["study-event"]).iter_errors(event)) == []
