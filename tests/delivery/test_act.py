"""What a person may do to a delivery or a lane, and what is refused with its reason."""

import pytest

from butterfly_gitops.delivery.act import ActionRefused, cancel, refuse_rendering, resend, resume, set_aside
from butterfly_gitops.delivery.draft import Draft
from butterfly_gitops.model.delivery import FINAL, IN_LANE, DeliveryId, Pause, State, TargetNumber
from tests.delivery.rows import (
    a_delivery,
    a_lane,
    a_preliminary,
    a_rank,
    a_received_report,
    a_report,
    a_withdrawal,
    after,
    in_flight,
)
from tests.table import in_one_test

ASIDE = a_delivery(state=State.SET_ASIDE, refusals=4, silences=11, by_policy=True)
NOW = after(60)


def resent(delivery, *others, report=None, lane=None):
    draft = Draft([report or a_report()], [delivery, *others])
    resend(draft, delivery, lane or a_lane(), at=NOW, reason="fixed (ada@example.org)")
    return draft.delivery(delivery.id)


def test_a_resend_returns_it_to_its_lane_with_its_counts_at_zero():
    one = resent(ASIDE)
    assert (one.state, one.refusals, one.silences, one.by_policy) == (State.QUEUED, 0, 0, False)
    assert one.reason == "fixed (ada@example.org)"


def test_a_resend_keeps_its_place_and_its_message():
    sent = a_delivery(state=State.SET_ASIDE, attempts=2, message=1, control_id="K7", target=TargetNumber(1))
    one = resent(sent)
    assert (one.id, one.accepted_at, one.attempts, one.message, one.control_id) == (
        1,
        sent.accepted_at,
        2,
        1,
        "K7",
    )


def test_a_resend_of_what_may_have_been_received_is_uncertain():
    assert resent(a_delivery(state=State.SET_ASIDE, maybe_received=True)).state is State.UNCERTAIN


def test_a_resend_is_still_the_newest_although_a_needless_preliminary_came():
    report = a_received_report(newest=a_rank(3), acknowledged=None)
    assert (
        resent(a_delivery(state=State.SET_ASIDE, maybe_received=True), report=report).state is State.UNCERTAIN
    )


@pytest.mark.parametrize("changes", [{"paused": True}, {"stopped": "three"}], ids=["paused", "stopped"])
def test_a_resend_waits_in_a_lane_that_does_not_run(changes):
    assert resent(ASIDE, lane=a_lane(**changes)).state is State.QUEUED


@pytest.mark.parametrize("delivery", [a_withdrawal(), ASIDE], ids=["withdrawal", "result"])
def test_a_resend_is_refused_once_its_lane_has_ended(delivery):
    with pytest.raises(ActionRefused, match="only be cancelled"):
        resent(delivery, lane=a_lane(ended=True))


@in_one_test("state", sorted(set(State) - {State.SET_ASIDE}))
def test_only_what_is_set_aside_is_resent(state):
    with pytest.raises(
        ActionRefused, match=f"it is {state.replace('_', ' ')}; only what is set aside can be resent"
    ):
        resent(a_delivery(state=state))


@pytest.mark.parametrize(
    ("delivery", "report", "why"),
    [
        pytest.param(ASIDE, a_report(newest=a_rank(4)), "a newer result", id="a newer one is known"),
        pytest.param(
            a_preliminary(revision=3, state=State.SET_ASIDE),
            a_received_report(),
            "a final",
            id="a final was shown",
        ),
    ],
)
def test_what_would_show_something_older_is_not_resent(delivery, report, why):
    with pytest.raises(ActionRefused, match=why):
        resent(delivery, report=report)


def test_a_withdrawal_is_resent_whatever_its_rank():
    assert resent(a_withdrawal(revision=2), report=a_received_report()).state is State.QUEUED


@pytest.mark.parametrize("state", sorted(IN_LANE - {State.SENDING}))
def test_a_person_sets_aside_what_waits(state):
    draft = Draft([a_report()], [a_delivery(state=state)])
    set_aside(draft, draft.delivery(DeliveryId(1)), at=NOW, reason="wrong patient?")
    one = draft.delivery(DeliveryId(1))
    assert (one.state, one.reason, one.by_policy) == (State.SET_ASIDE, "wrong patient?", False)


@pytest.mark.parametrize("state", sorted(set(State) - IN_LANE))
def test_what_is_out_of_its_lane_is_not_set_aside(state):
    with pytest.raises(ActionRefused, match=f"it is {state.replace('_', ' ')}"):
        set_aside(Draft([], []), a_delivery(state=state), at=NOW, reason="")


@pytest.mark.parametrize("state", sorted(set(State) - FINAL - {State.SENDING}))
def test_a_person_cancels_what_has_not_ended(state):
    draft = Draft([a_report()], [a_delivery(state=state)])
    cancel(draft, draft.delivery(DeliveryId(1)), at=NOW, reason="sent by fax")
    one = draft.delivery(DeliveryId(1))
    assert (one.state, one.reason, one.settled_at) == (State.CANCELLED, "sent by fax", NOW)


@pytest.mark.parametrize("state", sorted(FINAL))
def test_what_has_ended_is_not_cancelled(state):
    with pytest.raises(ActionRefused, match=f"it is {state.replace('_', ' ')} already"):
        cancel(Draft([], []), a_delivery(state=state), at=NOW, reason="")


@pytest.mark.parametrize(
    ("act", "then"), [(set_aside, State.SET_ASIDE), (cancel, State.CANCELLED)], ids=["set aside", "cancel"]
)
def test_what_is_being_sent_ends_its_attempt_first(act, then):
    draft = Draft([a_report()], [in_flight(a_delivery())])
    act(draft, draft.delivery(DeliveryId(1)), at=NOW, reason="why")
    one = draft.delivery(DeliveryId(1))
    assert (one.state, one.then, one.then_reason) == (State.SENDING, then, "why")


def test_resume_lets_a_stopped_lane_start_from_zero():
    stopped = a_lane(stopped="three", failures=9, bad_run=(DeliveryId(1),), due_at=after(999))
    lane, (one,) = resume(stopped, [a_delivery(refusals=3, silences=8)], at=NOW)
    assert lane == a_lane()
    assert one == a_delivery()


@pytest.mark.parametrize(
    ("lane", "why"),
    [
        (a_lane(), "neither stopped"),
        (a_lane(paused=True), "paused in git"),
        (a_lane(ended=True), "has ended"),
    ],
    ids=["running", "paused", "ended"],
)
def test_only_a_stopped_lane_is_resumed(lane, why):
    with pytest.raises(ActionRefused, match=why):
        resume(lane, [], at=NOW)


def test_resume_leaves_a_pause_in_git_to_git():
    assert resume(a_lane(stopped="three", paused=True), [], at=NOW)[0].paused


def test_resume_lets_a_draining_lane_go_on_of_which_git_says_nothing_any_more():
    draining = a_lane(leaving="drain", paused=True)
    assert resume(draining, [], at=NOW)[0] == a_lane(leaving="drain")


def test_resume_ends_the_pause_of_an_operator():
    pause = Pause(by="ada@example.org", reason="upgrade", since=NOW, until=None)
    assert resume(a_lane(pause=pause), [], at=NOW)[0] == a_lane()


@pytest.mark.parametrize("state", [State.QUEUED, State.UNCERTAIN])
def test_what_cannot_be_written_is_set_aside_with_the_field_named(state):
    one = refuse_rendering(a_delivery(state=state), field="PID-3", why="needs an identifier", at=NOW)
    assert (one.state, one.reason) == (State.SET_ASIDE, "cannot be written: PID-3 needs an identifier")
    assert (one.by_policy, one.refusals, one.silences) == (False, 0, 0)
