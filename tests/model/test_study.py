"""A study event: which times it may hold, and the one text that it is known by."""

import json
import re
from base64 import b64encode
from pathlib import Path

import jsonschema
import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from pydantic import ValidationError

from butterfly_gitops.hl7.datatype import is_nm
from butterfly_gitops.model.study import MAX_DOCUMENT_BASE64, StudyEvent, canonical_text
from tests.table import in_one_test

TESTS = Path(__file__).parents[1]
SAMPLE = json.loads((TESTS / "studies" / "efast.json").read_text(encoding="utf-8"))
STORED = (TESTS / "golden" / "stored-event-efast.json").read_text(encoding="utf-8").rstrip("\n")


def an_event(**changes):
    """The sample with some of its study's fields changed, or `occurred_at`."""
    study = {**SAMPLE["study"], **changes}
    occurred_at = study.pop("occurred_at", SAMPLE["occurred_at"])
    return StudyEvent.model_validate_json(json.dumps({**SAMPLE, "occurred_at": occurred_at, "study": study}))


def test_the_text_that_stored_events_are_known_by_never_changes():
    assert canonical_text(an_event()) == STORED


def test_a_stored_text_reads_as_the_same_event():
    assert StudyEvent.model_validate_json(STORED) == an_event()


@pytest.mark.parametrize(
    "changes",
    [
        pytest.param({"occurred_at": "2026-11-24T09:03:11-05:00"}, id="an instant with another offset"),
        pytest.param(
            {"occurred_at": "2026-11-24T14:03:11.000+00:00"}, id="an instant with a fraction of nothing"
        ),
        pytest.param({"started_at": "2026-11-24T14:41:00+01:00"}, id="another instant with another offset"),
        pytest.param({"reason": None, "ended_at": None}, id="nothing said aloud"),
    ],
)
def test_one_event_has_one_text_however_it_is_spelt(changes):
    assert canonical_text(an_event(**changes)) == STORED


def test_a_document_may_have_20_mb_and_no_more():
    """Counted as 2**20 bytes each, too; the schema says the same."""
    longest = b64encode(b"%PDF-".ljust(20 * 2**20)).decode()
    assert len(longest) <= MAX_DOCUMENT_BASE64
    assert an_event(documents=[{"media_type": "application/pdf", "base64": longest}])
    longer = "JVBERi0t" * (MAX_DOCUMENT_BASE64 // 8 + 1)
    with pytest.raises(ValidationError, match="the document is over 20 MB") as refused:
        an_event(documents=[{"media_type": "application/pdf", "base64": longer}])
    assert refused.value.errors()[0]["loc"] == ("study", "documents", 0, "base64")
    schema = StudyEvent.model_json_schema()["$defs"]["Document"]["properties"]["base64"]
    assert schema["maxLength"] == MAX_DOCUMENT_BASE64


TIMES = {
    "the first": ("1900-01-01T00:00:00Z", True),
    "the last": ("2199-12-31T23:59:59.999999Z", True),
    "the first, far east": ("1900-01-01T14:00:00+14:00", True),
    "before": ("1899-12-31T23:59:59Z", False),
    "after": ("2200-01-01T00:00:00Z", False),
    "before all calendars in UTC": ("0001-01-01T00:00:00+14:00", False),
    "after all calendars in UTC": ("9999-12-31T23:59:59-14:00", False),
    "without an offset": ("2026-11-24T14:03:11", False),
}


@in_one_test("case", TIMES)
@in_one_test(
    ("field", "pointer"),
    [
        ("occurred_at", ("occurred_at",)),
        ("started_at", ("study", "started_at")),
        ("ended_at", ("study", "ended_at")),
        ("attestation", ("study", "attestation", "at")),
    ],
)
def test_an_instant_has_a_place_in_every_calendar(case, field, pointer):
    text, is_taken = TIMES[case]
    value = {"text": "I was there.", "at": text} if field == "attestation" else text
    if is_taken:
        an_event(**{field: value})
        return
    with pytest.raises(ValidationError) as raised:
        an_event(**{field: value})
    assert [one["loc"] for one in raised.value.errors()] == [pointer]


def is_taken(base64: str, media_type: str = "image/png") -> bool:
    document = {"media_type": media_type, "base64": base64}
    try:
        an_event(documents=[document])
    except ValidationError:
        return False
    return True


# RFC 4648, section 4; the strict reader of the standard library takes padding that nothing needs.
BASE64 = re.compile(r"([A-Za-z0-9+/]{4})*([A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?")


@given(
    st.one_of(
        st.binary().map(lambda content: b64encode(content).decode()), st.text("Az09+/= \n-", max_size=12)
    )
)
@example("A===")
@example("=AAA")
@example("AA=A")
@example("AAAA=")
@example("AA==AA==")
@example("é" * 4)
def test_a_document_is_taken_if_it_is_base64(text: str):
    assert is_taken(text) == bool(text and BASE64.fullmatch(text))


@in_one_test(
    ("content", "taken"),
    [
        (b"%PDF-1.4", True),
        (b"\r\n" * 500 + b"%PDF-2.0", True),
        (b"\r\n" * 600 + b"%PDF-2.0", False),
        (b"\x00\x00\x00", False),
        (b"<html>", False),
    ],
)
@in_one_test("media_type", ["application/pdf", "Application/PDF; name=report.pdf"])
def test_a_pdf_is_taken_if_it_is_one(content: bytes, taken: bool, media_type: str):
    assert is_taken(b64encode(content).decode(), media_type) == taken


@in_one_test("id_", ["", " ", " A1", "A1 ", "\u00a0", "A1\n", "\tA1"])
def test_an_identifier_has_no_blanks_around_it(id_: str):
    with pytest.raises(ValidationError):
        an_event(accession_number=id_)
    assert an_event(accession_number="A 1").study.accession_number == "A 1"


@in_one_test("value", ["55", "-0.5", "+.5", "5.", "5,5", "1e3", " 5", "", "about 55"])
def test_the_schema_takes_those_numbers_that_a_message_can_say(value: str):
    schema = json.loads((TESTS.parent / "schemas" / "study-event.v1.schema.json").read_text(encoding="utf-8"))
    measured = {"type": "numeric", "code": "EF", "value": value}
    event = {**SAMPLE, "study": {**SAMPLE["study"], "observations": [measured]}}
    assert jsonschema.Draft202012Validator(schema).is_valid(event) == is_nm(value)
    text = {**measured, "type": "text"}
    event["study"]["observations"] = [text]
    assert jsonschema.Draft202012Validator(schema).is_valid(event)
