"""Lanes moved on by compare-and-set: what may be claimed, which bytes leave, and who may say so (promise 7)."""

from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from butterfly_gitops.model.delivery import DeliveryId, TargetNumber
from butterfly_gitops.store.dispatch import OwnerLost, Refusing
from butterfly_gitops.store.interface import Store
from tests.store.play import DELIVERED, NOT_SENT, REFUSED, SILENT, Play, Prepared, a_policy, a_site, an_event


def with_epic(**changes: Any) -> Any:
    return a_site(endpoints={"epic": changes})


async def take_over(play: Play) -> int:
    play.epoch = await play.store.own(node="node-2", boot="boot-2", at=play.now)
    return await play.store.recover(play.epoch, at=play.now)


async def test_an_earlier_owner_can_commit_nothing(store: Store) -> None:
    play = await Play.start(store)
    await play.accept(an_event("e-1"), an_event("e-2", study="s-2"))
    flight, earlier = await play.claim(), play.epoch
    await store.own(node="node-2", boot="boot-2", at=play.now)
    before = await play.states()
    for ask in (
        play.settle(flight, DELIVERED),
        play.step(flight.lane),
        store.recover(earlier, at=play.now),
    ):
        with pytest.raises(OwnerLost):
            await ask
    assert await play.states() == before


async def test_every_attempt_of_an_earlier_owner_is_uncertain(store: Store) -> None:
    play = await Play.start(store, a_site(endpoints=["epic", "cerner"]))
    await play.accept(an_event("e-1"))
    await play.claim("epic")
    assert await take_over(play) == 1
    assert await play.states() == {1: "queued", 2: "uncertain"}
    (attempt,) = (await play.found())[2].attempts
    assert (attempt.ended_at, attempt.verdict.detail) == (play.now, "the dispatcher ended during the attempt")
    lane = await play.lane("epic")
    assert (lane.failures, lane.bad_run, lane.due_at) == (0, (), None)


async def test_an_attempt_of_ones_own_epoch_is_not_recovered(store: Store) -> None:
    play = await Play.start(store)
    await play.accept(an_event("e-1"))
    await play.claim()
    assert await store.recover(play.epoch, at=play.now) == 0
    assert await play.state(1) == "sending"


async def test_what_was_recovered_cannot_be_settled_again(store: Store) -> None:
    play = await Play.start(store)
    await play.accept(an_event("e-1"))
    flight = await play.claim()
    await take_over(play)
    await play.settle(flight, DELIVERED)
    assert await play.state(1) == "uncertain"


async def test_an_outcome_counts_once(store: Store) -> None:
    play = await Play.start(store)
    await play.accept(an_event("e-1"))
    flight = await play.send(verdict=REFUSED)
    await play.settle(flight, REFUSED)
    assert (await play.found())[1].delivery.refusals == 1


Spoil = Callable[[Play, Prepared], Awaitable[Prepared]]


async def _claimed_already(play: Play, prepared: Prepared) -> Prepared:
    await play.try_claim(prepared)
    return prepared


async def _not_the_head(play: Play, prepared: Prepared) -> Prepared:
    await play.accept(an_event("e-2", study="s-2"))
    return await play.prepare(position=1)


async def _paused(play: Play, prepared: Prepared) -> Prepared:
    await play.apply(with_epic(status="paused"))
    return prepared


async def _stopped(play: Play, prepared: Prepared) -> Prepared:
    await play.send(verdict=REFUSED, policy=a_policy(stop_after=1))
    return await play.prepare()


async def _backs_off(play: Play, prepared: Prepared) -> Prepared:
    policy = a_policy()
    slow = replace(policy, retry=policy.retry.model_copy(update={"first": timedelta(seconds=10)}))
    await play.send(verdict=REFUSED, policy=slow)
    return await play.prepare()


async def _retargeted(play: Play, prepared: Prepared) -> Prepared:
    await play.apply(with_epic(port=6662))
    return prepared


async def _report_changed(play: Play, prepared: Prepared) -> Prepared:
    wrong = replace(prepared.claiming, report_version=prepared.claiming.report_version + 1)
    return replace(prepared, claiming=wrong)


async def _not_there(play: Play, prepared: Prepared) -> Prepared:
    return replace(prepared, claiming=replace(prepared.claiming, delivery=DeliveryId(99)))


async def _superseded(play: Play, prepared: Prepared) -> Prepared:
    await play.accept(an_event("e-2", revision=2))
    return prepared


async def _stored_bytes_of_another_target(play: Play, prepared: Prepared) -> Prepared:
    await play.send(verdict=NOT_SENT)
    stored = await play.prepare()
    assert stored.claiming.message.number == 1
    await play.apply(with_epic(receiving_facility="OTHER"))
    return replace(stored, claiming=replace(stored.claiming, target=TargetNumber(2)))


REFUSALS: dict[str, tuple[Spoil, str]] = {
    "claimed already": (_claimed_already, "it is sending"),
    "superseded": (_superseded, "it is superseded"),
    "not the head": (_not_the_head, "it is not the head of its lane"),
    "paused": (_paused, "its lane is paused"),
    "stopped": (_stopped, "its lane is stopped"),
    "backs off": (_backs_off, "its lane backs off"),
    "retargeted": (_retargeted, "the target has changed"),
    "report changed": (_report_changed, "its report has changed"),
    "not there": (_not_there, "there is no such delivery"),
    "stored bytes of another target": (
        _stored_bytes_of_another_target, "its stored message was rendered for another target",
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", REFUSALS)
async def test_a_claim_that_was_overtaken_is_refused(store: Store, case: str) -> None:
    spoil, reason = REFUSALS[case]
    play = await Play.start(store)
    await play.accept(an_event("e-1"))
    spoilt = await spoil(play, await play.prepare())
    before = await play.found()
    stepped = await play.try_claim(spoilt)
    assert (stepped.attempt, stepped.why_not) == (None, reason)
    assert await play.found() == before


async def test_settling_one_and_claiming_the_next_is_one_step(store: Store) -> None:
    play = await Play.start(store)
    await play.accept(*(an_event(f"e-{number}", study=f"s-{number}") for number in (1, 2, 3)))
    first, second = await play.claim(), await play.prepare(position=1)
    stepped = await play.try_claim(second, play.settling(first, DELIVERED))
    assert stepped.attempt is not None
    assert [one.delivery.id for one in stepped.view.heads] == [3]
    assert await play.states() == {1: "delivered", 2: "sending", 3: "queued"}


@pytest.mark.parametrize("verdict", [SILENT, REFUSED, NOT_SENT], ids=["silent", "refused", "not sent"])
async def test_a_head_that_was_not_delivered_blocks_the_next(store: Store, verdict: Any) -> None:
    play = await Play.start(store)
    await play.accept(an_event("e-1"), an_event("e-2", study="s-2"))
    first, second = await play.claim(), await play.prepare(position=1)
    stepped = await play.try_claim(second, play.settling(first, verdict))
    assert (stepped.attempt, stepped.why_not) == (None, "it is not the head of its lane")
    assert stepped.view.heads[0].delivery.id == 1


async def test_a_view_shows_the_first_of_a_lane_in_the_order_of_acceptance(store: Store) -> None:
    play = await Play.start(store)
    await play.accept(*(an_event(f"e-{number}", study=f"s-{number}") for number in range(1, 5)))
    await play.act("set_aside", 2)
    assert [one.delivery.id for one in (await play.view(look_ahead=2)).heads] == [1, 3]
    await play.act("resend", 2)
    assert [one.delivery.id for one in (await play.view(look_ahead=2)).heads] == [1, 2]


def a_refusal(prepared: Prepared) -> Refusing:
    return Refusing(
        delivery=prepared.claiming.delivery,
        report_version=prepared.claiming.report_version,
        target=prepared.claiming.target,
        field="PID-5",
        why="cannot be written in US-ASCII",
    )


async def test_what_cannot_be_written_is_set_aside_and_the_next_goes_on(store: Store) -> None:
    play = await Play.start(store)
    await play.accept(an_event("e-1"), an_event("e-2", study="s-2"))
    prepared = await play.prepare()
    stepped = await play.step(prepared.lane, refusing=a_refusal(prepared))
    delivery = (await play.found())[1].delivery
    assert delivery.reason == "cannot be written: PID-5 cannot be written in US-ASCII"
    assert [one.delivery.id for one in stepped.view.heads] == [2]
    assert (await play.lane()).bad_run == ()


async def test_a_refusal_by_settings_of_yesterday_counts_for_nothing(store: Store) -> None:
    play = await Play.start(store, with_epic(encoding="US-ASCII"))
    await play.accept(an_event("e-1"))
    prepared = await play.prepare()
    await play.apply(with_epic(encoding="UTF-8"))
    await play.step(prepared.lane, refusing=a_refusal(prepared))
    assert await play.state(1) == "queued"


@pytest.mark.parametrize("verdict", [SILENT, REFUSED, NOT_SENT], ids=["silent", "refused", "not sent"])
async def test_a_retry_repeats_the_same_bytes_under_the_same_id(store: Store, verdict: Any) -> None:
    play = await Play.start(store)
    await play.accept(an_event("e-1"))
    await play.send(verdict=verdict)
    await play.send()
    shown = await store.show(DeliveryId(1))
    assert len(shown.messages) == 1
    assert [(one.number, one.message) for one in shown.found.attempts] == [(1, 1), (2, 1)]
    assert {one.control_id for one in shown.found.attempts} == {shown.messages[0].control_id}


async def test_a_claimers_new_bytes_never_replace_the_stored_ones(store: Store) -> None:
    play = await Play.start(store)
    await play.accept(an_event("e-1"))
    early = await play.prepare()
    await play.send(verdict=NOT_SENT)
    late = await play.prepare()
    again = replace(late, claiming=replace(late.claiming, message=early.claiming.message))
    assert (await play.try_claim(again)).attempt is None


RETARGETS = {
    "address": ({"port": 6662}, 1),
    "Link's host": ({"host": "10.20.30.41"}, 1),
    "text": ({"receiving_facility": "OTHER"}, 2),
}


@pytest.mark.parametrize("case", RETARGETS)
@pytest.mark.parametrize("verdict", [SILENT, NOT_SENT], ids=["silent", "not sent"])
async def test_after_a_retarget_only_another_text_is_written_anew(
    store: Store, case: str, verdict: Any
) -> None:
    change, messages = RETARGETS[case]
    play = await Play.start(store, with_epic(on_retarget="resend"))
    await play.accept(an_event("e-1"))
    await play.send(verdict=verdict)
    await play.apply(with_epic(on_retarget="resend", **change))
    await play.send()
    shown = await store.show(DeliveryId(1))
    assert len({one.control_id for one in shown.messages}) == messages
    assert [one.message for one in shown.found.attempts] == [1, messages]
    assert [one.target for one in shown.found.attempts] == [1, 2]


async def test_a_stop_takes_back_what_policy_set_aside_in_its_run(store: Store) -> None:
    play = await Play.start(store)
    policy = a_policy(retries=0, stop_after=2)
    await play.accept(an_event("e-1"), an_event("e-2", study="s-2"))
    await play.send(verdict=REFUSED, policy=policy)
    assert await play.state(1) == "set_aside"
    await play.send(verdict=REFUSED, policy=policy)
    assert await play.states() == {1: "queued", 2: "queued"}
    assert (await play.lane()).stopped


async def test_a_newer_result_waits_for_the_end_of_the_one_in_flight(store: Store) -> None:
    play = await Play.start(store)
    await play.accept(an_event("e-1"))
    flight = await play.claim()
    await play.accept(an_event("e-2", revision=2))
    assert await play.states() == {1: "sending", 2: "queued"}
    await play.settle(flight, SILENT)
    assert await play.states() == {1: "superseded", 2: "queued"}


@pytest.mark.parametrize(("verdict", "withdrawal"), [(DELIVERED, "set_aside"), (REFUSED, "superseded")])
async def test_a_withdrawal_stands_only_where_another_patients_result_may_have_arrived(
    store: Store, verdict: Any, withdrawal: str
) -> None:
    play = await Play.start(store)
    await play.accept(an_event("e-1"))
    flight = await play.claim()
    await play.accept(an_event("e-2", revision=2, patient="hans"))
    await play.settle(flight, verdict)
    states = await play.states()
    contents = {number: one.delivery.content for number, one in (await play.found()).items()}
    assert [states[number] for number, content in contents.items() if content == "withdrawal"] == [withdrawal]
