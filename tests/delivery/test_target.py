"""Who receives and how they read it: which settings count, and what a change of them moves."""

from typing import Any

import pytest
from pydantic_core import PydanticUndefined

from butterfly_gitops.delivery.target import retarget, text_of, wire_of
from butterfly_gitops.model.delivery import State, Target, TargetNumber
from butterfly_gitops.model.endpoint import EhrEndpoint
from tests.delivery.rows import LANE, a_delivery, a_lane, after, an_endpoint
from tests.table import in_one_test

# field: another value than the sample's or the default
WIRE: dict[str, Any] = {
    "link": "basement",
    "host": "10.20.30.41",
    "port": 6662,
    "tls": {"mode": "server"},
}
TEXT: dict[str, Any] = {
    "sending_application": "BFLY",
    "sending_facility": "EAST",
    "receiving_application": "EPIC",
    "receiving_facility": "EAST",
    "processing_id": "T",
    "encoding": "ISO-8859-1",
    "declare_encoding": False,
    "time_zone": "Europe/Berlin",
    "message": {"corrected_as": "F"},
}
# Neither who receives nor how they read it.
NEITHER: dict[str, Any] = {
    "display_name": "Epic",
    "status": "paused",
    "preliminary_results": "when_attestation_requested",
    "ack_timeout": "20s",
    "connection_timeout": "5s",
    "acknowledgement": {"stop_after": 5, "on_refusal": {"retries": 1}, "on_no_reply": {"then": "stop_lane"}},
    "retry": {"first": "1s"},
    "minimum_gap": "1s",
    "connection": "per_message",
    "on_retarget": "resend",
}
BEFORE = an_endpoint()


def ids(fields):
    return list(fields)


def test_every_field_of_an_endpoint_is_of_the_target_or_known_not_to_be():
    assert {*WIRE, *TEXT, *NEITHER} == set(EhrEndpoint.model_fields)
    assert len(WIRE) + len(TEXT) + len(NEITHER) == len(EhrEndpoint.model_fields)


@pytest.mark.parametrize(("field", "value"), WIRE.items(), ids=ids(WIRE))
def test_who_is_reached_is_the_wire_alone(field, value):
    changed = an_endpoint(**{field: value})
    assert wire_of(changed) != wire_of(BEFORE)
    assert text_of(changed) == text_of(BEFORE)


@in_one_test(("field", "value"), TEXT.items(), ids=ids(TEXT))
def test_how_a_message_reads_is_the_text_alone(field, value):
    changed = an_endpoint(**{field: value})
    assert text_of(changed) != text_of(BEFORE)
    assert wire_of(changed) == wire_of(BEFORE)


@in_one_test(("field", "value"), NEITHER.items(), ids=ids(NEITHER))
def test_the_rest_leaves_the_target_alone(field, value):
    changed = an_endpoint(**{field: value})
    assert changed != BEFORE
    assert (wire_of(changed), text_of(changed)) == (wire_of(BEFORE), text_of(BEFORE))


def test_the_acknowledgement_mode_reads_in_the_message():
    assert text_of(an_endpoint(acknowledgement={"mode": "commit"})) != text_of(BEFORE)


def retargeted(endpoint, *uncertain, **lane):
    current = Target(lane=LANE, number=TargetNumber(1), wire=wire_of(BEFORE), text=text_of(BEFORE))
    return retarget(a_lane(**lane), current, endpoint, uncertain, at=after(10))


def uncertain(number=1):
    return a_delivery(number, state=State.UNCERTAIN, maybe_received=True, target=TargetNumber(1))


@in_one_test(("field", "value"), {**WIRE, **TEXT}.items(), ids=ids({**WIRE, **TEXT}))
def test_a_change_of_the_target_is_its_next_revision(field, value):
    moved = retargeted(an_endpoint(**{field: value}))
    assert moved.target is not None
    assert moved.target.number == moved.lane.target == 2


def test_what_stays_the_same_is_no_revision_and_moves_nothing():
    moved = retargeted(an_endpoint(display_name="Epic"), uncertain())
    assert (moved.target, moved.lane.target, moved.deliveries) == (None, 1, ())


def test_what_may_have_been_received_waits_for_a_person():
    (one, other) = retargeted(an_endpoint(port=6662), uncertain(1), uncertain(2)).deliveries
    assert (one.state, other.state) == (State.SET_ASIDE, State.SET_ASIDE)
    assert one.reason == "the target changed; it may have been received under target 1"
    assert not one.by_policy


def test_what_may_have_been_received_is_sent_again_where_the_endpoint_says_so():
    moved = retargeted(an_endpoint(port=6662, on_retarget="resend"), uncertain())
    assert (moved.lane.on_retarget, moved.deliveries) == ("resend", ())


@pytest.mark.parametrize("status", ["active", "paused"])
def test_the_lane_follows_the_status_of_its_endpoint(status):
    assert retargeted(an_endpoint(status=status), paused=status == "active").lane.paused is (
        status == "paused"
    )


def test_a_stop_and_a_wait_outlast_a_new_target():
    moved = retargeted(an_endpoint(port=6662), stopped="three", failures=4, due_at=after(99))
    assert (moved.lane.stopped, moved.lane.failures, moved.lane.due_at) == ("three", 4, after(99))


def test_what_stored_targets_are_known_by_never_changes():
    # Were it written in another way, a new version would take every endpoint for one that has moved.
    assert wire_of(BEFORE) == '{"host":"10.20.30.40","link":"server-room","port":6661}'
    assert text_of(BEFORE) == (
        '{"acknowledgement_mode":"original","encoding":"UTF-8","receiving_facility":"STE",'
        '"sending_facility":"STE","time_zone":"America/New_York"}'
    )


@in_one_test("field", [*WIRE, *TEXT])
def test_a_default_that_is_written_out_is_no_change(field):
    default = EhrEndpoint.model_fields[field].default
    if default is PydanticUndefined:
        return
    written = an_endpoint(**{field: default})
    assert (wire_of(written), text_of(written)) == (wire_of(BEFORE), text_of(BEFORE))
