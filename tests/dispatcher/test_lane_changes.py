"""What happens to lanes while something else happens: a change, a newer result, a pause, a crash, another owner.

The numbers are those of docs/fault-cases.md.
"""

import asyncio
from dataclasses import replace

import pytest

from butterfly_gitops.hl7.acknowledgement import read_acknowledgement
from butterfly_gitops.hl7.message import value_of
from butterfly_gitops.model.delivery import LaneId, State
from butterfly_gitops.store.dispatch import OwnerLost
from butterfly_gitops.store.interface import StoreUnavailable
from tests.dispatcher.lanes_at_work import (
    SETTINGS,
    Dispatcher,
    Ehr,
    a_site,
    an_endpoint,
    black_hole,
    dispatching,
    stored,
    studies,
)
from tests.dispatcher.scripted_peer import Peer, run, until
from tests.store.test_repairing import by_hand

QUEUED, SENDING, DELIVERED = State.QUEUED, State.SENDING, State.DELIVERED


class Faulty:
    """A store whose `advance` does what it is told; all else is the real one's."""

    def __init__(self, store):
        self._store = store
        self.advance = store.advance

    def __getattr__(self, name):
        return getattr(self._store, name)


def test_63_an_attempt_in_flight_ends_on_its_old_wire_and_the_next_takes_the_new(tmp_path):
    async def story():
        ehr = Ehr(is_held=True)
        async with (
            Peer(ehr.play) as old,
            Peer(Ehr().play) as new,
            dispatching(tmp_path, epic=an_endpoint(old.port)) as all_of_it,
        ):
            await all_of_it.submit("S1", "S2")
            await until(lambda: old.messages)
            await all_of_it.apply(a_site(epic=an_endpoint(new.port)))
            await all_of_it.rest()
            assert not new.messages
            ehr.let()
            first, second = await all_of_it.states(DELIVERED, DELIVERED)
            assert [one.attempts[0].target for one in (first, second)] == [1, 2]
            assert (studies(old.messages), studies(new.messages)) == (["S1"], ["S2"])
            await until(lambda: old.open_now == 0)

    run(story())


def test_63_a_change_of_what_is_read_renders_anew_what_cannot_have_been_received(tmp_path):
    async def story():
        async with (
            Peer(Ehr("AE").play) as peer,
            dispatching(tmp_path, epic=an_endpoint(peer.port)) as all_of_it,
        ):
            await all_of_it.submit("S1")
            await until(lambda: peer.messages)
            await all_of_it.states(QUEUED)
            await all_of_it.apply(a_site(epic=an_endpoint(peer.port, receiving_application="EPIC")))
            await all_of_it.pass_time(2)
            (found,) = await all_of_it.states(DELIVERED)
            assert [(one.target, one.message) for one in found.attempts] == [(1, 1), (2, 2)]
            assert len({one.control_id for one in found.attempts}) == 2
            assert [value_of(one, "MSH-5") for one in peer.messages] == ["", "EPIC"]

    run(story())


def test_63_what_may_have_been_received_waits_for_a_person_or_moves_as_on_retarget_says(tmp_path):
    async def story():
        async with (
            Peer(Ehr("close").play) as one,
            Peer(Ehr("close").play) as two,
            Peer(Ehr().play) as new,
            dispatching(
                tmp_path, one=an_endpoint(one.port), two=an_endpoint(two.port, on_retarget="resend")
            ) as all_of_it,
        ):
            await all_of_it.submit("S1")
            await all_of_it.states(State.UNCERTAIN, State.UNCERTAIN)
            moved = a_site(one=an_endpoint(new.port), two=an_endpoint(new.port, on_retarget="resend"))
            await all_of_it.apply(moved)
            await all_of_it.pass_time(2)
            await all_of_it.states(State.SET_ASIDE, endpoint="one")
            (found,) = await all_of_it.states(DELIVERED, endpoint="two")
            assert [attempt.target for attempt in found.attempts] == [1, 2]
            assert new.messages == two.messages

    run(story())


def test_65_a_pause_lets_the_attempt_in_flight_end_and_keeps_the_rest(tmp_path):
    async def story():
        ehr = Ehr(is_held=True)
        async with Peer(ehr.play) as peer, dispatching(tmp_path, epic=an_endpoint(peer.port)) as all_of_it:
            await all_of_it.submit("S1", "S2")
            await until(lambda: peer.messages)
            await all_of_it.apply(a_site(epic=an_endpoint(peer.port, status="paused")))
            ehr.let(5)
            await all_of_it.states(DELIVERED, QUEUED)
            await all_of_it.submit("S3")
            await all_of_it.pass_time(86_400)
            await all_of_it.states(DELIVERED, QUEUED, QUEUED)
            await all_of_it.apply(a_site(epic=an_endpoint(peer.port)))
            await all_of_it.states(DELIVERED, DELIVERED, DELIVERED)
            assert studies(peer.messages) == ["S1", "S2", "S3"]

    run(story())


PRELIMINARY = {"preliminary_results": "when_attestation_requested"}


@pytest.mark.parametrize("trouble", ["AE", "close"])
def test_69_a_preliminary_that_is_still_tried_never_follows_its_final(tmp_path, trouble):
    async def story():
        async with (
            Peer(Ehr(trouble).play) as peer,
            dispatching(tmp_path, epic=an_endpoint(peer.port, **PRELIMINARY)) as all_of_it,
        ):
            await all_of_it.submit("S1", kind="attestation_requested")
            await all_of_it.when(lambda found: found[0].attempts and found[0].attempts[0].verdict)
            await all_of_it.submit("S1", revision=2)
            await all_of_it.states(State.SUPERSEDED, QUEUED)
            await all_of_it.pass_time(20)
            await all_of_it.states(State.SUPERSEDED, DELIVERED)
            assert [value_of(one, "OBX-11") for one in peer.messages] == ["P", "F"]

    run(story())


def test_69_a_preliminary_in_flight_ends_first_and_its_final_follows(tmp_path):
    async def story():
        ehr = Ehr("AE", is_held=True)
        async with (
            Peer(ehr.play) as peer,
            dispatching(tmp_path, epic=an_endpoint(peer.port, **PRELIMINARY)) as all_of_it,
        ):
            await all_of_it.submit("S1", kind="attestation_requested")
            await until(lambda: peer.messages)
            await all_of_it.submit("S1", revision=2)
            preliminary, _ = await all_of_it.states(SENDING, QUEUED)
            assert preliminary.delivery.then is State.SUPERSEDED
            ehr.let(2)
            await all_of_it.states(State.SUPERSEDED, QUEUED)
            await all_of_it.pass_time(2)
            await all_of_it.states(State.SUPERSEDED, DELIVERED)
            assert [value_of(one, "OBX-11") for one in peer.messages] == ["P", "F"]

    run(story())


def test_what_is_newer_while_its_elder_is_in_flight_is_written_by_how_that_ended(tmp_path):
    async def story():
        ehr = Ehr(is_held=True)
        async with Peer(ehr.play) as peer, dispatching(tmp_path, epic=an_endpoint(peer.port)) as all_of_it:
            await all_of_it.submit("S1", revision=1)
            await until(lambda: peer.messages)
            await all_of_it.submit("S1", revision=2)
            ehr.let(2)
            await all_of_it.states(DELIVERED, DELIVERED)
            assert [value_of(one, "OBX-11") for one in peer.messages] == ["F", "C"]

    run(story())


async def restarted(store):
    """Another dispatcher on the same store, as after a crash."""
    dispatcher = Dispatcher(store)
    await dispatcher.start()
    return dispatcher


async def crashing(store, advance, endpoint):
    """A dispatcher whose store does `advance` in place of its own."""
    faulty = Faulty(store)
    faulty.advance = advance
    dispatcher = Dispatcher(faulty)
    await dispatcher.apply(SETTINGS)
    await dispatcher.apply(a_site(epic=endpoint))
    await dispatcher.start()
    await dispatcher.submit("S1", "S2")
    return dispatcher


def test_57_a_crash_before_the_attempt_is_stored_leaves_nothing_to_doubt(tmp_path):
    async def story():
        reached = asyncio.Event()

        async def never(_):
            reached.set()
            await asyncio.Event().wait()

        async with Peer(Ehr().play) as peer, stored(tmp_path) as store:
            dispatcher = await crashing(store, never, an_endpoint(peer.port))
            await reached.wait()
            await dispatcher.crash()
            assert not peer.messages
            dispatcher = await restarted(store)
            found = await dispatcher.states(DELIVERED, DELIVERED)
            assert [len(one.attempts) for one in found] == [1, 1]
            assert studies(peer.messages) == ["S1", "S2"]
            await dispatcher.end()

    run(story())


def test_58_a_crash_after_it_is_a_doubt_though_no_byte_has_left(tmp_path):
    async def story():
        reached = asyncio.Event()

        async with Peer(Ehr().play) as peer, stored(tmp_path) as store:

            async def store_and_die(steps):
                await store.advance(steps)
                reached.set()
                await asyncio.Event().wait()

            dispatcher = await crashing(store, store_and_die, an_endpoint(peer.port))
            await reached.wait()
            await dispatcher.crash()
            assert not peer.messages
            dispatcher = await restarted(store)
            first, second = await dispatcher.states(DELIVERED, DELIVERED)
            details = [one.verdict.detail for one in first.attempts]
            assert details == ["the dispatcher ended during the attempt", ""]
            assert len(second.attempts) == 1
            await dispatcher.end()

    run(story())


@pytest.mark.parametrize("took_effect", [True, False], ids=["was stored all the same", "was not stored"])
@pytest.mark.parametrize("nth", [1, 2, 3], ids=["claim", "outcome and claim", "outcome"])
def test_60_a_commit_that_is_said_to_have_failed_loses_and_repeats_nothing(tmp_path, nth, took_effect):
    async def story():
        calls = 0

        async with Peer(Ehr().play) as peer, stored(tmp_path) as store:

            async def fail_once(steps):
                nonlocal calls
                calls += 1
                if calls != nth:
                    return await store.advance(steps)
                if took_effect:
                    await store.advance(steps)
                raise StoreUnavailable("the disk is full")

            dispatcher = await crashing(store, fail_once, an_endpoint(peer.port))
            for _ in range(10):
                await dispatcher.pass_time(5)
            found = await dispatcher.states(DELIVERED, DELIVERED)
            assert studies(peer.messages) == ["S1", "S2"]
            outcomes = [[attempt.verdict.outcome.value for attempt in one.attempts] for one in found]
            # An attempt that is on record without a byte left says so.
            assert all(set(one) <= {"not_sent", "delivered"} for one in outcomes)
            assert [one[-1] for one in outcomes] == ["delivered", "delivered"]
            await dispatcher.end()

    run(story())


def test_61_a_dispatcher_that_lost_its_lanes_sends_and_stores_nothing_more(tmp_path):
    async def story():
        ehr = Ehr(is_held=True)
        async with Peer(ehr.play) as peer, stored(tmp_path) as store:
            stale = Dispatcher(store)
            await stale.apply(SETTINGS)
            await stale.apply(a_site(epic=an_endpoint(peer.port)))
            await stale.start()
            await stale.submit("S1", "S2")
            await until(lambda: peer.messages)
            owner = await restarted(store)
            await until(lambda: len(peer.messages) == 2)
            ehr.let(2)
            with pytest.raises(ExceptionGroup) as ended:
                await stale.task
            assert ended.group_contains(OwnerLost)
            await stale.crash()
            ehr.let(2)
            first, second = await owner.states(DELIVERED, DELIVERED)
            # The stale one's answer came to nothing; its one frame is the new owner's doubt.
            verdicts = [(one.epoch, one.verdict.outcome.value) for one in first.attempts]
            assert verdicts == [(1, "uncertain"), (2, "delivered")]
            assert [one.epoch for one in second.attempts] == [2]
            assert studies(peer.messages) == ["S1", "S1", "S2"]
            assert peer.messages[0] == peer.messages[1]
            await owner.end()

    run(story())


def test_lanes_say_which_of_them_did_not_run_what_is_stored(tmp_path):
    async def story():
        async with Peer(Ehr().play) as peer, dispatching(tmp_path, epic=an_endpoint(peer.port)) as all_of_it:
            lane = await all_of_it.lane("epic")
            assert list(await all_of_it.lanes.converge()) == []
            site = a_site(epic=an_endpoint(peer.port, ack_timeout="9s"), more=an_endpoint(peer.port))
            lanes, all_of_it.lanes = all_of_it.lanes, None
            await all_of_it.apply(site)
            all_of_it.lanes = lanes
            assert list(await lanes.converge()) == [lane.id, (await all_of_it.lane("more")).id]
            assert list(await lanes.converge()) == []

    run(story())


def test_a_lane_of_no_endpoint_that_is_applied_runs_nothing_and_harms_no_other(tmp_path):
    async def story():
        async with Peer(Ehr().play) as peer, dispatching(tmp_path, epic=an_endpoint(peer.port)) as all_of_it:
            lane = await all_of_it.lane("epic")
            by_hand(all_of_it.store, lambda rows: rows.put(replace(lane, id=LaneId(9), endpoint="foreign")))
            assert list(await all_of_it.lanes.converge()) == []
            await all_of_it.submit("S1")
            await all_of_it.states(DELIVERED)

    run(story())


def test_a_change_of_address_ends_a_dial_that_nobody_answers(tmp_path):
    async def story():
        with black_hole() as nowhere:
            endpoint = an_endpoint(nowhere, connection_timeout="300s")
            async with Peer(Ehr().play) as peer, dispatching(tmp_path, epic=endpoint) as all_of_it:
                await all_of_it.submit("S1")
                await all_of_it.rest()
                await all_of_it.apply(a_site(epic=an_endpoint(peer.port)))
                (found,) = await all_of_it.states(DELIVERED)
                assert [one.target for one in found.attempts] == [2]

    run(story())


def test_a_defect_of_ours_after_bytes_left_is_a_doubt_and_nobody_elses_trouble(tmp_path):
    async def story():
        defects = iter([ZeroDivisionError("a defect of ours")])

        def reads(block):
            for defect in defects:
                raise defect
            return read_acknowledgement(block)

        async with (
            Peer(Ehr().play) as peer,
            Peer(Ehr().play) as other,
            dispatching(tmp_path, reads=reads, epic=an_endpoint(peer.port)) as all_of_it,
        ):
            await all_of_it.submit("S1", "S2")
            await until(lambda: peer.messages)
            await all_of_it.rest()
            both = a_site(epic=an_endpoint(peer.port), other=an_endpoint(other.port))
            await all_of_it.apply(both)
            await all_of_it.submit("S3")
            await all_of_it.states(DELIVERED, endpoint="other")
            await all_of_it.pass_time(60)
            for _ in range(4):
                await all_of_it.pass_time(10)
            first, *others = await all_of_it.states(*[DELIVERED] * 3, endpoint="epic")
            verdicts = [attempt.verdict.outcome.value for attempt in first.attempts]
            assert verdicts == ["uncertain", "delivered"]
            assert all(len(one.attempts) == 1 for one in others)
            assert studies(peer.messages) == ["S1", "S1", "S2", "S3"]

    run(story())


def test_66_framing_bytes_in_a_text_never_reach_the_frame(tmp_path):
    async def story():
        async with Peer(Ehr().play) as peer, dispatching(tmp_path, epic=an_endpoint(peer.port)) as all_of_it:
            await all_of_it.submit("S1", text="Before\x1c\r after \x0b and on.")
            await all_of_it.submit("S2")
            found = await all_of_it.when(lambda found: found[1].delivery.state is DELIVERED)
            assert found[0].delivery.state in (DELIVERED, State.SET_ASIDE)
            assert len(peer.messages) == len([one for one in found if one.attempts])

    run(story())
