"""docs/conformance.md is fresh, speaks of everything that is sent, and says what the standard and the messages say."""

import re
from collections.abc import Iterator
from typing import Any, get_args

from hl7apy.v2_5_1.datatypes import DATATYPES_STRUCTS
from hl7apy.v2_5_1.segments import SEGMENTS

from butterfly_gitops.hl7.acknowledgement import ErrorCode, read_acknowledgement
from butterfly_gitops.hl7.content import SECTIONS
from butterfly_gitops.hl7.datatype import cx, hd, ndl, pl, xcn, xpn
from butterfly_gitops.hl7.field_type import LAST_FIELDS, TYPE_OF_FIELD, component_name, components_of
from butterfly_gitops.hl7.layouts.catalog import LAYOUTS
from butterfly_gitops.hl7.own_field import FIXABLE, OWN_FIELDS
from butterfly_gitops.hl7.segment_map import Field
from butterfly_gitops.model.coding import Authority, DiagnosticService
from butterfly_gitops.model.endpoint import EhrEndpoint, Hd
from butterfly_gitops.model.message import Message
from butterfly_gitops.model.study import Location, PatientIdentifier, Person
from tests.hl7.conformance_file import STATEMENT, fresh
from tests.hl7.samples import CONTROL_ID, Case, golden_names, read_case
from tests.table import in_one_test
from tools.conformance.components import FILLED
from tools.conformance.standard import KINDS, TABLES

PAGE = fresh()
CASES = [read_case(name) for name in golden_names()]
TABLE = {table.number: table for table in TABLES}


def anchors(text: str) -> list[str]:
    titles = re.findall(r"(?m)^#+ (.+)$", re.sub(r"(?ms)^```.*?^```", "", text))
    return [re.sub(r"[^a-z0-9_ -]", "", title.lower()).replace(" ", "-") for title in titles]


def fields() -> Iterator[tuple[str, Field[Any]]]:
    for layout in LAYOUTS.values():
        for name, table in layout.segments.items():
            for field in table.fields:
                yield name, field


def test_it_is_fresh():
    assert STATEMENT.read_text(encoding="utf-8") == PAGE, f"{STATEMENT.name} is stale; run `make reference`"


def test_each_heading_has_an_anchor_of_its_own():
    assert sorted(anchors(PAGE)) == sorted(set(anchors(PAGE)))


def test_each_link_leads_somewhere():
    for link in set(re.findall(r"\]\(([^)]*)\)", PAGE)):
        file, _, anchor = link.partition("#")
        path = (STATEMENT.parent / file) if file else STATEMENT
        assert path.exists(), link
        assert not anchor or anchor in anchors(path.read_text(encoding="utf-8")), link


def test_each_table_has_as_many_cells_in_each_row():
    for table in re.findall(r"(?m)(?:^\|.*\n)+", PAGE):
        assert len({len(re.findall(r"(?<!\\)\|", row)) for row in table.splitlines()}) == 1, table


def test_each_field_that_a_layout_sends_has_a_row_that_says_what_it_holds():
    rows = PAGE.splitlines()
    for name, field in fields():
        start = f"| {name}-{field.number} | {field.name} | "
        assert any(row.startswith(start) and field.says in row for row in rows), start


def test_each_setting_of_a_message_has_a_row():
    assert [name for name in Message.model_fields if f"`{name}" not in PAGE] == []


def test_each_golden_message_is_linked():
    assert set(re.findall(r"\(\.\./tests/golden/message-(.*)\.hl7\)", PAGE)) == set(golden_names())


def test_each_golden_message_is_listed_with_the_statuses_that_stand_on_the_wire():
    rows = {row.split("]")[0][3:]: row for row in PAGE.splitlines() if row.startswith("| [message-")}
    for case in CASES:
        sent = segments(case)
        statuses = [
            next(one[25] for one in sent if one[0] == "OBR"),
            [one for one in sent if one[0] == "OBX"][-1][11],
        ]
        assert rows[f"message-{case.name}.hl7"].split(" | ")[-2:] == [statuses[0], f"{statuses[1]} |"]


def test_the_rows_of_lines_hold_every_section_and_the_attestation():
    _, _, after = PAGE.partition("### Layout `lines`")
    for text in (*SECTIONS, "I was present for the exam"):
        assert re.search(rf"\| `(The )?{text}\.` \|", after.partition("###")[0]), text


def test_of_each_field_that_is_sent_a_type_and_a_usage_are_known_and_of_no_other():
    sent: dict[str, set[int]] = {}
    for name, field in fields():
        sent.setdefault(name, set()).add(field.number)
    assert {name: set(kinds) for name, kinds in KINDS.items()} == sent


def letters(text: str) -> str:
    return re.sub(r"[^a-z0-9]", "", text.lower())


@in_one_test("name", [name for name in KINDS if name != "ZDS"])
def test_names_and_types_are_those_of_the_standard(name: str):
    known = {int(entry[0].rpartition("_")[2]): entry[1] for entry in SEGMENTS[name][1]}
    for segment, field in fields():
        if segment == name:
            _, _, data_type, says, *_ = known[field.number]
            kind = KINDS[name][field.number].type
            assert kind == data_type or (kind, data_type) == ("by OBX-2", "varies"), (name, field.number)
            assert letters(says).startswith(letters(field.name)), says


def segments(case: Case) -> list[list[str]]:
    lines = [line.split("|") for line in case.text.split("\n")]
    return [["MSH", "|", *line[1:]] if line[0] == "MSH" else line for line in lines]


@in_one_test("case", CASES, ids=lambda case: case.name)
def test_what_is_required_is_valued_and_codes_are_those_of_the_tables(case: Case):
    coded = {
        place: TABLE[number].values
        for number, place in (
            *(("0001", "PID-8"), ("0004", "PV1-2"), ("0038", "ORC-5"), ("0074", "OBR-24"), ("0085", "OBX-11")),
            *(("0103", "MSH-11"), ("0104", "MSH-12"), ("0119", "ORC-1"), ("0123", "OBR-25"), ("0125", "OBX-2")),
            *(("0155", "MSH-15"), ("0155", "MSH-16"), ("0211", "MSH-18")),
        )
    }  # fmt: skip
    for segment in segments(case):
        for number, kind in KINDS[segment[0]].items():
            value = segment[number] if number < len(segment) else ""
            assert value or kind.usage != "R", (segment[0], number)
            codes = coded.get(f"{segment[0]}-{number}")
            # `""` stands there only where an endpoint asks for it.
            assert codes is None or value in {"", '""', *codes}, (segment[0], number, value)


def filled(value: str) -> set[str]:
    return {
        str(number)
        for repetition in value.split("~")
        for number, part in enumerate(repetition.split("^"), start=1)
        if part
    }


@in_one_test("case", [one for one in CASES if not one.endpoint.message.fields], ids=lambda case: case.name)
def test_no_component_is_filled_but_those_that_are_listed(case: Case):
    for segment in segments(case):
        for number, value in enumerate(segment):
            data_type = TYPE_OF_FIELD.get(f"{segment[0]}-{number}")
            if f"{segment[0]}-{number}" == "OBX-5":
                data_type = segment[2] if segment[2] in FILLED else None
            if value != '""' and data_type is not None:
                assert filled(value) <= FILLED[data_type].keys(), (segment[0], number)


@in_one_test("case", [one for one in CASES if not one.endpoint.message.fields], ids=lambda case: case.name)
def test_no_component_that_may_be_fixed_is_written_by_us(case: Case):
    sent = {
        (f"{segment[0]}-{number}", int(component))
        for segment in segments(case)
        for number, value in enumerate(segment)
        for component in filled(value)
    }
    assert not sent & {(place, one.number) for place, parts in FIXABLE.items() for one in parts}


def test_no_component_that_may_be_fixed_is_one_that_a_data_type_fills():
    numbers_alone = {("PID-18", 4), ("PID-18", 5), ("PV1-19", 4), ("PV1-19", 5)}
    for place, components in FIXABLE.items():
        for one in components:
            if (place, one.number) not in numbers_alone:
                assert str(one.number) not in FILLED[TYPE_OF_FIELD[place]], (place, one)


def test_each_component_that_may_be_fixed_is_listed_with_its_name():
    for place, components in FIXABLE.items():
        rows = " ".join(row for row in PAGE.splitlines() if row.startswith(f"| {place} | "))
        for one in components:
            name = component_name(TYPE_OF_FIELD[place], one.number)
            assert name
            assert f"{one.number} {name}" in rows


def test_each_component_that_is_listed_is_filled_where_a_study_has_everything():
    known = {"STE": Authority(universal_id="1.2.3")}
    person = Person(role="author", id="1", family="A", given="B", authority="STE", id_type="NPI")
    identifier = PatientIdentifier(id="1", authority="STE", type="MR")
    whole = {
        "CX": cx(identifier, known),
        "XCN": xcn(person, known),
        "XPN": xpn("A", "B", unnamed="U"),
        "PL": pl(Location(unit="A", room="B", bed="C")),
        "HD": hd(Hd(namespace="A", universal_id="1.2.3", universal_id_type="ISO")),
        "NDL": ndl(person, known),
    }
    assert {name: filled(value) for name, value in whole.items()} == {
        name: set(FILLED[name]) for name in whole
    }
    parts = {str(number) for number, part in enumerate(whole["NDL"].split("&"), start=1) if part}
    assert set(re.findall(r"[0-9]+", FILLED["NDL"]["1"])) == parts


def test_the_sample_answers_are_read_as_it_says():
    accepted, refused = (
        read_acknowledgement(text.replace("\n", "\r").encode())
        for text in re.findall(r"(?ms)^```\n(MSH.*?)^```$", PAGE)
    )
    assert (accepted.problem, accepted.msa1, accepted.msa2) == ("", "AA", CONTROL_ID)
    assert (refused.problem, refused.msa1, refused.msa2) == ("", "AE", CONTROL_ID)
    assert refused.errors == (ErrorCode(code="204", severity="E"),)
    assert "No such patient" in refused.text


def test_the_fields_that_are_never_sent_cannot_be_fixed_either():
    assert {2, 4} <= OWN_FIELDS["PID"]
    assert not {2, 4} & KINDS["PID"].keys()


def test_the_tables_have_the_codes_that_the_settings_allow():
    assert set(TABLE["0074"].values) == set(get_args(get_args(DiagnosticService)[0]))
    processing = EhrEndpoint.model_json_schema()["properties"]["processing_id"]["enum"]
    assert set(TABLE["0103"].values) == set(processing)


@in_one_test("segment", LAST_FIELDS)
def test_each_field_has_the_components_of_its_data_type(segment: str):
    """As `hl7apy` has them; it knows no type of OBX-5, and none of OBX-20 to 22, which are reserved."""
    for number, (_, reference, *_) in enumerate(SEGMENTS[segment][1], start=1):
        kind = reference[2]
        known = None if kind in (None, "varies") else len(DATATYPES_STRUCTS.get(kind, "1"))
        assert components_of(segment, number) == known
