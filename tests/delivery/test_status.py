"""Which status a message carries: the table "What is sent when" of docs/architecture.md."""

import pytest

from butterfly_gitops.delivery.status import repeats_revision, status_of
from butterfly_gitops.model.delivery import Cause, ResultStatus
from tests.delivery.rows import a_delivery, a_preliminary, a_report, a_withdrawal
from tests.table import in_one_test

P, F, C, W = ResultStatus.P, ResultStatus.F, ResultStatus.C, ResultStatus.W
PRELIMINARY, FINAL = a_preliminary(revision=3), a_delivery(revision=3)
BY_HAND = a_delivery(revision=3, cause=Cause.ONE_OFF)


@in_one_test(
    ("delivery", "acknowledged", "revision", "status"),
    [
        pytest.param(PRELIMINARY, None, None, P, id="attested, nothing known"),
        pytest.param(PRELIMINARY, P, 2, P, id="attested again"),
        pytest.param(FINAL, None, None, F, id="finalized, nothing known"),
        pytest.param(FINAL, P, 2, F, id="finalized, a preliminary is known"),
        pytest.param(FINAL, P, 3, F, id="finalized, a preliminary of the same revision is known"),
        pytest.param(FINAL, F, 2, C, id="finalized, a final is known"),
        pytest.param(FINAL, C, 2, C, id="finalized, a correction is known"),
        pytest.param(FINAL, W, 2, C, id="finalized, a withdrawal is known"),
        pytest.param(FINAL, F, 3, C, id="another event of the same revision"),
        pytest.param(BY_HAND, None, None, F, id="one-off, nothing known"),
        pytest.param(BY_HAND, P, 3, F, id="one-off, a preliminary of it is known"),
        pytest.param(BY_HAND, F, 3, F, id="one-off, that final is known"),
        pytest.param(BY_HAND, C, 3, C, id="one-off, that correction is known"),
        pytest.param(BY_HAND, F, 2, C, id="one-off, an earlier final is known"),
        pytest.param(BY_HAND, W, 3, C, id="one-off, a withdrawal is known"),
        pytest.param(a_withdrawal(), None, None, W, id="withdrawal, nothing known for sure"),
        pytest.param(a_withdrawal(), F, 3, W, id="withdrawal, a final is known"),
    ],
)
def test_the_status_follows_what_was_acknowledged(delivery, acknowledged, revision, status):
    report = a_report(acknowledged=acknowledged, acknowledged_revision=revision, maybe_final=True)
    assert status_of(delivery, report) is status


def test_a_final_that_may_have_been_received_is_not_corrected_before_it_is_acknowledged():
    report = a_report(acknowledged=P, acknowledged_revision=2, maybe_received=True, maybe_final=True)
    assert status_of(FINAL, report) is F


def test_after_the_withdrawal_of_a_preliminary_a_final_corrects_nothing():
    assert status_of(FINAL, a_report(acknowledged=W, acknowledged_revision=2, maybe_final=False)) is F


@pytest.mark.parametrize(
    ("delivery", "printed", "repeats"),
    [
        pytest.param(BY_HAND, 3, True, id="one-off of what was printed"),
        pytest.param(BY_HAND, 2, False, id="one-off of a newer one"),
        pytest.param(BY_HAND, None, False, id="one-off, nothing printed"),
        pytest.param(FINAL, 3, False, id="by a rule"),
    ],
)
def test_only_a_revision_sent_again_by_hand_repeats_its_status_time(delivery, printed, repeats):
    assert repeats_revision(delivery, a_report(printed_revision=printed)) is repeats
