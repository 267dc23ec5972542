"""One site's configuration applied: generation, lanes, targets and rule intervals in one transaction (promise 3)."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from butterfly_gitops.model.fleet import FleetSettings
from butterfly_gitops.model.site import Site
from butterfly_gitops.store.interface import OtherFleet, ResultsWait, StaleApplication, Store
from tests.store.play import DELIVERED, REFUSED, SILENT, SITE, T0, Play, a_site, an_event


def with_epic(**changes: Any) -> Site:
    return a_site(endpoints={"epic": changes})


async def intervals(store: Store) -> list[tuple[str, str, int, bool]]:
    rules = (await store.running()).rules
    return [(one.archive, one.endpoint, one.lane, one.until is None) for one in rules]


async def test_generations_count_per_site_and_for_the_settings(store: Store) -> None:
    play = await Play.start(store)
    second = await play.apply(with_epic(port=6662))
    settings = FleetSettings(name="mercy-health")
    third = await store.apply(replace(play.application(a_site(), expected=0), content=settings))
    assert [(one.site, one.number) for one in (second, third)] == [(SITE, 2), ("", 1)]
    running = await store.running()
    assert (running.applies, running.settings, running.sites) == (3, settings, {SITE: with_epic(port=6662)})


async def test_what_was_planned_against_another_generation_is_refused(store: Store) -> None:
    play = await Play.start(store)
    await play.apply(with_epic(port=6662))
    with pytest.raises(StaleApplication, match="#2 is applied, not #1"):
        await store.apply(play.application(a_site(), expected=1))
    assert (await store.running()).sites[SITE] == with_epic(port=6662)


async def test_another_fleets_files_are_refused(store: Store) -> None:
    play = await Play.start(store)
    with pytest.raises(OtherFleet):
        await store.apply(replace(play.application(a_site()), fleet="another"))
    assert (await store.running()).applies == 1


async def test_a_pair_has_an_interval_for_each_time_that_it_was_there(store: Store) -> None:
    play = await Play.start(store)
    starts = [T0 + timedelta(minutes=1), T0 + timedelta(minutes=2)]
    for at, archives in zip(starts, ({"ed": []}, {"ed": ["epic"]}), strict=True):
        play.now = at
        await play.apply(a_site(archives=archives))
    rules = (await store.running()).rules
    assert [(one.start, one.until) for one in rules] == [
        (T0 - timedelta(minutes=1), starts[0]),
        (starts[1], None),
    ]


async def test_a_pair_removed_and_restored_between_two_passes_is_no_change(store: Store) -> None:
    play = await Play.start(store)
    before = (await store.running()).rules
    play.wait(60)
    await play.apply(a_site())
    assert (await store.running()).rules == before


async def test_an_educational_archive_has_no_rules(store: Store) -> None:
    play = await Play.start(store)
    site = a_site().model_dump()
    site["archives"]["ed"]["purpose"] = "educational"
    await play.apply(Site.model_validate(site))
    assert await intervals(store) == [("ed", "epic", 1, False)]


async def test_rules_start_after_every_event_that_was_accepted_without_them(store: Store) -> None:
    """The controller reads its clock, an event is accepted, and then the controller's transaction begins."""
    play = await Play.start(store)
    application = play.application(a_site(endpoints=["epic", "cerner"], archives={"ed": ["cerner"]}))
    play.wait(1)
    await play.accept(an_event("e-1", occurred_at=play.now))
    await store.apply(application)
    ledger = await store.ledger()
    assert (ledger.missing, ledger.surplus) == (0, 0)
    play.wait(1)
    await play.accept(an_event("e-2", revision=2, occurred_at=play.now))
    assert (await store.ledger()).adds_up


async def test_a_late_event_of_a_closed_interval_is_still_routed(store: Store) -> None:
    play = await Play.start(store)
    play.wait(60)
    await play.apply(a_site(archives={"ed": []}))
    play.wait(60)
    (answer,) = await play.accept(an_event("e-1", occurred_at=T0))
    assert [(one.verdict, one.state) for one in answer.decisions] == [("deliver", "queued")]
    assert (await store.ledger()).adds_up


async def test_an_endpoint_without_results_ends_and_one_of_its_name_is_a_new_lane(store: Store) -> None:
    play = await Play.start(store)
    await play.accept(an_event("e-1"))
    await play.send()
    play.wait(60)
    await play.apply(a_site(endpoints=[], archives={"ed": []}))
    assert (await store.running()).lanes == ()
    play.wait(60)
    await play.apply(a_site())
    lane = await play.lane()
    assert (lane.id, lane.incarnation, lane.target) == (2, 2, 1)
    assert await intervals(store) == [("ed", "epic", 1, False), ("ed", "epic", 2, True)]


WAITING = ["queued", "sending", "uncertain", "set_aside"]


async def wait_as(play: Play, state: str) -> None:
    await play.accept(an_event("e-1"))
    if state == "sending":
        await play.claim()
    if state == "uncertain":
        await play.send(verdict=SILENT)
    if state == "set_aside":
        await play.act("set_aside", 1)
    assert await play.state(1) == state


@pytest.mark.parametrize("state", WAITING)
@pytest.mark.parametrize(
    ("site", "name"),
    [
        (a_site(endpoints=[], archives={"ed": []}), "epic"),
        (a_site(archives={}), "ed"),
    ],
    ids=["endpoint", "archive"],
)
async def test_what_leaves_while_results_wait_holds_its_site(
    store: Store, state: str, site: Site, name: str
) -> None:
    play = await Play.start(store)
    await wait_as(play, state)
    before = await store.running()
    with pytest.raises(ResultsWait) as raised:
        await play.apply(site)
    assert (raised.value.site, raised.value.names) == (SITE, (name,))
    assert await store.running() == before


ON_RETARGET: Mapping[str, tuple[str, str, str]] = {
    "queued moves": ("queued", "set_aside", "queued"),
    "uncertain goes to a person": ("uncertain", "set_aside", "set_aside"),
    "uncertain is sent again": ("uncertain", "resend", "uncertain"),
    "in flight ends on its old wire": ("sending", "set_aside", "sending"),
    "set aside stays": ("set_aside", "resend", "set_aside"),
}


@pytest.mark.parametrize("case", ON_RETARGET)
@pytest.mark.parametrize("change", [{"port": 6662}, {"receiving_facility": "OTHER"}], ids=["address", "text"])
async def test_a_new_target_moves_what_cannot_have_been_received(
    store: Store, case: str, change: dict[str, Any]
) -> None:
    state, on_retarget, expected = ON_RETARGET[case]
    play = await Play.start(store, with_epic(on_retarget=on_retarget))
    await wait_as(play, state)
    await play.apply(with_epic(on_retarget=on_retarget, **change))
    assert (await play.lane()).target == 2
    assert await play.state(1) == expected


AFTER_FLIGHT = {
    "silent": (SILENT, "set_aside", "set_aside"),
    "silent, to be sent again": (SILENT, "resend", "uncertain"),
    "refused": (REFUSED, "set_aside", "queued"),
    "delivered": (DELIVERED, "set_aside", "delivered"),
}


@pytest.mark.parametrize("case", AFTER_FLIGHT)
async def test_an_attempt_in_flight_follows_the_new_target_once_it_ends(store: Store, case: str) -> None:
    verdict, on_retarget, expected = AFTER_FLIGHT[case]
    play = await Play.start(store, with_epic(on_retarget=on_retarget))
    await play.accept(an_event("e-1"))
    flight = await play.claim()
    await play.apply(with_epic(on_retarget=on_retarget, port=6662))
    await play.settle(flight, verdict)
    assert await play.state(1) == expected


async def test_settings_that_are_no_target_move_nothing(store: Store) -> None:
    play = await Play.start(store)
    await wait_as(play, "uncertain")
    await play.apply(with_epic(ack_timeout="10s", display_name="Epic"))
    assert (await play.lane()).target == 1
    assert await play.state(1) == "uncertain"


async def test_pausing_in_the_files_stops_claims_and_taking_it_back_lets_them_go_on(store: Store) -> None:
    play = await Play.start(store, with_epic(status="paused"))
    await play.accept(an_event("e-1"))
    stepped = await play.try_claim(await play.prepare())
    assert (stepped.attempt, stepped.why_not) == (None, "its lane is paused")
    await play.apply(a_site())
    await play.send()
    assert await play.state(1) == "delivered"


async def test_each_application_is_counted_so_that_events_are_routed_again(store: Store) -> None:
    play = await Play.start(store)
    before = (await store.running()).applies
    await play.apply(a_site(endpoints=["epic", "cerner"]))
    assert (await store.running()).applies == before + 1
    (answer,) = await play.accept(an_event("e-1"))
    assert [one.endpoint for one in answer.decisions] == ["st-elsewhere/epic", "st-elsewhere/cerner"]
