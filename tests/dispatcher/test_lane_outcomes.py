"""What becomes of a result when its receiver refuses, is silent or answers for another: attempts, states, bytes.

The numbers are those of docs/fault-cases.md.
"""

import pytest

from butterfly_gitops.model.delivery import Outcome, State
from tests.dispatcher.lanes_at_work import Ehr, a_site, an_endpoint, dispatching, id_of, studies
from tests.dispatcher.scripted_peer import Peer, ack, framed, run, until

QUEUED, UNCERTAIN, ASIDE, DELIVERED = State.QUEUED, State.UNCERTAIN, State.SET_ASIDE, State.DELIVERED
ACK_TIMEOUT_S = 30


def outcomes(found):
    return [(attempt.verdict.outcome.value, attempt.verdict.code) for attempt in found.attempts]


def other(code):
    """An answer with this code that is about another message."""
    return lambda _: framed(ack("SOMEBODY-ELSES", code))


def without_id(message):
    return framed(ack("", "AA"))


def twice(first, second):
    return lambda message: framed(ack(id_of(message), first)) + framed(ack(id_of(message), second))


def half(message):
    """An answer that reads like a whole one up to its first end byte."""
    return framed(ack(id_of(message))[:-1] + b"\x1cX\r")


def contradicted(message):
    """A yes, and a no behind an end byte of the same block."""
    return framed(ack(id_of(message)) + b"\x1cMSA|AE|" + id_of(message).encode() + b"\r")


GRACE_S = 0.25
# Row: what the peer does with the first message, the seconds until it counts, and what the first attempt's verdict says.
DOUBTS = {
    "12 no answer": (None, ACK_TIMEOUT_S, "", "no answer"),
    "15 close before an answer": ("close", 0, "", "closed before an answer"),
    "16 reset before an answer": ("reset", 0, "", "reset before an answer"),
    "20 CA in original mode": ("CA", 0, "CA", "CA in original mode: set acknowledgement mode commit?"),
    "28 unknown code": ("AX", 0, "AX", "MSA-1 is no known code"),
    "28 longer code": ("AAX", 0, "AAX", "MSA-1 is no known code"),
    "29 AA for another message": (other("AA"), GRACE_S, "AA", "acknowledges another message"),
    "30 AE for another message": (other("AE"), GRACE_S, "AE", "acknowledges another message"),
    "31 AA without an id": (without_id, GRACE_S, "AA", "MSA-2 is empty"),
    "71 half an answer": (half, GRACE_S, "AA", "MSA-2 is our MSH-10 and more; an end byte within the block"),
    "71 a yes and a no in one": (contradicted, GRACE_S, "", "more than one MSA segment"),
    "32 our own message comes back": (framed, GRACE_S, "", None),
}


@pytest.mark.parametrize(("act", "seconds", "code", "detail"), DOUBTS.values(), ids=DOUBTS)
def test_a_doubt_closes_the_connection_and_the_same_bytes_go_again(tmp_path, act, seconds, code, detail):
    async def story():
        async with (
            Peer(Ehr(act).play) as peer,
            dispatching(tmp_path, epic=an_endpoint(peer.port)) as all_of_it,
        ):
            await all_of_it.submit("S1", "S2")
            await until(lambda: peer.messages)
            await all_of_it.pass_time(seconds)
            first, second = await all_of_it.states(UNCERTAIN, QUEUED)
            verdict = first.attempts[0].verdict
            assert (verdict.outcome, verdict.code) == (Outcome.UNCERTAIN, code)
            assert detail in (None, verdict.detail)
            assert first.delivery.maybe_received
            # The lane waits, whatever heads it.
            await all_of_it.pass_time(1.9)
            assert len(peer.messages) == 1
            await all_of_it.pass_time(0.2)
            first, second = await all_of_it.states(DELIVERED, DELIVERED)
            assert len({one.control_id for one in first.attempts}) == 1
            assert peer.messages[0] == peer.messages[1]
            assert studies(peer.messages) == ["S1", "S1", "S2"]
            assert peer.connections == 2
            assert [len(one.attempts) for one in (first, second)] == [2, 1]

    run(story())


# Row: what stands before and behind the answer's block, and whether the answer is the first block and delivers.
BESIDE = {
    "our answer behind a foreign one": (framed(ack("OTHER")), b"", False),
    "junk before": (b"Junk", b"", True),
    "junk behind": (b"", b"\x00Junk", True),
    "what follows an end byte": (b"", b"\x0bMSH\x1cX", True),
    "nothing": (b"", b"", True),
}


@pytest.mark.parametrize(("before", "behind", "delivers"), BESIDE.values(), ids=BESIDE)
def test_all_that_came_is_in_the_history(tmp_path, before, behind, delivers):
    async def story():
        def answer(message):
            return before + framed(ack(id_of(message))) + behind

        async with (
            Peer(Ehr(answer).play) as peer,
            dispatching(tmp_path, epic=an_endpoint(peer.port)) as all_of_it,
        ):
            await all_of_it.submit("S1")
            await until(lambda: peer.messages)
            await all_of_it.pass_time(GRACE_S)
            (found,) = await all_of_it.states(DELIVERED if delivers else UNCERTAIN)
            came = answer(peer.messages[0])
            bare = ack(id_of(peer.messages[0]))
            assert found.attempts[0].reply == (came if before or behind else bare)

    run(story())


def test_13_only_the_one_without_an_answer_is_in_doubt_and_order_is_kept(tmp_path):
    async def story():
        ehr = Ehr("AA", "AA", None)
        async with Peer(ehr.play) as peer, dispatching(tmp_path, epic=an_endpoint(peer.port)) as all_of_it:
            await all_of_it.submit("S1", "S2", "S3", "S4")
            await until(lambda: len(peer.messages) == 3)
            await all_of_it.pass_time(ACK_TIMEOUT_S)
            await all_of_it.states(DELIVERED, DELIVERED, UNCERTAIN, QUEUED)
            await all_of_it.pass_time(2)
            found = await all_of_it.states(*[DELIVERED] * 4)
            assert [len(one.attempts) for one in found] == [1, 1, 2, 1]
            assert studies(peer.messages) == ["S1", "S2", "S3", "S3", "S4"]

    run(story())


def test_14_a_late_answer_never_settles_the_next_message(tmp_path):
    async def story():
        ehr = Ehr(is_held=True)
        async with Peer(ehr.play) as peer, dispatching(tmp_path, epic=an_endpoint(peer.port)) as all_of_it:
            await all_of_it.submit("S1", "S2")
            await until(lambda: len(peer.messages) == 1)
            await all_of_it.pass_time(ACK_TIMEOUT_S)
            await all_of_it.states(UNCERTAIN, QUEUED)
            # The answer comes now, on a connection that is no more; the message is sent again on another.
            ehr.let()
            await all_of_it.pass_time(2)
            await until(lambda: len(peer.messages) == 2)
            await all_of_it.rest()
            assert [one.delivery.state for one in await all_of_it.found()] == [State.SENDING, QUEUED]
            ehr.let(2)
            first, second = await all_of_it.states(DELIVERED, DELIVERED)
            assert [len(one.attempts) for one in (first, second)] == [2, 1]
            assert peer.connections == 2

    run(story())


def test_44_what_nobody_waited_for_is_counted_under_other_settings_and_another_listener_too(tmp_path):
    async def story():
        answer = twice("AA", "AA")
        async with (
            Peer(Ehr(answer, answer).play) as peer,
            Peer(Ehr().play) as other_peer,
            dispatching(tmp_path, epic=an_endpoint(peer.port)) as all_of_it,
        ):
            lanes = all_of_it.lanes

            def counted():
                return [one.late_answers for one in lanes.strays().values()], lanes.all_strays().late_answers

            await all_of_it.submit("S1")
            await all_of_it.states(DELIVERED)
            assert counted() == ([1], 1)
            await all_of_it.apply(a_site(epic=an_endpoint(peer.port, connection_timeout="20s")))
            await all_of_it.submit("S2")
            await all_of_it.states(DELIVERED, DELIVERED)
            assert counted() == ([2], 2)
            await all_of_it.apply(a_site(epic=an_endpoint(other_peer.port)))
            await all_of_it.rest()
            assert counted() == ([0], 2)

    run(story())


COMMIT = {"acknowledgement": {"mode": "commit"}}


@pytest.mark.parametrize("answer", ["CA", "AA", twice("CA", "AA")], ids=["20 CA", "AA", "21 CA then AA"])
def test_in_commit_mode_the_first_yes_delivers(tmp_path, answer):
    async def story():
        async with (
            Peer(Ehr(answer, answer, otherwise="CA").play) as peer,
            dispatching(tmp_path, registry=an_endpoint(peer.port, **COMMIT)) as all_of_it,
        ):
            await all_of_it.submit("S1", "S2", "S3")
            found = await all_of_it.states(DELIVERED, DELIVERED, DELIVERED)
            code = answer if isinstance(answer, str) else "CA"
            assert [outcomes(one) for one in found[:2]] == [[("delivered", code)]] * 2
            assert studies(peer.messages) == ["S1", "S2", "S3"]

    run(story())


# Row: mode, policy, answers; then the codes of the attempts, and where the delivery stands.
REFUSALS = {
    "23 AE, retries spent": ("original", {"retries": 2}, ["AE"] * 3, "AE AE AE", ASIDE),
    "24 AR at once": ("original", {"retries": 3, "AR": {"retries": 0}}, ["AR"], "AR", ASIDE),
    "24 AE beside AR": ("original", {"retries": 1, "AR": {"retries": 0}}, ["AE", "AR"], "AE AR", ASIDE),
    "25 CE": ("commit", {"retries": 1}, ["CE", "CE"], "CE CE", ASIDE),
    "25 CR": ("commit", {"retries": 0}, ["CR"], "CR", ASIDE),
    "27 AE, then AA": ("original", {"retries": 3}, ["AE", "AE", "AA"], "AE AE AA", DELIVERED),
    "27 CE, then CA": ("commit", {"retries": 3}, ["CE", "CA"], "CE CA", DELIVERED),
}


@pytest.mark.parametrize(("mode", "policy", "answers", "codes", "end"), REFUSALS.values(), ids=REFUSALS)
def test_a_refusal_is_retried_as_the_policy_says(tmp_path, mode, policy, answers, codes, end):
    async def story():
        settings = {"acknowledgement": {"mode": mode, "on_refusal": policy}}
        async with (
            Peer(Ehr(*answers).play) as peer,
            dispatching(tmp_path, epic=an_endpoint(peer.port, **settings)) as all_of_it,
        ):
            await all_of_it.submit("S1", "S2")
            for count in range(1, len(answers) + 1):
                await until(lambda count=count: len(peer.messages) >= count)
                await all_of_it.pass_time(10)
            first, second = await all_of_it.states(end, DELIVERED)
            assert " ".join(code for _, code in outcomes(first)) == codes
            assert len({one.control_id for one in first.attempts}) == 1
            assert not first.delivery.maybe_received or end is DELIVERED
            assert len(second.attempts) == 1
            assert studies(peer.messages) == ["S1"] * len(answers) + ["S2"]
            assert len(set(peer.messages)) == 2

    run(story())


@pytest.mark.parametrize(
    ("policy", "answer"),
    [({"on_refusal": {"retries": 0, "then": "stop_lane"}}, "AR"), ({"on_no_reply": {"resends": 0, "then": "stop_lane"}}, "close")],
    ids=["refusal", "silence"],
)  # fmt: skip
def test_a_policy_may_stop_the_lane_and_a_person_lets_it_go_on(tmp_path, policy, answer):
    async def story():
        async with (
            Peer(Ehr(answer).play) as peer,
            dispatching(tmp_path, epic=an_endpoint(peer.port, acknowledgement=policy)) as all_of_it,
        ):
            await all_of_it.submit("S1", "S2")
            await all_of_it.when(lambda found: found[0].attempts and found[0].attempts[0].verdict)
            assert (await all_of_it.lane("epic")).stopped
            await all_of_it.pass_time(3600)
            assert studies(peer.messages) == ["S1"]
            await all_of_it.resume("epic")
            await all_of_it.states(DELIVERED, DELIVERED)
            assert studies(peer.messages) == ["S1", "S1", "S2"]
            assert peer.messages[0] == peer.messages[1]

    run(story())


def test_67_three_different_ones_in_a_row_stop_the_lane_and_return_to_their_places(tmp_path):
    async def story():
        never = {"on_refusal": {"retries": 0}}
        async with (
            Peer(Ehr("AR", "AR", "AR").play) as peer,
            dispatching(tmp_path, epic=an_endpoint(peer.port, acknowledgement=never)) as all_of_it,
        ):
            await all_of_it.submit("S1", "S2", "S3", "S4")
            for count in (1, 2, 3):
                await until(lambda count=count: len(peer.messages) >= count)
                await all_of_it.pass_time(10)
            await all_of_it.states(QUEUED, QUEUED, QUEUED, QUEUED)
            assert "3 different messages in a row" in (await all_of_it.lane("epic")).stopped
            await all_of_it.pass_time(3600)
            assert studies(peer.messages) == ["S1", "S2", "S3"]
            await all_of_it.resume("epic")
            await all_of_it.states(*[DELIVERED] * 4)
            assert studies(peer.messages)[3:] == ["S1", "S2", "S3", "S4"]

    run(story())


def test_67_a_poison_message_is_set_aside_and_the_lane_goes_on(tmp_path):
    async def story():
        ehr = Ehr("AR", "AR", "AA", "AR", "AA")
        never = {"on_refusal": {"retries": 0}}
        async with (
            Peer(ehr.play) as peer,
            dispatching(tmp_path, epic=an_endpoint(peer.port, acknowledgement=never)) as all_of_it,
        ):
            await all_of_it.submit("S1", "S2", "S3", "S4", "S5")
            for count in range(1, 6):
                await until(lambda count=count: len(peer.messages) >= count)
                await all_of_it.pass_time(10)
            # A yes ends a run, so three that were refused are not three in a row.
            await all_of_it.states(ASIDE, ASIDE, DELIVERED, ASIDE, DELIVERED)
            assert not (await all_of_it.lane("epic")).stopped

    run(story())
