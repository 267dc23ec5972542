"""A result that cannot be written for its EHR: it waits for a person with the field named, and nobody behind it does."""

import json

import pytest

from butterfly_gitops.dispatcher.rendering import Renderer
from butterfly_gitops.model.delivery import LaneId, State, Target, TargetNumber
from butterfly_gitops.store.body import Body
from butterfly_gitops.store.dispatch import Head, Refusing
from tests.delivery.rows import a_delivery, a_report
from tests.dispatcher.lanes_at_work import Ehr, an_endpoint, dispatching, studies
from tests.dispatcher.scripted_peer import Peer, run
from tests.hl7.samples import AT, endpoint, study

ASIDE, DELIVERED = State.SET_ASIDE, State.DELIVERED
LONG_NAME = "Wolfeschlegelsteinhausenbergerdorff" * 9  # 315 characters

# What the study holds, how its endpoint is set up, and why it is set aside.
UNWRITABLE = {
    "a name of 300 characters": (
        {"family": LONG_NAME},
        {"message": {"too_long": "refuse"}},
        "cannot be written: PID-5 is longer than the 250 characters that v2.5.1 allows; message.too_long decides that",
    ),
    "a name with a letter of another language": (
        {"family": "Dvořák"},
        {"encoding": "ISO-8859-1"},
        (
            "cannot be written: PID-5 holds a character that ISO-8859-1 cannot express; "
            "message.unencodable or encoding decide that"
        ),
    ),
    "a name in another script": (
        {"family": "Иванова"},
        {"encoding": "ISO-8859-1"},
        "cannot be written: PID-5 holds a character that ISO-8859-1 cannot express; encoding decides that",
    ),
    "a report over the EHR's limit": (
        {"text": "No free fluid. " * 100},
        {"message": {"max_value_bytes": 1000}},
        "cannot be written: OBX-5 has 1500 bytes in OBX 1 (findings); message.max_value_bytes allows 1000",
    ),
    "no visit, where one is needed": (
        {},
        {"message": {"when_missing": {"visit_number": "set_aside"}}},
        (
            "cannot be written: PV1-19 the study has no visit number; "
            "message.when_missing.visit_number decides that"
        ),
    ),
    "no document to send": (
        {},
        {"message": {"layout": "pdf"}},
        "cannot be written: OBX-5 the study has no PDF; message.when_missing.document decides that",
    ),
}


@pytest.mark.parametrize(("study", "settings", "reason"), UNWRITABLE.values(), ids=UNWRITABLE)
def test_it_is_set_aside_with_the_field_named_and_not_a_byte_leaves(tmp_path, study, settings, reason):
    async def story():
        async with (
            Peer(Ehr().play) as peer,
            dispatching(tmp_path, epic=an_endpoint(peer.port, **settings)) as all_of_it,
        ):
            await all_of_it.submit("S1", **study)
            (found,) = await all_of_it.states(ASIDE)
            assert (found.delivery.reason, found.attempts) == (reason, ())
            assert not found.delivery.maybe_received
            await all_of_it.rest()
            assert peer.messages == []

    run(story())


def test_what_comes_after_it_is_sent_and_the_lane_runs_on(tmp_path):
    async def story():
        async with Peer(Ehr().play) as peer, dispatching(tmp_path, epic=an_endpoint(peer.port)) as all_of_it:
            for study, family in (
                ("S1", LONG_NAME),
                ("S2", "Muster"),
                ("S3", LONG_NAME),
                ("S4", LONG_NAME),
                ("S5", "Muster"),
            ):
                await all_of_it.submit(study, family=family)
            await all_of_it.states(ASIDE, DELIVERED, ASIDE, ASIDE, DELIVERED)
            assert studies(peer.messages) == ["S2", "S5"]
            # Nothing was refused by the EHR, so nothing speaks against the next message.
            assert (await all_of_it.lane("epic")).stopped == ""

    run(story())


def test_an_ehr_that_takes_more_gets_the_whole_name(tmp_path):
    async def story():
        endpoint = {"message": {"too_long": "send"}}
        async with (
            Peer(Ehr().play) as peer,
            dispatching(tmp_path, epic=an_endpoint(peer.port, **endpoint)) as all_of_it,
        ):
            await all_of_it.submit("S1", family=LONG_NAME)
            await all_of_it.states(DELIVERED)
            assert f"|{LONG_NAME}^".encode() in peer.messages[0]

    run(story())


def test_what_an_earlier_version_accepted_and_this_one_cannot_read_waits_with_its_place():
    event = study("efast.json").model_dump(mode="json", by_alias=True)
    event["study"]["accession_number"] = " A4711"
    target = Target(lane=LaneId(1), number=TargetNumber(1), wire="", text="")
    head = Head(
        delivery=a_delivery(1), report=a_report(1), body=Body(json.dumps(event)), spare="", message=None
    )
    prepared = Renderer(endpoint(), target, letters=lambda count: "X" * count).prepare(head, at=AT)
    assert isinstance(prepared, Refusing)
    assert (prepared.field, prepared.why) == (
        "the study",
        "was accepted by an earlier version, and this one cannot read its study/accession_number",
    )
