"""What differs between two messages of a study, and that nothing which a study says is ever among it."""

import json
import sys
from collections.abc import Callable
from types import FrameType
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from butterfly_gitops.hl7.comparison import SHOWN, Alteration, alterations
from butterfly_gitops.hl7.layouts.catalog import LAYOUTS
from tests.hl7.samples import endpoint, rendered, study
from tests.table import in_one_test

FINDINGS = "18782-3^Radiology Study observation (narrative)^LN"
EF = "EF^Ejection fraction^L"
LINE = "EFAST&GDT^eFAST^L"
UID, LINK = "113014^DICOM Study^DCM", "IMAGES^Link to the images^L"


def text(status: str = "F", **settings: Any) -> str:
    known = {"last_status_time": "20260101120000"} if status == "C" else None
    message = rendered(study("efast.json"), endpoint(**settings), status=status, known=known)
    return message.data.decode("utf-8")


def said(one: Alteration) -> str:
    return " ".join(filter(None, (one.place, one.kind, one.old, one.new, one.row and f"in {one.row}")))


def layout_of(settings: dict[str, Any]) -> str:
    return str(settings.get("message", {}).get("layout", "report"))


def between(before: dict[str, Any], after: dict[str, Any], status: str = "F") -> list[str]:
    return [
        said(one)
        for one in alterations(
            text(status, **before),
            text(status, **after),
            is_same_layout=layout_of(before) == layout_of(after),
        )
    ]


@in_one_test(
    ("after", "expected"),
    [
        ({}, []),
        ({"sending_facility": "ED"}, ["MSH-4 changed STE ED"]),
        ({"receiving_application": None}, ["MSH-5 removed EPIC"]),
        ({"acknowledgement": {"mode": "commit"}}, ["MSH-15 added AL", "MSH-16 added NE"]),
        ({"message": {"diagnostic_service": "CUS"}}, ["OBR-24 changed RUS CUS"]),
        (
            {"message": {"exam_codes": {"EFAST": {"code": "76705", "system": "C4"}}}},
            ["OBR-4 changed EFAST^eFAST^L 76705^^C4"],
        ),
        ({"message": {"study_uid": "none"}}, [f"OBX removed {UID}"]),
        ({"message": {"study_uid": "HD"}}, [f"OBX-2 changed ST HD in {UID}", f"OBX-5 changed in {UID}"]),
        ({"message": {"study_uid": "ZDS"}}, [f"OBX removed {UID}", "ZDS added"]),
        ({"message": {"image_link": "text"}}, [f"OBX added {LINK}"]),
        ({"message": {"visit_segment": "leave_out"}}, ["PV1 removed"]),
        ({"message": {"placer_fallback": "filler"}}, ["ORC-2 added", "OBR-2 added"]),
        ({"message": {"empty_as_null": ["OBR-31"]}}, ['OBR-31 added ""']),
        ({"message": {"fields": {"PV1-3.4": "ED"}}}, ["PV1-3.4 added"]),
        ({"message": {"fields": {"PV1-19.4": "STE", "PV1-19.5": "VN"}}}, ["PV1-19.4 added", "PV1-19.5 added"]),
        ({"message": {"fields": {"PID-18.4": "STE"}}}, []),
        (
            {"message": {"authorities": {"STE": {"universal_id": "1.2"}}}},
            ["PID-3.4 changed", "OBR-16.9 changed", "OBR-32 changed"],
        ),
        ({"message": {"visit_number": "PID-18"}}, ["PID-18 added", "PV1-19 removed"]),
        (
            {"message": {"times": "local_with_offset"}},
            ["MSH-7 changed 20261124090315 20261124090315-0500", "OBR-7 changed", "OBR-22 changed", *(f"OBX-14 changed in {code}" for code in (FINDINGS, EF))],
        ),
    ],
    ids=lambda value: json.dumps(value)[:40] if isinstance(value, dict) else None,
)  # fmt: skip
def test_each_field_that_differs_is_named(after: dict[str, Any], expected: list[str]) -> None:
    assert between({}, after) == expected


PDF = "18760-9^Ultrasound report^LN"


@in_one_test(
    ("before", "after", "expected"),
    [
        (
            {"layout": "report"},
            {"layout": "lines"},
            [
                *(f"OBX removed {code}" for code in (UID, FINDINGS)),
                f"OBX added {LINE}",
            ],
        ),
        (
            {"layout": "lines"},
            {"layout": "pdf"},
            [
                "PV1 removed",
                "ORC removed",
                *(f"OBX removed {code}" for code in (LINE, EF)),
                *(f"OBX added {code}" for code in (UID, PDF)),
            ],
        ),
        (
            {"layout": "pdf"},
            {"layout": "report"},
            [
                "PV1 added",
                "ORC added",
                f"OBX-2 changed HD ST in {UID}",
                f"OBX-5 changed in {UID}",
                f"OBX-11 changed O F in {UID}",
                f"OBX removed {PDF}",
                *(f"OBX added {code}" for code in (FINDINGS, EF)),
            ],
        ),
        (
            {"layout": "lines"},
            {"layout": "lines", "exam_codes": {"EFAST": {"code": "76705"}}},
            [
                "OBR-4 changed EFAST^eFAST^L 76705",
                "OBX-3 changed EFAST&GDT^eFAST^L 76705&GDT",
            ],
        ),
        (
            {"layout": "pdf"},
            {"layout": "pdf", "study_uid": "none", "document_type": "11528-7"},
            [f"OBX-3 changed {PDF} 11528-7^Radiology studies^LN", f"OBX removed {UID}"],
        ),
    ],
    ids=["report to lines", "lines to pdf", "pdf to report", "lines, exam code", "pdf, document type"],
)
def test_an_obx_is_the_same_by_what_it_tells_of_and_never_by_where_it_stands(
    before: dict[str, Any], after: dict[str, Any], expected: list[str]
) -> None:
    assert between({"message": before}, {"message": after}) == expected


def test_rows_that_say_nothing_are_not_the_same() -> None:
    head = "MSH|^~\\&|\rOBR|1\r"
    first, second = (f"{head}OBX|1|ST|{code}||\r" for code in ("A", "B"))
    assert [said(one) for one in alterations(first, second)] == ["OBX removed A", "OBX added B"]


def _calls(work: Callable[[], object]) -> int:
    """How many functions are called for it, those of Python itself among them."""
    count = 0

    def one_more(_frame: FrameType, event: str, _argument: object) -> None:
        nonlocal count
        count += event in ("call", "c_call")

    before = sys.getprofile()
    sys.setprofile(one_more)
    try:
        work()
    finally:
        sys.setprofile(before)
    return count


@pytest.mark.parametrize(
    ("code", "identifier"),
    [("X", "{}b"), ("Y", "{}b"), ("Y{}", "{}")],
    ids=["other OBX-4", "the same other OBX-3, and other OBX-4", "each another OBX-3"],
)
def test_the_work_grows_with_the_number_of_rows(code: str, identifier: str) -> None:
    def rows(code: str, identifier: str, value: str, number: int) -> str:
        told = (
            f"OBX|{row}|TX|{code.format(row)}|{identifier.format(row)}|{value}{row}\r"
            for row in range(1, number + 1)
        )
        return "MSH|^~\\&|\r" + "".join(told)

    def work(number: int) -> int:
        first, second = rows("X", "{}", "old", number), rows(code, identifier, "new", number)
        return _calls(lambda: alterations(first, second))

    assert work(800) < 5 * work(200)


def test_the_way_back_is_the_same_reversed() -> None:
    there = between({}, {"message": {"study_uid": "none", "diagnostic_service": "CUS"}})
    back = between({"message": {"study_uid": "none", "diagnostic_service": "CUS"}}, {})
    assert (there, back) == (
        ["OBR-24 changed RUS CUS", f"OBX removed {UID}"],
        ["OBR-24 changed CUS RUS", f"OBX added {UID}"],
    )


def test_a_correction_is_compared_as_such() -> None:
    assert between({}, {"message": {"corrected_as": "F"}}, "C") == [
        "OBR-25 changed C F",
        *(f"OBX-11 changed C F in {code}" for code in (UID, FINDINGS, EF)),
    ]


def is_sent(message: dict[str, Any]) -> bool:
    """Whether a layout has something to say: a notice without the Study UID in an OBX has not."""
    return message.get("layout") != "notice" or message.get("study_uid") in (None, "ST", "HD")


MESSAGES = st.fixed_dictionaries(
    {},
    optional={
        "layout": st.sampled_from(["report", "lines", "pdf", "notice"]),
        "study_uid": st.sampled_from(["ST", "HD", "ZDS", "none"]),
        "image_link": st.sampled_from(["none", "text", "rp"]),
        "times": st.sampled_from(["local", "local_with_offset"]),
        "visit_number": st.sampled_from(["PV1-19", "PID-18"]),
        "placer_fallback": st.sampled_from(["none", "filler"]),
        "order_segment": st.sampled_from(["send", "leave_out"]),
        "empty_as_null": st.just(["PID-18", "OBR-31"]),
        "fields": st.just({"PID-26": "X", "OBR-15.1": "US"}),
        "when_missing": st.just({"document": "send"}),
    },
)
# Whatever of the sample says who it is of, when it was, or what was found.
TOLD = (
    "Muster",
    "Erika",
    "MRN0042",
    "V881",
    "A4711",
    "Okafor",
    "No free fluid",
    "20261124084100",
    "1.2.840",
    "JVBERi",
    "19800229",
)


@settings(deadline=None)
@given(
    MESSAGES.filter(is_sent),
    MESSAGES.filter(is_sent),
)
def test_nothing_that_a_study_says_is_shown(before: dict[str, Any], after: dict[str, Any]) -> None:
    found = " ".join(between({"message": before}, {"message": after}))
    assert [word for word in TOLD if word in found] == []


@settings(deadline=None)
@given(MESSAGES.filter(is_sent))
def test_equal_messages_do_not_differ(message: dict[str, Any]) -> None:
    assert between({"message": message}, {"message": message}) == []


FROM_STUDIES = {
    "PID": {3, 5, 7, 8, 18}, "PV1": {2, 3, 7, 19, 51}, "ORC": {2, 3, 7}, "TQ1": {7}, "ZDS": {1}, "OBX": {4, 5, 14},
    "OBR": {2, 3, 7, 8, 16, 18, 22, 27, 31, 32, 33, 34, 35},
}  # fmt: skip


def test_each_field_of_ours_is_shown_or_known_to_be_of_a_study() -> None:
    for layout in LAYOUTS.values():
        for name, table in layout.segments.items():
            numbers = {field.number for field in table.fields}
            assert numbers - SHOWN[name] == numbers & FROM_STUDIES.get(name, set()), name
            assert not SHOWN[name] & FROM_STUDIES.get(name, set())
