"""An endpoint under another name: the lane goes on with all that it has, or nothing happens at all."""

from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any

import pytest

from butterfly_gitops.model.delivery import DeliveryId, Rule
from butterfly_gitops.model.site import Removal, Site
from butterfly_gitops.store.interface import ResultsWait, Store
from tests.store.play import REFUSED, SILENT, SITE, T0, Play, a_policy, a_site, an_event


def renamed(
    names: Mapping[str, str],
    endpoints: Mapping[str, Mapping[str, Any]] | Sequence[str] = ("oracle",),
    **parts: Any,
) -> Site:
    return a_site(endpoints=endpoints, **parts).model_copy(update={"renamed": dict(names)})


async def names_of_lanes(store: Store) -> dict[int, str]:
    return {lane.id: lane.endpoint for lane, _ in (await store.running()).lanes}


async def standing_rules(store: Store) -> list[Rule]:
    return [one for one in (await store.running()).rules if one.until is None]


async def test_the_lane_its_rules_and_what_waits_go_on_under_the_new_name(store: Store) -> None:
    play = await Play.start(store)
    await play.accept(an_event("e-1"), an_event("e-2", study="s-2"))
    play.wait(60)
    await play.apply(renamed({"oracle": "epic"}))
    assert await names_of_lanes(store) == {1: "oracle"}
    (rule,) = await standing_rules(store)
    assert (rule.endpoint, rule.lane, rule.start) == ("oracle", 1, T0 - timedelta(minutes=1))
    assert await play.heads("oracle") == [1, 2]
    assert {one.endpoint for one in (await play.found()).values()} == {"oracle"}


async def test_the_next_event_is_routed_as_if_nothing_had_happened(store: Store) -> None:
    play = await Play.start(store)
    play.wait(60)
    await play.apply(renamed({"oracle": "epic"}))
    (answer,) = await play.accept(an_event("e-1", occurred_at=T0))
    assert [(one.endpoint, one.state) for one in answer.decisions] == [(f"{SITE}/oracle", "queued")]
    assert (await store.ledger()).adds_up


async def test_a_report_that_was_sent_under_the_old_name_is_corrected_under_the_new_one(store: Store) -> None:
    play = await Play.start(store)
    await play.accept(an_event("e-1"))
    await play.send()
    await play.apply(renamed({"oracle": "epic"}))
    await play.accept(an_event("e-2", revision=2))
    await play.send("oracle")
    shown = await store.show(DeliveryId(2))
    assert (shown.messages[-1].status, shown.found.delivery.report) == ("C", 1)


async def test_what_holds_the_lane_goes_with_it(store: Store) -> None:
    play = await Play.start(store)
    await play.act("pause", site=SITE, endpoint="epic")
    await play.accept(an_event("e-1"))
    before = await play.lane()
    await play.apply(renamed({"oracle": "epic"}))
    after = await play.lane("oracle")
    assert (after.id, after.pause, after.target) == (before.id, before.pause, before.target)


async def test_a_stopped_lane_stays_stopped_and_is_resumed_under_its_new_name(store: Store) -> None:
    play = await Play.start(store)
    await play.accept(an_event("e-1"))
    await play.send(verdict=REFUSED, policy=a_policy(stop_after=1))
    await play.apply(renamed({"oracle": "epic"}))
    assert (await play.lane("oracle")).stopped
    await play.resume("oracle")
    await play.send("oracle")
    assert await play.state(1) == "delivered"


async def test_an_attempt_in_flight_settles_under_the_new_name(store: Store) -> None:
    play = await Play.start(store)
    await play.accept(an_event("e-1"))
    flight = await play.claim()
    await play.apply(renamed({"oracle": "epic"}))
    await play.settle(flight, SILENT)
    assert await play.state(1) == "uncertain"
    again = await play.claim("oracle")
    assert (again.attempt.number, again.data) == (2, flight.data)


async def test_a_rename_and_a_new_target_in_one_apply(store: Store) -> None:
    """The lane stays, and what waits follows the target as without the rename (promise 9)."""
    play = await Play.start(store)
    await play.accept(an_event("e-1"), an_event("e-2", study="s-2"))
    await play.send(verdict=SILENT)
    await play.apply(renamed({"oracle": "epic"}, {"oracle": {"port": 6662}}))
    lane = await play.lane("oracle")
    assert (lane.id, lane.target) == (1, 2)
    assert await play.states() == {1: "set_aside", 2: "queued"}


async def test_a_rename_that_stays_in_the_file_is_no_change(store: Store) -> None:
    play = await Play.start(store)
    site = renamed({"oracle": "epic"})
    await play.apply(site)
    before = await store.running()
    await play.apply(site)
    after = await store.running()
    assert (after.rules, after.lanes) == (before.rules, before.lanes)


async def test_a_name_is_free_again_once_it_was_left(store: Store) -> None:
    play = await Play.start(store)
    await play.accept(an_event("e-1"))
    await play.apply(renamed({"oracle": "epic"}))
    await play.apply(renamed({"oracle": "epic"}, ("oracle", "epic")))
    assert await names_of_lanes(store) == {1: "oracle", 2: "epic"}
    assert (await play.heads("oracle"), await play.heads("epic")) == ([1], [])


async def test_a_new_name_that_another_lane_bore_is_told_apart_from_it(store: Store) -> None:
    play = await Play.start(store, a_site(endpoints=("epic", "oracle"), archives={"ed": ["oracle"]}))
    await play.accept(an_event("e-1"))
    removed = {"oracle": Removal(waiting="drain", reason="CHG-4411")}
    await play.apply(a_site().model_copy(update={"removed": removed}))
    await play.apply(renamed({"oracle": "epic"}))
    lanes = {lane.id: (lane.endpoint, lane.incarnation) for lane, _ in (await store.running()).lanes}
    assert lanes == {1: ("oracle", 2), 2: ("oracle", 1)}


async def test_a_rename_from_an_unknown_name_makes_a_new_endpoint(store: Store) -> None:
    play = await Play.start(store)
    await play.apply(renamed({"oracle": "cerner"}, ("epic", "oracle")))
    assert await names_of_lanes(store) == {1: "epic", 2: "oracle"}


async def test_a_rename_from_a_name_that_is_still_there_moves_nothing(store: Store) -> None:
    play = await Play.start(store)
    await play.accept(an_event("e-1"))
    await play.apply(renamed({"oracle": "epic"}, ("epic", "oracle")))
    assert await names_of_lanes(store) == {1: "epic", 2: "oracle"}
    assert (await play.heads("epic"), await play.heads("oracle")) == ([1], [])


async def test_a_rename_to_a_name_that_is_taken_holds_what_waits_for_the_old_one(store: Store) -> None:
    play = await Play.start(store, a_site(endpoints=("epic", "oracle"), archives={"ed": ["epic"]}))
    await play.accept(an_event("e-1"))
    before = await store.running()
    with pytest.raises(ResultsWait, match="epic"):
        await play.apply(renamed({"oracle": "epic"}))
    assert await store.running() == before


async def test_two_endpoints_that_were_one_share_nothing(store: Store) -> None:
    """The files refuse it; here the first by name goes on, and the other one is new."""
    play = await Play.start(store)
    await play.accept(an_event("e-1"))
    await play.apply(renamed({"oracle": "epic", "cerner": "epic"}, ("oracle", "cerner")))
    assert await names_of_lanes(store) == {1: "cerner", 2: "oracle"}


async def test_swapped_names_keep_their_lanes_and_each_takes_its_new_settings(store: Store) -> None:
    """Nothing is renamed: what waits stays under its name, as two endpoints whose addresses were swapped."""
    two = {"epic": {"port": 6661}, "oracle": {"port": 6662}}
    play = await Play.start(store, a_site(endpoints=two, archives={"ed": ["epic"]}))
    await play.accept(an_event("e-1"))
    await play.send(verdict=SILENT)
    swapped = {"epic": {"port": 6662}, "oracle": {"port": 6661}}
    await play.apply(renamed({"epic": "oracle", "oracle": "epic"}, swapped, archives={"ed": ["oracle"]}))
    lanes = {lane.endpoint: (lane.id, lane.target) for lane, _ in (await store.running()).lanes}
    assert lanes == {"epic": (1, 2), "oracle": (2, 2)}
    assert await play.state(1) == "set_aside"
    (rule,) = await standing_rules(store)
    assert (rule.endpoint, rule.lane) == ("oracle", 2)


async def test_a_chain_of_names_renames_none_and_holds_what_waits_for_the_first(store: Store) -> None:
    play = await Play.start(store, a_site(endpoints=("epic", "oracle")))
    await play.accept(an_event("e-1"))
    with pytest.raises(ResultsWait, match="epic"):
        await play.apply(renamed({"oracle": "epic", "cerner": "oracle"}, ("oracle", "cerner")))
    assert await names_of_lanes(store) == {1: "epic", 2: "oracle"}
