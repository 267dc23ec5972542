"""A one-off send ignores the rules, and nothing else that keeps results where they are."""

from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Literal

import apsw
import pytest

from butterfly_gitops.delivery.act import ActionRefused
from butterfly_gitops.model.fleet import FleetSettings
from butterfly_gitops.store.interface import Store
from butterfly_gitops.store.sqlite import SqliteStore
from butterfly_gitops.store.state_folder import DATABASE
from tests.store.play import FLEET, Play, a_site, an_event


async def finalized(store: Store) -> Play:
    """A finalized study that no rule sends."""
    play = await Play.start(store, a_site(archives={"ed": []}))
    await play.accept(an_event("e-1"))
    return play


async def subscribe(play: Play, subscription: Literal["enterprise", "pro"]) -> None:
    settings = FleetSettings(name=FLEET, subscription=subscription)
    await play.store.apply(replace(play.application(a_site(), expected=0), content=settings))


async def test_what_no_rule_sends_is_sent_by_hand(store: Store) -> None:
    play = await finalized(store)
    await subscribe(play, "enterprise")
    assert (await play.send_once()).state == "queued"


async def test_nothing_is_sent_without_the_subscription(store: Store) -> None:
    play = await finalized(store)
    await subscribe(play, "pro")
    with pytest.raises(ActionRefused, match="not Enterprise"):
        await play.send_once()
    assert await play.states() == {}


async def test_nothing_of_an_educational_archive_is_sent(store: Store) -> None:
    play = await finalized(store)
    site = a_site(archives={"ed": []})
    educational = site.archives["ed"].model_copy(update={"purpose": "educational"})
    await play.apply(site.model_copy(update={"archives": {"ed": educational}}))
    with pytest.raises(ActionRefused, match="st-elsewhere/ed is educational"):
        await play.send_once()
    assert await play.states() == {}


async def test_a_study_of_an_archive_that_has_left_can_be_sent(store: Store) -> None:
    play = await finalized(store)
    await play.apply(a_site(archives={}))
    assert (await play.send_once()).state == "queued"


async def test_what_this_version_cannot_read_is_refused_by_its_place(tmp_path: Path) -> None:
    play = await finalized(SqliteStore.open(tmp_path / "state", create=True))
    await play.store.close()
    with closing(apsw.Connection(str(tmp_path / "state" / DATABASE))) as connection:
        # As an earlier version may have accepted it.
        connection.execute("""UPDATE event SET body = replace(body, '"A-s-1"', '" A-s-1"')""")
    play = replace(play, store=SqliteStore.open(tmp_path / "state", create=False))
    with pytest.raises(ActionRefused) as refused:
        await play.send_once()
    assert str(refused.value) == (
        "the study's newest event was accepted by an earlier version, and this one cannot read its study/accession_number"
    )
    assert await play.states() == {}
    await play.store.close()
