"""One form, filled in again and again, writes what a form of its own would: nothing of one message is in the next."""

import json
from types import SimpleNamespace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from butterfly_gitops.hl7.escape import escape
from butterfly_gitops.hl7.form import Form
from butterfly_gitops.hl7.message import segment
from butterfly_gitops.hl7.refusal import RenderingRefused
from butterfly_gitops.hl7.render import KnownReport, Rendered, render
from butterfly_gitops.hl7.segment_form import form_of
from butterfly_gitops.hl7.segment_map import Attribute, Field, SegmentMap, fixed
from butterfly_gitops.hl7.transliteration import fitted
from butterfly_gitops.model.delivery import ResultStatus
from butterfly_gitops.model.endpoint import EhrEndpoint
from butterfly_gitops.model.study import StudyEvent
from tests.hl7.samples import AT, CONTROL_ID, FALLBACK, TESTS, endpoint, field_of, rendered
from tests.rules.canaries import EVENT, leaves
from tests.table import in_one_test

STUDIES = [
    StudyEvent.model_validate_json(line)
    for path in sorted((TESTS / "studies").glob("*.json"))
    for line in [path.read_text(encoding="utf-8")]
    if isinstance(json.loads(line), dict)
]
WISHES: dict[str, dict[str, Any]] = {
    "as it comes": {},
    "lines": {"layout": "lines", "hl7_version": "2.3"},
    "notice": {"layout": "notice", "order_segment": "leave_out"},
    "fixed fields": {"fields": {"PV1-3.4": "ED", "OBX-8": "N", "OBR-15.1": "US"}, "empty_as_null": ["PID-8"]},
    "own providers": {"provider_id": {"authority": "STE", "type": "NPI", "others": "leave_out"}},
}


def filled(form: Form, event: StudyEvent) -> Rendered:
    report = KnownReport(fallback_filler=FALLBACK)
    return render(form, event, report=report, status=ResultStatus.F, control_id=CONTROL_ID, at=AT)


def outcome(make: Any) -> object:
    try:
        return make()
    except RenderingRefused as refusal:
        return refusal.field, refusal.why


@in_one_test("message", WISHES.values(), ids=WISHES.keys())
def test_a_form_keeps_nothing_of_a_message(message: dict[str, Any]):
    to = endpoint(message=message)
    form = Form.of(to)
    again = [*STUDIES, *reversed(STUDIES)]
    together = [outcome(lambda one=one: filled(form, one)) for one in again]
    assert together == [outcome(lambda one=one: rendered(one, to)) for one in again]
    assert len({written.data for written in together if isinstance(written, Rendered)}) > 1


@pytest.mark.parametrize(
    ("settings", "place", "written"),
    [
        ({"sending_facility": "100%s"}, "MSH-4", "100%s"),
        ({"message": {"fields": {"OBX-8": "50%"}}}, "OBX-8", "50%"),
        ({"message": {"fields": {"PID-3.9": "%(x)d"}}}, "PID-3", "^MR^^^^%(x)d"),
    ],
)
def test_what_a_setting_says_is_taken_letter_by_letter(settings: dict[str, Any], place: str, written: str):
    assert field_of(filled(Form.of(endpoint(**settings)), STUDIES[0]), place).endswith(written)


def too_long(**overrides: Any) -> EhrEndpoint:
    long = {"namespace": "N" * 20, "universal_id": "1." * 90 + "1", "universal_id_type": "ISO"}
    message = {"layout": "lines", "hl7_version": "2.4", **overrides}
    return endpoint(sending_facility=long, message=message)


def test_a_setting_that_is_too_long_is_refused_by_each_message_and_not_by_the_form():
    form = Form.of(too_long())
    for event in STUDIES:
        assert outcome(lambda event=event: filled(form, event)) == (
            "MSH-4",
            "is longer than the 180 characters that v2.4 allows",
        )
    assert isinstance(outcome(lambda: filled(Form.of(too_long(too_long="send")), STUDIES[0])), Rendered)


def test_every_text_for_people_is_fitted_and_nothing_else():
    accented = json.dumps(EVENT, ensure_ascii=False).replace("KANARI", "KÄNARI")
    event = fitted(StudyEvent.model_validate_json(accented), "ascii", in_plain_letters=True)
    kept = {
        pointer.rpartition("/")[2]
        for pointer, text in leaves(json.loads(event.model_dump_json(by_alias=True)))
        if "Ä" in str(text)
    }
    for_people = {"family", "given", "reason", "text", "display"}
    assert kept & for_people == set()
    assert {"id", "authority", "code", "unit", "placer_order_number", "visit_number"} <= kept


def test_an_event_that_fits_is_no_other():
    assert all(fitted(event, "ascii", in_plain_letters=True) is event for event in STUDIES if is_ascii(event))
    assert any(map(is_ascii, STUDIES))


def is_ascii(event: StudyEvent) -> bool:
    return event.model_dump_json().isascii()


VALUES = st.dictionaries(
    st.integers(3, 50),
    st.just("") | st.text(st.sampled_from("|^~\\&%s é1"), max_size=30).map(escape),
    max_size=12,
)
SOURCES = {
    "from what is given": lambda number, _: lambda given: getattr(given, f"of_{number}"),
    "as it stands": lambda number, _: Attribute(f"of_{number}"),
    "by the endpoint": lambda _, text: fixed(text),
}


def filled_from(kinds: list[str], name: str, values: dict[int, str], to: EhrEndpoint) -> str:
    """The segment of these values, each from a source of its kind."""
    fields = [
        Field(number, "", SOURCES[kind](number, values[number]), "")
        for number, kind in zip(sorted(values), kinds, strict=True)
    ]
    table: SegmentMap[Any] = SegmentMap(name=name, title="", fields=tuple(fields))
    held = SimpleNamespace(**{f"of_{number}": text for number, text in values.items()})
    return form_of(table, to).filled(held)


@given(VALUES, st.data(), st.sampled_from(["MSH", "PID", "PV1", "ORC", "OBR", "OBX"]))
def test_a_segment_is_its_fields_in_their_order(values: dict[int, str], data: st.DataObject, name: str):
    kinds = data.draw(st.lists(st.sampled_from(sorted(SOURCES)), min_size=len(values), max_size=len(values)))
    to = endpoint(message={"too_long": "send"})
    assert filled_from(kinds, name, values, to) == segment(name, sorted(values.items()))


@given(VALUES, st.integers(1, 30), st.sampled_from(["PID", "OBR", "OBX"]))
def test_what_is_too_long_is_refused_alike_wherever_it_comes_from(
    values: dict[int, str], times: int, name: str
):
    longer = {number: text * times for number, text in values.items()}
    of_each_kind = [
        outcome(lambda kind=kind: filled_from([kind] * len(longer), name, longer, endpoint()))
        for kind in SOURCES
    ]
    assert of_each_kind.count(of_each_kind[0]) == len(SOURCES)
