"""Fixed fields, `""`, lengths, sizes and plain letters: what an endpoint changes in any layout."""

import json
from typing import Any

import pytest
from hl7apy.v2_5_1.segments import SEGMENTS
from hypothesis import given
from hypothesis import strategies as st

from butterfly_gitops.hl7.field_type import LAST_FIELDS
from butterfly_gitops.hl7.layouts.catalog import LAYOUTS
from butterfly_gitops.hl7.length import LENGTHS
from butterfly_gitops.hl7.own_field import (
    FIXABLE,
    NEVER_NULL,
    OWN_FIELDS,
    fixable_at,
    split_place,
)
from butterfly_gitops.hl7.refusal import RenderingRefused
from butterfly_gitops.hl7.transliteration import plain_letters
from butterfly_gitops.hl7.version import VERSIONS
from butterfly_gitops.model.message import Message
from butterfly_gitops.model.study import StudyEvent
from tests.hl7.samples import TESTS, endpoint, field_of, lines, rendered
from tests.table import in_one_test

EFAST = json.loads((TESTS / "studies" / "efast.json").read_text(encoding="utf-8"))


def event(patient: dict[str, Any] | None = None, **study: Any) -> StudyEvent:
    changed = {
        **EFAST,
        "study": {**EFAST["study"], **study},
        "patient": {**EFAST["patient"], **(patient or {})},
    }
    return StudyEvent.model_validate_json(json.dumps(changed))


def refusal(of: StudyEvent, encoding: str = "UTF-8", **message: Any) -> RenderingRefused:
    with pytest.raises(RenderingRefused) as refused:
        rendered(of, endpoint(encoding=encoding, message=message))
    return refused.value


@in_one_test(
    ("place", "text", "field", "written"),
    [
        ("PV1-3.4", "ED", "PV1-3", "ED^12^A^ED"),
        ("PV1-3.1", "ER", "PV1-3", "ER^12^A"),
        ("PV1-10", "MED", "PV1-10", "MED"),
        ("PV1-44", "2026", "PV1-44", "2026"),
        ("OBR-31.1.2", "X", "OBR-31", "&X"),
        ("OBR-15.1", "a|b", "OBR-15", "a\\F\\b"),
        ("OBX-17", "US", "OBX-17", "US"),
    ],
)
def test_a_fixed_value_stands_in_its_place(place: str, text: str, field: str, written: str):
    assert field_of(rendered(event(), endpoint(message={"fields": {place: text}})), field) == written


PLACES = {
    "OBR-15": "US", "OBR-15.1": "UU", "OBR-15.1.2": "S", "OBR-15.3": "L", "PV1-3": "ED", "PV1-3.4": "X", "PV1-19.5": "VN",
}  # fmt: skip


@given(st.permutations(sorted(PLACES)), st.sets(st.sampled_from(sorted(PLACES))))
def test_the_order_of_fixed_values_in_the_file_never_matters(order: list[str], named: set[str]):
    sent = [
        rendered(event(), endpoint(message={"fields": {place: PLACES[place] for place in places}}))
        for places in ([each for each in order if each in named], sorted(named))
    ]
    assert sent[0] == sent[1]


def test_the_last_field_of_each_segment_is_that_of_the_standard():
    assert {name: len(SEGMENTS[name][1]) for name in LAST_FIELDS} == LAST_FIELDS


@pytest.mark.parametrize(("setting", "refused"), [("fields", OWN_FIELDS), ("empty_as_null", NEVER_NULL)])
def test_what_the_reference_gives_as_an_example_is_taken(setting: str, refused: dict[str, frozenset[int]]):
    for example in Message.model_fields[setting].examples or ():
        for place in example:
            segment, number, *_ = split_place(place)
            assert int(number) not in refused[segment] or fixable_at(place)


def test_a_fixed_value_stands_in_each_obx_and_in_each_repetition():
    authors = [{"role": "secondary_author", "family": name} for name in ("Haddad", "Kim")]
    people = [*EFAST["study"]["people"], *authors]
    to = endpoint(message={"fields": {"OBX-17": "US", "OBR-33.2": "now"}})
    message = rendered(event(people=people), to)
    assert {field_of(message, "OBX-17", nth=n) for n in (1, 2, 3)} == {"US"}
    assert field_of(message, "OBR-33") == "&Haddad^now~&Kim^now"


ATTENDING = {"id": "1051", "family": "Haddad", "given": "Sami"}


def of_visit(**encounter: Any) -> StudyEvent:
    return StudyEvent.model_validate_json(json.dumps({**EFAST, "encounter": {"class": "E", **encounter}}))


@in_one_test(
    ("encounter", "fields", "field", "written"),
    [
        ({"visit_number": "V1"}, {"PV1-19.4": "STE"}, "PV1-19", "V1^^^STE"),
        ({"visit_number": "V1"}, {"PV1-19.5": "VN", "PV1-19.4": "a&b"}, "PV1-19", "V1^^^a\\T\\b^VN"),
        ({"visit_number": "V1"}, {"PV1-19.4.2": "1.2", "PV1-19.4": "STE"}, "PV1-19", "V1^^^STE&1.2"),
        ({}, {"PV1-19.4": "STE", "PV1-19.5": "VN"}, "PV1-19", ""),
        ({}, {"PV1-19.4.2": "1.2"}, "PV1-19", ""),
        ({"account_number": "A1"}, {"PID-18.4": "STE"}, "PID-18", "A1^^^STE"),
        ({}, {"PID-18.4": "STE"}, "PID-18", ""),
        ({}, {"PID-3.6": "STE"}, "PID-3", "MRN0042^^^STE^MR^STE"),
        ({}, {"PID-5.8": "A"}, "PID-5", "Muster^Erika^^^^^L^A"),
        ({"attending": ATTENDING}, {"PV1-7.14": "STE"}, "PV1-7", "1051^Haddad^Sami^^^^^^^^^^^STE"),
        ({"attending": ATTENDING | {"id": None}}, {"PV1-7.14": "STE"}, "PV1-7", "^Haddad^Sami"),
        ({"attending": ATTENDING | {"id": None}}, {"PV1-7.10": "L"}, "PV1-7", "^Haddad^Sami^^^^^^^L"),
        ({}, {"PV1-7.10": "L"}, "PV1-7", ""),
        ({}, {"MSH-11.2": "T"}, "MSH-11", "P^T"),
        ({}, {"OBR-2.2": "EPIC"}, "OBR-2", ""),
        ({}, {"OBR-3.2": "BF"}, "OBR-3", "A4711^BF"),
        ({}, {"OBR-4.4": "US"}, "OBR-4", "EFAST^eFAST^L^US"),
    ],
)
def test_a_component_of_a_field_of_ours_is_fixed_beside_a_value_only(
    encounter: dict[str, Any], fields: dict[str, str], field: str, written: str
):
    message = rendered(of_visit(**encounter), endpoint(message={"fields": fields}))
    assert field_of(message, field) == written


def test_a_component_of_a_field_of_ours_is_fixed_in_each_repetition():
    authors = [{"role": "secondary_author", "family": name} for name in ("Haddad", "Kim")]
    to = endpoint(message={"fields": {"OBR-33.7": "STE"}})
    message = rendered(event(people=[*EFAST["study"]["people"], *authors]), to)
    assert field_of(message, "OBR-33") == "&Haddad^^^^^^STE~&Kim^^^^^^STE"
    assert field_of(rendered(event(), to), "OBR-33") == ""


def test_a_field_of_ours_without_a_value_says_delete_whatever_is_fixed_in_it():
    to = endpoint(message={"fields": {"PID-18.4": "STE"}, "empty_as_null": ["PID-18"]})
    assert field_of(rendered(of_visit(), to), "PID-18") == '""'


@in_one_test(
    ("place", "may_be"),
    [
        *(("PV1-19.4", True), ("PV1-19.4.3", True), ("PV1-19.4.4", False), ("PV1-19.5.1", False)),
        *(("PV1-19", False), ("PV1-19.1", False), ("PV1-19.2", False), ("PV1-19.11", False)),
        *(
            ("PID-3.4", False),
            ("PID-3.4.2", False),
            ("PID-3.6", True),
            ("PID-2.4", False),
            ("OBX-5.1", False),
        ),
    ],
)
def test_which_components_of_ours_may_be_fixed(place: str, may_be: bool):
    assert (fixable_at(place) is not None) is may_be


def test_what_may_be_fixed_is_in_fields_of_ours():
    for segment, number in map(split_place, FIXABLE):
        assert int(number) in OWN_FIELDS[segment]


def test_a_fixed_value_makes_no_segment():
    message = rendered(event(), endpoint(message={"layout": "pdf", "fields": {"PV1-10": "MED"}}))
    assert not any(line.startswith("PV1") for line in lines(message))


def test_nothing_is_said_as_delete_only_where_it_is_wanted_and_nothing_is_there():
    to = endpoint(message={"empty_as_null": ["OBR-31", "OBR-18"]})
    assert [field_of(rendered(event(), to), place) for place in ("OBR-31", "OBR-18", "OBR-8")] == [
        '""',
        "A4711",
        "",
    ]


def test_a_text_of_two_quotes_does_not_say_delete():
    message = rendered(event(report=[{"section": "findings", "text": '""'}]))
    assert field_of(message, "OBX-5", nth=2) == "\\X2222\\"


def test_every_version_has_its_lengths():
    assert LENGTHS.keys() == VERSIONS.keys()
    assert {version for layout in LAYOUTS.values() for version in layout.versions} == VERSIONS.keys()


@in_one_test(
    ("version", "patient", "study", "field"),
    [
        ("2.5.1", {"family": "M" * 300}, {}, "PID-5"),
        ("2.4", {"family": "M" * 300}, {}, "PID-5"),
        ("2.3", {"family": "M" * 49}, {}, "PID-5"),
        ("2.3.1", {"identifiers": [{"id": "1" * 21, "authority": "STE", "type": "MR"}]}, {}, "PID-3"),
        ("2.5.1", {"identifiers": [{"id": "1" * 190, "authority": "S" * 60}]}, {}, "PID-3"),
        ("2.5.1", {}, {"reason": "x" * 260}, "OBR-31"),
        ("2.5.1", {}, {"accession_number": "1" * 61, "filler_order_number": "F1"}, "OBR-18"),
        ("2.5.1", {}, {"placer_order_number": "1" * 23}, "ORC-2"),
        ("2.4", {}, {"filler_order_number": "1" * 23}, "OBR-3"),
        ("2.3", {}, {"observations": [{"type": "text", "code": "1" * 81, "value": "x"}]}, "OBX-3"),
    ],
)
def test_what_is_too_long_for_its_version_is_set_aside_or_sent(
    version: str, patient: dict[str, Any], study: dict[str, Any], field: str
):
    message = {"layout": "lines", "hl7_version": version}
    long = event(patient, **study)
    assert refusal(long, **message).field == field
    assert rendered(long, endpoint(message={**message, "too_long": "send"}))


@pytest.mark.parametrize("version", ["2.3", "2.3.1", "2.4", "2.5.1"])
def test_what_just_fits_is_sent(version: str):
    exact = 48 if version in ("2.3", "2.3.1") else 250
    name = "M" * (exact - len("^Erika^^^^^L"))
    identifiers = [{"id": "1" * 20, "authority": "STE", "type": "MR"}]
    fitting = event({"family": name, "identifiers": identifiers})
    assert rendered(fitting, endpoint(message={"layout": "lines", "hl7_version": version}))


def test_each_repetition_may_be_as_long_as_the_table_says():
    people = [{"role": "secondary_author", "family": "H" * 150, "id": str(n)} for n in range(4)]
    assert rendered(event(people=[*EFAST["study"]["people"], *people]))


@pytest.mark.parametrize(
    ("encoding", "text", "fits"),
    [
        ("UTF-8", "x" * 1000, True),
        ("UTF-8", "x" * 1001, False),
        ("UTF-8", "é" * 501, False),
        ("ISO-8859-1", "é" * 501, True),
    ],
)
def test_a_value_has_the_most_bytes_that_the_receiver_takes(encoding: str, text: str, fits: bool):
    long = event(report=[{"section": "findings", "text": text}])
    if fits:
        assert rendered(long, endpoint(encoding=encoding, message={"max_value_bytes": 1000}))
    else:
        assert refusal(long, encoding, max_value_bytes=1000).field == "OBX-5"


def test_a_message_has_the_most_bytes_that_the_receiver_takes():
    size = len(rendered(event(report=[{"section": "findings", "text": "x" * 1000}])).data)
    long = event(report=[{"section": "findings", "text": "x" * 1000}])
    assert rendered(long, endpoint(message={"max_message_bytes": size}))
    refused = refusal(long, max_message_bytes=size - 1)
    assert str(refused) == f"MSH: the message has {size} bytes; message.max_message_bytes allows {size - 1}"


@in_one_test(
    ("encoding", "text", "written"),
    [
        ("US-ASCII", "Zoë Müller-Łukasz Strauß", "Zoe Muller-Lukasz Strauss"),
        ("US-ASCII", "5 cm – “free”… ≥ 2 µl", '5 cm - "free"... >= 2 ul'),
        ("ISO-8859-1", "Dvořák, Zoë", "Dvorák, Zoë"),
        ("windows-1252", "“free” ﬁne", "“free” fine"),
        ("US-ASCII", "“|”", '"\\F\\"'),
        ("US-ASCII", "“”", "\\X2222\\"),
        ("US-ASCII", "e\u0301", "e"),
    ],
)
def test_what_an_encoding_lacks_is_written_in_plain_letters_where_the_policy_says_so(
    encoding: str, text: str, written: str
):
    to = endpoint(encoding=encoding, message={"unencodable": "transliterate"})
    message = rendered(event(report=[{"section": "findings", "text": text}]), to)
    codec = {"windows-1252": "cp1252"}.get(encoding, encoding)
    values = [line.split("|")[5] for line in message.data.decode(codec).split("\r") if line.startswith("OBX")]
    assert values[1] == written


@pytest.mark.parametrize("family", ["山田", "Иванова", "😀", "M\u200dx"])
def test_what_has_no_plain_letters_is_set_aside_by_either_policy(family: str):
    for policy in ("refuse", "transliterate"):
        assert refusal(event({"family": family}), "US-ASCII", unencodable=policy).field == "PID-5"


@in_one_test(
    ("changed", "settings"),
    [
        ({"patient": {"family": "Müller"}}, ("message.unencodable", "encoding")),
        ({"patient": {"family": "山田"}}, ("encoding",)),
        ({"patient": {"family": "Mü山"}}, ("encoding",)),
        ({"patient": {"family": "Mü", "given": "10⁵"}}, ("encoding",)),
        ({"study": {"filler_order_number": "Ž1"}}, ("encoding",)),
        ({"settings": {"receiving_facility": "KÖLN"}}, ("encoding",)),
        (
            {"settings": {"message": {"unencodable": "transliterate"}}, "patient": {"family": "山"}},
            ("encoding",),
        ),
    ],
)
def test_a_refusal_names_the_policy_only_where_plain_letters_would_hint_it(
    changed: dict[str, Any], settings: tuple[str, ...]
):
    of = event(changed.get("patient"), **changed.get("study", {}))
    with pytest.raises(RenderingRefused) as refused:
        rendered(of, endpoint(encoding="US-ASCII", **changed.get("settings", {})))
    assert refused.value.settings == settings
    assert all(setting in refused.value.decided_by for setting in settings)


@in_one_test("text", ["10⁵/mL", "5²", "½ cm", "3·5 cm", "５ cm", "①"])
def test_no_number_becomes_another_one(text: str):
    long = event(report=[{"section": "findings", "text": text}])
    assert refusal(long, "US-ASCII", unencodable="transliterate").field == "OBX-5"


@in_one_test(
    ("patient", "study", "field"),
    [
        ({"identifiers": [{"id": "É12", "authority": "STE", "type": "MR"}]}, {}, "PID-3"),
        ({}, {"filler_order_number": "Ž1"}, "ORC-3"),
        ({}, {"observations": [{"type": "numeric", "code": "É", "value": "1"}]}, "OBX-3"),
        ({}, {"observations": [{"type": "numeric", "code": "V", "value": "1", "unit": "µl"}]}, "OBX-6"),
        ({}, {"observations": [{"type": "coded", "code": "V", "value": "é"}]}, "OBX-5"),
    ],
)
def test_what_identifies_codes_or_measures_is_never_written_otherwise(
    patient: dict[str, Any], study: dict[str, Any], field: str
):
    assert refusal(event(patient, **study), "US-ASCII", unencodable="transliterate").field == field


MEASURED = [
    {"type": "numeric", "code": "EF", "value": "55"},
    {"type": "text", "code": "SIDE", "value": "left"},
]
EFAST_ROWS = {
    "report": [{"section": "findings", "text": "No.\nNone."}, {"section": "impression", "text": "Normal."}]
}
LONG = {"code": "1" * 199, "display": "1" * 199}


@in_one_test(
    ("message", "study", "named"),
    [
        ({}, {"report": [{"section": "findings", "text": "é"}]}, "OBX 2 (findings)"),
        ({}, {"report": [*EFAST_ROWS["report"], {"section": "other", "text": "é"}]}, "OBX 4 (other)"),
        ({}, {"attestation": {"text": "é"}}, "OBX 4 (attestation)"),
        ({}, {"observations": [*MEASURED, {**MEASURED[1], "value": "é"}]}, "OBX 5 (observation 3)"),
        ({}, {"observations": [{**MEASURED[0], "unit": "é"}]}, "OBX 3 (observation 1)"),
        ({}, {"observations": [{**MEASURED[0], "code": "EFAST", "unit": "é"}]}, "OBX 3 (observation 1)"),
        ({}, {"observations": [{**MEASURED[0], "code": "18782-3", "unit": "é"}]}, "OBX 3 (observation 1)"),
        ({}, {"observations": [{**MEASURED[0], "code": "é"}]}, "OBX 3 (observation 1)"),
        ({}, {"observations": [*MEASURED, MEASURED[0] | LONG]}, "OBX 5 (observation 3)"),
        ({}, {"observations": [{**MEASURED[0], "instance": "1" * 21}]}, "OBX 3 (observation 1)"),
        (
            {"layout": "lines"},
            {"report": [{"section": "findings", "text": "No.\nNé."}]},
            "OBX 2 (line 2 of the report, findings)",
        ),
        (
            {"layout": "lines"},
            {**EFAST_ROWS, "attestation": {"text": "é"}},
            "OBX 4 (line 4 of the report)",
        ),
        ({"layout": "lines"}, {**EFAST_ROWS, "observations": [MEASURED[0] | LONG]}, "OBX 4 (observation 1)"),
        (
            {"max_value_bytes": 1000},
            {"report": [{"section": "findings", "text": "x" * 1001}]},
            "OBX 2 (findings)",
        ),
        (
            {"layout": "pdf", "max_value_bytes": 1000},
            {"documents": [{"media_type": "application/pdf", "base64": "JVBERi0t" * 200}]},
            "OBX 2 (document 1)",
        ),
        ({"image_link": "text"}, {"images_url": "https://é.example.org"}, "OBX 4 (link to the images)"),
    ],
)
def test_what_cannot_be_written_in_an_obx_is_said_with_its_row_and_without_its_value(
    message: dict[str, Any], study: dict[str, Any], named: str
):
    refused = refusal(event(**study), "US-ASCII", **message)
    assert refused.field.startswith("OBX-")
    assert f" in {named}" in refused.why
    assert not [told for told in ("é", "xx", "111", "EF", "SIDE") if told in refused.why]


def test_of_a_field_that_is_in_no_row_no_row_is_named():
    assert refusal(event({"family": "é"}), "US-ASCII").why == "holds a character that US-ASCII cannot express"


def test_a_letter_in_two_parts_is_written_as_one_where_the_encoding_has_it():
    message = rendered(event({"given": "Zoe\u0308"}), endpoint(encoding="ISO-8859-1"))
    assert "Zoë".encode("latin-1") in message.data


@given(st.characters())
def test_plain_letters_never_hold_a_digit_or_a_control(character: str):
    written = plain_letters(character)
    assert written == character or not any(one.isdigit() or ord(one) < 0x20 for one in written)
