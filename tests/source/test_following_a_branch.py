"""The controller on a real branch: each commit is one step forward, and a rewritten history changes nothing."""

from collections.abc import AsyncIterator, Collection, Mapping
from datetime import UTC, datetime
from pathlib import Path

import pytest

from butterfly_gitops.controller.configuring import Configuring
from butterfly_gitops.controller.loop import Loop
from butterfly_gitops.model.delivery import LaneId, TargetNumber
from butterfly_gitops.source.git import GitSource
from butterfly_gitops.source.git_address import parse_git_address
from butterfly_gitops.store.interface import Condition
from butterfly_gitops.store.people import Approval
from butterfly_gitops.store.sqlite import SqliteStore
from tests.cli.git_repository import GitRepository, repository_with_sites

ENDPOINTS = "sites/st-elsewhere/ehr-endpoints.yaml"
NOW = datetime(2026, 11, 24, 14, 3, tzinfo=UTC)


class NoLanes:
    """Lanes that report nothing."""

    def reported(self) -> Mapping[LaneId, TargetNumber]:
        return {}

    def troubles(self) -> Mapping[LaneId, str]:
        return {}

    async def converge(self) -> Collection[LaneId]:
        return ()


@pytest.fixture
def repository(tmp_path: Path) -> GitRepository:
    return repository_with_sites(tmp_path / "fleet")


@pytest.fixture
async def store(tmp_path: Path) -> AsyncIterator[SqliteStore]:
    opened = SqliteStore.open(tmp_path / "state", create=True)
    yield opened
    await opened.close()


def following(repository: GitRepository, store: SqliteStore) -> Loop:
    address = parse_git_address(f"{repository.root}#main:sites")
    return Loop(
        store,
        Configuring(store, now=lambda: NOW),
        source=GitSource(address, cache=repository.root.parent / "state" / "git"),
        lanes=NoLanes(),
        interval_s=30,
        now=lambda: NOW,
        draw=lambda: 0.5,
    )


def sets_port(repository: GitRepository, old: int, new: int) -> str:
    repository.edit(ENDPOINTS, f"port: {old}", f"port: {new}")
    return repository.commit()


async def fleet_condition(store: SqliteStore) -> Condition:
    (found,) = [one for one in (await store.observe()).conditions if not one.site]
    return found


async def port_of(store: SqliteStore) -> int:
    return (await store.running()).sites["st-elsewhere"].ehr_endpoints["epic-prod"].port


async def test_each_generation_names_the_commit_that_it_is_of(repository, store) -> None:
    loop = following(repository, store)
    first = repository.git("rev-parse", "HEAD")
    await loop.make_pass()
    sets_port(repository, 6661, 7000)
    last = sets_port(repository, 7000, 7001)
    await loop.make_pass()
    observation = await store.observe()
    commits = {site: (one.number, one.commit) for site, one in observation.generations.items()}
    assert commits == {"county-general": (1, first), "seaside": (1, first), "st-elsewhere": (2, last)}
    assert await port_of(store) == 7001
    assert (await fleet_condition(store)).kind == "Ready"


@pytest.mark.parametrize("restarted", [False, True], ids=["same process", "new process"])
async def test_a_rewritten_branch_changes_nothing_until_it_descends_again(
    repository, store, restarted
) -> None:
    loop = following(repository, store)
    await loop.make_pass()
    applied = sets_port(repository, 6661, 7000)
    await loop.make_pass()
    repository.git("reset", "--quiet", "--hard", "HEAD~1")
    parted = sets_port(repository, 6661, 7009)
    if restarted:
        loop = following(repository, store)
    await loop.make_pass()
    condition = await fleet_condition(store)
    assert (condition.kind, condition.reason) == ("Stalled", "NotForward")
    assert condition.message == (
        f"sites/ at {parted[:7]} does not descend from what is applied: everything stays as it runs"
    )
    assert await port_of(store) == 7000
    repository.git("merge", "--quiet", "--strategy", "ours", "--message", "Join both histories", applied)
    await loop.make_pass()
    assert (await fleet_condition(store)).kind == "Ready"
    assert await port_of(store) == 7009


async def test_a_source_that_is_away_leaves_everything_as_it_runs(repository, store) -> None:
    loop = following(repository, store)
    await loop.make_pass()
    away = repository.root.rename(repository.root.with_name("away"))
    await loop.make_pass()
    assert (await fleet_condition(store)).reason == "SourceAway"
    assert await port_of(store) == 6661
    away.rename(repository.root)
    sets_port(repository, 6661, 7000)
    await loop.make_pass()
    assert (await fleet_condition(store)).kind == "Ready"
    assert await port_of(store) == 7000


async def approve(store: SqliteStore) -> None:
    (hold,) = [one for one in (await store.observe()).holds if one.approved is None]
    await store.approve(Approval(hold=hold.id, actor="ada", reason="it is meant", at=NOW))


@pytest.mark.parametrize("restarted", [False, True], ids=["same process", "new process"])
@pytest.mark.parametrize("rewrite", ["amended", "shortened"])
async def test_a_rewritten_branch_that_was_approved_once_is_followed_from_there_on(
    repository, store, rewrite, restarted
) -> None:
    loop = following(repository, store)
    await loop.make_pass()
    sets_port(repository, 6661, 7000)
    await loop.make_pass()
    # Amended, nothing has to be applied: what runs keeps naming the commit that was left.
    repository.git("reset", "--quiet", "--soft" if rewrite == "amended" else "--hard", "HEAD~1")
    if rewrite == "amended":
        repository.git("commit", "--quiet", "--message", "Say it better")
    await loop.make_pass()
    assert (await fleet_condition(store)).reason == "NotForward"
    await approve(store)
    if restarted:
        loop = following(repository, store)
    await loop.make_pass()
    assert (await fleet_condition(store)).kind == "Ready"
    at = 7000 if rewrite == "amended" else 6661
    assert await port_of(store) == at
    sets_port(repository, at, 7009)
    await loop.make_pass()
    assert await port_of(store) == 7009
    repository.git("reset", "--quiet", "--soft", "HEAD~1")
    repository.git("commit", "--quiet", "--message", "Rewrite it again")
    await loop.make_pass()
    assert (await fleet_condition(store)).reason == "NotForward"
    await approve(store)
    sets_port(repository, 7009, 7010)
    await loop.make_pass()
    assert await port_of(store) == 7010


async def test_a_rewrite_that_is_taken_back_leaves_nothing_behind(repository, store) -> None:
    loop = following(repository, store)
    await loop.make_pass()
    applied = sets_port(repository, 6661, 7000)
    await loop.make_pass()
    repository.git("reset", "--quiet", "--hard", "HEAD~1")
    sets_port(repository, 6661, 7009)
    await loop.make_pass()
    (first,) = (await store.observe()).holds
    await loop.make_pass()
    # Whoever read the id a pass ago can still approve it.
    assert [one.id for one in (await store.observe()).holds] == [first.id]
    repository.git("reset", "--quiet", "--hard", applied)
    sets_port(repository, 7000, 7001)
    await loop.make_pass()
    assert (await fleet_condition(store)).kind == "Ready"
    assert await port_of(store) == 7001


async def test_a_rewritten_commit_that_changed_nothing_is_held_too(repository, store) -> None:
    loop = following(repository, store)
    await loop.make_pass()
    repository.edit(ENDPOINTS, "port: 6661", "port: 6661 # as the EHR's team says")
    repository.commit()
    await loop.make_pass()
    repository.git("reset", "--quiet", "--hard", "HEAD~1")
    sets_port(repository, 6661, 7009)
    await loop.make_pass()
    assert (await fleet_condition(store)).reason == "NotForward"


async def test_a_source_that_comes_back_as_another_fleet_stops_nothing(repository, store) -> None:
    await following(repository, store).make_pass()
    loop = following(repository, store)
    away = repository.root.rename(repository.root.with_name("away"))
    await loop.make_pass()
    away.rename(repository.root)
    repository.edit("sites/fleet.yaml", "name: mercy-health", "name: grace")
    repository.commit()
    await loop.make_pass()
    assert (await fleet_condition(store)).reason == "OtherFleet"
    assert await port_of(store) == 6661
