"""Sending one finalized study to one endpoint by hand."""

from dataclasses import replace

import pytest

from butterfly_gitops.delivery.act import ActionRefused
from butterfly_gitops.delivery.one_off import one_off
from butterfly_gitops.delivery.status import status_of
from butterfly_gitops.delivery.supersede import KnownStudy
from butterfly_gitops.model.delivery import Cause, Content, Delivery, LaneId, Report, ResultStatus, State
from tests.delivery.rows import (
    HANS,
    a_delivery,
    a_lane,
    a_preliminary,
    a_rank,
    a_received_report,
    a_report,
    a_withdrawal,
    admitted,
    an_arrival,
    in_flight,
    row,
    states,
)


def sent(arrival, *rows, lane=None):
    known = KnownStudy(
        reports=tuple(one for one in rows if isinstance(one, Report)),
        deliveries=tuple(one for one in rows if isinstance(one, Delivery)),
        latest=a_rank(3),
    )
    return one_off(arrival, known, lane or a_lane(), next_report=50, next_delivery=50)


BY_HAND = an_arrival(to=())


def test_a_one_off_is_a_delivery_that_no_rule_made():
    made = sent(BY_HAND)
    one = row(made, 50)
    assert made.made == (50,)
    assert (one.state, one.cause, one.content, one.rank) == (
        State.QUEUED,
        Cause.ONE_OFF,
        Content.FINAL,
        a_rank(3),
    )
    assert (one.event, one.body) == (99, 99)


def test_a_one_off_ranks_as_its_event_so_equal_is_newest():
    made = sent(BY_HAND, a_received_report())
    assert states(made) == {50: State.QUEUED}
    assert row(made, 50).report == 1


@pytest.mark.parametrize("status", [ResultStatus.F, ResultStatus.C])
def test_a_one_off_of_what_was_acknowledged_says_its_last_status_again(status):
    report = a_received_report(acknowledged=status)
    assert status_of(row(sent(BY_HAND, report), 50), report) is status


@pytest.mark.parametrize("kind", ["attestation_requested", "reverted", "deleted"])
def test_only_a_study_whose_latest_state_is_finalized_is_sent(kind):
    with pytest.raises(ActionRefused, match=f"the study's latest state is {kind}, not finalized"):
        sent(an_arrival(kind, to=()))


def test_nothing_is_sent_to_an_endpoint_that_has_ended():
    with pytest.raises(ActionRefused, match="has ended"):
        sent(BY_HAND, lane=a_lane(ended=True))


@pytest.mark.parametrize(
    "waiting",
    [a_delivery(), a_delivery(state=State.UNCERTAIN), in_flight(a_delivery())],
    ids=["queued", "uncertain", "sending"],
)
def test_an_open_delivery_of_that_revision_is_returned_instead_of_a_second(waiting):
    made = sent(BY_HAND, a_report(), waiting)
    assert (made.made, made.deliveries) == ((1,), ())


def test_what_is_set_aside_is_resent_not_sent_again():
    with pytest.raises(ActionRefused, match="bgo delivery resend 1"):
        sent(BY_HAND, a_report(), a_delivery(state=State.SET_ASIDE))


def test_a_delivery_that_ends_after_its_attempt_does_not_stand_in():
    leaving = in_flight(a_delivery(), then=State.CANCELLED, then_reason="why")
    made = sent(BY_HAND, a_report(), leaving)
    assert made.made == (50,)
    assert states(made) == {50: State.QUEUED}


def test_a_one_off_ends_what_is_older():
    made = sent(BY_HAND, a_report(newest=a_rank(2)), a_preliminary(1, 2))
    assert states(made) == {1: State.SUPERSEDED, 50: State.QUEUED}
    (report,) = made.reports
    assert report.newest == a_rank(3)


def test_a_one_off_leaves_a_withdrawal_to_a_person():
    of_hans = replace(a_received_report(2), patient=HANS)
    made = sent(BY_HAND, of_hans, a_withdrawal(2, report=of_hans.id))
    assert states(made) == {50: State.QUEUED}
    assert row(made, 50).report == 50


def test_a_one_off_goes_to_the_report_of_its_own_lane():
    made = sent(BY_HAND, a_received_report(), lane=a_lane(id=LaneId(2)))
    assert (row(made, 50).lane, row(made, 50).report) == (2, 50)


def test_what_was_sent_by_hand_is_superseded_like_all_else():
    newer = admitted(an_arrival(revision=4), a_report(), a_delivery(cause=Cause.ONE_OFF))
    assert states(newer) == {1: State.SUPERSEDED, 50: State.QUEUED}


def test_a_newer_finalized_that_is_not_routed_sets_aside_what_was_sent_by_hand():
    made = sent(BY_HAND)
    newer = admitted(an_arrival(revision=4, to=()), *made.reports, *made.deliveries)
    assert states(newer) == {50: State.SET_ASIDE}
