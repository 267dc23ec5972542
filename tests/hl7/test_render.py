"""What stands in which field, by event, endpoint and what is known; and what is refused."""

import json
import re
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from butterfly_gitops.hl7.message import value_of, visible, visible_bytes
from butterfly_gitops.hl7.refusal import RenderingRefused
from butterfly_gitops.model.endpoint import EhrEndpoint
from butterfly_gitops.model.error import GitopsError
from butterfly_gitops.model.message import Message
from butterfly_gitops.model.study import StudyEvent
from tests.hl7 import standard
from tests.hl7.samples import CONTROL_ID, FALLBACK, TESTS, endpoint, field_of, lines, rendered, study
from tests.table import in_one_test

EFAST = json.loads((TESTS / "studies" / "efast.json").read_text(encoding="utf-8"))


def changed(path: str | dict[str, Any], value: Any = None) -> StudyEvent:
    """The sample event with one value changed, `changed("study.reason", None)`, or with several."""
    event = json.loads(json.dumps(EFAST))
    for where, what in (path if isinstance(path, dict) else {path: value}).items():
        *parents, last = where.split(".")
        place = event
        for parent in parents:
            place = place[parent]
        place[last] = what
    return StudyEvent.model_validate_json(json.dumps(event))


def people(*roles: str) -> list[dict[str, str]]:
    return [{"role": role, "id": f"{role}-1", "family": role.title()} for role in roles]


# Each setting of an endpoint that touches the message: a value, and every field that it changes.
TOUCHES: list[tuple[str, dict[str, Any], dict[str, str]]] = [
    ("sending_application", {"sending_application": "POCUS"}, {"MSH-3": "POCUS"}),
    ("sending_facility", {"sending_facility": "ED"}, {"MSH-4": "ED"}),
    ("receiving_application", {"receiving_application": None}, {"MSH-5": ""}),
    ("receiving_facility", {"receiving_facility": "CG"}, {"MSH-6": "CG"}),
    ("processing_id", {"processing_id": "T"}, {"MSH-11": "T"}),
    ("encoding", {"encoding": "ISO-8859-15"}, {"MSH-18": "8859/15"}),
    ("declare_encoding", {"declare_encoding": False}, {"MSH-18": ""}),
    (
        "time_zone",
        {"time_zone": "Asia/Tokyo"},
        {
            "MSH-7": "20261124230315",
            "OBR-7": "20261124224100",
            "OBR-22": "20261124230311",
            "OBX-14": "20261124224100",
        },
    ),
    ("acknowledgement", {"acknowledgement": {"mode": "commit"}}, {"MSH-15": "AL", "MSH-16": "NE"}),
    ("message.patient_id", {"message": {"patient_id": {"type": "PI"}}}, {"PID-3": "P-1^^^EMPI^PI"}),
    (
        "message.exam_codes",
        {"message": {"exam_codes": {"EFAST": {"code": "76705", "display": "US abdomen", "system": "C4"}}}},
        {"OBR-4": "76705^US abdomen^C4"},
    ),
    (
        "message.placer_fallback",
        {"message": {"placer_fallback": "filler"}},
        {"ORC-2": "A4711", "OBR-2": "A4711"},
    ),
    ("message.diagnostic_service", {"message": {"diagnostic_service": "CUS"}}, {"OBR-24": "CUS"}),
    (
        "message.time_precision",
        {"message": {"time_precision": "minute"}},
        {
            "MSH-7": "202611240903",
            "OBR-7": "202611240841",
            "OBR-22": "202611240903",
            "OBX-14": "202611240841",
        },
    ),
    ("message.fields", {"message": {"fields": {"PV1-3.4": "ED", "OBR-44": "US"}}}, {"PV1-3": "ED^12^A^ED"}),
    ("message.empty_as_null", {"message": {"empty_as_null": ["OBR-31", "PV1-3"]}}, {"OBR-31": '""'}),
    ("message.exam_code", {"message": {"exam_code": "order"}}, {"OBR-4": "76705^US abdomen^C4"}),
    (
        "message.provider_id",
        {"message": {"provider_id": {"authority": "NPI", "others": "leave_out"}}},
        {"OBR-16": "^Okafor^Ngozi", "OBR-32": "&Okafor&Ngozi"},
    ),
    (
        "message.authorities",
        {"message": {"authorities": {"STE": {"universal_id": "1.2.3", "universal_id_type": "ISO"}}}},
        {
            "PID-3": "MRN0042^^^STE&1.2.3&ISO^MR",
            "OBR-16": "1043^Okafor^Ngozi^^^^^^STE&1.2.3&ISO^^^^EI",
            "OBR-32": "1043&Okafor&Ngozi&&&&&&STE&1.2.3&ISO",
        },
    ),
    ("message.unit_system", {"message": {"unit_system": "UCUM"}}, {"OBX-6": "%^^UCUM"}),
    ("message.visit_number", {"message": {"visit_number": "PID-18"}}, {"PV1-19": "", "PID-18": "V881"}),
    ("message.corrected_as", {"message": {"corrected_as": "F"}}, {"OBR-25": "F", "OBX-11": "F"}),
    (
        "message.times",
        {"message": {"times": "local_with_offset"}},
        {
            "MSH-7": "20261124090315-0500",
            "OBR-7": "20261124084100-0500",
            "OBR-22": "20261124090311-0500",
            "OBX-14": "20261124084100-0500",
        },
    ),
]

# What changes where, when or how often a message goes out, but no byte of it.
TOUCHES_NOT = {
    "display_name", "link", "host", "port", "status", "preliminary_results", "ack_timeout", "connection_timeout",
    "retry", "minimum_gap", "connection", "on_retarget", "tls",
}  # fmt: skip
# What changes the message as a whole, or depends on the layout: tests of their own.
SHOWN_ELSEWHERE = {
    f"message.{name}"
    for name in (
        "layout",
        "hl7_version",
        "filler_in_use",
        "study_uid",
        "text_type",
        "line_break",
        "corrections",
        "pdf",
        "when_missing",
        "order_segment",
        "visit_segment",
        "image_link",
        "unencodable",
        "document_type",
        "too_long",
        "max_value_bytes",
        "max_message_bytes",
    )
}

PLACES = [f"{name}-{n}" for name in ("MSH", "PID", "PV1", "ORC", "OBR", "OBX") for n in range(1, 36)]


@in_one_test(("overrides", "fields"), [pytest.param(o, f, id=name) for name, o, f in TOUCHES])
def test_a_setting_changes_these_fields_and_no_others(overrides: dict[str, Any], fields: dict[str, str]):
    event = changed(
        {
            "patient.identifiers": [
                *EFAST["patient"]["identifiers"],
                {"id": "P-1", "authority": "EMPI", "type": "PI"},
            ],
            "study.ordered_procedure": {"code": "76705", "display": "US abdomen", "system": "C4"},
        }
    )
    before = rendered(event, status="C")
    after = rendered(event, endpoint(**overrides), status="C")
    # The third OBX has each field that any setting touches.
    nth = {"OBX": 3}
    found = {
        place: field_of(after, place, nth=nth.get(place[:3], 1))
        for place in PLACES
        if field_of(after, place, nth=nth.get(place[:3], 1))
        != field_of(before, place, nth=nth.get(place[:3], 1))
    }
    assert found == fields


def test_every_setting_is_in_one_of_the_two_lists():
    settings = {name for name in EhrEndpoint.model_fields if name != "message"}
    settings |= {f"message.{name}" for name in Message.model_fields}
    touches = {name for name, _, _ in TOUCHES}
    assert touches | TOUCHES_NOT | SHOWN_ELSEWHERE == settings
    assert not touches & (TOUCHES_NOT | SHOWN_ELSEWHERE)


@pytest.mark.parametrize("place", [3, 4, 5, 6], ids=lambda n: f"MSH-{n}")
def test_msh_3_to_6_take_designators(place: int):
    name = {
        3: "sending_application",
        4: "sending_facility",
        5: "receiving_application",
        6: "receiving_facility",
    }
    to = endpoint(**{name[place]: {"namespace": "X", "universal_id": "1.2.3", "universal_id_type": "ISO"}})
    assert field_of(rendered(study("efast.json"), to), f"MSH-{place}") == "X^1.2.3^ISO"


@in_one_test(
    ("encoding", "declared", "name"),
    [
        ("US-ASCII", "", b"Muster"),
        ("ISO-8859-1", "8859/1", "Prøve".encode("latin-1")),
        ("ISO-8859-2", "8859/2", "Dvořák".encode("iso8859-2")),
        ("ISO-8859-5", "8859/5", "Иванова".encode("iso8859-5")),
        ("ISO-8859-7", "8859/7", "Παππά".encode("iso8859-7")),
        ("ISO-8859-15", "8859/15", "Œuvre".encode("iso8859-15")),
        ("windows-1252", "", "Œuvre".encode("cp1252")),
        ("UTF-8", "UNICODE UTF-8", "山田".encode()),
    ],
)
def test_each_encoding_has_its_bytes_and_its_name(encoding: str, declared: str, name: bytes):
    codec = {"windows-1252": "cp1252", "US-ASCII": "ascii"}.get(encoding, encoding)
    result = rendered(changed("patient.family", name.decode(codec)), endpoint(encoding=encoding))
    assert b"||" + name + b"^Erika^" in result.data
    assert value_of(result.data, "MSH-18") == declared


@in_one_test(
    ("path", "value", "place", "content"),
    [
        pytest.param("study.placer_order_number", "ORD-1", "OBR-2", "ORD-1", id="placer"),
        pytest.param("study.placer_order_number", "ORD-1", "ORC-2", "ORD-1", id="placer in ORC"),
        pytest.param("study.filler_order_number", "FIL-1", "OBR-3", "FIL-1", id="filler before accession"),
        pytest.param("study.accession_number", None, "OBR-3", FALLBACK, id="neither filler nor accession"),
        pytest.param("study.accession_number", None, "OBR-18", "", id="no accession"),
        pytest.param("study.ended_at", "2026-11-24T13:50:00Z", "OBR-8", "20261124085000", id="end of the exam"),
        pytest.param("study.started_at", None, "OBR-7", "20261124090311", id="no start known"),
        pytest.param("study.reason", "fall & pain", "OBR-31", r"^fall \T\ pain", id="reason"),
        pytest.param("study.exam_type", {"code": "X|Y"}, "OBR-4", r"X\F\Y", id="bare exam code"),
        pytest.param("study.people", [], "OBR-32", "", id="nobody"),
        pytest.param("study.people", people("performer", "author"), "OBR-32", "author-1&Author", id="author first"),
        pytest.param(
            "study.people", people("performer", "author", "attester"), "OBR-32", "attester-1&Attester",
            id="attester before author",
        ),
        pytest.param(
            "study.people", people("attester", "author", "secondary_author"), "OBR-33",
            "author-1&Author~secondary_author-1&Secondary_Author", id="assistants",
        ),
        pytest.param(
            "study.people", people("performer", "author"), "OBR-34", "performer-1&Performer", id="technician"
        ),
        pytest.param("study.people", people("performer", "scribe"), "OBR-35", "scribe-1&Scribe", id="scribe"),
        pytest.param(
            "study.people", people("performer", "ordering"), "OBR-16", "ordering-1^Ordering", id="ordering"
        ),
        pytest.param("patient.birth_date", "1980-02", "PID-7", "198002", id="month of birth"),
        pytest.param("patient.birth_date", None, "PID-7", "", id="no date of birth"),
        pytest.param("patient.family", None, "PID-5", "^Erika^^^^^L", id="given name only"),
        pytest.param("encounter.account_number", "ACC1", "PID-18", "ACC1", id="account"),
        pytest.param("encounter.class", None, "PV1-2", "U", id="no class"),
        pytest.param("encounter.class", "EMER", "PV1-2", "U", id="unknown class"),
        pytest.param("encounter.location", None, "PV1-3", "", id="no location"),
        pytest.param("encounter.attending", {"id": "9", "family": "Ek"}, "PV1-7", "9^Ek", id="attending"),
    ],
)  # fmt: skip
def test_an_event_fills_this_field(path: str, value: Any, place: str, content: str):
    assert field_of(rendered(changed(path, value)), place) == content


def test_a_patient_without_any_name_is_unspecified():
    event = changed("patient", {"identifiers": [{"id": "1"}]})
    assert field_of(rendered(event), "PID-5") == "^^^^^^U"


def test_without_an_encounter_there_is_no_visit():
    message = rendered(study("efast.json", encounter=None))
    assert [line[:3] for line in lines(message)][:3] == ["MSH", "PID", "ORC"]


def test_a_blank_section_is_not_sent_and_no_study_uid_neither():
    event = changed(
        "study.report", [{"section": "findings", "text": " \n"}, {"section": "other", "text": "x"}]
    )
    event = event.model_copy(update={"study": event.study.model_copy(update={"study_uid": None})})
    assert [line.split("|")[3][:7] for line in lines(rendered(event)) if line.startswith("OBX")] == [
        "18748-4",
        "EF^Ejec",
    ]


def test_observations_that_agree_in_code_and_instance_are_told_apart():
    one = {"type": "text", "code": "NOTE", "value": "x", "instance": "A"}
    event = changed("study.observations", [one, one, {**one, "instance": "B"}])
    found = [field_of(rendered(event), "OBX-4", nth=n) for n in (3, 4, 5)]
    assert found == ["A.1", "A.2", "B"]


@pytest.mark.parametrize(
    ("status", "orc_5", "obr_25", "obx_11"),
    [("P", "A", "P", "P"), ("F", "CM", "F", "F"), ("C", "CM", "C", "C"), ("W", "CM", "C", "W")],
)
def test_statuses_agree(status: str, orc_5: str, obr_25: str, obx_11: str):
    message = rendered(study("efast.json"), status=status)
    assert (field_of(message, "ORC-5"), field_of(message, "OBR-25")) == (orc_5, obr_25)
    assert {field_of(message, "OBX-11", nth=n) for n in (1, 2, 3)} == {obx_11}


def test_corrected_as_f_says_nothing_of_withdrawals():
    message = rendered(study("efast.json"), endpoint(message={"corrected_as": "F"}), status="W")
    assert (field_of(message, "OBR-25"), field_of(message, "OBX-11")) == ("C", "W")


def test_obr_3_stays_what_it_was_at_first():
    event = changed("study.filler_order_number", "NEW-1")
    message = rendered(event, endpoint(message={"placer_fallback": "filler"}), known={"filler": "OLD-1"})
    assert message.filler == "OLD-1"
    assert [field_of(message, place) for place in ("ORC-2", "ORC-3", "OBR-2", "OBR-3")] == ["OLD-1"] * 4


def test_delimiters_in_an_order_number_are_escaped_once_however_often_it_is_sent():
    fields = ("ORC-2", "ORC-3", "OBR-2", "OBR-3")
    event = changed("study.filler_order_number", "A^1&2|3")
    wanted = endpoint(message={"placer_fallback": "filler"})
    first = rendered(event, wanted)
    again = rendered(event, wanted, known={"filler": first.filler})
    assert first.filler == "A^1&2|3"
    for message in (first, again):
        assert [field_of(message, place) for place in fields] == [r"A\S\1\T\2\F\3"] * 4


@in_one_test("version", ["2.3", "2.3.1", "2.4", "2.5.1"])
@in_one_test("sex", ["F", "M", "O", "U", "A", "N", None])
def test_the_sex_is_one_of_the_versions_table(version: str, sex: str | None):
    event = study("efast.json", patient={"sex": sex})
    told = field_of(rendered(event, endpoint(message={"layout": "lines", "hl7_version": version})), "PID-8")
    is_known = sex is None or sex in standard.TABLES["PID-8"][version]
    assert told == ((sex or "") if is_known else "O")


def test_obr_3_that_is_another_reports_is_not_used():
    own = field_of(rendered(study("efast.json")), "OBR-3")
    message = rendered(study("efast.json"), known={"taken": [own]})
    assert (message.filler, field_of(message, "ORC-3"), field_of(message, "OBR-3")) == (FALLBACK,) * 3
    assert rendered(study("efast.json"), known={"taken": [own], "filler": own}).filler == own


def test_a_person_decides_on_an_order_number_in_use_where_the_endpoint_says_so():
    to = endpoint(message={"filler_in_use": "set_aside"})
    own = rendered(study("efast.json"), to).filler
    with pytest.raises(RenderingRefused, match="is that of another report") as refusal:
        rendered(study("efast.json"), to, known={"taken": [own]})
    assert refusal.value.settings == ("message.filler_in_use",)
    assert rendered(study("efast.json"), to, status="W", known={"taken": [own], "filler": own}).filler == own
    unnumbered = study("efast.json", study={"accession_number": None})
    assert rendered(unnumbered, to, known={"taken": ["BF9"]}).filler == FALLBACK


def test_a_repeat_shows_the_same_obr_22_and_a_new_revision_a_later_one():
    last = "20261124090311"
    again = rendered(study("efast.json"), known={"last_status_time": last, "repeats": True})
    assert (field_of(again, "OBR-22"), again.status_time) == (last, last)
    new = rendered(study("efast.json"), known={"last_status_time": last})
    assert (field_of(new, "OBR-22"), new.status_time) == ("20261124090312", "20261124090312-0500")


@in_one_test(
    ("changes", "printed"),
    [
        ({}, "20261124090311"),
        ({"message": {"times": "local_with_offset"}}, "20261124090311-0500"),
        ({"message": {"time_precision": "minute"}}, "202611240903"),
        ({"time_zone": "America/Denver"}, "20261124070311"),
        ({"time_zone": "Europe/Berlin", "message": {"times": "local_with_offset"}}, "20261124150311+0100"),
    ],
)
@in_one_test("times", ["local", "local_with_offset"])
def test_a_repeat_by_another_clock_shows_the_same_instant(times: str, changes: dict[str, Any], printed: str):
    at_first = endpoint(message={"times": times, "time_precision": "minute"})
    event = study("efast.json", occurred_at="2026-11-24T14:03:11Z")
    first = rendered(event, at_first)
    again = rendered(
        event, endpoint(**changes), known={"last_status_time": first.status_time, "repeats": True}
    )
    assert field_of(again, "OBR-22") == printed
    assert again.status_time == first.status_time


@in_one_test("value", ["55", "-0.5", "+3.", ".5", "007"])
def test_numbers_of_hl7(value: str):
    event = changed("study.observations", [{"type": "numeric", "code": "EF", "value": value}])
    assert field_of(rendered(event), "OBX-5", nth=3) == value


def refused(event: StudyEvent, **overrides: Any) -> RenderingRefused:
    with pytest.raises(RenderingRefused) as error:
        rendered(event, endpoint(**overrides))
    assert isinstance(error.value, GitopsError)
    return error.value


@in_one_test("value", ["about 55", "", " 55", "1e3", "5,5", ".", "5.5.5", "٥", "55\n"], ids=ascii)
def test_what_is_no_number_is_refused(value: str):
    error = refused(changed("study.observations", [{"type": "numeric", "code": "EF", "value": value}]))
    assert str(error) == "OBX-5: observation 1 is numeric, but its value is no number"


@in_one_test(
    ("path", "value", "overrides", "field"),
    [
        pytest.param("patient.identifiers", [], {}, "PID-3", id="no identifier"),
        pytest.param(
            "patient.merged_from", [], {"message": {"patient_id": {"authority": "STE", "type": "PI"}}}, "PID-3",
            id="no identifier of that kind",
        ),
        pytest.param("study.filler_order_number", "F" * 23, {}, "OBR-3", id="a filler order number of 23"),
        pytest.param("patient.family", "山田", {"encoding": "ISO-8859-1"}, "PID-5", id="a name Latin-1 lacks"),
        pytest.param("patient.given", "Åse", {"encoding": "US-ASCII"}, "PID-5", id="a name ASCII lacks"),
        pytest.param(
            "study.report", [{"section": "findings", "text": "Δ|山"}], {"encoding": "windows-1252"}, "OBX-5",
            id="findings windows-1252 lacks",
        ),
        pytest.param("study.accession_number", "Ž1", {"encoding": "ISO-8859-1"}, "ORC-3", id="an accession"),
        pytest.param(
            "patient.merged_from", [], {"encoding": "US-ASCII", "sending_facility": "Éd"}, "MSH-4",
            id="a facility ASCII lacks",
        ),
        pytest.param("study.documents", [], {"message": {"layout": "pdf"}}, "OBX-5", id="no PDF"),
        pytest.param(
            "study.documents", [], {"message": {"hl7_version": "2.3"}}, "MSH-12", id="a version that the layout lacks"
        ),
    ],
)  # fmt: skip
def test_a_refusal_names_the_field_and_never_the_value(
    path: str, value: Any, overrides: dict[str, Any], field: str
):
    error = refused(changed(path, value), **overrides)
    assert error.field == field
    assert not any(secret in str(error) for secret in ("山", "Åse", "Δ", "Ž", "FFF", "MRN0042", "Muster"))
    assert error.__context__ is None


def test_a_control_id_of_21_is_refused():
    with pytest.raises(RenderingRefused) as error:
        rendered(study("efast.json"), control_id=CONTROL_ID + "X")
    assert error.value.field == "MSH-10"


def test_no_patient_data_in_a_repr():
    assert "Muster" not in repr(rendered(study("efast.json")))


def test_a_message_is_shown_without_anything_unprintable():
    data = "MSH|^~\\&|Å\rOBX|1|\x1b[31m\x0b\u202e\r".encode()
    assert visible(data, "UTF-8") == "MSH|^~\\&|Å\nOBX|1|\\x1b[31m\\x0b\\u202e"
    assert visible(data, "US-ASCII").splitlines()[0] == "MSH|^~\\&|\\xc3\\x85"


def test_bytes_are_shown_with_their_line_ends_and_frames():
    data = b"Junk\x0bMSH|^~\\&|\xc3\x85\rMSA|AA|1\r\n\xff\x1c\r"
    assert visible_bytes(data).splitlines() == [
        "Junk\\x0bMSH|^~\\&|Å\\r",
        "MSA|AA|1\\r",
        "\\n\\xff\\x1c\\r",
    ]


TEXTS = st.text(st.one_of(st.sampled_from("|^~\\&\r\n\x0b\x1c\x00\x7f\x85"), st.characters(codec="utf-8")))
NAMES = TEXTS.filter(lambda text: 0 < len(text) < 199)


@given(NAMES, TEXTS, TEXTS, TEXTS)
def test_no_text_can_break_a_field_a_segment_or_a_block(name: str, section: str, value: str, instance: str):
    event = json.loads(json.dumps(EFAST))
    event["patient"]["family"] = event["patient"]["identifiers"][0]["authority"] = name
    event["study"]["report"] = [{"section": "findings", "text": f"x{section}"}]
    event["study"]["observations"] = [
        {
            "type": "text",
            "code": f"x{name[:99]}x".replace("\x00", ""),
            "value": f"x{value}",
            "instance": instance[:99],
            "unit": name,
        }
    ]
    event["study"]["people"][0]["family"] = event["study"]["exam_type"]["display"] = name
    to = endpoint(message={"too_long": "send"})
    message = rendered(StudyEvent.model_validate_json(json.dumps(event)), to)
    assert not re.search(rb"[\x00-\x0c\x0e-\x1f\x7f]", message.data)
    assert [line[:3] for line in lines(message)] == ["MSH", "PID", "PV1", "ORC", "OBR", "OBX", "OBX", "OBX"]
    assert [line.count("|") for line in lines(message)] == [17, 8, 19, 5, 32, 11, 14, 14]
