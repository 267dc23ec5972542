"""What is wanted and not applied counts together, however it is split over commits."""

import copy
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from butterfly_gitops.controller.conditions import of_configuration
from butterfly_gitops.store.sqlite import SqliteStore
from tests.controller.followed_files import NOW, Files, Follower

ALPHA, GAMMA = {"epic": 1, "registry": 1}, {"epic": 1, "registry": 1}


@pytest.fixture
async def follower(tmp_path: Path) -> AsyncIterator[Follower]:
    store = SqliteStore.open(tmp_path / "state", create=True)
    yield Follower(store)
    await store.close()


@pytest.fixture
async def files(follower: Follower) -> Files:
    """Two sites of two endpoints, applied, of which two may change."""
    first = Files(limit=2, sites={"alpha": dict(ALPHA), "gamma": dict(GAMMA)})
    await follower.follow(first)
    return first


async def test_what_is_held_is_not_passed_by_amending_it(follower: Follower, files: Files) -> None:
    before = copy.deepcopy(files.sites)
    files.sites = {"alpha": {"epic": 2, "registry": 2}, "gamma": {"epic": 2, "registry": 1}}
    await follower.follow(files)
    files.sites["alpha"] = {"epic": 3, "registry": 3}
    await follower.follow(files)
    files.sites["gamma"] = {"epic": 3, "registry": 1}
    await follower.follow(files)
    assert await follower.applied() == before
    holds = await follower.holds()
    assert {site: hold.what for site, hold in holds.items()} == {
        "alpha": "results of 2 endpoints go elsewhere; 3 endpoints change in the whole fleet, and the limit is 2",
        "gamma": "results of 1 endpoint go elsewhere; 3 endpoints change in the whole fleet, and the limit is 2",
    }
    await follower.approve(holds["alpha"])
    await follower.follow(files)
    assert await follower.applied() == {"alpha": {"epic": 3, "registry": 3}, "gamma": before["gamma"]}


async def test_an_approval_is_not_for_what_is_amended_after_it(follower: Follower, files: Files) -> None:
    files.sites = {"alpha": {"epic": 2, "registry": 2}, "gamma": {"epic": 2, "registry": 1}}
    await follower.follow(files)
    await follower.approve((await follower.holds())["alpha"])
    files.sites["alpha"] = {"epic": 2, "registry": 3}
    await follower.follow(files)
    assert await follower.applied() == {"alpha": ALPHA, "gamma": GAMMA}


async def test_a_hold_outlives_a_commit_that_breaks_its_site(follower: Follower, files: Files) -> None:
    files.sites = {"alpha": {"epic": 2, "registry": 2}, "gamma": {"epic": 2, "registry": 1}}
    await follower.follow(files)
    held = await follower.holds()
    files.broken = {"alpha"}
    files.sites["gamma"] = {"epic": 3, "registry": 1}
    candidate, outcome = await follower.follow(files)
    assert await follower.applied() == {"alpha": ALPHA, "gamma": GAMMA}
    observation = await follower.store.observe()
    conditions = of_configuration(candidate, outcome, observation, at=NOW)
    assert [(one.site, one.reason) for one in conditions] == [
        ("", "Sites"),
        ("alpha", "Problems"),
        ("gamma", "Held"),
    ]
    assert (await follower.holds())["alpha"].id == held["alpha"].id
    # It may be approved meanwhile; what is applied then is what was held.
    await follower.approve(held["alpha"])
    files.broken = set()
    await follower.follow(files)
    assert await follower.applied() == {"alpha": {"epic": 2, "registry": 2}, "gamma": GAMMA}


async def test_all_that_is_put_back_leaves_no_hold(follower: Follower, files: Files) -> None:
    files.sites = {"alpha": {"epic": 2, "registry": 2}, "gamma": {"epic": 2, "registry": 1}}
    await follower.follow(files)
    files.sites = {"alpha": dict(ALPHA), "gamma": dict(GAMMA)}
    await follower.follow(files)
    assert await follower.holds() == {}


async def test_grants_that_give_more_rights_wait_for_approval(follower: Follower, files: Files) -> None:
    role = {"results": "send", "members": ["ada@example.org"]}
    files.grants = {"access_roles": {"engineer": role}}
    files.sites["alpha"] = {"epic": 2, "registry": 1}
    candidate, outcome = await follower.follow(files)
    assert (await follower.applied())["alpha"]["epic"] == 2, "sites go on"
    observation = await follower.store.observe()
    assert observation.running.settings is not None
    assert observation.running.settings.access_roles == {}
    (hold,) = observation.holds
    assert (hold.site, hold.what) == (
        "fleet",
        "role engineer gives more rights; that always waits for approval",
    )
    conditions = of_configuration(candidate, outcome, observation, at=NOW)
    assert [(one.site, one.kind, one.reason) for one in conditions] == [
        ("", "Stalled", "Held"),
        ("alpha", "Ready", "Applied"),
        ("gamma", "Ready", "Applied"),
    ]
    await follower.approve(hold)
    await follower.follow(files)
    assert await roles(follower) == {"engineer": ("ada@example.org",)}
    assert await follower.holds() == {}


async def test_who_loses_a_right_loses_it_beside_what_is_held(follower: Follower, files: Files) -> None:
    role = {"results": "send", "members": ["ada@example.org", "mallory@example.org"]}
    files.grants = {"access_roles": {"engineer": role}}
    await follower.follow(files)
    await follower.approve((await follower.holds())["fleet"])
    await follower.follow(files)
    files.grants = {"access_roles": {"engineer": {**role, "members": ["ada@example.org", "bo@example.org"]}}}
    await follower.follow(files)
    assert await roles(follower) == {"engineer": ("ada@example.org",)}
    await follower.approve((await follower.holds())["fleet"])
    await follower.follow(files)
    assert await roles(follower) == {"engineer": ("ada@example.org", "bo@example.org")}


async def test_a_limit_that_goes_up_waits_and_lets_nothing_pass_meanwhile(
    follower: Follower, files: Files
) -> None:
    files.limit = 1000
    await follower.follow(files)
    assert list(await follower.holds()) == ["fleet"]


async def roles(follower: Follower) -> dict[str, tuple[str, ...]]:
    settings = (await follower.store.running()).settings
    assert settings is not None
    return {name: role.members for name, role in settings.access_roles.items()}
