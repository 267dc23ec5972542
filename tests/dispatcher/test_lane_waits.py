"""When lanes wait, how long, and who waits with them: listeners that are away or slow, wires that lanes share (promise 8).

The numbers are those of docs/fault-cases.md.
"""

import itertools
import socket
from datetime import timedelta

import pytest

from butterfly_gitops.hl7.message import value_of
from butterfly_gitops.model.delivery import State
from tests.dispatcher.lanes_at_work import Ehr, an_endpoint, black_hole, dispatching, studies
from tests.dispatcher.scripted_peer import Peer, run, until

QUEUED, UNCERTAIN, DELIVERED = State.QUEUED, State.UNCERTAIN, State.DELIVERED


@pytest.fixture
def closed_port():
    """A port at which nobody listens, and which nobody else gets."""
    with socket.socket() as taken:
        taken.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        taken.bind(("127.0.0.1", 0))
        yield taken.getsockname()[1]


def test_1_and_18_nobody_listens_and_what_waited_then_drains_in_order(tmp_path, closed_port):
    async def story():
        async with dispatching(tmp_path, epic=an_endpoint(closed_port)) as all_of_it:
            await all_of_it.submit("S1", "S2", "S3")
            await until(all_of_it.lanes.troubles)
            assert list(all_of_it.lanes.troubles().values()) == ["connection refused"]
            await all_of_it.pass_time(30)
            found = await all_of_it.states(QUEUED, QUEUED, QUEUED)
            # A failed connect costs the lane a wait and the delivery nothing.
            assert all(not one.attempts and not one.delivery.maybe_received for one in found)
            assert (await all_of_it.lane("epic")).failures == 0
            async with Peer(Ehr().play, port=closed_port) as peer:
                await all_of_it.pass_time(20)
                found = await all_of_it.states(DELIVERED, DELIVERED, DELIVERED)
                assert [len(one.attempts) for one in found] == [1, 1, 1]
                assert studies(peer.messages) == ["S1", "S2", "S3"]
                assert not all_of_it.lanes.troubles()

    run(story())


def test_2_a_dial_without_an_answer_ends_in_time_and_is_no_attempt(tmp_path):
    async def story():
        with black_hole() as port:
            endpoint = an_endpoint(port, connection_timeout="10s")
            async with dispatching(tmp_path, epic=endpoint) as all_of_it:
                await all_of_it.submit("S1")
                await all_of_it.pass_time(9)
                assert not all_of_it.lanes.troubles()
                await all_of_it.pass_time(1.1)
                assert list(all_of_it.lanes.troubles().values()) == ["no connection in time"]
                (found,) = await all_of_it.states(QUEUED)
                assert not found.attempts

    run(story())


def test_4_a_peer_that_hangs_up_at_once_is_not_dialled_as_fast_as_it_can(tmp_path):
    async def hang_up(talk):
        talk.reset()

    async def story():
        async with (
            Peer(*[hang_up] * 5, Ehr().play) as peer,
            dispatching(tmp_path, epic=an_endpoint(peer.port)) as all_of_it,
        ):
            await all_of_it.submit("S1")
            await until(lambda: peer.connections >= 1)
            await all_of_it.rest()
            assert peer.connections <= 2
            for _ in range(6):
                await all_of_it.pass_time(20)
            (found,) = await all_of_it.states(DELIVERED)
            # Whether a byte had left is a race that the peer may win; each try is on record either way.
            outcomes = {attempt.verdict.outcome.value for attempt in found.attempts[:-1]}
            assert outcomes <= {"not_sent", "uncertain"}
            assert len({attempt.control_id for attempt in found.attempts}) == 1

    run(story())


def test_54_one_connection_per_message(tmp_path):
    async def story():
        settings = {"connection": "per_message"}
        async with (
            Peer(Ehr().play) as peer,
            dispatching(tmp_path, epic=an_endpoint(peer.port, **settings)) as all_of_it,
        ):
            await all_of_it.submit("S1", "S2", "S3")
            await all_of_it.states(DELIVERED, DELIVERED, DELIVERED)
            assert (peer.connections, peer.open_at_once) == (3, 1)
            assert studies(peer.messages) == ["S1", "S2", "S3"]

    run(story())


def test_55_nothing_is_claimed_before_the_minimum_gap_is_over(tmp_path):
    async def story():
        settings = {"minimum_gap": "5s"}
        async with (
            Peer(Ehr().play) as peer,
            dispatching(tmp_path, epic=an_endpoint(peer.port, **settings)) as all_of_it,
        ):
            await all_of_it.submit("S1", "S2")
            await all_of_it.states(DELIVERED, QUEUED)
            await all_of_it.pass_time(4.9)
            # Still changeable: what is newer takes its place, and the older one never leaves.
            await all_of_it.submit("S2", revision=2)
            await all_of_it.states(DELIVERED, State.SUPERSEDED, QUEUED)
            await all_of_it.pass_time(0.2)
            await all_of_it.states(DELIVERED, State.SUPERSEDED, DELIVERED)
            assert studies(peer.messages) == ["S1", "S2"]

    run(story())


def test_56_a_peer_that_falls_silent_is_asked_ever_less_often(tmp_path):
    async def story():
        resends = {"acknowledgement": {"on_no_reply": {"resends": 1000}}}
        async with (
            Peer(Ehr(otherwise=None).play) as peer,
            dispatching(tmp_path, epic=an_endpoint(peer.port, **resends)) as all_of_it,
        ):
            await all_of_it.submit("S1")
            waits = []
            for count in range(1, 6):
                await until(lambda count=count: len(peer.messages) == count)
                await all_of_it.pass_time(30)
                await all_of_it.states(UNCERTAIN)
                lane = await all_of_it.lane("epic")
                waits.append((lane.due_at - all_of_it.now()).total_seconds())
                await all_of_it.pass_time(waits[-1] - 0.1)
                assert len(peer.messages) == count
                await all_of_it.pass_time(0.1)
            assert waits == [2, 4, 8, 10, 10]
            assert len(set(peer.messages)) == 1
            await all_of_it.pass_time(30)

    run(story())


def test_56_one_yes_ends_the_back_off(tmp_path):
    async def story():
        async with (
            Peer(Ehr("close", "close", "AA", "close").play) as peer,
            dispatching(tmp_path, epic=an_endpoint(peer.port)) as all_of_it,
        ):
            await all_of_it.submit("S1", "S2")
            await all_of_it.states(UNCERTAIN, QUEUED)
            for seconds in (2, 4):
                await all_of_it.pass_time(seconds)
            await all_of_it.states(DELIVERED, UNCERTAIN)
            assert (await all_of_it.lane("epic")).failures == 1

    run(story())


@pytest.mark.parametrize("step_s", [-86_400, 86_400])
def test_62_a_step_of_the_wall_clock_shortens_and_lengthens_no_wait_for_an_answer(tmp_path, step_s):
    async def story():
        ehr = Ehr(is_held=True)
        async with Peer(ehr.play) as peer, dispatching(tmp_path, epic=an_endpoint(peer.port)) as all_of_it:
            await all_of_it.submit("S1")
            await until(lambda: peer.messages)
            all_of_it.wall += timedelta(seconds=step_s)
            await all_of_it.pass_time(29)
            await all_of_it.states(State.SENDING)
            await all_of_it.pass_time(1)
            await all_of_it.states(UNCERTAIN)

    run(story())


def test_68_one_endpoint_that_is_away_is_nobody_elses_trouble(tmp_path, closed_port):
    async def story():
        async with (
            Peer(Ehr().play) as peer,
            Peer(Ehr(otherwise=None).play) as quiet,
            dispatching(
                tmp_path,
                dead=an_endpoint(closed_port),
                quiet=an_endpoint(quiet.port),
                well=an_endpoint(peer.port),
            ) as all_of_it,
        ):
            await all_of_it.submit("S1", "S2", "S3")
            await all_of_it.states(DELIVERED, DELIVERED, DELIVERED, endpoint="well")
            assert studies(peer.messages) == ["S1", "S2", "S3"]
            await all_of_it.states(QUEUED, QUEUED, QUEUED, endpoint="dead")
            await all_of_it.states(State.SENDING, QUEUED, QUEUED, endpoint="quiet")
            await all_of_it.pass_time(30)

    run(story())


def test_two_endpoints_of_one_listener_take_turns_on_one_connection(tmp_path):
    async def story():
        ehr = Ehr(is_held=True)
        async with (
            Peer(ehr.play) as peer,
            dispatching(
                tmp_path,
                epic=an_endpoint(peer.port, receiving_application="EPIC"),
                registry=an_endpoint(peer.port, receiving_application="REGISTRY"),
            ) as all_of_it,
        ):
            await all_of_it.submit("S1", "S2", "S3")
            ehr.let(6)
            await all_of_it.states(*[DELIVERED] * 6)
            assert (peer.connections, peer.open_at_once) == (1, 1)
            readers = [value_of(one, "MSH-5") for one in peer.messages]
            assert all(one != two for one, two in itertools.pairwise(readers))
            for name in ("EPIC", "REGISTRY"):
                own = [one for one in peer.messages if value_of(one, "MSH-5") == name]
                assert studies(own) == ["S1", "S2", "S3"]

    run(story())


def test_a_lane_that_backs_off_gives_its_turn_on_the_shared_wire_up(tmp_path):
    async def story():
        async with (
            Peer(Ehr("AE").play) as peer,
            dispatching(
                tmp_path,
                epic=an_endpoint(peer.port, receiving_application="EPIC"),
                registry=an_endpoint(peer.port, receiving_application="REGISTRY"),
            ) as all_of_it,
        ):
            await all_of_it.submit("S1", "S2")
            refused, other = ("epic", "registry")
            await all_of_it.when(lambda found: sum(one.delivery.state is DELIVERED for one in found) == 2)
            if (await all_of_it.lane("registry")).failures:
                refused, other = other, refused
            await all_of_it.states(DELIVERED, DELIVERED, endpoint=other)
            await all_of_it.states(QUEUED, QUEUED, endpoint=refused)
            await all_of_it.pass_time(2)
            await all_of_it.states(DELIVERED, DELIVERED, endpoint=refused)
            assert peer.open_at_once == 1

    run(story())


def test_lanes_of_one_wire_wait_together_when_it_cannot_be_dialled(tmp_path, closed_port):
    async def story():
        async with dispatching(
            tmp_path, epic=an_endpoint(closed_port), registry=an_endpoint(closed_port)
        ) as all_of_it:
            await all_of_it.submit("S1")
            await until(lambda: len(all_of_it.lanes.troubles()) == 2)
            async with Peer(Ehr().play, port=closed_port) as peer:
                # Neither dials before the wire's wait is over, one failed dial long.
                await all_of_it.pass_time(1.9)
                assert peer.connections == 0
                await all_of_it.pass_time(0.2)
                await all_of_it.states(DELIVERED, DELIVERED)
                assert peer.connections == 1

    run(story())


def test_a_result_whose_lane_was_not_woken_leaves_when_it_is_submitted_again_or_after_a_minute(tmp_path):
    """Whoever accepts may be cut short between the commit and the wake, and so may whoever acts."""

    async def story():
        async with Peer(Ehr().play) as peer, dispatching(tmp_path, epic=an_endpoint(peer.port)) as all_of_it:
            await all_of_it.rest()
            lanes, all_of_it.lanes = all_of_it.lanes, None
            event = all_of_it._event("S1", "finalized", 1, "No free fluid.", None, None)
            await all_of_it.intake.accept([event], pointers=[""])
            await all_of_it.rest()
            await all_of_it.states(QUEUED)
            all_of_it.lanes = lanes
            (again,) = await all_of_it.intake.accept([event], pointers=[""])
            assert again.is_known
            await all_of_it.states(DELIVERED)
            await all_of_it.rest()
            all_of_it.lanes = None
            await all_of_it.submit("S2")
            await all_of_it.pass_time(30)
            await all_of_it.states(DELIVERED, QUEUED)
            all_of_it.lanes = lanes
            await all_of_it.pass_time(31)
            await all_of_it.states(DELIVERED, DELIVERED)

    run(story())
