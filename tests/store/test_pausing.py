"""An operator's pause of one endpoint: it only restricts, it ends by itself, and it outlives what it should."""

from datetime import datetime, timedelta
from typing import Any

import pytest

from butterfly_gitops.delivery.act import ActionRefused
from butterfly_gitops.delivery.pausing import CannotPause
from butterfly_gitops.model.delivery import Pause
from butterfly_gitops.model.site import Removal
from butterfly_gitops.store.interface import Store
from butterfly_gitops.store.people import Acted, NotFound
from tests.store.play import REFUSED, SILENT, SITE, T0, Play, a_policy, a_site, an_event

PAUSED = "its lane is paused"
HOUR = timedelta(hours=1)


async def pause(play: Play, until: datetime | None = None, endpoint: str = "epic", **changes: Any) -> Acted:
    return await play.act("pause", site=SITE, endpoint=endpoint, until=until, **changes)


async def why_not(play: Play) -> str:
    """Why the head cannot be claimed; what could be claimed is in flight now."""
    return (await play.try_claim(await play.prepare())).why_not


async def test_what_waits_is_kept_and_nothing_is_claimed_while_it_stands(store: Store) -> None:
    play = await Play.start(store)
    await play.accept(an_event("e-1"))
    acted = await pause(play)
    assert (acted.delivery, set(acted.lanes), acted.is_repeat) == (None, {1}, False)
    await play.accept(an_event("e-2", study="s-2"))
    assert await why_not(play) == PAUSED
    assert await play.heads() == [1, 2]


async def test_who_paused_it_why_and_until_when_is_shown(store: Store) -> None:
    play = await Play.start(store)
    await pause(play, T0 + HOUR)
    shown = Pause(by="ada@example.org", reason="CHG-4411", since=T0, until=T0 + HOUR)
    assert (await play.lane()).pause == shown


async def test_other_endpoints_go_on(store: Store) -> None:
    play = await Play.start(store, a_site(endpoints=("epic", "cerner")))
    await play.accept(an_event("e-1"))
    await pause(play, endpoint="cerner")
    await play.send("epic")
    states = {one.endpoint: one.delivery.state for one in (await play.found()).values()}
    assert states == {"epic": "delivered", "cerner": "queued"}


async def test_an_attempt_in_flight_ends_and_the_next_one_waits(store: Store) -> None:
    play = await Play.start(store)
    await play.accept(an_event("e-1"), an_event("e-2", study="s-2"))
    flight = await play.claim()
    following = await play.prepare()
    await pause(play)
    settling = play.settling(flight, SILENT)
    assert (await play.try_claim(following, settling)).attempt is None
    assert await play.states() == {1: "uncertain", 2: "queued"}


async def test_it_ends_by_itself_at_until(store: Store) -> None:
    play = await Play.start(store)
    await play.accept(an_event("e-1"))
    await pause(play, T0 + HOUR)
    play.now = T0 + HOUR - timedelta(milliseconds=1)
    assert await why_not(play) == PAUSED
    play.now = T0 + HOUR
    await play.send()
    assert await play.state(1) == "delivered"


async def test_without_an_end_it_stands_until_resumed(store: Store) -> None:
    play = await Play.start(store)
    await play.accept(an_event("e-1"))
    await pause(play)
    play.wait(timedelta(days=365).total_seconds())
    assert await why_not(play) == PAUSED
    await play.resume()
    assert (await play.lane()).pause is None
    await play.send()


async def test_resume_zeroes_the_counts_of_the_lane_and_its_deliveries(store: Store) -> None:
    play = await Play.start(store)
    await play.accept(an_event("e-1"), an_event("e-2", study="s-2"))
    await play.send(verdict=REFUSED)
    await play.send(verdict=SILENT)
    lane = await play.lane()
    assert (lane.failures, lane.bad_run) == (2, (1,))
    await pause(play)
    await play.resume()
    lane, one = await play.lane(), (await play.found())[1].delivery
    assert (lane.failures, lane.bad_run, lane.due_at) == (0, (), None)
    assert (one.state, one.refusals, one.silences) == ("uncertain", 0, 0)


async def test_resume_ends_a_stop_and_a_pause_at_once(store: Store) -> None:
    play = await Play.start(store)
    await play.accept(an_event("e-1"))
    await play.send(verdict=REFUSED, policy=a_policy(stop_after=1))
    await pause(play)
    await play.resume()
    lane = await play.lane()
    assert (lane.stopped, lane.pause) == ("", None)
    await play.send()


@pytest.mark.parametrize("until", [None, T0 + HOUR], ids=["resumed already", "ended by itself"])
async def test_resume_is_refused_when_neither_stopped_nor_paused(
    store: Store, until: datetime | None
) -> None:
    play = await Play.start(store)
    await pause(play, until)
    if until:
        play.now = until
    else:
        await play.resume()
    with pytest.raises(ActionRefused, match="neither stopped nor paused"):
        await play.resume()


async def test_what_git_says_is_paused_stays_so(store: Store) -> None:
    play = await Play.start(store, a_site(endpoints={"epic": {"status": "paused"}}))
    await play.accept(an_event("e-1"))
    with pytest.raises(ActionRefused, match="paused in git"):
        await play.resume()
    await pause(play)
    await play.resume()
    assert (await play.lane()).paused
    assert await why_not(play) == PAUSED


async def test_git_does_not_end_an_operators_pause(store: Store) -> None:
    play = await Play.start(store, a_site(endpoints={"epic": {"status": "paused"}}))
    await play.accept(an_event("e-1"))
    await pause(play)
    await play.apply(a_site())
    assert not (await play.lane()).paused
    assert await why_not(play) == PAUSED


@pytest.mark.parametrize(
    ("first", "second"), [(None, T0 + HOUR), (T0 + 2 * HOUR, T0 + HOUR), (T0 + HOUR, None)]
)
async def test_a_later_pause_replaces_it(
    store: Store, first: datetime | None, second: datetime | None
) -> None:
    play = await Play.start(store)
    await pause(play, first)
    await pause(play, second, actor="grace@example.org", reason="EHR upgrade")
    assert (await play.lane()).pause == Pause(
        by="grace@example.org", reason="EHR upgrade", since=T0, until=second
    )


@pytest.mark.parametrize("change", [{"port": 6662}, {"display_name": "Epic"}], ids=["new target", "cosmetic"])
async def test_it_survives_what_is_applied(store: Store, change: dict[str, Any]) -> None:
    play = await Play.start(store)
    await play.accept(an_event("e-1"))
    await pause(play, T0 + HOUR)
    before = (await play.lane()).pause
    await play.apply(a_site(endpoints={"epic": change}))
    assert (await play.lane()).pause == before
    assert await why_not(play) == PAUSED


async def test_it_survives_another_dispatcher(store: Store) -> None:
    play = await Play.start(store)
    await play.accept(an_event("e-1"))
    await pause(play, T0 + HOUR)
    play.epoch = await store.own(node="node-2", boot="boot-2", at=play.now)
    await store.recover(play.epoch, at=play.now)
    assert await why_not(play) == PAUSED


LONGEST = timedelta(days=30)
UNTIL = {
    "over thirty days": (T0 + LONGEST + timedelta(seconds=1), False),
    "thirty days": (T0 + LONGEST, True),
    "at once": (T0, False),
    "in the past": (T0 - HOUR, False),
}


@pytest.mark.parametrize("case", UNTIL)
async def test_its_end_is_within_thirty_days(store: Store, case: str) -> None:
    until, is_taken = UNTIL[case]
    play = await Play.start(store)
    if is_taken:
        await pause(play, until)
    else:
        with pytest.raises(CannotPause):
            await pause(play, until)
    assert ((await play.lane()).pause is not None) == is_taken


async def test_a_refused_pause_leaves_its_key_free_and_the_earlier_one_standing(store: Store) -> None:
    play = await Play.start(store)
    await pause(play, T0 + HOUR)
    before = await play.lane()
    with pytest.raises(CannotPause):
        await pause(play, T0, key="k-1")
    assert await play.lane() == before
    assert not (await pause(play, key="k-1")).is_repeat


async def test_a_key_pauses_once(store: Store) -> None:
    """A request that was sent twice must not end what a person did since."""
    play = await Play.start(store)
    await pause(play, key="k-1")
    await play.resume()
    again = await pause(play, key="k-1")
    assert (again.is_repeat, again.lanes) == (True, {(await play.lane()).id})
    assert (await play.lane()).pause is None
    with pytest.raises(ActionRefused, match="did something else"):
        await play.act("resume", site=SITE, endpoint="epic", key="k-1")


@pytest.mark.parametrize("kind", ["pause", "resume"])
async def test_an_endpoint_that_is_not_there_is_not_found(store: Store, kind: str) -> None:
    play = await Play.start(store)
    with pytest.raises(NotFound, match="st-elsewhere/cerner"):
        await play.act(kind, site=SITE, endpoint="cerner")


async def test_one_that_drains_can_be_paused_and_resumed(store: Store) -> None:
    play = await Play.start(store)
    await play.accept(an_event("e-1"))
    removed = {"epic": Removal(waiting="drain", reason="CHG-4411")}
    await play.apply(a_site(endpoints=()).model_copy(update={"removed": removed}))
    await pause(play)
    assert await why_not(play) == PAUSED
    await play.resume()
    await play.send()
    assert await play.state(1) == "delivered"
