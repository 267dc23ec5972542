"""Each layout's segments, rows and statuses, and what the settings of a message do in them."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from butterfly_gitops.hl7.layouts.catalog import LAYOUTS
from butterfly_gitops.hl7.refusal import RenderingRefused
from butterfly_gitops.hl7.segments.obx import ObxRow
from butterfly_gitops.hl7.version import VERSIONS
from butterfly_gitops.model.study import StudyEvent
from tests.hl7.samples import TESTS, endpoint, lines, rendered
from tests.table import in_one_test

EFAST = json.loads((TESTS / "studies" / "efast.json").read_text(encoding="utf-8"))
PDF = {"title": "Report", "media_type": "application/pdf", "base64": "JVBERi0xLjQKJSVFT0YK"}
REPORT = [
    {"section": "findings", "text": "No free fluid.\n\nLungs slide. "},
    {"section": "impression", "text": "Normal eFAST."},
    {"section": "recommendation", "text": "Repeat in 6 h."},
    {"section": "indication", "text": "Fall."},
]


def event(**study: Any) -> StudyEvent:
    """The sample study with a longer report and a PDF, and with these values in place of its own."""
    own = {**EFAST["study"], "report": REPORT, "documents": [PDF], **study}
    return StudyEvent.model_validate_json(json.dumps({**EFAST, "study": own}))


def fields(of: StudyEvent, status: str = "F", **message: Any) -> list[list[str]]:
    """Each segment of the message as its fields."""
    return [line.split("|") for line in lines(rendered(of, endpoint(message=message), status=status))]


def names(segments: list[list[str]]) -> list[str]:
    return [segment[0] for segment in segments]


def rows(segments: list[list[str]], *numbers: int) -> list[tuple[str, ...]]:
    """These fields of each OBX."""
    found = [segment + [""] * 20 for segment in segments if segment[0] == "OBX"]
    return [tuple(segment[number] for number in numbers) for segment in found]


@pytest.mark.parametrize(
    ("layout", "shape"),
    [
        ("report", ["MSH", "PID", "PV1", "ORC", "OBR", *["OBX"] * 6]),
        ("lines", ["MSH", "PID", "PV1", "ORC", "OBR", *["OBX"] * 7]),
        ("pdf", ["MSH", "PID", "OBR", "OBX", "OBX"]),
        ("notice", ["MSH", "PID", "PV1", "ORC", "OBR", "TQ1", "OBX"]),
    ],
)
def test_each_layout_has_its_segments(layout: str, shape: list[str]):
    assert names(fields(event(), layout=layout)) == shape


def test_each_layout_says_what_it_is_and_which_versions_it_has():
    assert LAYOUTS.keys() == {"report", "lines", "pdf", "notice"}
    for layout in LAYOUTS.values():
        assert layout.title
        assert layout.says
        assert "2.5.1" in layout.versions


@in_one_test(("layout", "version"), [(one.name, v) for one in LAYOUTS.values() for v in one.versions])
def test_a_version_is_named_and_knows_the_structure_from_2_3_1_on(layout: str, version: str):
    header = fields(event(), layout=layout, hl7_version=version)[0]
    assert header[11] == version
    assert header[8] == ("ORU^R01" if version == "2.3" else "ORU^R01^ORU_R01")


@pytest.mark.parametrize("version", VERSIONS)
def test_what_one_version_alone_requires_is_valued_there_and_nowhere_else(version: str):
    """Timing in v2.3, OBX-4 in v2.3.1: the tables of the standard's own database say so."""
    segments = fields(event(), layout="lines", hl7_version=version)
    timings = [
        segment[place] for segment, place in zip(segments[3:5], (7, 27), strict=True) if segment[place:]
    ]
    assert timings == (["^^^20261124084100"] * 2 if version == "2.3" else [""])
    assert rows(segments, 4)[-1] == (("1",) if version == "2.3.1" else ("",))


def test_lines_have_the_suffix_of_their_section_and_count_through_the_report():
    assert rows(fields(event(observations=[]), layout="lines"), 2, 3, 4, 5) == [
        ("ST", "EFAST&GDT^eFAST^L", "1", "No free fluid."),
        ("ST", "EFAST&GDT^eFAST^L", "2", ""),
        ("ST", "EFAST&GDT^eFAST^L", "3", "Lungs slide."),
        ("ST", "EFAST&IMP^eFAST^L", "4", "Normal eFAST."),
        ("ST", "EFAST&REC^eFAST^L", "5", "Repeat in 6 h."),
        ("ST", "EFAST^eFAST^L", "6", "Fall."),
    ]


def test_the_attestation_follows_as_lines():
    attested = event(observations=[], report=[], attestation={"text": "I was present.\nI agree."})
    assert rows(fields(attested, layout="lines"), 4, 5) == [("1", "I was present."), ("2", "I agree.")]


@pytest.mark.parametrize("layout", ["report", "lines"])
def test_an_attestation_has_its_own_time_where_it_has_one_and_the_study_uid_has_none(layout: str):
    def times(**attestation: str) -> list[str]:
        attested = event(observations=[], report=[], attestation={"text": "I was present.", **attestation})
        sent = fields(attested, layout=layout, study_uid="ST")
        return [segment[14] if segment[14:] else "" for segment in sent if segment[0] == "OBX"]

    assert times(at="2026-11-24T15:19:40Z") == ["", "20261124101940"]
    assert times() == ["", "20261124084100"]


@in_one_test(
    ("pdf", "head"),
    [
        ({}, "^Application^PDF^Base64^"),
        ({"source": "1.2.3"}, "1.2.3^Application^PDF^Base64^"),
        ({"type": "application", "subtype": "pdf"}, "^application^pdf^Base64^"),
        ({"source": "X", "type": "AP"}, "X^AP^PDF^Base64^"),
        ({"type": "TX"}, "^TX^PDF^Base64^"),
        ({"type": "TEXT", "subtype": None}, "^TEXT^^Base64^"),
        ({"source": "X", "type": "PDF", "subtype": None}, "X^PDF^^Base64^"),
    ],
    ids=str,
)
def test_a_pdf_has_the_components_that_the_receiver_wants(pdf: dict[str, Any], head: str):
    assert rows(fields(event(), layout="pdf", pdf=pdf), 2, 5)[1] == ("ED", head + PDF["base64"])


def test_each_pdf_is_sent_and_nothing_else_that_is_attached():
    picture = {**PDF, "media_type": "image/png", "base64": "AAAA"}
    other = {**PDF, "media_type": "Application/PDF; name=x", "base64": "JVBERi0yLjA="}
    sent = rows(fields(event(documents=[PDF, picture, other]), layout="pdf"), 3, 4, 5)
    assert [value.rpartition("^")[2] for _, _, value in sent[1:]] == [PDF["base64"], other["base64"]]
    assert [instance for _, instance, _ in sent[1:]] == ["1", "2"]


@in_one_test(
    ("layout", "status", "obr_25", "obx_11"),
    [
        ("pdf", "P", "P", ["O", "P"]),
        ("pdf", "F", "F", ["O", "F"]),
        ("pdf", "C", "C", ["O", "C"]),
        ("pdf", "W", "C", ["O", "W"]),
        ("notice", "P", "R", ["O"]),
        ("notice", "F", "R", ["O"]),
        ("notice", "C", "R", ["O"]),
        ("notice", "W", "X", ["O"]),
    ],
)
def test_statuses_of_documents_and_notices(layout: str, status: str, obr_25: str, obx_11: list[str]):
    segments = fields(event(), status, layout=layout)
    assert next(segment[25] for segment in segments if segment[0] == "OBR") == obr_25
    assert [found for (found,) in rows(segments, 11)] == obx_11


@in_one_test(
    ("study_uid", "kind", "value"),
    [
        ("ST", "ST", EFAST["study"]["study_uid"]),
        ("HD", "HD", f"^{EFAST['study']['study_uid']}^ISO"),
    ],
)
@in_one_test("layout", ["report", "lines", "pdf", "notice"])
def test_the_study_uid_as_a_row(layout: str, study_uid: str, kind: str, value: str):
    assert rows(fields(event(), layout=layout, study_uid=study_uid), 2, 3, 5)[0] == (
        kind,
        "113014^DICOM Study^DCM",
        value,
    )


@pytest.mark.parametrize("layout", ["report", "lines", "pdf"])
def test_the_study_uid_in_a_segment_of_its_own(layout: str):
    segments = fields(event(), layout=layout, study_uid="ZDS")
    assert segments[-1] == ["ZDS", f"{EFAST['study']['study_uid']}^^Application^DICOM"]
    assert "113014" not in str(rows(segments, 3))


@pytest.mark.parametrize("layout", ["report", "lines", "pdf"])
def test_no_study_uid_where_none_is_wanted(layout: str):
    assert EFAST["study"]["study_uid"] not in str(fields(event(), layout=layout, study_uid="none"))


@in_one_test("layout", ["report", "lines", "pdf", "notice"])
@in_one_test(
    ("form", "kind", "value"),
    [
        ("text", "TX", "https://cloud.example.org/s?a=1\\T\\b=2"),
        ("rp", "RP", "https://cloud.example.org/s?a=1\\T\\b=2^^image"),
    ],
)
def test_the_link_to_the_images(layout: str, form: str, kind: str, value: str):
    linked = event(images_url="https://cloud.example.org/s?a=1&b=2")
    assert rows(fields(linked, layout=layout, image_link=form), 2, 3, 5)[-1] == (
        kind,
        "IMAGES^Link to the images^L",
        value,
    )


@pytest.mark.parametrize(
    ("layout", "setting", "segment", "is_there"),
    [
        ("report", {"order_segment": "leave_out"}, "ORC", False),
        ("report", {"visit_segment": "leave_out"}, "PV1", False),
        ("pdf", {"order_segment": "send"}, "ORC", True),
        ("pdf", {"visit_segment": "send"}, "PV1", True),
    ],
    ids=str,
)
def test_order_and_visit_are_sent_as_the_receiver_wants_them(
    layout: str, setting: dict[str, str], segment: str, is_there: bool
):
    assert (segment in names(fields(event(), layout=layout, **setting))) == is_there


@pytest.mark.parametrize(
    ("setting", "written"),
    [
        ({}, "No free fluid.\\.br\\\\.br\\Lungs slide. "),
        ({"line_break": "crlf"}, "No free fluid.\\X0D0A\\\\X0D0A\\Lungs slide. "),
    ],
    ids=str,
)
def test_line_ends_within_a_text(setting: dict[str, str], written: str):
    assert rows(fields(event(), layout="report", **setting), 5)[1] == (written,)


@in_one_test(("layout", "default"), [("report", "TX"), ("lines", "ST")])
@in_one_test("wanted", [None, "TX", "FT", "ST"])
def test_text_has_the_type_that_the_receiver_wants(layout: str, default: str, wanted: str | None):
    segments = fields(event(study_uid=None, observations=[]), layout=layout, text_type=wanted)
    assert {kind for (kind,) in rows(segments, 2)} == {wanted or default}


@pytest.mark.parametrize("layout", ["report", "lines"])
def test_an_addendum_is_marked_in_each_text_of_a_correction_and_nowhere_else(layout: str):
    def marked(status: str, **settings: str) -> int:
        attested = event(attestation={"text": "I agree."})
        found = rows(fields(attested, status, layout=layout, **settings), 3)
        return sum("&ADT^" in code for (code,) in found)

    texts = len(REPORT) + 1 if layout == "report" else 7
    assert marked("C", corrections="addendum") == texts
    assert marked("F", corrections="addendum") == 0
    assert marked("C") == 0


@pytest.mark.parametrize("layout", ["report", "lines"])
def test_an_addendum_holds_the_whole_text_and_its_values_replace(layout: str):
    measured = {"type": "numeric", "code": "EF", "system": "L", "display": "EF", "value": "55", "unit": "%"}
    corrected = event(observations=[measured], study_uid=None)

    def sent(corrections: str) -> list[list[tuple[str, ...]]]:
        found = rows(fields(corrected, "C", layout=layout, corrections=corrections), 2, 3, 5, 11)
        return [[row for row in found if (row[0] == "NM") is is_value] for is_value in (False, True)]

    (old_text, old_values), (text, values) = sent("replace"), sent("addendum")
    assert [row[2] for row in text] == [row[2] for row in old_text]
    assert not any(suffix in row[1] for row in text for suffix in ("&GDT", "&IMP", "&REC"))
    assert values == old_values
    assert [(row[1], row[3]) for row in values] == [("EF^EF^L", "C")]


@in_one_test(
    ("layout", "what", "study", "field"),
    [
        ("report", "accession_number", {"accession_number": None}, "OBR-18"),
        ("report", "report", {"report": [{"section": "findings", "text": " \n"}]}, "OBX-5"),
        ("lines", "report", {"report": []}, "OBX-5"),
        ("pdf", "document", {"documents": []}, "OBX-5"),
        ("notice", "study_uid", {"study_uid": None}, "OBX-5"),
    ],
)
def test_what_is_missing_is_sent_without_or_set_aside(
    layout: str, what: str, study: dict[str, Any], field: str
):
    with pytest.raises(RenderingRefused) as refusal:
        fields(event(**study), layout=layout, when_missing={what: "set_aside"})
    assert refusal.value.field == field
    assert "OBX" in names(
        fields(event(**study), layout=layout, when_missing={what: "send"}, image_link="text")
    )


@pytest.mark.parametrize("place", ["PV1-19", "PID-18"])
def test_a_missing_visit_is_named_where_it_would_stand(place: str):
    with pytest.raises(RenderingRefused) as refusal:
        rendered(
            event().model_copy(update={"encounter": None}),
            endpoint(message={"visit_number": place, "when_missing": {"visit_number": "set_aside"}}),
        )
    assert refusal.value.field == place


@pytest.mark.parametrize("layout", ["report", "lines", "pdf", "notice"])
def test_a_message_without_any_result_is_never_sent(layout: str):
    empty = event(study_uid=None, report=[], observations=[], documents=[], images_url=None)
    with pytest.raises(RenderingRefused) as refusal:
        fields(empty, layout=layout, when_missing={"document": "send"})
    assert refusal.value.field == "OBX-5"


@pytest.mark.parametrize("version", ["2.3", "2.3.1", "2.4", "2.5.1"])
@given(instances=st.lists(st.sampled_from([None, "A", "A.1", "A.2", "1", "2", "1.1"]), max_size=8))
def test_no_two_rows_of_a_message_can_be_taken_for_one(version: str, instances: list[str | None]):
    observations = [
        {
            "type": "text",
            "code": "EFAST",
            "display": "eFAST",
            "system": "L",
            "value": "x",
            "instance": instance,
        }
        for instance in instances
    ]
    segments = fields(event(observations=observations), layout="lines", hl7_version=version)
    found = rows(segments, 3, 4)
    assert len(set(found)) == len(found)


def test_a_withdrawal_goes_out_whatever_the_study_lacks():
    bare = event(accession_number=None, report=[])
    demands = {"accession_number": "set_aside", "report": "set_aside"}
    assert fields(bare, "W", layout="report", when_missing=demands)


def test_a_tab_in_a_text_is_written_as_the_blanks_that_it_stands_for():
    tabbed = event(report=[{"section": "findings", "text": "LV\t5.9 cm"}], observations=[])
    for layout in ("report", "lines"):
        assert "LV      5.9 cm" in str(rows(fields(tabbed, layout=layout), 5))


@pytest.mark.parametrize(
    ("own", "written"),
    [
        ({}, "20430005^20430005^L"),
        ({"value_display": "Positive"}, "20430005^Positive^L"),
        ({"value_display": "Positive", "value_system": "SCT"}, "20430005^Positive^SCT"),
    ],
    ids=str,
)
def test_a_coded_value_says_its_text_and_its_system(own: dict[str, str], written: str):
    coded = {"type": "coded", "code": "MURPHY", "value": "20430005", **own}
    assert rows(fields(event(observations=[coded]), layout="report"), 2, 5)[-1] == ("CWE", written)


def test_a_pdf_has_the_type_of_its_exam_or_of_its_endpoint():
    by_exam = {"EFAST": {"code": "76705", "document_type": "11522-0"}}
    for settings, code in [
        ({}, "18760-9^Ultrasound report^LN"),
        ({"document_type": "11525-3"}, "11525-3^Obstetric ultrasound study^LN"),
        ({"document_type": "11525-3", "exam_codes": by_exam}, "11522-0^Echocardiography study^LN"),
    ]:
        assert rows(fields(event(), layout="pdf", **settings), 3)[1] == (code,)


def test_a_row_shows_nothing_of_a_patient():
    assert "secret" not in repr(ObxRow(type="TX", code="secret", value="secret", instance="secret"))
