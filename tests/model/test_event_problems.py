"""What is wrong with a study event is said by its place, in words for who sends it, and never with the value."""

import copy
import json
from pathlib import Path
from typing import Any

from butterfly_gitops.cli.study_files import read_events
from butterfly_gitops.model.printable import short_digest
from tests.table import in_one_test

SAMPLE = json.loads(Path(__file__).parents[1].joinpath("studies", "efast.json").read_text(encoding="utf-8"))
IF_MEANT = "if that is meant, or take it out"
NO_SUCH = "a study event has no such field"
OUT_OF_RANGE = ("this number is out of range", "write one from 0 to 2147483647")
NO_NUMBER = ("this must be a whole number", "write digits alone, without quotes")
NO_LIST = ("this must be a list", "write [ and ] around it")
NO_OBJECT = ("this must be an object", "write its fields within { and }")


def changed(pointer: str, value: Any) -> dict[str, Any]:
    """The sample with a value at a JSON pointer."""
    event = copy.deepcopy(SAMPLE)
    *above, last = (int(part) if part.isdigit() else part for part in pointer.split("/")[1:])
    holder = event
    for part in above:
        holder = holder[part]
    holder[last] = value
    return event


@in_one_test(
    ("pointer", "value", "message", "hint"),
    [
        ("/study/acession_number", "A1", NO_SUCH, f"write accession_number, {IF_MEANT}"),
        ("/study/Study_UID", "1.2", NO_SUCH, f"write study_uid, {IF_MEANT}"),
        ("/study/report/0/txt", "-", NO_SUCH, f"write text, {IF_MEANT}"),
        ("/encounter/class_", "E", NO_SUCH, f"write class, {IF_MEANT}"),
        ("/study/visit_number", "V1", NO_SUCH, f"write it in /encounter, {IF_MEANT}"),
        ("/study/archive", "a/b", NO_SUCH, f"write it in the event itself, {IF_MEANT}"),
        ("/patient/favourite_colour", "blue", NO_SUCH, "take it out"),
        ("/patient/" + "x" * 100_000, "-", NO_SUCH, "take it out"),
        ("/study/id", 55, "this must be text", "write it in quotes"),
        ("/study/id", "", "this is empty", "write it, or take it out"),
        ("/study/id", "x" * 200, "this is longer than 199 characters", "shorten it"),
        (
            "/study/id",
            " a",
            "this is not written as it must be",
            "write it without blanks around it, or take it out",
        ),
        ("/study/revision", "3", *NO_NUMBER),
        ("/study/revision", 3.5, *NO_NUMBER),
        ("/study/revision", -1, *OUT_OF_RANGE),
        ("/study/revision", 2**31, *OUT_OF_RANGE),
        ("/study/revision", 10**40, *OUT_OF_RANGE),
        ("/study/report", "No free fluid.", *NO_LIST),
        ("/study/report", {}, *NO_LIST),
        ("/study", "s-1", *NO_OBJECT),
        (
            "/event",
            "finalised",
            "this is none of the values that it may have",
            "write one of attestation_requested, finalized, reverted or deleted",
        ),
        (
            "/study/images_url",
            "cloud.example.org/s/1",
            "this is not written as it must be",
            "write a whole address, such as https://cloud.example.org/s/4711, without blanks",
        ),
    ],
)
def test_a_wrong_value_is_told_with_its_place_and_hint(pointer: str, value: Any, message: str, hint: str):
    (found,) = read_events(json.dumps(changed(pointer, value)).encode())
    at, _, name = pointer.rpartition("/")
    if message == NO_SUCH and name not in ("visit_number", "archive"):
        # A name that is none of ours may be a patient's.
        pointer, message = at, f"{NO_SUCH} (SHA-256 of its name: {short_digest(name)}...)"
    assert [(each.pointer, each.message, each.hint) for each in found.problems] == [(pointer, message, hint)]


@in_one_test(
    ("content", "message"),
    [
        (b"", "there is nothing in it"),
        (b" \n", "there is nothing in it"),
        (b'{"event": 1,}', "Expecting property name enclosed in double quotes at line 1, column 13"),
        (b'{"patient": {"family": "M", "family": "N"}}', "an object holds the same key twice (family)"),
        (b'{"Erika Muster": 1, "Erika Muster": 2}', "an object holds the same key twice"),
        (b'{"event": ' + b"9" * 5000 + b"}", "a number of more digits than any number here has"),
        (b'{"event": "\xe9"}', "no UTF-8 at byte 11"),
    ],
)
def test_what_is_no_json_is_told_in_words(content: bytes, message: str):
    (found,) = read_events(content)
    assert [(each.rule, each.message) for each in found.problems] == [("not-json", message)]


def test_what_was_meant_is_looked_for_a_hundred_times():
    """A comparison takes long, and whoever hands in thousands of misspelt names must not keep others waiting."""
    event = changed("/study/observations", [{f"displai{n}": "-"} for n in range(200)])
    (found,) = read_events(json.dumps(event).encode())
    hints = [each.hint for each in found.problems if each.rule == "unknown-field"]
    named = [hint for hint in hints if "display" in hint]
    assert (len(hints), 0 < len(named) <= 100) == (200, True)
