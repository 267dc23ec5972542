"""What an EHR may show and should not: of a study that has ended, or of a patient who turned out to be another."""

import pytest

from butterfly_gitops.model.delivery import Verdict
from butterfly_gitops.model.study import StudyEvent
from butterfly_gitops.store.interface import Store
from tests.store.play import DELIVERED, SILENT, Play, an_event

OF_HANS = an_event("e-9", revision=9, patient="hans")


async def withheld(store: Store) -> list[tuple[str, int]]:
    return [(one.study, one.revision) for one in (await store.observe()).withheld]


@pytest.mark.parametrize("kind", ["reverted", "deleted"])
@pytest.mark.parametrize("verdict", [DELIVERED, SILENT], ids=["delivered", "not answered"])
async def test_what_may_have_been_received_of_an_ended_study(
    store: Store, kind: str, verdict: Verdict
) -> None:
    play = await Play.start(store)
    await play.accept(an_event("e-1", revision=3))
    await play.send(verdict=verdict)
    assert await withheld(store) == []
    await play.accept(an_event("e-2", kind, revision=4))
    assert await withheld(store) == [("s-1", 3)]


async def test_nothing_of_what_was_never_sent(store: Store) -> None:
    play = await Play.start(store)
    await play.accept(an_event("e-1", revision=3))
    await play.accept(an_event("e-2", "reverted", revision=4))
    assert await withheld(store) == []


async def test_a_result_of_another_patient_until_its_withdrawal_is_acknowledged(store: Store) -> None:
    play = await Play.start(store)
    await play.accept(an_event("e-1", revision=3))
    await play.send()
    await play.accept(OF_HANS)
    assert await withheld(store) == [("s-1", 3)]
    (withdrawal,) = [number for number, state in (await play.states()).items() if state == "set_aside"]
    await play.act("resend", withdrawal)
    assert await withheld(store) == [("s-1", 3)]
    await play.send()
    assert await play.state(withdrawal) == "delivered"
    assert await withheld(store) == []


async def test_a_result_of_another_patient_whose_withdrawal_was_cancelled(store: Store) -> None:
    play = await Play.start(store)
    await play.accept(an_event("e-1", revision=3))
    await play.send()
    await play.accept(OF_HANS)
    (withdrawal,) = [number for number, state in (await play.states()).items() if state == "set_aside"]
    await play.act("cancel", withdrawal)
    assert await withheld(store) == [("s-1", 3)]


@pytest.mark.parametrize(
    "event",
    [
        pytest.param(an_event("e-9", revision=10), id="finalized for its own patient again"),
        pytest.param(
            an_event("e-9", revision=10, patient="hans", merged_from=["erika"]), id="they were merged"
        ),
    ],
)
async def test_nothing_once_the_study_is_its_patients_again(store: Store, event: StudyEvent) -> None:
    play = await Play.start(store)
    await play.accept(an_event("e-1", revision=3))
    await play.send()
    await play.accept(an_event("e-2", revision=4, patient="hans"))
    assert await withheld(store) == [("s-1", 3)]
    await play.accept(event)
    assert await withheld(store) == []
