"""The sample events under tests/studies can be handed in, rendered in every layout, and told apart."""

import base64
import re
from itertools import product

import pytest

from butterfly_gitops.hl7.layouts.catalog import LAYOUTS
from butterfly_gitops.hl7.refusal import RenderingRefused
from butterfly_gitops.model.study import StudyEvent
from tests.hl7 import standard
from tests.hl7.samples import TESTS, endpoint, rendered, study
from tests.hl7.wire import Wire
from tests.table import in_one_test

STUDIES = TESTS / "studies"
NAMES = sorted(path.stem for path in STUDIES.glob("*.json"))
SHAPES = [(layout.name, version) for layout in LAYOUTS.values() for version in layout.versions]


@pytest.fixture
def events() -> dict[str, StudyEvent]:
    return {name: study(f"{name}.json") for name in NAMES}


def refused_field(name: str, layout: str) -> str:
    """What a sample lacks on purpose, for a layout."""
    event = study(f"{name}.json")
    if (layout == "pdf" and not event.study.documents) or (layout == "notice" and not event.study.study_uid):
        return "OBX-5"
    if not event.patient.identifiers:
        return "PID-3"
    return ""


@in_one_test("name", NAMES)
def test_each_is_rendered_in_every_layout_and_version_or_refused_for_what_it_lacks(name: str):
    for layout, version in SHAPES:
        to = endpoint(message={"layout": layout, "hl7_version": version})
        field = refused_field(name, layout)
        if not field:
            sent = Wire.read(rendered(study(f"{name}.json"), to).data.decode())
            assert standard.is_in_order(sent.names, version)
            continue
        with pytest.raises(RenderingRefused) as refusal:
            rendered(study(f"{name}.json"), to)
        assert refusal.value.field == field


@in_one_test(("name", "layout"), list(product(NAMES, ["report", "lines"])))
def test_every_part_of_the_report_and_every_value_is_in_the_message(name: str, layout: str):
    event = study(f"{name}.json")
    if not event.patient.identifiers:
        return
    message = Wire.read(rendered(event, endpoint(message={"layout": layout})).data.decode())
    coded = [value.partition("^")[0] for value in message.each("OBX-5")]
    sent = "\n".join([*message.each("OBX-5"), *coded]).replace("\\.br\\", "\n")
    parts = [part.text for part in event.study.report] + [one.value for one in event.study.observations]
    if event.study.attestation:
        parts.append(event.study.attestation.text)
    wanted = [line for part in parts for line in part.splitlines()]
    for character, letter in (("\\", "E"), ("|", "F"), ("^", "S"), ("&", "T"), ("~", "R")):
        wanted = [line.replace(character, f"\\{letter}\\") for line in wanted]
    assert set(wanted) <= set(sent.split("\n"))


def test_their_ids_differ(events: dict[str, StudyEvent]):
    assert len({event.event_id for event in events.values()}) == len(events)


@pytest.mark.parametrize(
    ("name", "accession", "archive", "kind"),
    [
        ("efast-preliminary", "A4711", "st-elsewhere/emergency", "attestation_requested"),
        ("efast", "A4711", "st-elsewhere/emergency", "finalized"),
        ("efast-correction", "A4711", "st-elsewhere/emergency", "finalized"),
        ("efast-reverted", "A4711", "st-elsewhere/emergency", "reverted"),
        ("c1020", "C1020", "county-general/emergency", "finalized"),
        ("s0007", "S0007", "seaside/emergency", "finalized"),
    ],
)
def test_the_studies_of_the_demo(
    events: dict[str, StudyEvent], name: str, accession: str, archive: str, kind: str
):
    event = events[name]
    assert (event.study.accession_number, event.archive, event.event) == (accession, archive, kind)


def test_the_snapshots_of_a4711_are_one_study_in_order(events: dict[str, StudyEvent]):
    story = [events[f"efast{part}"] for part in ("-preliminary", "", "-correction", "-merged")]
    assert len({event.study.id for event in story}) == 1
    assert [event.study.revision for event in story] == [2, 3, 4, 5]
    assert [event.occurred_at for event in story] == sorted(event.occurred_at for event in story)


def test_a_merge_names_the_identifier_that_was_and_a_wrong_patient_none(events: dict[str, StudyEvent]):
    before = events["efast-correction"].patient
    after, other = events["efast-merged"].patient, events["efast-another-patient"].patient
    assert after.merged_from == before.identifiers
    assert not other.merged_from
    assert len({one.identifiers for one in (before, after, other)}) == 3


def test_twins_are_measured_alike_and_told_apart(events: dict[str, StudyEvent]):
    values = events["twins"].study.observations
    first, second = ([one.code for one in values if one.instance == twin] for twin in "AB")
    assert first == second
    assert len(first) == 6


def test_a_heart_has_measured_and_coded_findings(events: dict[str, StudyEvent]):
    values = events["cardiac"].study.observations
    assert {one.type for one in values} == {"numeric", "coded", "text"}
    assert "10230-1" in {one.code for one in values}


def test_an_order_and_an_encounter_are_known_by_their_numbers(events: dict[str, StudyEvent]):
    ordered, walked_in = events["order-based"], events["encounter-based"]
    numbers = [
        (one.study.placer_order_number, one.study.ordered_procedure, one.study.accession_number)
        for one in (ordered, walked_in)
    ]
    assert all(numbers[0])
    assert not any(numbers[1])
    assert walked_in.encounter
    assert walked_in.encounter.visit_number


def test_who_is_not_identified_has_no_number_or_a_temporary_one(events: dict[str, StudyEvent]):
    assert events["unidentified"].patient.identifiers == ()
    assert [one.type for one in events["unidentified-temporary"].patient.identifiers] == ["MRT"]


def test_a_long_report_is_long_and_none_of_its_lines_is_lost(events: dict[str, StudyEvent]):
    text = events["long-report"].study.report[0].text
    assert len(text.encode()) > 65536
    message = Wire.read(rendered(events["long-report"], endpoint(message={"layout": "lines"})).data.decode())
    assert message.each("OBX-5")[: text.count("\n") + 1] == text.splitlines()
    assert message.each("OBX-4")[:3] == ["1", "2", "3"]


def test_a_pdf_is_one(events: dict[str, StudyEvent]):
    (document,) = events["pdf-report"].study.documents
    content = base64.b64decode(document.base64)
    assert content.startswith(b"%PDF-1.4\n")
    assert content.endswith(b"%%EOF\n")
    start = int(re.search(rb"startxref\n([0-9]+)\n", content)[1])
    assert content[start:].startswith(b"xref\n")
