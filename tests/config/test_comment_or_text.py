"""A comment is asked whether it is text where its setting takes such text, and nowhere else."""

import pytest

from butterfly_gitops.config.comment_or_text import may_be_text


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("display_name", "Epic"),
        ("display_name", "Ward 7"),
        ("reason", "CHG"),
        ("receiving_facility", "STE"),
        ("namespace", "STE"),
        ("display", "FAST"),
        ("system", "L"),
        ("PV1-3", "ED"),
        ("OBR-16.2.1", "ADA"),
    ],
)
def test_free_text_may_go_on_behind_a_sign(key: str, value: str):
    assert may_be_text(value, "#1", key=key)
    assert not may_be_text(value, "# 1", key=key)
    assert not may_be_text("", "#1", key=key)


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("host", "10.20.30.40"),
        ("encoding", "UTF-8"),
        ("time_zone", "America/New_York"),
        ("link", "server-room"),
        ("purpose", "clinical"),
        ("preset", "epic"),
        ("status", "active"),
        ("forward_to", "epic-prod"),
        ("empty_as_null", "PV1-3"),
        ("port", "6661"),
        ("first", "5s"),
        ("code", "76705"),
    ],
)
def test_names_choices_and_numbers_do_not(key: str, value: str):
    assert not may_be_text(value, "#1", key=key)
