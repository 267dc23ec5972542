"""What leaves the configuration: an endpoint or an archive, and the results that wait for it."""

from collections.abc import Sequence
from datetime import timedelta
from typing import Literal

import pytest

from butterfly_gitops.delivery.act import ActionRefused
from butterfly_gitops.model.delivery import DeliveryId, Lane, LaneId
from butterfly_gitops.model.endpoint import EhrEndpoint
from butterfly_gitops.model.site import Removal, Site
from butterfly_gitops.store.interface import ResultsWait, Store
from butterfly_gitops.store.people import NotFound
from tests.store.play import (
    DELIVERED,
    NOT_SENT,
    REFUSED,
    SILENT,
    SITE,
    T0,
    Play,
    a_policy,
    a_site,
    an_event,
)

Word = Literal["drain", "set_aside"]
EPIC_LANE = LaneId(1)


def gone(
    word: Word | None = None, name: str = "epic", endpoints: Sequence[str] = (), archive: str = "ed"
) -> Site:
    """The site without its endpoint, and what `removed` says of it."""
    site = a_site(endpoints=endpoints, archives={archive: tuple(endpoints)})
    removed = {name: Removal(waiting=word, reason="CHG-4411")} if word else {}
    return site.model_copy(update={"removed": removed})


async def lane_of(store: Store, lane: LaneId = EPIC_LANE) -> Lane:
    return (await store.views([lane]))[0].lane


async def how(store: Store, lane: LaneId = EPIC_LANE) -> tuple[str, bool]:
    row = await lane_of(store, lane)
    return row.leaving, row.ended


async def leave(play: Play, word: Word) -> None:
    play.wait(60)
    await play.apply(gone(word))


# Nothing waits, or nobody said what becomes of what does.


@pytest.mark.parametrize("word", [None, "drain", "set_aside"])
async def test_an_endpoint_that_nothing_waits_for_ends(store: Store, word: Word | None) -> None:
    play = await Play.start(store)
    await play.accept(an_event("e-1"))
    await play.send()
    await play.apply(gone(word))
    assert (await lane_of(store)).ended
    assert (await store.running()).lanes == ()


async def test_results_wait_and_nobody_says_what_becomes_of_them(store: Store) -> None:
    play = await Play.start(store)
    await play.accept(an_event("e-1"))
    before = await store.observe()
    with pytest.raises(ResultsWait) as raised:
        await play.apply(gone())
    assert raised.value.names == ("epic",)
    assert await store.observe() == before


async def test_all_that_leaves_without_a_word_is_named(store: Store) -> None:
    play = await Play.start(store, a_site(endpoints=("epic", "cerner")))
    await play.accept(an_event("e-1"))
    with pytest.raises(ResultsWait) as raised:
        await play.apply(gone("drain"))
    assert raised.value.names == ("cerner",)
    with pytest.raises(ResultsWait) as raised:
        await play.apply(a_site(endpoints=(), archives={}))
    assert sorted(raised.value.names) == ["cerner", "ed", "epic"]


# Draining.


async def test_what_drains_keeps_its_last_settings(store: Store) -> None:
    play = await Play.start(store, a_site(endpoints={"epic": {"port": 6999}}))
    await play.accept(an_event("e-1"))
    await leave(play, "drain")
    lane = await lane_of(store)
    assert (lane.leaving, lane.ended, lane.target) == ("drain", False, 1)
    assert EhrEndpoint.model_validate_json(lane.settings).port == 6999
    assert (await store.running()).sites[SITE].ehr_endpoints == {}


async def test_what_drains_sends_on_in_order_and_ends_when_nothing_is_open(store: Store) -> None:
    play = await Play.start(store)
    await play.accept(an_event("e-1"), an_event("e-2", study="s-2"))
    await leave(play, "drain")
    first = await play.send()
    assert (first.attempt.delivery, await how(store)) == (1, ("drain", False))
    await play.send()
    assert await play.states() == {1: "delivered", 2: "delivered"}
    assert await how(store) == ("drain", True)
    assert (await store.running()).lanes == ()


async def test_what_drains_retries_as_ever(store: Store) -> None:
    play = await Play.start(store)
    await play.accept(an_event("e-1"))
    await leave(play, "drain")
    for verdict, state in ((REFUSED, "queued"), (NOT_SENT, "queued"), (SILENT, "uncertain")):
        await play.send(verdict=verdict)
        assert (await play.state(1), await how(store)) == (state, ("drain", False))
    await play.send()
    assert await how(store) == ("drain", True)


async def test_what_drains_takes_what_occurred_before_its_rule_closed(store: Store) -> None:
    play = await Play.start(store)
    await play.accept(an_event("e-1"))
    await leave(play, "drain")
    play.wait(60)
    before, after = await play.accept(
        an_event("e-2", study="s-2", occurred_at=T0),
        an_event("e-3", study="s-3", occurred_at=play.now),
    )
    assert [(one.verdict, one.state) for one in before.decisions] == [("deliver", "queued")]
    assert after.decisions == ()
    await play.send()
    await play.send()
    assert await how(store) == ("drain", True)
    assert (await store.ledger()).adds_up


@pytest.mark.parametrize("kind", ["resend", "cancel"])
async def test_what_a_person_must_decide_keeps_it_draining(store: Store, kind: str) -> None:
    play = await Play.start(store)
    await play.accept(an_event("e-1"), an_event("e-2", study="s-2"))
    await play.act("set_aside", 1)
    await leave(play, "drain")
    await play.send()
    assert (await play.states(), await how(store)) == ({1: "set_aside", 2: "delivered"}, ("drain", False))
    await play.act(kind, 1)
    if kind == "resend":
        assert await how(store) == ("drain", False)
        await play.send()
    assert await how(store) == ("drain", True)


async def test_what_policy_sets_aside_while_draining_keeps_it_draining(store: Store) -> None:
    play = await Play.start(store)
    await play.accept(an_event("e-1"))
    await leave(play, "drain")
    await play.send(verdict=REFUSED, policy=a_policy(retries=0))
    assert (await play.state(1), await how(store)) == ("set_aside", ("drain", False))


async def test_a_withdrawn_study_ends_what_drains_for_it(store: Store) -> None:
    play = await Play.start(store)
    await play.accept(an_event("e-1"))
    await leave(play, "drain")
    await play.accept(an_event("e-2", "reverted", revision=2, occurred_at=play.now))
    assert (await play.state(1), await how(store)) == ("superseded", ("drain", True))


async def test_a_stop_while_draining_waits_for_a_person(store: Store) -> None:
    play = await Play.start(store)
    await play.accept(an_event("e-1"))
    await leave(play, "drain")
    await play.send(verdict=REFUSED, policy=a_policy(stop_after=1))
    assert (await play.try_claim(await play.prepare())).why_not == "its lane is stopped"
    await play.resume()
    await play.send()
    assert await how(store) == ("drain", True)


async def test_an_endpoint_of_the_same_name_is_a_new_lane_while_the_old_one_drains(store: Store) -> None:
    play = await Play.start(store)
    await play.accept(an_event("e-1"))
    await leave(play, "drain")
    await play.apply(a_site())
    play.wait(60)
    (answer,) = await play.accept(an_event("e-2", revision=2, study="s-2", occurred_at=play.now))
    assert [one.state for one in answer.decisions] == ["queued"]
    lanes = {lane.id: (lane.incarnation, lane.leaving) for lane, _ in (await store.running()).lanes}
    assert lanes == {1: (1, "drain"), 2: (2, "")}
    assert {one.delivery.id: one.delivery.lane for one in (await play.found()).values()} == {1: 1, 2: 2}
    await play.send()
    assert [await how(store, lane) for lane in (LaneId(1), LaneId(2))] == [("drain", True), ("", False)]
    await play.send()
    assert await play.states() == {1: "delivered", 2: "delivered"}
    assert (await store.ledger()).adds_up


async def test_what_is_applied_next_leaves_what_drains_alone(store: Store) -> None:
    play = await Play.start(store)
    await play.accept(an_event("e-1"))
    await leave(play, "drain")
    before = await lane_of(store)
    await play.apply(gone())
    await play.apply(gone("set_aside", endpoints=("cerner",)))
    assert (await lane_of(store), await play.state(1)) == (before, "queued")


async def test_what_is_in_flight_as_it_leaves_may_end_it(store: Store) -> None:
    play = await Play.start(store)
    await play.accept(an_event("e-1"))
    flight = await play.claim()
    await leave(play, "drain")
    assert await how(store) == ("drain", False)
    await play.settle(flight, DELIVERED)
    assert await how(store) == ("drain", True)


# Set aside.


async def test_all_that_waits_is_set_aside_with_the_reason_and_the_lane_ends(store: Store) -> None:
    play = await Play.start(store)
    await play.accept(an_event("e-1"), an_event("e-2", study="s-2"))
    await play.send(verdict=SILENT)
    await leave(play, "set_aside")
    assert await how(store) == ("set_aside", True)
    found = (await play.found()).values()
    assert {(one.delivery.state, one.delivery.reason) for one in found} == {
        ("set_aside", "its endpoint was removed: CHG-4411")
    }


ENDS = {
    "delivered": (DELIVERED, "delivered"),
    "silent": (SILENT, "set_aside"),
    "refused": (REFUSED, "set_aside"),
    "nothing left": (NOT_SENT, "set_aside"),
}


@pytest.mark.parametrize("case", ENDS)
async def test_what_is_in_flight_ends_its_attempt_first(store: Store, case: str) -> None:
    verdict, state = ENDS[case]
    play = await Play.start(store)
    await play.accept(an_event("e-1"), an_event("e-2", study="s-2"))
    flight = await play.claim()
    await leave(play, "set_aside")
    assert await play.states() == {1: "sending", 2: "set_aside"}
    assert (await play.found())[1].delivery.then == "set_aside"
    assert await how(store) == ("set_aside", False)
    await play.settle(flight, verdict)
    assert await play.states() == {1: state, 2: "set_aside"}
    assert await how(store) == ("set_aside", True)


async def test_only_cancelling_is_left(store: Store) -> None:
    play = await Play.start(store)
    await play.accept(an_event("e-1"))
    await leave(play, "set_aside")
    with pytest.raises(ActionRefused, match="only be cancelled"):
        await play.act("resend", 1)
    for kind in ("pause", "resume"):
        with pytest.raises(NotFound):
            await play.act(kind, site=SITE, endpoint="epic")
    with pytest.raises(NotFound):
        await play.send_once()
    assert (await play.act("cancel", 1)).state == "cancelled"


async def test_nothing_waits_again_while_the_last_attempt_ends(store: Store) -> None:
    play = await Play.start(store)
    await play.accept(an_event("e-1"), an_event("e-2", study="s-2"))
    flight = await play.claim()
    await leave(play, "set_aside")
    with pytest.raises(ActionRefused, match="only be cancelled"):
        await play.act("resend", 2)
    with pytest.raises(ActionRefused, match="has ended"):
        await play.send_once("s-2")
    (answer,) = await play.accept(an_event("e-3", study="s-3", occurred_at=T0))
    assert [one.state for one in answer.decisions] == ["set_aside"]
    await play.settle(flight, DELIVERED)
    assert await how(store) == ("set_aside", True)


async def test_a_stop_takes_nothing_back_into_a_lane_that_has_left(store: Store) -> None:
    """What policy set aside in a bad run returns when the lane stops, but not once its endpoint was removed."""
    play = await Play.start(store)
    play.policy = a_policy(retries=0, stop_after=2)
    await play.accept(an_event("e-1"), an_event("e-2", study="s-2"))
    await play.send(verdict=REFUSED)
    flight = await play.claim()
    await leave(play, "set_aside")
    await play.settle(flight, REFUSED)
    assert await play.states() == {1: "set_aside", 2: "set_aside"}
    assert await how(store) == ("set_aside", True)


@pytest.mark.parametrize("word", ["drain", "set_aside"])
async def test_a_late_event_of_an_ended_endpoint_is_born_set_aside(store: Store, word: Word) -> None:
    play = await Play.start(store)
    await leave(play, word)
    play.wait(60)
    (answer,) = await play.accept(an_event("e-1", occurred_at=T0))
    assert [(one.verdict, one.state) for one in answer.decisions] == [("deliver", "set_aside")]
    assert (await play.found())[1].delivery.reason
    with pytest.raises(ActionRefused, match="only be cancelled"):
        await play.act("resend", 1)
    await play.act("cancel", 1)
    assert (await store.ledger()).adds_up


# A crash.


@pytest.mark.parametrize(
    ("word", "state", "is_ended"), [("drain", "uncertain", False), ("set_aside", "set_aside", True)]
)
async def test_recovery_ends_what_was_leaving(store: Store, word: Word, state: str, is_ended: bool) -> None:
    play = await Play.start(store)
    await play.accept(an_event("e-1"))
    await play.claim()
    await leave(play, word)
    play.epoch = await store.own(node="node-1", boot="boot-2", at=play.now)
    assert await store.recover(play.epoch, at=play.now) == 1
    assert (await play.state(1), await how(store)) == (state, (word, is_ended))
    if not is_ended:
        await play.send()
        assert await how(store) == ("drain", True)


# An archive.


def two_archives() -> Site:
    return a_site(archives={"ed": ["epic"], "icu": ["epic"]})


async def with_both(store: Store) -> Play:
    play = await Play.start(store, two_archives())
    await play.accept(an_event("e-1"), an_event("e-2", study="s-2", archive="icu"))
    play.wait(60)
    return play


async def test_the_results_of_an_archive_that_drains_are_sent(store: Store) -> None:
    play = await with_both(store)
    await play.apply(gone("drain", "icu", endpoints=("epic",)))
    assert await play.states() == {1: "queued", 2: "queued"}
    (late,) = await play.accept(an_event("e-3", study="s-3", archive="icu", occurred_at=T0))
    assert [one.state for one in late.decisions] == ["queued"]
    assert await how(store) == ("", False)
    assert (await store.ledger()).adds_up


async def test_the_results_of_an_archive_are_set_aside_and_no_others(store: Store) -> None:
    play = await with_both(store)
    await play.apply(gone("set_aside", "icu", endpoints=("epic",)))
    found = await play.found()
    assert {number: (one.delivery.state, one.delivery.reason) for number, one in found.items()} == {
        1: ("queued", ""),
        2: ("set_aside", "its archive was removed: CHG-4411"),
    }
    await play.act("resend", 2)
    assert await play.heads() == [1, 2], "its endpoint goes on, so it can still be sent"


async def test_a_result_of_an_archive_in_flight_ends_its_attempt_first(store: Store) -> None:
    play = await with_both(store)
    await play.send()
    flight = await play.claim()
    await play.apply(gone("set_aside", "icu", endpoints=("epic",)))
    assert (await play.found())[2].delivery.then == "set_aside"
    await play.settle(flight, SILENT)
    assert await play.state(2) == "set_aside"


@pytest.mark.parametrize("is_there", [True, False])
async def test_an_archive_without_a_word_leaves_only_if_nothing_waits(store: Store, is_there: bool) -> None:
    play = await Play.start(store, two_archives())
    await play.accept(an_event("e-1", archive="icu" if is_there else "ed"))
    if is_there:
        with pytest.raises(ResultsWait) as raised:
            await play.apply(gone(endpoints=("epic",)))
        assert raised.value.names == ("icu",)
    else:
        await play.apply(gone(endpoints=("epic",)))
    open_rules = [one.archive for one in (await store.running()).rules if one.until is None]
    assert open_rules == (["ed", "icu"] if is_there else ["ed"])


async def test_an_archive_set_aside_while_its_endpoint_drains_keeps_it_draining(store: Store) -> None:
    play = await with_both(store)
    site = a_site(endpoints=(), archives={"ed": []})
    removed = {
        "epic": Removal(waiting="drain", reason="CHG-4411"),
        "icu": Removal(waiting="set_aside", reason="CHG-4411"),
    }
    await play.apply(site.model_copy(update={"removed": removed}))
    assert await play.states() == {1: "queued", 2: "set_aside"}
    await play.send()
    assert await how(store) == ("drain", False)
    await play.act("cancel", 2)
    assert await how(store) == ("drain", True)
    assert (await store.show(DeliveryId(2))).found.endpoint == "epic"


async def test_time_passes_and_a_site_that_is_empty_stays_so(store: Store) -> None:
    """The second pass over the same files is no change."""
    play = await Play.start(store)
    await play.accept(an_event("e-1"))
    await leave(play, "drain")
    rules = (await store.running()).rules
    play.wait(timedelta(days=1).total_seconds())
    await play.apply(gone("drain"))
    assert (await store.running()).rules == rules
    assert await how(store) == ("drain", False)
