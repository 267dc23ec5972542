"""What changes of the configuration do to the messages of sample studies: which endpoints, which studies, said once."""

import json
from collections.abc import Iterator
from typing import Any

import pytest

from butterfly_gitops.model.coding import ExamCode
from butterfly_gitops.model.endpoint import EhrEndpoint
from butterfly_gitops.model.fleet import Fleet
from butterfly_gitops.model.message import Message, WhenMissing
from butterfly_gitops.model.site import Site
from butterfly_gitops.model.study import StudyEvent
from butterfly_gitops.plan.document import Plan, from_document, to_document
from butterfly_gitops.plan.markdown import print_markdown
from butterfly_gitops.plan.message_effect import MessageEffect, Preview
from butterfly_gitops.plan.planning import make_diff
from butterfly_gitops.plan.preview import SampleStudy, message_effects
from butterfly_gitops.plan.preview_words import fate_of, hidden_change, studies_of, times_of
from butterfly_gitops.plan.text import print_plan
from tests.hl7.samples import study
from tests.plan.fleets import archive, endpoint, fleet, side, site
from tests.table import in_one_test

ELSEWHERE = "st-elsewhere"


def one_site(name: str = ELSEWHERE, **endpoints: EhrEndpoint) -> Site:
    archives = {"emergency": archive(*endpoints, cloud_id=f"a-{name}")}
    return site(name, endpoints=endpoints, archives=archives)


def epic(**settings: Any) -> Fleet:
    return fleet(one_site(epic=endpoint(**settings)))


def samples(*names: str) -> list[SampleStudy]:
    return [SampleStudy(name=name, event=study(f"{name}.json")) for name in names]


def edited(name: str = "efast", **changes: Any) -> SampleStudy:
    event = study("efast.json").model_dump(mode="json", by_alias=True)
    for path, value in changes.items():
        *way, last = path.split("__")
        part = event
        for step in way:
            part = part[step]
        part[last] = value
    return SampleStudy(name=name, event=StudyEvent.model_validate_json(json.dumps(event)))


def previewed(old: Fleet | None, new: Fleet, chosen: list[SampleStudy], **parts: Any) -> Plan:
    desired, before = side(new), side(old)
    plan = make_diff(desired=desired, before=before, engine="0")
    effects = message_effects(plan.changes, chosen, desired=desired, before=before)
    preview = Preview(folder="studies/", studies=tuple(one.name for one in chosen), effects=effects, **parts)
    return plan.model_copy(update={"preview": preview})


def told(effect: MessageEffect) -> Iterator[str]:
    """Each fact in a line: whose it is, and what."""
    whole = Preview(folder="", studies=("never", "all", "of", "them", "at", "once"))
    for group in effect.groups:
        for fact in group.facts:
            values = " -> ".join(filter(None, (fact.old, fact.new))) or hidden_change(fact)
            row = f" in {fact.row}" if fact.row else ""
            what = fate_of(fact) or f"{fact.place} {values}{row}{times_of(fact)}"
            yield f"{studies_of(group, whole)}: {what}"


def lines(old: Fleet | None, new: Fleet, *chosen: SampleStudy) -> list[str]:
    plan = previewed(old, new, list(chosen) or samples("efast"))
    assert plan.preview is not None
    (effect,) = plan.preview.effects
    return list(told(effect))


@in_one_test(
    ("before", "after", "expected"),
    [
        ({}, {"sending_facility": "ED"}, ["efast: MSH-4 STE -> ED"]),
        (
            {},
            {"message": Message(diagnostic_service="CUS", exam_codes={"EFAST": ExamCode(code="7")})},
            ["efast: OBR-4 EFAST^eFAST^L -> 7", "efast: OBR-24 RUS -> CUS"],
        ),
        (
            {},
            {"message": Message(corrected_as="F")},
            ["corrections of efast: OBR-25 C -> F", "corrections of efast: OBX-11 C -> F (3 times)"],
        ),
        ({}, {"message": Message(text_type="FT")}, ["efast: OBX-2 TX -> FT in 18782-3^Radiology Study observation (narrative)^LN"]),
        (
            {},
            {"message": Message(max_message_bytes=1000, max_value_bytes=1000)},
            [],
        ),
        (
            {},
            {"message": Message(layout="notice", hl7_version="2.4")},
            ["efast: would be set aside: MSH-12 the layout notice has no version 2.4 (message.layout or message.hl7_version)"],
        ),
        (
            {"message": Message(layout="notice", hl7_version="2.4")},
            {},
            ["efast: would be sent; until now set aside: MSH-12 the layout notice has no version 2.4 (message.layout or message.hl7_version)"],
        ),
    ],
    ids=["facility", "codes", "corrections", "type", "nothing-to-see", "set-aside", "no-longer"],
)  # fmt: skip
def test_what_a_change_does(before: dict[str, Any], after: dict[str, Any], expected: list[str]) -> None:
    assert lines(epic(**before), epic(**after)) == expected


def test_another_layout_is_said_first_with_the_segments_that_leave_and_come() -> None:
    found = lines(
        epic(message=Message(layout="lines")), epic(message=Message(layout="pdf")), *samples("pdf-report")
    )
    assert [line.removeprefix("pdf-report: ") for line in found] == [
        "would be written in the layout pdf in place of lines:",
        "PV1 leaves",
        "ORC leaves",
        "OBX AORTA&GDT^Aorta^L",
        "OBX AORTA&IMP^Aorta^L",
        "OBX AORTA-MAX^Largest aortic diameter^L",
        "OBX 113014^DICOM Study^DCM",
        "OBX 18760-9^Ultrasound report^LN",
    ]


def test_a_part_that_is_fixed_is_named_and_its_value_is_that_of_a_field_that_is_not_shown() -> None:
    preview = previewed(epic(), epic(message=Message(fields={"PV1-19.4": "STE"})), samples("efast")).preview
    assert preview is not None
    ((fact,),) = (group.facts for effect in preview.effects for group in effect.groups)
    assert (fact.place, fact.name, fact.change, fact.old, fact.new) == (
        "PV1-19.4",
        "Assigning Authority",
        "added",
        None,
        None,
    )


def test_what_several_rows_have_in_common_is_said_without_one() -> None:
    (fact,) = lines(epic(), epic(message=Message(fields={"OBX-17": "US"})))
    assert fact == "efast: OBX-17 valued (3 times)"


def test_of_a_withdrawal_it_is_said_what_no_other_message_shows() -> None:
    found = lines(epic(message=Message(layout="notice")), epic(message=Message(order_segment="send")))
    assert [line for line in found if line.startswith("withdrawals")] == [
        "withdrawals of efast: ORC-5 CA -> CM",
        "withdrawals of efast: OBR-25 X -> C",
        "withdrawals of efast: OBX-11 O -> W in 113014^DICOM Study^DCM",
    ]


def test_a_change_that_no_message_shows_is_none() -> None:
    plan = previewed(epic(), epic(port=1, status="paused"), samples("efast"))
    assert plan.preview is not None
    assert plan.preview.effects == ()


def test_what_is_set_aside_comes_first_and_names_the_setting() -> None:
    without = edited("without", study__accession_number=None)
    after = epic(
        sending_facility="ED", message=Message(when_missing=WhenMissing(accession_number="set_aside"))
    )
    assert lines(epic(), after, *samples("efast"), without) == [
        "without: would be set aside: OBR-18 the study has no accession number (message.when_missing.accession_number)",
        "efast: MSH-4 STE -> ED",
        # What must be taken back is, whatever it lacks.
        "withdrawals of without: MSH-4 STE -> ED",
    ]


def test_set_aside_before_and_after_for_the_same_reason_is_no_difference() -> None:
    nobody = edited("nobody", patient__identifiers=[])
    assert lines(epic(), epic(sending_facility="ED"), nobody) == []


def test_one_difference_of_several_studies_is_said_once_with_how_often() -> None:
    longer = edited(
        "longer", study__report=[{"section": "findings", "text": "A"}, {"section": "other", "text": "B"}]
    )
    assert lines(epic(), epic(message=Message(text_type="FT")), *samples("efast"), longer) == [
        "efast and longer: OBX-2 TX -> FT (1 to 2 times)"
    ]


def test_an_endpoint_that_is_added_or_removed_shows_its_messages() -> None:
    two = fleet(one_site(epic=endpoint(), lab=endpoint(port=1)))
    segments = "MSH, PID, PV1, ORC, OBR, 3 OBX"
    assert lines(epic(), two) == [f"efast: would be sent: {segments}"]
    assert lines(two, epic()) == ["efast: would no longer be sent"]


def test_an_endpoint_under_another_name_is_the_same_one() -> None:
    renamed = one_site(bridges=endpoint(sending_facility="ED"))
    new = fleet(renamed.model_copy(update={"renamed": {"bridges": "epic"}}))
    assert lines(epic(), new) == ["efast: MSH-4 STE -> ED"]


@pytest.mark.parametrize(
    ("before", "after", "expected"),
    [
        ("never", "when_attestation_requested", "would be sent: MSH, PID, PV1, ORC, OBR, 2 OBX"),
        ("when_attestation_requested", "never", "would no longer be sent"),
    ],
)
def test_preliminary_results_begin_and_end(before: str, after: str, expected: str) -> None:
    found = lines(
        epic(preliminary_results=before),
        epic(preliminary_results=after),
        *samples("efast", "efast-preliminary", "efast-reverted"),
    )
    assert found == [f"efast-preliminary: {expected}"]


SEASIDE, COUNTY = one_site("seaside", epic=endpoint()), one_site("county-general", epic=endpoint())


def places(*chosen: SampleStudy) -> dict[str, set[str]]:
    """Which studies each endpoint is shown with, where all endpoints change alike."""
    changed = {"epic": endpoint(sending_facility="ED")}
    old = fleet(one_site(epic=endpoint()), SEASIDE, COUNTY)
    new = fleet(*(one.model_copy(update={"ehr_endpoints": changed}) for one in old.sites.values()))
    plan = previewed(old, new, list(chosen))
    assert plan.preview is not None
    return {
        " ".join(str(place) for place in effect.places): {name for group in effect.groups for name in group.studies}
        for effect in plan.preview.effects
    }  # fmt: skip


def test_a_study_is_for_the_endpoints_of_its_archives_site() -> None:
    assert places(*samples("efast"), edited("by-cloud-id", archive="a-seaside"), edited("c", archive="county-general/emergency")) == {
        "county-general/epic": {"c"},
        "seaside/epic": {"by-cloud-id"},
        "st-elsewhere/epic": {"efast"},
    }  # fmt: skip


def test_a_study_of_an_archive_that_nobody_knows_is_for_every_site() -> None:
    assert places(*samples("efast"), edited("misspelt", archive="st-elsewhere/emergncy")) == {
        "county-general/epic seaside/epic": {"misspelt"},
        "st-elsewhere/epic": {"efast", "misspelt"},
    }


def test_a_site_without_studies_of_its_own_gets_all_and_alike_endpoints_are_told_together() -> None:
    assert places(edited("nowhere", archive="some/where")) == {
        "county-general/epic seaside/epic st-elsewhere/epic": {"nowhere"}
    }


def test_without_studies_nothing_can_be_told() -> None:
    plan = previewed(epic(), epic(sending_facility="ED"), [])
    assert "In 0 sample studies of studies/, no message changes." in print_plan(plan)


def test_the_results_set_aside_are_counted_by_endpoint_and_study() -> None:
    strict = Message(when_missing=WhenMissing(visit_number="set_aside"))
    old = fleet(one_site(epic=endpoint(), lab=endpoint()))
    new = fleet(one_site(epic=endpoint(message=strict), lab=endpoint(message=strict)))
    without = [edited(name, encounter=None) for name in ("a", "b")]
    plan = previewed(old, new, [*without, *samples("efast")])
    assert plan.preview is not None
    assert plan.preview.set_aside == 4
    assert "messages to 2 endpoints change; 4 results would be set aside" in " ".join(
        print_plan(plan).split()
    )
    assert "4 results would be set aside" in print_markdown(plan, folder="sites")


def test_a_plan_with_a_preview_is_read_back_and_one_without_has_no_such_key() -> None:
    plan = previewed(epic(), epic(sending_facility="ED"), samples("efast"))
    assert from_document(to_document(plan)) == plan
    assert "preview" not in to_document(make_diff(desired=side(epic()), before=side(None), engine="0"))


def test_no_text_of_a_file_steers_a_terminal_or_is_markup() -> None:
    name = "<b>x</b>\x1b[2J|@team.json"
    plan = previewed(
        epic(), epic(sending_facility="[x](y)"), [edited(name)], unread=("@all\x1b: no study event",)
    )
    text, comment = print_plan(plan), print_markdown(plan, folder="sites")
    assert "\x1b" not in text + comment
    assert "<b>" not in comment
    assert "@team" not in comment
    assert "@all" not in comment
    assert "`[x](y)`" in comment


def test_a_comment_has_an_end() -> None:
    many = [edited(f"study-{number}", study__accession_number=str(number)) for number in range(150)]
    fields = {f"OBR-{number}": "x" for number in range(36, 50)}
    plan = previewed(
        epic(), epic(message=Message(fields=fields)), many, unread=tuple("x" * 500 for _ in range(300))
    )
    assert len(print_markdown(plan, folder="sites")) < 65_536
