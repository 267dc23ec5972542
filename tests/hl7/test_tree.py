"""A message as a tree: every field by its name, every text as it was before it was escaped."""

import re
from typing import Any

from hl7apy import load_library
from hypothesis import given, settings
from hypothesis import strategies as st

from butterfly_gitops.hl7.field_type import TYPE_OF_FIELD, component_name
from butterfly_gitops.hl7.layouts.catalog import LAYOUTS
from butterfly_gitops.hl7.tree import FieldPart, Segment, tree_of
from tests.hl7.samples import CASES, endpoint, read_case, rendered, study
from tests.table import in_one_test

STANDARD = load_library("2.5.1")


def tree(
    message: dict[str, Any] | None = None, *, name: str = "efast.json", **changes: Any
) -> tuple[Segment, ...]:
    to = endpoint(message=message or {})
    return tree_of(rendered(study(name, **changes), to).data, to)


def leaves(part: FieldPart) -> list[FieldPart]:
    return [leaf for each in part.parts for leaf in leaves(each)] if part.parts else [part]


def told(segments: tuple[Segment, ...]) -> dict[str, tuple[str, str]]:
    """The first of each place: its name and text."""
    found: dict[str, tuple[str, str]] = {}
    for segment in segments:
        for part in segment.fields:
            for leaf in leaves(part):
                found.setdefault(leaf.place, (leaf.name, leaf.text))
    return found


@in_one_test(
    ("place", "name", "text"),
    [
        ("MSH-3", "Sending Application", "BUTTERFLY"),
        ("MSH-9.2", "Trigger Event", "R01"),
        ("PID-3.4", "Assigning Authority", "STE"),
        ("PID-5.1", "Family Name", "Muster"),
        ("PV1-3.2", "Room", "12"),
        ("OBR-4.2", "Text", "eFAST"),
        ("OBR-32.1.2", "Family Name", "Okafor"),
        ("OBX-5", "Observation Value", "1.2.840.113619.2.55.3.604688119.971.1387297"),
    ],
)
def test_what_stands_where(place: str, name: str, text: str) -> None:
    assert told(tree())[place] == (name, text)


def test_segments_have_titles_in_the_order_of_the_message() -> None:
    assert [(one.name, one.title) for one in tree()][:3] == [
        ("MSH", "Message header"),
        ("PID", "Patient identification"),
        ("PV1", "Patient visit"),
    ]


def test_a_repetition_has_its_number() -> None:
    author = {"role": "author", "id": "7", "family": "A", "given": None}
    people = [
        {"role": "attester", "family": "Z"},
        author,
        {**author, "role": "secondary_author", "family": "B"},
    ]
    event = study("efast.json").model_dump(mode="json", by_alias=True)
    found = told(tree(study={**event["study"], "people": people}))
    assert (found["OBR-33[1].1.2"][1], found["OBR-33[2].1.2"][1]) == ("A", "B")


def test_a_document_is_marked_as_data() -> None:
    (data,) = [
        leaf
        for segment in tree({"layout": "pdf"})
        for part in segment.fields
        for leaf in leaves(part)
        if leaf.is_data
    ]
    assert (data.place, data.name, data.text) == ("OBX-5.5", "Data", "JVBERi0xLjQKJSVFT0YK")


def test_what_only_a_fixed_value_fills_has_no_name() -> None:
    found = told(tree({"fields": {"OBR-15.1": "US", "PV1-3.4": "ED"}}))
    assert (found["OBR-15"], found["PV1-3.4"]) == (("", "US"), ("Facility", "ED"))


@settings(deadline=None)
@given(
    st.text(st.characters(exclude_categories=["C", "Zl", "Zp"]), min_size=1).filter(
        lambda text: text.strip() == text
    )
)
def test_a_text_is_read_as_it_was_written(text: str) -> None:
    patient = {"identifiers": [{"id": "1"}], "family": text[:100], "given": "Erika"}
    assert told(tree({"too_long": "send"}, patient=patient))["PID-5.1"][1] == text[:100]


@in_one_test("name", sorted(path.stem for path in CASES.glob("*.json")))
def test_nothing_of_a_golden_message_is_left_out_or_nameless(name: str) -> None:
    case = read_case(name)
    found = tree_of(case.rendered.data, case.endpoint)
    parts = [leaf for segment in found for part in segment.fields for leaf in leaves(part)]
    # Delimiters and the two fields of them aside, what is shown is what is there.
    fields = [line.split("|") for line in case.text.split("\n")]
    values = [
        value
        for line in fields
        for field in (line[2:] if line[0] == "MSH" else line[1:])
        for value in re.split(r"[~^&]", field)
        if value
    ]
    assert len(parts) == len(values)
    fixed = case.endpoint.message.fields
    assert [
        one.place for one in parts if not one.name and not any(place.startswith(one.place) for place in fixed)
    ] == []


def words(name: str) -> str:
    return re.sub(r"[^a-z]", "", name.lower())


@in_one_test("place", TYPE_OF_FIELD)
def test_types_and_names_are_those_of_the_standard(place: str) -> None:
    if place.startswith("ZDS"):
        return
    field = STANDARD.get(place.replace("-", "_"), "Field")
    kind = TYPE_OF_FIELD[place]
    assert field[2] == kind
    for number, (component, *_) in enumerate(STANDARD.get(kind, "Datatypes_Structs"), start=1):
        ours = component_name(kind, number)
        theirs = STANDARD.get(component, "Component")[3]
        # The standard's own say more in brackets: `Suffix (e.g., JR or III)`.
        assert words(theirs).startswith(words(ours)), component


def test_each_segment_of_a_layout_is_named() -> None:
    for layout in LAYOUTS.values():
        assert {"MSH", "PID", "PV1", "OBR", "OBX", "ZDS"} <= layout.segments.keys()
