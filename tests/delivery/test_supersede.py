"""Only the newest of a report is ever attempted: promise 6, sentence by sentence."""

from dataclasses import replace

import pytest

from butterfly_gitops.delivery.status import status_of
from butterfly_gitops.model.delivery import (
    Cause,
    Content,
    Decision,
    EventNumber,
    LaneId,
    ReportId,
    ResultStatus,
    RuleId,
    State,
)
from tests.delivery.rows import (
    DELIVERED,
    ERIKA,
    HANS,
    LANE,
    NOBODY,
    REFUSED,
    SILENT,
    a_delivery,
    a_preliminary,
    a_rank,
    a_received_report,
    a_report,
    a_withdrawal,
    admitted,
    an_arrival,
    in_flight,
    row,
    settled,
    states,
)
from tests.table import in_one_test

Q, S, U, A = State.QUEUED, State.SENDING, State.UNCERTAIN, State.SET_ASIDE
SUPERSEDED = State.SUPERSEDED
NEW = 50  # the number that `admitted` gives to what it makes
WAITING = pytest.mark.parametrize("state", [Q, U, A])
BOTH = frozenset(ERIKA | HANS)


def preliminary(revision=4, **changes):
    return an_arrival("attestation_requested", revision, **changes)


# A first result.


def test_a_first_result_makes_its_report_and_waits_in_its_lane():
    made = admitted(an_arrival())
    (report,), (delivery,) = made.reports, made.deliveries
    assert (report.id, report.patient, report.newest, report.maybe_received) == (NEW, ERIKA, a_rank(3), False)
    assert (delivery.state, delivery.report, delivery.content, delivery.cause) == (
        Q,
        NEW,
        Content.FINAL,
        Cause.RULE,
    )
    assert (delivery.event, delivery.body, made.made) == (99, 99, (NEW,))


def test_a_preliminary_is_one():
    assert row(admitted(preliminary()), NEW).content is Content.PRELIMINARY


def test_every_lane_has_its_own_report_and_delivery():
    made = admitted(an_arrival(to=(1, 2, 3)))
    assert [one.lane for one in made.reports] == [one.lane for one in made.deliveries] == [1, 2, 3]
    assert made.made == (50, 51, 52)


def test_a_decision_against_makes_nothing():
    against = Decision(rule=RuleId(1), lane=LANE, verdict="preliminary-off")
    made = admitted(an_arrival(decisions=(against,)))
    assert (made.reports, made.deliveries, made.made) == ((), (), (None,))


def test_what_a_closed_rule_sends_to_an_ended_lane_waits_for_a_person():
    one = row(admitted(an_arrival(), ended=frozenset({LANE})), NEW)
    assert (one.state, one.reason, one.by_policy) == (A, "its endpoint has ended", False)


# A newer result of the same report.


@WAITING
@pytest.mark.parametrize("older", [a_delivery(1, 3), a_preliminary(1, 2)], ids=["a final", "a preliminary"])
def test_a_newer_final_ends_what_waits(older, state):
    made = admitted(
        an_arrival(revision=4), a_report(), replace(older, state=state, maybe_received=state is U)
    )
    assert states(made) == {1: SUPERSEDED, NEW: Q}
    assert row(made, 1).reason == "newer: revision 4"
    assert row(made, 1).maybe_received is (state is U)


@WAITING
def test_a_newer_preliminary_ends_an_older_one(state):
    report = a_report(newest=a_rank(2))
    assert states(admitted(preliminary(3), report, a_preliminary(1, 2, state=state))) == {
        1: SUPERSEDED,
        NEW: Q,
    }


def test_the_time_decides_between_two_snapshots_of_one_revision():
    made = admitted(an_arrival(rank=a_rank(3, seconds=1)), a_report(), a_delivery())
    assert states(made) == {1: SUPERSEDED, NEW: Q}


def test_what_is_being_sent_finishes_its_attempt_first():
    made = admitted(an_arrival(revision=4), a_report(), in_flight(a_delivery()))
    one = row(made, 1)
    assert (one.state, one.then, one.then_reason) == (S, SUPERSEDED, "newer: revision 4")
    assert row(made, NEW).state is Q


def test_a_newer_result_leaves_other_lanes_alone():
    other = a_report(2, lane=LaneId(2))
    there = a_delivery(2, report=ReportId(2), lane=LaneId(2))
    made = admitted(an_arrival(revision=4, to=(1, 2)), a_report(), other, a_delivery(), there)
    assert [row(made, number).lane for number in (NEW, 51)] == [1, 2]
    assert states(made) == {1: SUPERSEDED, 2: SUPERSEDED, NEW: Q, 51: Q}


@pytest.mark.parametrize("kind", ["finalized", "attestation_requested"])
@pytest.mark.parametrize("is_final_first", [True, False])
def test_of_two_events_with_one_rank_the_final_speaks(kind, is_final_first):
    waiting = a_delivery(1, 3) if kind == "attestation_requested" else a_preliminary(1, 3)
    made = admitted(an_arrival(kind, 3), a_report(), waiting)
    final, other = (1, NEW) if kind == "attestation_requested" else (NEW, 1)
    assert states(made).get(final, Q) is Q
    assert states(made)[other] is SUPERSEDED


def test_of_two_finals_with_one_rank_the_later_accepted_speaks():
    assert states(admitted(an_arrival(revision=3), a_report(), a_delivery())) == {1: SUPERSEDED, NEW: Q}


# Late arrivals.


@in_one_test(
    ("arrival", "rows", "latest"),
    [
        pytest.param(an_arrival(revision=2), (a_report(),), None, id="older than its report"),
        pytest.param(an_arrival(revision=2), (), a_rank(3), id="older than what ended the study, elsewhere"),
        pytest.param(preliminary(2), (), a_rank(3), id="preliminary after what ended it"),
        pytest.param(preliminary(3), (), a_rank(3), id="preliminary of one rank with what ended it"),
        pytest.param(an_arrival(rank=a_rank(3, -1)), (a_report(),), None, id="same revision, earlier"),
    ],
)
def test_a_late_arrival_is_born_superseded(arrival, rows, latest):
    one = row(admitted(arrival, *rows, latest=latest), NEW)
    assert (one.state, one.reason) == (SUPERSEDED, "late: a newer state of the study is known")
    assert one.settled_at == arrival.at


def test_a_late_arrival_ends_nothing_newer():
    made = admitted(an_arrival(revision=2), a_report(), a_delivery(), latest=a_rank(3))
    assert states(made) == {NEW: SUPERSEDED}


@WAITING
def test_a_late_revert_still_ends_what_is_older_than_it(state):
    rows = (a_report(newest=a_rank(4)), a_preliminary(1, 2, state=state), a_delivery(2, 4))
    assert states(admitted(an_arrival("reverted", 3, to=()), *rows, latest=a_rank(4))) == {1: SUPERSEDED}


def test_a_late_finalized_of_another_patient_withdraws_nothing():
    made = admitted(an_arrival(revision=2, patient=HANS), a_received_report(), a_delivery(), latest=a_rank(3))
    assert states(made) == {NEW: SUPERSEDED}
    assert row(made, NEW).report == NEW


# Never a preliminary after a final.


@pytest.mark.parametrize("acknowledged", [None, ResultStatus.F, ResultStatus.C, ResultStatus.W])
def test_a_preliminary_is_born_superseded_once_a_final_may_have_been_received(acknowledged):
    one = row(admitted(preliminary(), a_received_report(acknowledged=acknowledged)), NEW)
    assert (one.state, one.reason) == (SUPERSEDED, "final-already-reported")


def test_a_preliminary_leaves_the_final_in_flight_alone_and_waits_for_its_end():
    rows = (a_report(), in_flight(a_delivery()))
    made = admitted(preliminary(), *rows)
    assert states(made) == {NEW: Q}
    waiting = row(made, NEW)
    assert states(settled(rows[1], DELIVERED, waiting)) == {1: State.DELIVERED, NEW: SUPERSEDED}
    assert states(settled(rows[1], SILENT, waiting)) == {1: U, NEW: SUPERSEDED}
    assert states(settled(rows[1], REFUSED, waiting)) == {1: SUPERSEDED}


@pytest.mark.parametrize(
    "rows",
    [
        pytest.param(
            (a_received_report(), a_delivery(state=A, maybe_received=True)), id="may have been received"
        ),
        pytest.param((a_report(), in_flight(a_delivery())), id="in flight"),
    ],
)
def test_a_needless_preliminary_does_not_outrank_its_final(rows):
    made = admitted(preliminary(4), *rows)
    assert all(one.newest == a_rank(3) for one in made.reports)


def test_a_final_that_is_older_than_a_preliminary_that_may_be_shown_is_late():
    made = admitted(an_arrival(revision=3), a_report(newest=a_rank(4), maybe_received=True))
    assert states(made) == {NEW: SUPERSEDED}


def test_a_final_that_is_older_than_a_needless_preliminary_still_goes_out():
    report = a_received_report(newest=a_rank(3))
    needless = admitted(preliminary(5), report)
    known = needless.reports[0] if needless.reports else report
    assert row(admitted(an_arrival(revision=4), known), NEW).state is Q


# Reverted and deleted.


@WAITING
@pytest.mark.parametrize("kind", ["reverted", "deleted"])
def test_reverted_and_deleted_end_what_has_not_left_on_every_lane(kind, state):
    other = a_report(2, lane=LaneId(2))
    there = a_delivery(2, report=ReportId(2), lane=LaneId(2))
    made = admitted(an_arrival(kind, 4, to=()), a_report(), other, a_delivery(state=state), there)
    assert states(made) == {1: SUPERSEDED, 2: SUPERSEDED}
    assert row(made, 1).reason == f"study {kind}"


@pytest.mark.parametrize("kind", ["reverted", "deleted"])
def test_reverted_and_deleted_act_whoever_the_patient_is(kind):
    made = admitted(an_arrival(kind, 4, to=(), patient=HANS), a_report(), a_delivery())
    assert states(made) == {1: SUPERSEDED}


@pytest.mark.parametrize("kind", ["reverted", "deleted"])
def test_reverted_and_deleted_let_an_attempt_end_first(kind):
    one = row(admitted(an_arrival(kind, 4, to=()), a_report(), in_flight(a_delivery())), 1)
    assert (one.state, one.then, one.then_reason) == (S, SUPERSEDED, f"study {kind}")


@pytest.mark.parametrize("kind", ["reverted", "deleted"])
def test_reverted_and_deleted_leave_newer_results_and_withdrawals(kind):
    rows = (a_report(), a_delivery(1, 5), a_withdrawal(2, 2))
    assert states(admitted(an_arrival(kind, 4, to=()), *rows)) == {}


def test_reverted_and_deleted_make_no_withdrawal():
    assert admitted(an_arrival("deleted", 4, to=()), a_received_report()).deliveries == ()


def test_what_is_finalized_again_after_a_revert_corrects_what_was_acknowledged():
    rows = (a_received_report(),)
    assert admitted(an_arrival("reverted", 4, to=()), *rows).reports == ()
    made = admitted(an_arrival(revision=5), *rows, latest=a_rank(4))
    assert row(made, NEW).state is Q
    assert status_of(row(made, NEW), made.reports[0]) is ResultStatus.C


def test_what_is_finalized_again_after_a_revert_is_the_first_where_nothing_was_acknowledged():
    made = admitted(an_arrival(revision=5), a_report(), latest=a_rank(4))
    assert status_of(row(made, NEW), made.reports[0]) is ResultStatus.F


def test_what_is_finalized_before_the_revert_is_late():
    made = admitted(an_arrival(revision=3), a_report(newest=a_rank(2)), latest=a_rank(4))
    assert states(made) == {NEW: SUPERSEDED}


# A newer finalized that no rule routes to a lane.


@pytest.mark.parametrize("state", [Q, U])
@pytest.mark.parametrize("older", [a_delivery(1, 3), a_preliminary(1, 2)], ids=["a final", "a preliminary"])
def test_a_newer_finalized_that_is_not_routed_sets_aside_what_waits(older, state):
    made = admitted(an_arrival(revision=4, to=()), a_report(), replace(older, state=state))
    one = row(made, 1)
    assert (one.state, one.reason, one.by_policy) == (A, "a newer finalized is not routed here", False)


def test_a_newer_finalized_that_is_not_routed_lets_an_attempt_end_first():
    one = row(admitted(an_arrival(revision=4, to=(2,)), a_report(), in_flight(a_delivery())), 1)
    assert (one.state, one.then) == (S, A)


def test_what_policy_set_aside_is_not_taken_back_after_a_newer_finalized_is_not_routed():
    made = admitted(an_arrival(revision=4, to=()), a_report(), a_delivery(state=A, by_policy=True))
    assert (row(made, 1).state, row(made, 1).by_policy) == (A, False)


def test_a_preliminary_that_is_not_routed_acts_on_nothing():
    assert admitted(preliminary(to=()), a_report(), a_delivery()).deliveries == ()


# A finalized for another patient.

ANOTHER = an_arrival(revision=4, patient=HANS)


@WAITING
def test_a_finalized_for_another_patient_ends_what_has_not_left(state):
    made = admitted(ANOTHER, a_report(), a_delivery(state=state))
    assert states(made) == {1: SUPERSEDED, NEW: Q}
    assert row(made, 1).reason == "finalized for another patient"


def test_another_patient_is_another_report():
    made = admitted(ANOTHER, a_report())
    (report,) = made.reports
    assert (report.id, report.patient, row(made, NEW).report) == (NEW, HANS, NEW)
    assert status_of(row(made, NEW), report) is ResultStatus.F


def withdrawals(made):
    return [one for one in made.deliveries if one.content is Content.WITHDRAWAL and one.state is A]


@in_one_test(
    "rows",
    [
        pytest.param((a_received_report(event=7),), id="acknowledged"),
        pytest.param(
            (
                a_received_report(event=7, acknowledged=None),
                a_delivery(7, state=U, maybe_received=True),
            ),
            id="uncertain",
        ),
        pytest.param(
            (a_report(maybe_received=True, maybe_event=EventNumber(7), acknowledged=ResultStatus.P),),
            id="a preliminary",
        ),
        pytest.param((a_report(), in_flight(a_delivery(7))), id="in flight"),
        pytest.param((a_received_report(event=6), in_flight(a_delivery(7))), id="a correction in flight"),
    ],
)
@in_one_test("to", [(1,), (2,), ()], ids=["routed here", "routed elsewhere", "not routed"])
def test_what_may_have_been_received_for_another_patient_is_withdrawn_by_a_person(rows, to):
    (one,) = withdrawals(admitted(replace(ANOTHER, decisions=an_arrival(to=to).decisions), *rows))
    assert (one.state, one.cause, one.by_policy) == (A, Cause.WITHDRAWAL, False)
    assert (one.event, one.body, one.report, one.lane, one.rank) == (99, 7, 1, 1, a_rank(4))


def test_what_cannot_have_been_received_is_not_withdrawn():
    assert withdrawals(admitted(ANOTHER, a_report(), a_delivery())) == []


def test_a_withdrawal_is_outside_the_product_of_events_and_rules():
    made = admitted(ANOTHER, a_received_report())
    assert len(made.deliveries) == 2
    assert [row(made, number).content for number in made.made if number is not None] == [Content.FINAL]


def test_only_one_withdrawal_of_a_report_is_open():
    rows = (a_received_report(), a_withdrawal(2))
    assert withdrawals(admitted(an_arrival(revision=5, patient=HANS), *rows)) == []


def test_what_was_withdrawn_is_not_withdrawn_again():
    withdrawn = a_report(acknowledged=ResultStatus.W, maybe_final=True)
    assert withdrawals(admitted(ANOTHER, withdrawn)) == []


def test_what_may_have_been_received_after_a_withdrawal_is_withdrawn_again():
    again = a_received_report(event=8, acknowledged=ResultStatus.W)
    assert len(withdrawals(admitted(ANOTHER, again, a_delivery(8, state=U, maybe_received=True)))) == 1


def test_a_withdrawal_that_ends_after_its_attempt_does_not_stand_in_for_the_next():
    leaving = in_flight(a_withdrawal(2), then=SUPERSEDED)
    (one,) = withdrawals(admitted(an_arrival(revision=6, patient=HANS), a_received_report(event=1), leaving))
    assert (one.id, one.body) == (NEW, 1)


@pytest.mark.parametrize("kind", ["attestation_requested", "reverted", "deleted"])
def test_only_a_finalized_for_another_patient_withdraws(kind):
    assert withdrawals(admitted(an_arrival(kind, 4, patient=HANS), a_received_report())) == []


@in_one_test("state", [A, Q, U])
@in_one_test("to", [(1,), ()], ids=["routed", "not routed"])
def test_a_finalized_for_its_own_patient_ends_a_withdrawal(state, to):
    rows = (a_received_report(), a_withdrawal(2, 4, state=state))
    made = admitted(an_arrival(revision=5, to=to), *rows)
    assert (row(made, 2).state, row(made, 2).reason) == (SUPERSEDED, "finalized for its own patient")


def test_finalized_for_hans_and_then_for_erika_again():
    of_hans = a_received_report(2, event=2, patient=HANS, newest=a_rank(4))
    rows = (a_received_report(1, event=1), a_withdrawal(3, 4), of_hans)
    made = admitted(an_arrival(revision=5), *rows, latest=a_rank(4))
    (withdrawal,) = withdrawals(made)
    assert (withdrawal.report, withdrawal.body) == (2, 2)
    assert row(made, 3).state is SUPERSEDED
    (correction,) = [one for one in made.deliveries if one.id == made.made[0]]
    assert (correction.report, correction.state) == (1, Q)
    assert status_of(correction, rows[0]) is ResultStatus.C


# Merges of patients.


def test_a_merge_is_the_same_report():
    made = admitted(
        an_arrival(revision=4, patient=HANS, merged_from=ERIKA), a_received_report(), a_delivery()
    )
    (report,) = made.reports
    assert (report.id, report.patient) == (1, BOTH)
    assert states(made) == {1: SUPERSEDED, NEW: Q}
    assert status_of(row(made, NEW), report) is ResultStatus.C


def test_a_merge_links_both_ways():
    merged = admitted(an_arrival(revision=3, patient=HANS, merged_from=ERIKA))
    (report,) = merged.reports
    assert row(admitted(an_arrival(revision=4, patient=ERIKA), report), NEW).report == report.id


MERGED = {"patient": HANS, "merged_from": ERIKA}


def two_reports(erika, hans):
    return (
        replace(erika, id=ReportId(1), patient=ERIKA),
        replace(hans, id=ReportId(2), patient=HANS),
    )


@in_one_test(
    ("erika", "hans", "chosen"),
    [
        pytest.param(a_report(), a_report(), 2, id="nothing received: the later one"),
        pytest.param(a_received_report(), a_report(newest=a_rank(4)), 1, id="the one with a final"),
        pytest.param(
            a_report(maybe_received=True), a_received_report(), 2, id="a final before a preliminary"
        ),
        pytest.param(
            a_received_report(), a_received_report(acknowledged=None), 1, id="acknowledged before uncertain"
        ),
        pytest.param(a_report(maybe_received=True), a_report(newest=a_rank(4)), 1, id="what may be received"),
    ],
)
def test_where_a_merge_joins_two_reports_the_one_that_the_ehr_knows_best_goes_on(erika, hans, chosen):
    made = admitted(an_arrival(revision=5, **MERGED), *two_reports(erika, hans))
    assert row(made, NEW).report == chosen
    assert withdrawals(made) == []


def test_where_a_merge_joins_two_reports_each_identifier_of_either_is_known():
    """The event of the merge names one identifier of each; a later one may come with another."""
    third = frozenset({"another number of hans"})
    erika, hans = two_reports(a_received_report(), a_report())
    merged = admitted(an_arrival(revision=5, **MERGED), erika, replace(hans, patient=HANS | third))
    later = admitted(an_arrival(revision=6, patient=third), *merged.reports)
    assert row(later, NEW).report == erika.id
    assert withdrawals(later) == []


@WAITING
@pytest.mark.parametrize("kind", ["finalized", "attestation_requested"])
def test_where_a_merge_joins_two_reports_both_end_what_is_older(kind, state):
    waiting = (
        a_preliminary(1, 2, report=ReportId(1), state=state),
        a_preliminary(2, 3, report=ReportId(2), state=state),
    )
    made = admitted(an_arrival(kind, 4, **MERGED), *two_reports(a_report(), a_report()), *waiting)
    assert states(made) == {1: SUPERSEDED, 2: SUPERSEDED, NEW: Q}


def test_where_a_merge_joins_two_reports_a_final_of_either_makes_a_preliminary_needless():
    reports = two_reports(a_received_report(), a_report(newest=a_rank(4), maybe_received=True))
    assert row(admitted(preliminary(5, **MERGED), *reports), NEW).reason == "final-already-reported"


def test_where_a_merge_joins_two_reports_a_newer_one_of_either_makes_an_arrival_late():
    reports = two_reports(a_received_report(), a_report(newest=a_rank(6)))
    made = admitted(an_arrival(revision=5, **MERGED), *reports, latest=a_rank(6))
    assert row(made, NEW).state is SUPERSEDED


def test_a_patient_without_identifiers_is_another_than_one_with():
    made = admitted(ANOTHER, a_received_report(patient=NOBODY))
    assert len(withdrawals(made)) == 1
