"""`bgo endpoint resume`: named rightly, with a reason, and only where something has stopped."""

import pytest

from tests.cli.state_commands import EPIC, Desk


def test_what_has_not_stopped_is_1(applied: Desk):
    ran = applied.bgo("endpoint", "resume", EPIC, "--reason", "CHG-1")
    assert (ran.code, ran.out) == (1, "")
    assert ran.err.startswith("bgo: the endpoint is n")
    assert "stopped" in ran.err


def test_an_unknown_endpoint_is_1(applied: Desk):
    ran = applied.bgo("endpoint", "resume", "st-elsewhere/epik", "--reason", "CHG-1")
    assert (ran.code, ran.out) == (1, "")
    assert ran.err.startswith("bgo: there is no endpoint st-elsewhere/epik")


@pytest.mark.parametrize("name", ["epic-prod", "ST/EPIC", "a/b/c", "st-elsewhere/epic-prod.port", "", "x/"])
def test_a_wrong_name_is_64_and_says_how_to_write_it(applied: Desk, name: str):
    ran = applied.bgo("endpoint", "resume", name, "--reason", "CHG-1")
    assert (ran.code, ran.out) == (64, "")
    assert "SITE/NAME" in ran.err


def test_a_reason_is_needed(applied: Desk):
    assert applied.bgo("endpoint", "resume", EPIC).code == 64
    ran = applied.bgo("endpoint", "resume", EPIC, "--reason", " ")
    assert ran.code == 1
    assert "reason" in ran.err
