"""Holds: which stand, since when, who releases one, and that a release is for once."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta

import pytest

from butterfly_gitops.model.fleet import FleetSettings
from butterfly_gitops.store import holding
from butterfly_gitops.store.interface import Hold, Store
from butterfly_gitops.store.people import Approval, NotFound
from butterfly_gitops.store.rows import Rows
from tests.store.play import FLEET, SITE, T0, Play, a_site

LATER = T0 + timedelta(minutes=5)


def a_hold(name: str = "4f2a", site: str = SITE, **changes: object) -> Hold:
    held = Hold(
        id=f"{name}91c0", site=site, what="12 endpoints, over 10", changes=frozenset({"c-1"}), since=T0
    )
    return replace(held, **changes)  # type: ignore[arg-type]


def an_approval(hold: str) -> Approval:
    return Approval(hold=hold, actor="ada@example.org", reason="CHG-4411", at=LATER)


async def stand(store: Store, standing: Sequence[Hold], *released: str) -> None:
    await store.stand(standing, released=released)


async def holds(store: Store) -> list[Hold]:
    return list((await store.observe()).holds)


async def test_none_stands_at_first(store: Store) -> None:
    assert await holds(store) == []


async def test_a_hold_is_kept_as_it_was_given(store: Store) -> None:
    await stand(store, [a_hold()])
    assert await holds(store) == [a_hold()]


async def test_it_stands_since_it_was_first_seen(store: Store) -> None:
    await stand(store, [a_hold()])
    await stand(store, [a_hold(since=LATER)])
    assert await holds(store) == [a_hold()]


async def test_it_says_what_it_says_now(store: Store) -> None:
    await stand(store, [a_hold()])
    await store.approve(an_approval("4f2a"))
    newer = a_hold(what="12 endpoints, over 11", endpoints=frozenset({f"{SITE}/epic"}))
    await stand(store, [replace(newer, since=LATER)])
    assert await holds(store) == [replace(newer, approved="ada@example.org")]


async def test_one_whose_changes_have_left_the_source_goes(store: Store) -> None:
    await stand(store, [a_hold("4f2a"), a_hold("77b1", "mercy-west")])
    await stand(store, [a_hold("77b1", "mercy-west")])
    assert await holds(store) == [a_hold("77b1", "mercy-west")]
    await stand(store, [])
    assert await holds(store) == []


async def test_one_that_comes_again_stands_since_it_came_again(store: Store) -> None:
    for standing in ([a_hold()], [], [a_hold(since=LATER)]):
        await stand(store, standing)
    assert await holds(store) == [a_hold(since=LATER)]


@pytest.mark.parametrize("prefix", ["4", "4f2a", "4f2a91c0"], ids=["one letter", "several", "all of it"])
async def test_it_is_approved_by_the_beginning_of_its_id(store: Store, prefix: str) -> None:
    await stand(store, [a_hold("4f2a"), a_hold("77b1", "mercy-west")])
    approved = await store.approve(an_approval(prefix))
    assert approved == a_hold("4f2a", approved="ada@example.org")
    assert {one.id: one.approved for one in await holds(store)} == {
        "4f2a91c0": "ada@example.org",
        "77b191c0": None,
    }


@pytest.mark.parametrize(
    ("prefix", "says"),
    [("9", "no holds begin with '9'"), ("4f", "2 holds begin with '4f'"), ("", "no holds begin with ''")],
    ids=["none", "several", "empty"],
)
async def test_an_id_that_names_none_or_several_is_not_found(store: Store, prefix: str, says: str) -> None:
    standing = [a_hold("4f77", "mercy-west"), a_hold("4f2a")]
    await stand(store, standing)
    with pytest.raises(NotFound, match=says):
        await store.approve(an_approval(prefix))
    assert await holds(store) == standing


@pytest.mark.parametrize(
    "standing", [[], [a_hold(since=LATER)]], ids=["it no longer counts", "it is held still"]
)
async def test_what_is_approved_stands_until_its_site_is_applied(store: Store, standing: list[Hold]) -> None:
    await stand(store, [a_hold()])
    await store.approve(an_approval("4f2a"))
    await stand(store, standing, "4f2a91c0")
    assert await holds(store) == [a_hold(approved="ada@example.org")]


async def test_an_approval_goes_with_the_changes_that_it_was_for(store: Store) -> None:
    """They have left the source: when they come again, they are held again."""
    await stand(store, [a_hold()])
    await store.approve(an_approval("4f2a"))
    await stand(store, [])
    assert await holds(store) == []
    await stand(store, [a_hold(since=LATER)])
    assert await holds(store) == [a_hold(since=LATER)]


async def test_what_was_agreed_of_a_commit_stays(store: Store) -> None:
    await stand(store, [a_hold("c0ff", "")])
    await store.approve(an_approval("c0ff"))
    await stand(store, [])
    assert await holds(store) == [a_hold("c0ff", "", approved="ada@example.org")]


async def test_an_approval_is_forgotten_once_its_site_is_applied(store: Store) -> None:
    play = await Play.start(store)
    await stand(store, [a_hold()])
    await store.approve(an_approval("4f2a"))
    await play.apply(a_site(endpoints={"epic": {"port": 6662}}))
    assert await holds(store) == []
    await stand(store, [a_hold(since=LATER)])
    assert await holds(store) == [a_hold(since=LATER)], "the same changes are held again"


async def test_the_approval_of_the_fleets_settings_is_forgotten_once_they_are_applied(store: Store) -> None:
    play = await Play.start(store)
    await stand(store, [a_hold("c0ff", ""), a_hold("4f2a", "fleet")])
    await store.approve(an_approval("4f2a"))
    await play.apply(a_site(endpoints={"epic": {"port": 6662}}))
    assert [one.id for one in await holds(store)] == ["c0ff91c0", "4f2a91c0"]
    settings = FleetSettings(name=FLEET, subscription="pro")
    await store.apply(replace(play.application(a_site()), content=settings, expected=0))
    assert [one.id for one in await holds(store)] == ["c0ff91c0"]


async def test_another_sites_application_forgets_no_approval(store: Store) -> None:
    play = await Play.start(store)
    await stand(store, [a_hold("77b1", "mercy-west")])
    await store.approve(an_approval("77b1"))
    await play.apply(a_site(endpoints={"epic": {"port": 6662}}))
    assert await holds(store) == [a_hold("77b1", "mercy-west", approved="ada@example.org")]


async def test_a_held_commit_outlives_the_sites_that_are_applied(store: Store) -> None:
    play = await Play.start(store)
    await stand(store, [a_hold("c0ff", "")])
    await store.approve(an_approval("c0ff"))
    await play.apply(a_site(endpoints={"epic": {"port": 6662}}))
    assert await holds(store) == [a_hold("c0ff", "", approved="ada@example.org")]


async def test_the_newest_agreement_on_a_commit_replaces_those_before_it(store: Store) -> None:
    await stand(store, [a_hold("c0ff", ""), a_hold("4f2a")])
    await store.approve(an_approval("c0ff"))
    await stand(store, [a_hold("d00d", ""), a_hold("4f2a")])
    await store.approve(an_approval("d00d"))
    assert [(one.id, one.approved) for one in await holds(store)] == [
        ("d00d91c0", "ada@example.org"),
        ("4f2a91c0", None),
    ]


@pytest.mark.parametrize(("site", "of"), [(SITE, SITE), ("", "a commit")], ids=["a site's", "a commit's"])
def test_the_audit_says_what_an_approval_released(rows: Rows, site: str, of: str) -> None:
    holding.stand(rows, [a_hold(site=site)], released=())
    holding.approve(rows, an_approval("4f2a"))
    (entry,) = rows.audit_of(f"hold 4f2a91c0 of {of}")
    assert (entry.actor, entry.action, entry.reason) == ("ada@example.org", "approve", "CHG-4411")
