"""Studies that bring one order number, on real sockets: an EHR gets each under an OBR-3 of its own, or a person does."""

import re

from butterfly_gitops.hl7.message import value_of
from butterfly_gitops.model.delivery import State
from butterfly_gitops.store.people import Action
from tests.dispatcher.lanes_at_work import Ehr, a_site, an_endpoint, dispatching, studies
from tests.dispatcher.scripted_peer import Peer, run

ASIDE, DELIVERED = State.SET_ASIDE, State.DELIVERED
REASON = "cannot be written: OBR-3 is that of another report at this EHR; message.filler_in_use decides that"
GENERATED = re.compile(r"BF[0-9A-HJKMNP-TV-Z]{14}")


def numbers(messages):
    """OBR-3 by study."""
    return {study: value_of(one, "OBR-3") for study, one in zip(studies(messages), messages, strict=True)}


def test_each_study_has_its_own_number_the_first_its_accession_number(tmp_path):
    async def story():
        async with Peer(Ehr().play) as peer, dispatching(tmp_path, epic=an_endpoint(peer.port)) as all_of_it:
            await all_of_it.submit("S1", "S2", "S3", accession="A1")
            await all_of_it.states(DELIVERED, DELIVERED, DELIVERED)
            found = numbers(peer.messages)
            assert found["S1"] == "A1"
            assert [bool(GENERATED.fullmatch(found[study])) for study in ("S2", "S3")] == [True, True]
            assert len(set(found.values())) == 3
            await all_of_it.submit("S2", revision=2, accession="A1")
            await all_of_it.states(*[DELIVERED] * 4)
            assert value_of(peer.messages[-1], "OBR-3") == found["S2"]
            assert [value_of(one, "OBR-18") for one in peer.messages] == ["A1"] * 4

    run(story())


def test_every_endpoint_gets_a_study_under_the_same_generated_number(tmp_path):
    async def story():
        async with (
            Peer(Ehr().play) as one,
            Peer(Ehr().play) as other,
            dispatching(tmp_path, epic=an_endpoint(one.port), registry=an_endpoint(other.port)) as all_of_it,
        ):
            await all_of_it.submit("S1", "S2", accession="A1")
            await all_of_it.submit("S3", "S4")
            await all_of_it.states(*[DELIVERED] * 8)
            assert numbers(one.messages) == numbers(other.messages)
            assert len(set(numbers(one.messages).values())) == 4

    run(story())


def test_where_the_endpoint_says_so_a_person_decides_and_nobody_behind_it_waits(tmp_path):
    async def story():
        async with (
            Peer(Ehr().play) as peer,
            dispatching(
                tmp_path, epic=an_endpoint(peer.port, message={"filler_in_use": "set_aside"})
            ) as all_of_it,
        ):
            await all_of_it.submit("S1", "S2", accession="A1")
            await all_of_it.submit("S3", accession="A3")
            _, found, _ = await all_of_it.states(DELIVERED, ASIDE, DELIVERED)
            assert (found.attempts, found.delivery.reason) == (
                (),
                REASON,
            )
            assert studies(peer.messages) == ["S1", "S3"]
            await all_of_it.apply(a_site(epic=an_endpoint(peer.port)))
            fields = {"actor": "ada", "reason": "both are right", "key": "resend", "at": all_of_it.now()}
            acted = await all_of_it.store.act(Action(kind="resend", delivery=found.delivery.id, **fields))
            all_of_it.lanes.wake(acted.lanes)
            await all_of_it.states(DELIVERED, DELIVERED, DELIVERED)
            assert GENERATED.fullmatch(numbers(peer.messages)["S2"])

    run(story())
