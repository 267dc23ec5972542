"""What people do: once per key, audited, and never against a promise."""

import pytest

from butterfly_gitops.delivery.act import ActionRefused
from butterfly_gitops.model.delivery import Cause, DeliveryId
from butterfly_gitops.model.site import Removal
from butterfly_gitops.store.interface import Store
from butterfly_gitops.store.people import NotFound
from tests.store.play import DELIVERED, REFUSED, SILENT, SITE, Play, a_policy, a_site, an_event


async def test_a_resend_returns_a_result_to_its_place(store: Store) -> None:
    play = await Play.start(store)
    await play.accept(an_event("e-1"), an_event("e-2", study="s-2"))
    await play.act("set_aside", 1)
    assert await play.heads() == [2]
    acted = await play.act("resend", 1)
    assert (acted.delivery, acted.state, acted.is_repeat, acted.lanes) == (1, "queued", False, {1})
    assert await play.heads() == [1, 2]


async def test_a_resend_of_what_may_have_been_received_stays_uncertain(store: Store) -> None:
    play = await Play.start(store)
    await play.accept(an_event("e-1"))
    await play.send(verdict=SILENT)
    await play.act("set_aside", 1)
    assert (await play.act("resend", 1)).state == "uncertain"


async def test_what_is_being_sent_ends_its_attempt_first(store: Store) -> None:
    play = await Play.start(store)
    await play.accept(an_event("e-1"))
    flight = await play.claim()
    assert (await play.act("cancel", 1)).state == "sending"
    await play.settle(flight, SILENT)
    assert await play.state(1) == "cancelled"


async def test_an_action_on_nothing_is_not_found(store: Store) -> None:
    play = await Play.start(store)
    with pytest.raises(NotFound):
        await play.act("resend", 9)
    with pytest.raises(NotFound):
        await play.resume("cerner")
    with pytest.raises(NotFound):
        await play.send_once("s-9")


@pytest.mark.parametrize("kind", ["resend", "set_aside", "cancel"])
async def test_what_has_ended_takes_no_action(store: Store, kind: str) -> None:
    play = await Play.start(store)
    await play.accept(an_event("e-1"))
    await play.send()
    with pytest.raises(ActionRefused):
        await play.act(kind, 1)


async def test_a_resend_after_a_newer_result_is_refused(store: Store) -> None:
    play = await Play.start(store)
    await play.accept(an_event("e-1"))
    await play.act("set_aside", 1)
    await play.accept(an_event("e-2", revision=2))
    with pytest.raises(ActionRefused, match="it is superseded"):
        await play.act("resend", 1)


async def test_a_key_acts_once_and_answers_alike(store: Store) -> None:
    play = await Play.start(store)
    await play.accept(an_event("e-1"))
    first = await play.act("set_aside", 1, key="k-1")
    again = await play.act("set_aside", 1, key="k-1")
    assert (first.is_repeat, again.is_repeat) == (False, True)
    assert (first.delivery, first.state, first.lanes) == (again.delivery, again.state, again.lanes)
    assert len((await store.show(DeliveryId(1))).audit) == 1


async def test_a_key_of_another_action_is_refused(store: Store) -> None:
    play = await Play.start(store)
    await play.accept(an_event("e-1"))
    await play.act("set_aside", 1, key="k-1")
    with pytest.raises(ActionRefused, match="did something else"):
        await play.act("cancel", 1, key="k-1")


async def test_a_refused_action_leaves_its_key_free_and_no_trace(store: Store) -> None:
    play = await Play.start(store)
    await play.accept(an_event("e-1"))
    with pytest.raises(ActionRefused):
        await play.act("resend", 1, key="k-1")
    assert (await store.show(DeliveryId(1))).audit == ()
    assert not (await play.act("cancel", 1, key="k-1")).is_repeat


async def test_each_action_is_audited(store: Store) -> None:
    play = await Play.start(store)
    await play.accept(an_event("e-1"))
    await play.act("set_aside", 1)
    await play.act("cancel", 1, actor="grace@example.org", reason="sent by fax")
    shown = await store.show(DeliveryId(1))
    assert [(one.actor, one.action, one.reason) for one in shown.audit] == [
        ("ada@example.org", "set_aside", "CHG-4411"),
        ("grace@example.org", "cancel", "sent by fax"),
    ]
    assert shown.found.delivery.reason == "sent by fax (grace@example.org)"


async def test_resuming_a_stopped_endpoint_zeroes_its_counts(store: Store) -> None:
    play = await Play.start(store)
    await play.accept(an_event("e-1"))
    await play.send(verdict=REFUSED, policy=a_policy(stop_after=1))
    acted = await play.resume()
    assert (acted.delivery, acted.lanes) == (None, {1})
    lane = await play.lane()
    assert (lane.stopped, lane.failures, lane.bad_run, lane.due_at) == ("", 0, (), None)
    assert (await play.found())[1].delivery.refusals == 0
    await play.send()
    assert await play.state(1) == "delivered"


async def test_what_goes_on_cannot_be_resumed(store: Store) -> None:
    play = await Play.start(store)
    with pytest.raises(ActionRefused):
        await play.resume()


# One-off sends: docs/architecture.md, "What is sent when".


async def test_a_one_off_reaches_an_endpoint_that_no_rule_names(store: Store) -> None:
    play = await Play.start(store, a_site(archives={"ed": []}))
    await play.accept(an_event("e-1"))
    acted = await play.send_once()
    assert (acted.delivery, acted.state) == (1, "queued")
    await play.send()
    found = (await play.found())[1]
    assert (found.delivery.state, found.delivery.cause) == ("delivered", Cause.ONE_OFF)
    ledger = await store.ledger()
    assert (ledger.adds_up, dict(ledger.beyond)) == (True, {"delivered": 1})


async def status_of_newest(play: Play) -> str:
    number = max(await play.found())
    return str((await play.store.show(DeliveryId(number))).messages[-1].status)


async def test_a_one_off_of_an_acknowledged_revision_repeats_its_status_under_a_new_id(store: Store) -> None:
    play = await Play.start(store)
    await play.accept(an_event("e-1"))
    await play.send()
    await play.send_once()
    await play.send()
    assert await status_of_newest(play) == "F"
    assert len({one.delivery.control_id for one in (await play.found()).values()}) == 2


async def test_statuses_follow_what_was_acknowledged(store: Store) -> None:
    play = await Play.start(store)
    statuses = []
    for number, kind in enumerate(
        ["attestation_requested", "attestation_requested", "finalized", "finalized"]
    ):
        await play.accept(an_event(f"e-{number}", kind, revision=number))
        await play.send()
        statuses.append(await status_of_newest(play))
    assert statuses == ["P", "P", "F", "C"]


@pytest.mark.parametrize("verdict", [None, SILENT], ids=["queued", "uncertain"])
async def test_a_one_off_of_what_still_waits_returns_it(store: Store, verdict: object) -> None:
    play = await Play.start(store)
    await play.accept(an_event("e-1"))
    if verdict:
        await play.send(verdict=SILENT)
    assert (await play.send_once()).delivery == 1
    assert len(await play.states()) == 1


async def test_a_one_off_of_what_is_set_aside_names_the_resend(store: Store) -> None:
    play = await Play.start(store)
    await play.accept(an_event("e-1"))
    await play.act("set_aside", 1)
    with pytest.raises(ActionRefused, match="bgo delivery resend 1"):
        await play.send_once()


@pytest.mark.parametrize("kind", ["reverted", "deleted", "attestation_requested"])
async def test_only_a_finalized_study_is_sent_by_hand(store: Store, kind: str) -> None:
    play = await Play.start(store)
    await play.accept(an_event("e-1"), an_event("e-2", kind, revision=2))
    with pytest.raises(ActionRefused, match="not finalized"):
        await play.send_once()


async def test_a_one_off_is_sent_once_per_key(store: Store) -> None:
    play = await Play.start(store, a_site(archives={"ed": []}))
    await play.accept(an_event("e-1"))
    first = await play.send_once(key="k-1")
    await play.send(verdict=DELIVERED)
    again = await play.send_once(key="k-1")
    assert (again.delivery, again.is_repeat) == (first.delivery, True)
    with pytest.raises(ActionRefused, match="did something else"):
        await play.send_once("s-2", key="k-1")
    assert len(await play.states()) == 1


async def test_a_one_off_names_who_sent_it_where(store: Store) -> None:
    play = await Play.start(store, a_site(archives={"ed": []}))
    await play.accept(an_event("e-1"))
    acted = await play.send_once()
    (entry,) = (await store.show(acted.delivery)).audit
    assert (entry.actor, entry.action) == ("ada@example.org", f"send to {SITE}/epic")


@pytest.mark.parametrize("name", ["epic", "epic~1"])
async def test_resume_reaches_what_drains_under_the_name_of_another(store: Store, name: str) -> None:
    play = await Play.start(store)
    await play.apply(a_site(endpoints={"epic": {"status": "paused"}}))
    await play.accept(an_event("e-1"))
    removed = {"epic": Removal(waiting="drain", reason="CHG-4411")}
    await play.apply(a_site(endpoints=()).model_copy(update={"removed": removed}))
    await play.apply(a_site())
    draining, configured = [lane.id for lane, _ in (await store.running()).lanes]
    assert (await play.resume(name)).lanes == {draining}
    with pytest.raises(ActionRefused):
        await play.resume(name)
    assert await play.heads() == [1]
    assert configured != draining
