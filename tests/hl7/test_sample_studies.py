"""The sample events under tests/studies can be handed in, rendered, and told apart."""

import pytest

from butterfly_gitops.model.study import StudyEvent
from tests.hl7.samples import TESTS, rendered, study

NAMES = sorted(path.name for path in (TESTS / "studies").glob("*.json"))


@pytest.fixture
def events() -> dict[str, StudyEvent]:
    return {name: study(name) for name in NAMES}


@pytest.mark.parametrize("name", NAMES)
def test_each_can_be_rendered(name: str):
    assert rendered(study(name)).data.startswith(b"MSH|")


def test_their_ids_differ(events: dict[str, StudyEvent]):
    assert len({event.event_id for event in events.values()}) == len(events)


@pytest.mark.parametrize(
    ("name", "accession", "archive", "kind"),
    [
        ("efast-preliminary.json", "A4711", "st-elsewhere/emergency", "attestation_requested"),
        ("efast.json", "A4711", "st-elsewhere/emergency", "finalized"),
        ("efast-correction.json", "A4711", "st-elsewhere/emergency", "finalized"),
        ("efast-reverted.json", "A4711", "st-elsewhere/emergency", "reverted"),
        ("c1020.json", "C1020", "county-general/emergency", "finalized"),
        ("s0007.json", "S0007", "seaside/emergency", "finalized"),
    ],
)
def test_the_studies_of_the_demo(
    events: dict[str, StudyEvent], name: str, accession: str, archive: str, kind: str
):
    event = events[name]
    assert (event.study.accession_number, event.archive, event.event) == (accession, archive, kind)


def test_the_snapshots_of_a4711_are_one_study_in_order(events: dict[str, StudyEvent]):
    story = [events[f"efast{part}.json"] for part in ("-preliminary", "", "-correction")]
    assert len({event.study.id for event in story}) == 1
    assert [event.study.revision for event in story] == [2, 3, 4]
    assert [event.occurred_at for event in story] == sorted(event.occurred_at for event in story)
