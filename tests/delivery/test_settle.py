"""What an attempt's outcome leads to: for the delivery, its report, its lane and its fellows."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from butterfly_gitops.delivery.act import resume
from butterfly_gitops.delivery.settle import Attempted, settle_crash
from butterfly_gitops.model.delivery import (
    FINAL,
    DeliveryId,
    EventNumber,
    Outcome,
    ResultStatus,
    State,
    TargetNumber,
    Verdict,
)
from tests.delivery.rows import (
    DELIVERED,
    NOT_SENT,
    REFUSED,
    SILENT,
    a_delivery,
    a_lane,
    a_policy,
    a_preliminary,
    a_received_report,
    a_report,
    a_withdrawal,
    after,
    in_flight,
    row,
    settled,
    states,
)
from tests.table import in_one_test

ONE = in_flight(a_delivery(1))
MAYBE = in_flight(a_delivery(1, maybe_received=True))
NOW = after(60)
OUTCOMES = {"delivered": DELIVERED, "refused": REFUSED, "silent": SILENT, "not sent": NOT_SENT}


def ids_of(*numbers):
    return tuple(DeliveryId(number) for number in numbers)


def by_policy(number, **changes):
    return a_delivery(number, report=number, state=State.SET_ASIDE, by_policy=True, **changes)


# A positive acknowledgement.


def test_a_positive_reply_delivers_and_heals_the_lane():
    done = settled(ONE, DELIVERED, lane=a_lane(failures=3, due_at=NOW, bad_run=ids_of(7, 8)))
    one = row(done, 1)
    assert (one.state, one.settled_at, one.maybe_received) == (State.DELIVERED, NOW, True)
    assert (done.lane.failures, done.lane.due_at, done.lane.bad_run) == (0, None, ())


@pytest.mark.parametrize("status", [ResultStatus.F, ResultStatus.C])
def test_a_report_remembers_what_was_acknowledged(status):
    (report,) = settled(ONE, DELIVERED, status=status).reports
    assert (report.acknowledged, report.acknowledged_revision) == (status, 3)
    assert (report.maybe_received, report.maybe_final, report.maybe_event) == (True, True, 1)
    assert report.version == 1


def test_an_acknowledged_preliminary_is_no_final():
    (report,) = settled(in_flight(a_preliminary()), DELIVERED, status=ResultStatus.P).reports
    assert (report.acknowledged, report.maybe_received, report.maybe_final) == (ResultStatus.P, True, False)


# Refusals.


@pytest.mark.parametrize("refusals", [0, 1, 2])
def test_a_refusal_is_tried_again_while_retries_are_left(refusals):
    done = settled(replace(ONE, refusals=refusals), REFUSED)
    one = row(done, 1)
    assert (one.state, one.refusals, one.reason) == (State.QUEUED, refusals + 1, "refused with AE")
    assert done.lane.due_at is not None
    assert not done.lane.stopped


def test_a_refusal_after_the_last_retry_sets_aside():
    one = row(settled(replace(ONE, refusals=3), REFUSED), 1)
    assert (one.state, one.by_policy, one.reason) == (
        State.SET_ASIDE,
        True,
        "refused with AE, after 3 retries",
    )


def test_a_refusal_after_the_last_retry_stops_the_lane_where_the_policy_says_so():
    policy = a_policy(on_refusal={"retries": 0, "then": "stop_lane"})
    done = settled(ONE, REFUSED, policy=policy)
    assert row(done, 1).state is State.QUEUED
    assert done.lane.stopped == "refused with AE"


@pytest.mark.parametrize(
    ("code", "state"),
    [("AR", State.SET_ASIDE), ("AE", State.QUEUED), ("CE", State.QUEUED), ("CR", State.QUEUED)],
)
def test_a_code_may_have_its_own_answer(code, state):
    policy = a_policy(on_refusal={"retries": 3, "AR": {"retries": 0}})
    assert row(settled(ONE, replace(REFUSED, code=code), policy=policy), 1).state is state


def test_a_refusal_shows_the_ehr_nothing():
    assert settled(ONE, REFUSED).reports == ()


def test_a_refusal_does_not_take_back_what_an_earlier_silence_may_have_done():
    report = a_report(maybe_received=True, maybe_final=True, maybe_event=EventNumber(1))
    done = settled(MAYBE, REFUSED, report=report)
    assert (row(done, 1).state, row(done, 1).maybe_received) == (State.UNCERTAIN, True)
    assert done.reports == ()


# Silence.


def test_silence_is_uncertain_and_the_report_remembers():
    done = settled(ONE, SILENT)
    one = row(done, 1)
    assert (one.state, one.silences, one.maybe_received) == (State.UNCERTAIN, 1, True)
    assert one.reason == "no answer in time"
    (report,) = done.reports
    assert (report.maybe_received, report.maybe_final, report.acknowledged) == (True, True, None)


def test_silence_after_the_last_resend_sets_aside():
    one = row(settled(replace(MAYBE, silences=10), SILENT), 1)
    assert (one.state, one.by_policy) == (State.SET_ASIDE, True)
    assert one.reason == "no answer in time, after 10 resends"


def test_silence_after_the_last_resend_stops_the_lane_where_the_policy_says_so():
    policy = a_policy(on_no_reply={"resends": 0, "then": "stop_lane"})
    done = settled(ONE, SILENT, policy=policy)
    assert row(done, 1).state is State.UNCERTAIN
    assert done.lane.stopped == "no answer in time"


@given(resends=st.integers(0, 20), retries=st.integers(0, 20))
def test_policy_alone_says_how_often_a_message_is_tried(resends, retries):
    policy = a_policy(on_no_reply={"resends": resends}, on_refusal={"retries": retries}, stop_after=100)
    for verdict, allowed in ((SILENT, resends), (REFUSED, retries)):
        delivery, attempts = ONE, 0
        while delivery.state is not State.SET_ASIDE:
            delivery = row(settled(in_flight(delivery), verdict, policy=policy), 1)
            attempts += 1
        assert attempts == allowed + 1


# Nothing left, and crashes.


@pytest.mark.parametrize(
    ("delivery", "state"), [(ONE, State.QUEUED), (MAYBE, State.UNCERTAIN)], ids=["queued", "uncertain"]
)
def test_what_was_not_sent_is_as_before_its_claim(delivery, state):
    done = settled(replace(delivery, refusals=2, silences=4), NOT_SENT)
    one = row(done, 1)
    assert (one.state, one.refusals, one.silences) == (state, 2, 4)
    assert one.maybe_received == delivery.maybe_received
    assert done.reports == ()


def test_what_was_not_sent_costs_the_lane_a_wait_and_no_place_in_the_run():
    # A peer that accepts and resets at once must not be dialled as fast as it resets.
    lane = settled(ONE, NOT_SENT, lane=a_lane(bad_run=ids_of(7, 8), failures=1)).lane
    assert (lane.bad_run, lane.stopped, lane.failures) == (ids_of(7, 8), "", 2)
    assert lane.due_at == after(60 + 5)


def crashed(delivery, **changes):
    fields = {
        "delivery": delivery,
        "status": ResultStatus.F,
        "report": a_report(),
        "lane": a_lane(),
        "fellows": (),
    }
    return settle_crash(Attempted(**{**fields, **changes}), at=NOW)


def test_a_crash_is_uncertain_even_if_no_byte_left_and_counts_against_nobody():
    lane = a_lane(failures=2, bad_run=ids_of(7, 8))
    done = crashed(replace(ONE, silences=10, refusals=3), lane=lane)
    one = row(done, 1)
    assert (one.state, one.silences, one.refusals, one.maybe_received) == (State.UNCERTAIN, 10, 3, True)
    assert done.lane == lane
    assert done.reports[0].maybe_final


def test_a_crash_applies_what_was_to_follow():
    assert row(crashed(replace(ONE, then=State.SUPERSEDED, then_reason="newer")), 1).state is State.SUPERSEDED


# Back-off and runs.


@pytest.mark.parametrize("verdict", [REFUSED, SILENT], ids=["refused", "silent"])
def test_every_bad_end_grows_the_wait_of_the_lane(verdict):
    waits, lane = [], a_lane()
    for _ in range(3):
        lane = settled(ONE, verdict, lane=lane, jitter=0.999999).lane
        assert lane.due_at is not None
        waits.append(round((lane.due_at - NOW).total_seconds()))
    assert waits == [5, 10, 20]


@pytest.mark.parametrize("verdict", [REFUSED, SILENT], ids=["refused", "silent"])
def test_the_third_different_message_in_a_row_stops_the_lane_at_its_first_failure(verdict):
    done = settled(ONE, verdict, lane=a_lane(bad_run=ids_of(7, 8)))
    assert done.lane.stopped == "3 different messages in a row were refused or not answered"
    assert row(done, 1).state in {State.QUEUED, State.UNCERTAIN}


def test_one_message_that_fails_again_and_again_is_one_message():
    lane = a_lane(bad_run=ids_of(7, 1))
    assert settled(ONE, REFUSED, lane=lane).lane.bad_run == ids_of(7, 1)
    assert settled(ONE, REFUSED, lane=lane).lane.stopped == ""


@pytest.mark.parametrize("stop_after", [1, 2, 5])
def test_the_endpoint_says_how_many_stop_its_lane(stop_after):
    policy, lane = a_policy(stop_after=stop_after), a_lane()
    for number in range(1, stop_after + 1):
        assert lane.stopped == ""
        lane = settled(in_flight(a_delivery(number)), SILENT, lane=lane, policy=policy).lane
    assert lane.stopped


@pytest.mark.parametrize("name", OUTCOMES)
def test_only_a_positive_reply_ends_a_run(name):
    done = settled(ONE, OUTCOMES[name], lane=a_lane(bad_run=ids_of(7)))
    assert (done.lane.bad_run == ()) is (name == "delivered")


def test_a_superseded_attempt_counts_toward_the_stop():
    noted = replace(ONE, then=State.SUPERSEDED, then_reason="newer")
    done = settled(noted, SILENT, lane=a_lane(bad_run=ids_of(7, 8)))
    assert row(done, 1).state is State.SUPERSEDED
    assert done.lane.stopped


def test_a_stop_takes_back_what_policy_set_aside_in_the_run():
    fellows = (by_policy(7), by_policy(8, maybe_received=True, target=TargetNumber(1)))
    done = settled(ONE, SILENT, *fellows, lane=a_lane(bad_run=ids_of(7, 8)))
    assert states(done) == {1: State.UNCERTAIN, 7: State.QUEUED, 8: State.UNCERTAIN}


@pytest.mark.parametrize(
    "fellow",
    [
        pytest.param(by_policy(9), id="of an earlier run"),
        pytest.param(replace(by_policy(7), by_policy=False), id="by a person"),
        pytest.param(replace(by_policy(7), state=State.SUPERSEDED), id="superseded since"),
        pytest.param(
            replace(by_policy(7), maybe_received=True, target=TargetNumber(0)), id="of an earlier target"
        ),
    ],
)
def test_a_stop_takes_back_nothing_else(fellow):
    assert 7 not in states(settled(ONE, SILENT, fellow, lane=a_lane(bad_run=ids_of(7, 8))))


def test_what_may_have_been_received_elsewhere_is_taken_back_where_the_endpoint_resends():
    fellow = by_policy(7, maybe_received=True, target=TargetNumber(0))
    done = settled(ONE, SILENT, fellow, lane=a_lane(bad_run=ids_of(7, 8), on_retarget="resend"))
    assert row(done, 7).state is State.UNCERTAIN


def test_without_a_stop_nothing_is_taken_back():
    assert 7 not in states(settled(ONE, SILENT, by_policy(7), lane=a_lane(bad_run=ids_of(7))))


def test_a_stop_for_one_spent_message_takes_back_the_run_too():
    policy = a_policy(on_refusal={"retries": 0, "then": "stop_lane"}, stop_after=100)
    done = settled(ONE, REFUSED, by_policy(7), policy=policy, lane=a_lane(bad_run=ids_of(7)))
    assert row(done, 7).state is State.QUEUED


def test_after_resume_the_same_three_may_fail_again_before_the_lane_stops():
    lane, rows = settled(ONE, SILENT, lane=a_lane(bad_run=ids_of(7, 8))).lane, (MAYBE,)
    going, _ = resume(lane, rows, at=NOW)
    assert settled(MAYBE, SILENT, lane=going).lane.stopped == ""


# What awaits the attempt in flight.


@in_one_test("name", OUTCOMES)
@in_one_test("then", [State.SUPERSEDED, State.CANCELLED, State.SET_ASIDE])
def test_then_is_applied_unless_the_attempt_delivers(then, name):
    one = row(settled(replace(ONE, then=then, then_reason="why"), OUTCOMES[name]), 1)
    assert one.state is (State.DELIVERED if name == "delivered" else then)
    assert (one.then, one.then_reason) == (None, "")
    assert one.reason == ("" if name == "delivered" else "why")


def test_what_a_person_sets_aside_while_policy_does_stays_with_the_person():
    noted = replace(ONE, refusals=3, then=State.SET_ASIDE, then_reason="not yet")
    one = row(settled(noted, REFUSED), 1)
    assert (one.state, one.by_policy, one.reason) == (State.SET_ASIDE, False, "not yet")


# A target that changed while the attempt was in flight.


@in_one_test(
    ("verdict", "on_retarget", "state"),
    [
        pytest.param(SILENT, "set_aside", State.SET_ASIDE, id="silent"),
        pytest.param(SILENT, "resend", State.UNCERTAIN, id="silent, resend"),
        pytest.param(REFUSED, "set_aside", State.QUEUED, id="refused"),
        pytest.param(NOT_SENT, "set_aside", State.QUEUED, id="not sent"),
        pytest.param(DELIVERED, "set_aside", State.DELIVERED, id="delivered"),
    ],
)
def test_what_may_have_been_received_follows_the_change_of_the_target(verdict, on_retarget, state):
    lane = a_lane(target=TargetNumber(2), on_retarget=on_retarget)
    assert row(settled(ONE, verdict, lane=lane), 1).state is state


# The fellows of its report.


def test_a_preliminary_ends_once_a_final_may_have_been_received():
    waiting = a_preliminary(2, revision=4)
    one = row(settled(ONE, SILENT, waiting), 2)
    assert (one.state, one.reason) == (State.SUPERSEDED, "final-already-reported")


def test_a_final_that_was_refused_gives_way_to_the_newer_preliminary():
    assert states(settled(ONE, REFUSED, a_preliminary(2, revision=4))) == {1: State.SUPERSEDED}


@pytest.mark.parametrize("verdict", [REFUSED, NOT_SENT], ids=["refused", "not sent"])
def test_a_withdrawal_of_what_was_never_received_ends(verdict):
    noted = replace(ONE, then=State.SUPERSEDED, then_reason="finalized for another patient")
    done = settled(noted, verdict, a_withdrawal(2, body=EventNumber(1)))
    assert states(done) == {1: State.SUPERSEDED, 2: State.SUPERSEDED}
    assert row(done, 2).reason == "there is nothing to withdraw"


@pytest.mark.parametrize("verdict", [SILENT, DELIVERED], ids=["silent", "delivered"])
def test_a_withdrawal_of_what_may_have_been_received_stays(verdict):
    noted = replace(ONE, then=State.SUPERSEDED)
    assert 2 not in states(settled(noted, verdict, a_withdrawal(2, body=EventNumber(1))))


def test_a_withdrawal_shows_what_was_received_not_what_was_refused_later():
    noted = in_flight(a_delivery(2, revision=4), then=State.SUPERSEDED)
    done = settled(noted, REFUSED, a_withdrawal(3, body=EventNumber(2)), report=a_received_report(event=1))
    assert row(done, 3).body == 1
    assert row(done, 3).state is State.SET_ASIDE


def test_after_an_acknowledged_withdrawal_nothing_is_left_to_withdraw():
    withdrawal = in_flight(a_withdrawal(2))
    done = settled(withdrawal, DELIVERED, status=ResultStatus.W, report=a_received_report())
    (report,) = done.reports
    assert (report.acknowledged, report.maybe_received, report.maybe_final) == (ResultStatus.W, False, True)


def test_a_withdrawal_without_an_answer_leaves_the_result_where_it_may_be():
    done = settled(in_flight(a_withdrawal(2)), SILENT, status=ResultStatus.W, report=a_received_report())
    assert done.reports == ()
    assert row(done, 2).state is State.UNCERTAIN


def test_the_second_withdrawal_ends_when_the_first_is_acknowledged_after_all():
    first = in_flight(a_withdrawal(2), then=State.SUPERSEDED)
    done = settled(first, DELIVERED, a_withdrawal(3, 6), status=ResultStatus.W, report=a_received_report())
    assert states(done) == {2: State.DELIVERED, 3: State.SUPERSEDED}


# Laws.

verdicts = st.sampled_from(Outcome).map(lambda one: Verdict(outcome=one, code="AE"))
thens = st.sampled_from([None, State.SUPERSEDED, State.CANCELLED, State.SET_ASIDE])


@given(
    verdict=verdicts,
    then=thens,
    maybe=st.booleans(),
    refusals=st.integers(0, 4),
    silences=st.integers(0, 11),
    run=st.integers(0, 3),
    target=st.sampled_from([1, 2]),
)
def test_every_attempt_comes_to_an_end_and_only_a_yes_delivers(
    verdict, then, maybe, refusals, silences, run, target
):
    delivery = in_flight(
        a_delivery(1, maybe_received=maybe, refusals=refusals, silences=silences),
        then=then,
        then_reason="why",
    )
    lane = a_lane(target=TargetNumber(target), bad_run=ids_of(*range(7, 7 + run)))
    done = settled(delivery, verdict, lane=lane)
    one = row(done, 1)
    assert one.state is not State.SENDING
    assert (one.state is State.DELIVERED) is (verdict.outcome is Outcome.DELIVERED)
    assert one.then is None
    assert one.maybe_received >= maybe
    assert (one.settled_at is not None) is (one.state in FINAL)
    if then is None and one.state in {State.QUEUED, State.UNCERTAIN}:
        assert (one.state is State.UNCERTAIN) is one.maybe_received
