"""When a delivery may be sent, and what its claim writes before the first byte."""

from dataclasses import replace
from datetime import timedelta

import pytest

from butterfly_gitops.delivery.claim import Claim, claimed, reusable, why_not
from butterfly_gitops.model.delivery import (
    DeliveryId,
    Epoch,
    EventNumber,
    ReportId,
    State,
    Target,
    TargetNumber,
)
from tests.delivery.rows import (
    LANE,
    a_delivery,
    a_lane,
    a_message,
    a_preliminary,
    a_rank,
    a_report,
    a_withdrawal,
    after,
)
from tests.table import in_one_test

CLAIM = Claim(
    delivery=DeliveryId(1),
    report=ReportId(1),
    report_version=0,
    target=TargetNumber(1),
    longest_wait=timedelta(minutes=10),
    message=a_message(),
)


def refusal(delivery=None, *, report=None, lane=None, head: int | None = 1, claim=CLAIM):
    return why_not(
        claim,
        delivery or a_delivery(),
        report or a_report(),
        lane or a_lane(),
        head=None if head is None else DeliveryId(head),
        at=after(10),
    )


@pytest.mark.parametrize("state", [State.QUEUED, State.UNCERTAIN])
def test_the_head_of_a_lane_that_runs_may_be_sent(state):
    assert refusal(a_delivery(state=state)) == ""


def test_a_wait_ends_exactly_when_it_is_due():
    assert refusal(lane=a_lane(due_at=after(10))) == ""


@in_one_test(
    ("changes", "reason"),
    [
        pytest.param({"delivery": a_delivery(state=State.SENDING)}, "it is sending", id="sending"),
        pytest.param({"delivery": a_delivery(state=State.SET_ASIDE)}, "it is set aside", id="set aside"),
        pytest.param({"delivery": a_delivery(state=State.DELIVERED)}, "it is delivered", id="delivered"),
        pytest.param({"delivery": a_delivery(state=State.SUPERSEDED)}, "it is superseded", id="superseded"),
        pytest.param({"delivery": a_delivery(state=State.CANCELLED)}, "it is cancelled", id="cancelled"),
        pytest.param({"head": 7}, "it is not the head of its lane", id="another head"),
        pytest.param({"head": None}, "it is not the head of its lane", id="no head"),
        pytest.param({"lane": a_lane(ended=True)}, "its lane has ended", id="ended"),
        pytest.param({"lane": a_lane(paused=True)}, "its lane is paused", id="paused"),
        pytest.param({"lane": a_lane(stopped="three")}, "its lane is stopped", id="stopped"),
        pytest.param({"lane": a_lane(due_at=after(11))}, "its lane backs off", id="backs off"),
        pytest.param({"lane": a_lane(target=TargetNumber(2))}, "the target has changed", id="target"),
        pytest.param({"report": a_report(version=1)}, "its report has changed", id="report"),
        pytest.param(
            {"delivery": a_preliminary(), "report": a_report(maybe_final=True)},
            "a final of its report may have been received",
            id="a preliminary after a final",
        ),
    ],
)
def test_a_claim_is_refused_with_its_reason(changes, reason):
    assert refusal(**changes) == reason


def make_claim(delivery=None, report=None, message=None, *, target=1):
    return claimed(
        delivery or a_delivery(),
        report or a_report(),
        message or a_message(),
        target=TargetNumber(target),
        epoch=Epoch(4),
        at=after(10),
    )


def test_a_claim_fixes_message_target_and_epoch_in_its_attempt():
    rows = make_claim(target=2)
    assert (rows.delivery.state, rows.delivery.attempts, rows.delivery.target) == (State.SENDING, 1, 2)
    assert (rows.attempt.number, rows.attempt.epoch, rows.attempt.target, rows.attempt.message) == (
        1,
        4,
        2,
        1,
    )
    assert rows.attempt.control_id == rows.delivery.control_id == a_message().control_id
    assert (rows.attempt.started_at, rows.attempt.ended_at, rows.attempt.verdict) == (after(10), None, None)


def test_a_repeat_is_the_next_attempt_of_the_same_message():
    first = make_claim()
    waiting = replace(first.delivery, state=State.UNCERTAIN, maybe_received=True)
    again = make_claim(waiting, first.report)
    assert (again.attempt.number, again.attempt.control_id) == (2, first.attempt.control_id)
    assert again.report == first.report


def test_what_was_printed_is_remembered_with_a_new_version():
    report = make_claim().report
    assert (report.filler, report.last_status_time, report.printed_revision, report.version) == (
        "A4711",
        "20261124090311",
        3,
        1,
    )


def test_the_filler_is_kept_for_life():
    assert make_claim(report=a_report(filler="A0001")).report.filler == "A0001"


def test_a_new_message_tells_the_status_time_that_was_printed_last():
    later = make_claim(report=a_report(last_status_time="20261124015959-0400")).report
    assert later.last_status_time == a_message().status_time


def test_a_message_that_goes_out_again_prints_nothing_new():
    again = make_claim(a_delivery(message=1), a_report(last_status_time="20261124100000")).report
    assert again.last_status_time == "20261124100000"


@pytest.mark.parametrize("other", [a_preliminary(revision=3), a_withdrawal(state=State.QUEUED)])
def test_a_one_off_does_not_repeat_the_status_time_of_what_was_no_final(other):
    assert make_claim(other, a_report(printed_revision=3)).report.printed_revision is None


def test_what_is_being_sent_is_the_newest_that_its_report_knows():
    assert make_claim(a_preliminary(revision=4)).report.newest == a_rank(4)


def test_a_withdrawal_is_no_newer_result():
    assert make_claim(a_withdrawal(state=State.QUEUED, revision=4)).report.newest == a_rank(3)


@pytest.mark.parametrize(
    ("message", "is_reused"),
    [
        pytest.param(None, False, id="none stored"),
        pytest.param(a_message(), True, id="same text"),
        pytest.param(a_message(target=TargetNumber(1), text="{}"), True, id="address moved"),
        pytest.param(a_message(text='{"encoding":"US-ASCII"}'), False, id="other text"),
    ],
)
def test_bytes_are_reused_exactly_if_the_text_settings_are_the_same(message, is_reused):
    target = Target(lane=LANE, number=TargetNumber(2), wire='{"host":"10.0.0.2"}', text="{}")
    assert reusable(message, target) is is_reused


def test_a_claim_changes_nothing_else_of_the_delivery():
    before = a_delivery(body=EventNumber(9), refusals=2, silences=1, maybe_received=True)
    after_claim = make_claim(before).delivery
    assert after_claim == replace(
        before,
        state=State.SENDING,
        attempts=1,
        message=1,
        control_id=a_message().control_id,
        target=TargetNumber(1),
    )
