"""Events in: all of a list or none, each id once, every rule with its decision (promise 1)."""

from collections.abc import Callable
from datetime import timedelta

import pytest

from butterfly_gitops.model.study import StudyEvent
from butterfly_gitops.store.intake import EventConflict, RoutedWithOldRules
from butterfly_gitops.store.interface import Store
from tests.store.play import DELIVERED, REFUSED, SILENT, T0, Play, a_site, an_event, routed

EARLY = T0 - timedelta(seconds=102)


async def test_an_event_is_answered_with_its_decisions(store: Store) -> None:
    play = await Play.start(store, a_site(endpoints={"epic": {}, "cerner": {}}))
    (answer,) = await play.accept(an_event("e-1"))
    assert not answer.is_known
    assert [(one.endpoint, one.verdict, one.state) for one in answer.decisions] == [
        ("st-elsewhere/cerner", "deliver", "queued"),
        ("st-elsewhere/epic", "deliver", "queued"),
    ]
    assert answer.lanes == {(await play.lane("epic")).id, (await play.lane("cerner")).id}


async def test_a_known_event_is_answered_alike_and_changes_nothing(store: Store) -> None:
    play = await Play.start(store)
    (first,) = await play.accept(an_event("e-1"))
    play.wait(60)
    (again,) = await play.accept(an_event("e-1"))
    assert again.is_known
    assert again.decisions == first.decisions
    assert again.lanes == first.lanes, (
        "it still waits, and who accepted it may not have come to wake its lane"
    )
    assert await play.states() == {1: "queued"}
    assert (await store.ledger()).events == 1
    await play.send()
    (again,) = await play.accept(an_event("e-1"))
    assert again.lanes == frozenset()


async def test_a_known_event_is_routed_as_it_was_whatever_is_applied_since(store: Store) -> None:
    play = await Play.start(store)
    (first,) = await play.accept(an_event("e-1"))
    await play.apply(a_site(endpoints=["epic", "cerner"]))
    (again,) = await play.accept(an_event("e-1"))
    assert again.decisions == first.decisions


async def test_a_known_id_with_other_content_is_a_conflict(store: Store) -> None:
    play = await Play.start(store)
    await play.accept(an_event("e-1"))
    with pytest.raises(EventConflict) as raised:
        await play.accept(an_event("e-2"), an_event("e-1", revision=2), an_event("e-3"))
    assert (raised.value.event_id, raised.value.position) == ("e-1", 1)
    assert "erika" not in str(raised.value)


async def test_an_array_with_one_refused_event_stores_nothing(store: Store) -> None:
    play = await Play.start(store)
    await play.accept(an_event("e-1"))
    with pytest.raises(EventConflict):
        await play.accept(an_event("e-2", study="s-2"), an_event("e-1", revision=2))
    assert await play.states() == {1: "queued"}
    assert (await store.ledger()).events == 1
    (answer,) = await play.accept(an_event("e-2", study="s-2"))
    assert not answer.is_known


async def test_an_event_twice_in_one_array_is_stored_once(store: Store) -> None:
    play = await Play.start(store)
    first, second = await play.accept(an_event("e-1"), an_event("e-1"))
    assert (first.is_known, second.is_known) == (False, True)
    assert first.decisions == second.decisions
    assert await play.states() == {1: "queued"}


async def test_an_id_with_two_contents_in_one_array_is_a_conflict_at_the_second(store: Store) -> None:
    play = await Play.start(store)
    with pytest.raises(EventConflict) as raised:
        await play.accept(an_event("e-1"), an_event("e-1", revision=2))
    assert raised.value.position == 1
    assert (await store.ledger()).events == 0


async def test_events_of_one_array_see_each_other(store: Store) -> None:
    play = await Play.start(store)
    await play.accept(an_event("e-1", revision=1), an_event("e-2", revision=2))
    assert await play.states() == {1: "superseded", 2: "queued"}


async def test_decisions_made_with_old_rules_are_refused(store: Store) -> None:
    play = await Play.start(store)
    running = await store.running()
    await play.apply(a_site(endpoints=["epic", "cerner"]))
    event = routed(running, an_event("e-1"), at=play.now)
    with pytest.raises(RoutedWithOldRules):
        await store.accept([event], routed_with=running.applies, at=play.now)
    assert (await store.ledger()).events == 0


REASONS: dict[str, tuple[StudyEvent, str]] = {
    "too early": (an_event("e-1", occurred_at=EARLY), "before-effective-from by 42s"),
    "reverted": (an_event("e-1", "reverted"), "withdraws"),
    "deleted": (an_event("e-1", "deleted"), "withdraws"),
    "preliminary off": (an_event("e-1", "attestation_requested"), "preliminary-off"),
}


@pytest.mark.parametrize("case", REASONS)
async def test_a_decision_against_a_delivery_is_stored_with_its_reason(store: Store, case: str) -> None:
    event, verdict = REASONS[case]
    play = await Play.start(store, a_site(endpoints={"epic": {"preliminary_results": "never"}}))
    (answer,) = await play.accept(event)
    assert [(one.verdict, one.delivery, one.state) for one in answer.decisions] == [(verdict, None, None)]
    assert answer.lanes == frozenset()
    ledger = await store.ledger()
    assert ledger.adds_up
    assert ledger.without_delivery == {verdict.split(" ")[0]: 1}


async def test_a_lost_entitlement_is_a_decision(store: Store) -> None:
    play = await Play.start(store)
    (answer,) = await play.accept(an_event("e-1"), is_entitled=False)
    assert [one.verdict for one in answer.decisions] == ["not-entitled"]


async def _newer(play: Play) -> None:
    await play.accept(an_event("e-1", revision=2))


async def _reverted(play: Play) -> None:
    await play.accept(an_event("e-1", "reverted", revision=2))


async def _another_patient(play: Play) -> None:
    await play.accept(an_event("e-1", revision=2, patient="hans"))


async def _final_that_may_be_received(play: Play) -> None:
    await play.accept(an_event("e-1", revision=0))
    await play.send(verdict=SILENT)


LATE: dict[str, tuple[Callable[[Play], object], StudyEvent, str]] = {
    "a final after a newer": (_newer, an_event("e-2"), "late: a newer state of the study is known"),
    "a final after a later revert": (_reverted, an_event("e-2"), "late: a newer state of the study is known"),
    "a final after another patient's": (
        _another_patient, an_event("e-2"), "late: a newer state of the study is known",
    ),
    "a preliminary after a newer final": (
        _newer, an_event("e-2", "attestation_requested"), "late: a newer state of the study is known",
    ),
    "a preliminary once a final may be there": (
        _final_that_may_be_received, an_event("e-2", "attestation_requested"), "final-already-reported",
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", LATE)
async def test_what_comes_too_late_is_born_superseded(store: Store, case: str) -> None:
    before, event, reason = LATE[case]
    play = await Play.start(store)
    await before(play)
    (answer,) = await play.accept(event)
    (decision,) = answer.decisions
    assert (decision.verdict, decision.state) == ("deliver", "superseded")
    born = (await play.found())[decision.delivery].delivery
    assert (born.reason, born.settled_at, born.attempts) == (reason, play.now, 0)
    assert (await store.ledger()).adds_up


async def test_a_result_for_an_ended_endpoint_goes_to_a_person(store: Store) -> None:
    play = await Play.start(store, a_site(endpoints=["epic", "cerner"]))
    play.wait(60)
    await play.apply(a_site())
    play.wait(1)
    (answer,) = await play.accept(an_event("e-1", occurred_at=T0 + timedelta(seconds=30)))
    assert [(one.endpoint, one.state) for one in answer.decisions] == [
        ("st-elsewhere/cerner", "set_aside"),
        ("st-elsewhere/epic", "queued"),
    ]


async def test_a_newer_final_that_is_not_routed_sets_aside_what_waits(store: Store) -> None:
    play = await Play.start(store)
    await play.accept(an_event("e-1"))
    play.wait(60)
    await play.apply(a_site(archives={"ed": []}))
    play.wait(60)
    (answer,) = await play.accept(an_event("e-2", revision=2, occurred_at=play.now))
    assert answer.decisions == ()
    assert await play.states() == {1: "set_aside"}


async def test_patients_that_merge_hear_no_preliminary_after_their_final(store: Store) -> None:
    play = await Play.start(store)
    await play.accept(an_event("e-1", revision=3, patient="hans"))
    await play.send(verdict=SILENT)
    await play.accept(an_event("e-2", "attestation_requested", revision=4, patient="erika"))
    play.wait(60)
    merged = an_event("e-3", revision=3, patient="hans", merged_from=["erika"], occurred_at=play.now)
    await play.accept(merged)
    assert await play.states() == {1: "superseded", 2: "superseded", 3: "queued"}
    assert (await play.found())[2].delivery.reason == "final-already-reported"


async def test_a_final_that_waits_behind_one_in_flight_is_not_lost_to_a_needless_preliminary(
    store: Store,
) -> None:
    play = await Play.start(store)
    await play.accept(an_event("e-1", revision=1))
    flight = await play.claim()
    await play.accept(an_event("e-2", revision=2), an_event("e-3", "attestation_requested", revision=3))
    assert await play.states() == {1: "sending", 2: "queued", 3: "queued"}
    await play.settle(flight, DELIVERED)
    assert await play.states() == {1: "delivered", 2: "queued", 3: "superseded"}


async def test_a_preliminary_speaks_for_a_final_that_waits_once_the_one_in_flight_was_refused(
    store: Store,
) -> None:
    play = await Play.start(store)
    await play.accept(an_event("e-1", revision=1))
    flight = await play.claim()
    await play.accept(an_event("e-2", revision=2), an_event("e-3", "attestation_requested", revision=3))
    await play.settle(flight, REFUSED)
    assert await play.states() == {1: "superseded", 2: "superseded", 3: "queued"}
