"""A file of an older version is checked as it was published, lifted in memory, and spoken of as it is written."""

import json
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from butterfly_gitops.config import yaml_text
from butterfly_gitops.config.json_schema import documents
from butterfly_gitops.config.load import Loaded, load
from butterfly_gitops.config.older_text import refusals
from butterfly_gitops.config.problem_text import print_place, print_problems
from butterfly_gitops.config.tree import Entry, Mapping, Scalar, mapping_at, text_at
from butterfly_gitops.config.versions import OLDER, TODAY, Frozen, brought_up_to_date, frozen_documents
from butterfly_gitops.model.problem import Problem, Severity
from tests.config.examples import Example, examples, sound_files

PATH = "st-elsewhere/ehr-endpoints.yaml"

# Version 0 is made up: an address in one text, and another name for all endpoints.
SCHEMA_0: dict[str, Any] = {
    "$schema": "https://json-schema.org/draft/2020-12/schema",
    "type": "object",
    "properties": {
        "version": {"const": 0},
        "endpoints": {
            "type": "object",
            "propertyNames": {
                "type": "string",
                "pattern": "^[a-z0-9-]{1,63}$",
                "patternErrorMessage": "write a name of small letters, digits and hyphens",
            },
            "additionalProperties": {"$ref": "#/$defs/Endpoint"},
        },
        "removed": {"type": "object"},
    },
    "required": ["version", "endpoints"],
    "additionalProperties": False,
    "$defs": {
        "Endpoint": {
            "type": "object",
            "properties": {
                "display_name": {"type": "string", "minLength": 1},
                "link": {"type": "string"},
                "address": {"type": "string", "pattern": "^[^:]+:[0-9]+$", "examples": ["10.20.30.40:6661"]},
                "receiving_facility": {
                    "anyOf": [
                        {"type": "string"},
                        {
                            "type": "object",
                            "properties": {"universal_id": {"type": "string"}},
                            "required": ["universal_id"],
                            "additionalProperties": False,
                        },
                    ]
                },
                "status": {"enum": ["active", "paused"]},
                "declare_encoding": {"type": "boolean"},
                "minutes": {"type": "integer", "minimum": 1, "maximum": 5},
                "note": {"type": ["string", "null"]},
            },
            "required": ["display_name", "address"],
            "additionalProperties": False,
        }
    },
}


def split(address: Scalar) -> dict[str, Scalar]:
    """`host:port` in one text becomes two, each at its own characters."""
    host, _, port = address.text.partition(":")
    start = address.place.column + (0 if address.is_plain else 1)
    line = address.place
    return {
        "host": Scalar(
            place=line._replace(column=start, length=len(host)), text=host, is_plain=address.is_plain
        ),
        "port": Scalar(
            place=line._replace(column=start + len(host) + 1, length=len(port)), text=port, is_plain=True
        ),
    }


def endpoint_of_0(entry: Entry) -> Entry:
    assert isinstance(entry.value, Mapping)
    entries: dict[str, Entry] = {}
    for name, one in entry.value.without("minutes", "note").entries.items():
        if name == "address" and isinstance(one.value, Scalar):
            entries |= {
                new: Entry(key=one.key._replace(text=new), value=value)
                for new, value in split(one.value).items()
            }
        else:
            entries[name] = one
    return entry._replace(value=replace(entry.value, entries=entries))


def lift_0(tree: Mapping) -> Mapping:
    endpoints = tree.entries["endpoints"]
    assert isinstance(endpoints.value, Mapping)
    lifted = {name: endpoint_of_0(entry) for name, entry in endpoints.value.entries.items()}
    entry = Entry(
        key=endpoints.key._replace(text="ehr_endpoints"), value=replace(endpoints.value, entries=lifted)
    )
    return replace(tree, entries={**tree.without("endpoints").entries, "ehr_endpoints": entry})


OLDER_0 = {
    "ehr-endpoints": {
        0: Frozen(
            schema=json.dumps(SCHEMA_0),
            lift=lift_0,
            hint="call endpoints ehr_endpoints, and write host and port in place of address",
        )
    }
}

OF_0 = """\
version: 0
endpoints:
  # the interface team's
  epic-prod:
    display_name: Epic Bridges (production)
    link: server-room
    address: 10.20.30.40:6661
    receiving_facility: 0123
    note: ~
"""


ARCHIVES = "st-elsewhere/archives.yaml"
SOUND = {**sound_files(), ARCHIVES: sound_files()[ARCHIVES].replace(b", registry", b"")}


def loaded(text: str, **arguments: Any) -> Loaded:
    return load({**SOUND, PATH: text.encode()}, older=OLDER_0, **arguments)


def errors(found: Loaded) -> list[Problem]:
    return [problem for problem in found.problems if problem.severity is Severity.ERROR]


def test_it_means_what_the_same_settings_mean_today():
    fleet = loaded(OF_0).fleet
    assert fleet is not None
    endpoint = fleet.sites["st-elsewhere"].ehr_endpoints["epic-prod"]
    assert (endpoint.host, endpoint.port, endpoint.receiving_facility) == ("10.20.30.40", 6661, "0123")


def test_each_value_is_known_to_stand_in_the_old_file():
    origins = loaded(OF_0).origins
    assert print_place(origins["st-elsewhere/epic-prod.host"]) == f"sites/{PATH}:7:14"
    assert print_place(origins["st-elsewhere/epic-prod.port"]) == f"sites/{PATH}:7:26"
    assert print_place(origins["st-elsewhere/epic-prod.link"]) == f"sites/{PATH}:6:11"


def test_a_note_says_how_to_bring_it_up_to_date():
    found = loaded(OF_0)
    assert found.unsound_sites == frozenset()
    assert [problem.rule for problem in found.problems if problem.rule == "older-version"]
    note = next(problem for problem in found.problems if problem.rule == "older-version")
    assert print_problems([note]) == (
        f"sites/{PATH}:1:10: note[older-version]: the file is of version 0; 1 is today's\n"
        "  |\n"
        "1 | version: 0\n"
        "  |          ^\n"
        "  = hint: call endpoints ehr_endpoints, and write host and port in place of address; "
        "then write `version: 1`\n"
        "  = more: bgo explain older-version\n"
    )


def test_a_rule_of_today_underlines_what_the_old_file_says():
    (error,) = errors(loaded(OF_0.replace("server-room", "serverroom")))
    assert (error.rule, print_place(error.origin)) == ("unknown-link", f"sites/{PATH}:6:11")


def test_a_limit_of_today_underlines_a_part_of_an_old_value():
    (error,) = errors(loaded(OF_0.replace("40:6661", "40:70000")))
    assert (error.rule, print_place(error.origin), error.length) == ("out-of-range", f"sites/{PATH}:7:26", 5)


def changed(old: str, new: str) -> str:
    assert old in OF_0
    return OF_0.replace(old, new)


@pytest.mark.parametrize(
    ("text", "place", "message", "hint"),
    [
        (
            changed("    link:", "    linc:"),
            "6:5 unknown-key",
            'no setting of version 0 of ehr-endpoints.yaml is called "linc"',
            'write "link"',
        ),
        (
            changed("epic-prod:", "Epic Prod:"),
            "4:3 bad-name",
            '"Epic Prod" is no name in version 0 of ehr-endpoints.yaml',
            "write a name of small letters, digits and hyphens",
        ),
        (
            changed("    address: 10.20.30.40:6661\n", ""),
            "4:3 missing-value",
            "epic-prod has no address, which version 0 of ehr-endpoints.yaml needs",
            "add `address:`",
        ),
        (
            changed("endpoints:", "removed: {}\nendpoint:"),
            "1:1 missing-value",
            "the file has no endpoints, which version 0 of ehr-endpoints.yaml needs",
            "add `endpoints:`",
        ),
        (
            changed("10.20.30.40:6661", "10.20.30.40"),
            "7:14 wrong-value",
            'address cannot be "10.20.30.40" in version 0 of ehr-endpoints.yaml',
            "write a value such as 10.20.30.40:6661",
        ),
        (
            changed("note: ~", "minutes: 7"),
            "9:14 out-of-range",
            'minutes cannot be "7" in version 0 of ehr-endpoints.yaml',
            "write a whole number of at most 5",
        ),
        (
            changed("note: ~", "minutes: 0"),
            "9:14 out-of-range",
            'minutes cannot be "0" in version 0 of ehr-endpoints.yaml',
            "write a whole number of at least 1",
        ),
        (
            changed("note: ~", 'minutes: "3"'),
            "9:14 wrong-type",
            'minutes cannot be "3" in version 0 of ehr-endpoints.yaml',
            "write a whole number, without quotes",
        ),
        (
            changed("note: ~", "declare_encoding: yes"),
            "9:23 wrong-type",
            'declare_encoding cannot be "yes" in version 0 of ehr-endpoints.yaml',
            "write true or false, without quotes",
        ),
        (
            changed("note: ~", "status: off"),
            "9:13 wrong-value",
            'status cannot be "off" in version 0 of ehr-endpoints.yaml',
            "write active or paused",
        ),
        (
            changed("note: ~", "note:"),
            "9:5 null-value",
            "note has no value",
            "write a value, or take the line out",
        ),
        (
            changed("note: ~", "note: [a]"),
            "9:11 wrong-type",
            "note cannot be a list in version 0 of ehr-endpoints.yaml",
            "write text or null",
        ),
        (
            changed("0123", "{universal_id: 1.2, kind: ISO}"),
            "8:45 unknown-key",
            'no setting of version 0 of ehr-endpoints.yaml is called "kind"',
            "known here: universal_id",
        ),
    ],
)
def test_what_the_frozen_schema_refuses_is_said_at_its_token(text: str, place: str, message: str, hint: str):
    found = loaded(text)
    said = [
        (f"{one.origin.line}:{one.origin.column} {one.rule}", one.message, one.hint)
        for one in errors(found)
        if one.origin.file == f"sites/{PATH}"
    ]
    assert (place, message, hint) in said
    assert found.unsound_sites == {"st-elsewhere"}
    assert "older-version" not in {problem.rule for problem in found.problems}


def test_a_secret_is_hidden_in_an_old_file_too():
    found = loaded(changed("note: ~", "password: hunter2"))
    assert {problem.rule for problem in errors(found)} == {"secret-by-value"}
    assert "hunter2" not in print_problems(found.problems)


def test_a_file_of_todays_version_is_none_of_it():
    assert load(sound_files(), older=OLDER_0) == load(sound_files())


@pytest.mark.parametrize(
    ("written", "message"),
    [
        ("2", 'version is "2", which only a newer program can read; this one reads 0 or 1'),
        ('"1"', 'version is the text "1"; this program reads 0 or 1'),
        ("1.0", 'version is "1.0"; this program reads 0 or 1'),
        ("-1", 'version is "-1"; this program reads 0 or 1'),
        ("one", 'version is "one"; this program reads 0 or 1'),
        ("01", 'version is "01"; this program reads 0 or 1'),
    ],
)
def test_an_unknown_version_is_refused_with_the_known_ones(written: str, message: str):
    found = loaded(changed("version: 0", f"version: {written}"))
    (error,) = [error for error in errors(found) if error.rule == "unknown-version"]
    assert (print_place(error.origin), error.message) == (f"sites/{PATH}:1:10", message)
    assert found.unsound_sites == {"st-elsewhere"}


@pytest.mark.parametrize("line", ["", "version:", "version: [0]"])
def test_no_version_at_all_is_refused(line: str):
    found = loaded(changed("version: 0", line))
    assert found.unsound_sites == {"st-elsewhere"}


def test_a_load_after_another_takes_the_lifted_file_from_there():
    first = loaded(OF_0)
    assert loaded(OF_0, before=first) is first
    second = loaded(OF_0.replace("6661", "6662"), before=first)
    assert second == loaded(OF_0.replace("6661", "6662"))


def test_both_parsers_lift_alike():
    assert loaded(OF_0, events=yaml_text.python_events) == loaded(OF_0)


def test_versions_are_lifted_one_step_after_another():
    steps = {
        0: Frozen(schema="{}", lift=lambda tree: renamed(tree, "a", "b"), hint="call a b"),
        1: Frozen(schema='{"required": ["b"]}', lift=lambda tree: renamed(tree, "b", "c"), hint="call b c"),
    }
    for text, hint in (
        ("version: 0\na: 7\n", "call a b; call b c; then write `version: 2`"),
        ("version: 1\nb: 7\n", "call b c; then write `version: 2`"),
    ):
        read = yaml_text.read_text(text.encode(), file="sites/fleet.yaml", site=None)
        lifted = brought_up_to_date(read, kind="fleet", older=steps, today=2)
        tree = mapping_at(lifted.root)
        assert tree is not None
        assert {name: entry.value.text for name, entry in tree.entries.items()} == {"version": "2", "c": "7"}
        assert text_at(tree, "c").place.origin.line == 2
        assert [problem.hint for problem in lifted.problems] == [hint]


def renamed(tree: Mapping, old: str, new: str) -> Mapping:
    entry = tree.entries[old]
    moved = entry._replace(key=entry.key._replace(text=new))
    return replace(tree, entries={**tree.without(old).entries, new: moved})


def test_each_older_version_leads_to_todays():
    for kind, versions in OLDER.items():
        assert sorted(versions) == list(range(min(versions), TODAY[kind]))


def test_the_schema_of_an_older_version_stays_published_under_its_name():
    assert frozen_documents(OLDER_0) == {"ehr-endpoints.v0.schema.json": json.dumps(SCHEMA_0)}


def test_the_validator_is_only_imported_for_an_older_file():
    code = (
        "import sys; from tests.config.examples import sound_files; from butterfly_gitops.config.load import load;"
        " load(sound_files()); sys.exit('jsonschema' in sys.modules)"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


def found_by_todays_schemas(example: Example) -> list[Problem]:
    """What today's schemas refuse once they are frozen."""
    found: list[Problem] = []
    for path, data in example.files.items():
        kind = Path(path).stem
        text = yaml_text.read_text(data, file=f"sites/{path}", site=None)
        if path.endswith(".yaml") and kind in TODAY and isinstance(text.root, Mapping):
            schema = documents()[f"{kind}.v{TODAY[kind]}.schema.json"]
            found += refusals(text.root, schema=schema, what=f"version {TODAY[kind]} of {kind}.yaml")
    return found


@pytest.mark.parametrize("example", examples("valid"), ids=lambda each: each.name)
def test_todays_schemas_take_what_is_valid_once_they_are_frozen(example: Example):
    assert found_by_todays_schemas(example) == []


# What one value or key alone shows to be wrong.
SHAPE = {"unknown-key", "wrong-value", "bad-duration", "null-value", "wrong-type", "out-of-range", "bad-name"}
# These are wrong outside a file that has a version.
ELSEWHERE = {"bad-name--folder", "wrong-type--a-list-for-a-file"}
# The model knows there which line left its block, and that one of two references is too much.
AT_ANOTHER_TOKEN = {
    "wrong-type--a-setting-among-names", "wrong-type--text-for-a-code", "unknown-key--two-references",
}  # fmt: skip
REFUSED = [
    each
    for each in examples("invalid")
    if each.rule in SHAPE and each.name not in ELSEWHERE | AT_ANOTHER_TOKEN
]


@pytest.mark.parametrize("example", REFUSED, ids=lambda each: each.name)
def test_todays_schemas_refuse_at_the_same_token_once_they_are_frozen(example: Example):
    by_model = {problem.origin for problem in load(example.files).problems if problem.rule in SHAPE}
    by_schema = {problem.origin for problem in found_by_todays_schemas(example)}
    assert by_model <= by_schema
