"""How a pass tells the fleet, its sites and its endpoints: never well where something of them is not."""

import shutil
import threading
from collections.abc import Collection, Mapping
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from butterfly_gitops.controller import loop as loop_module
from butterfly_gitops.controller.conditions import of_endpoints
from butterfly_gitops.model.delivery import State
from butterfly_gitops.source.folder import FolderSource
from butterfly_gitops.store.people import Approval
from butterfly_gitops.store.sqlite import SqliteStore
from tests.config.examples import EXAMPLES
from tests.controller.passes import NOW, Clock, Counting, following, told

ENDPOINTS = "st-elsewhere/ehr-endpoints.yaml"
REMOVED = "removed_sites:\n  seaside: {waiting: drain, reason: CHG-4411}\n"


@pytest.fixture
def files(tmp_path: Path) -> Path:
    """Two sites alike."""
    folder = shutil.copytree(EXAMPLES / "sound", tmp_path / "sites")
    shutil.copytree(folder / "st-elsewhere", folder / "seaside")
    return folder


def edit(file: Path, old: str, new: str) -> None:
    text = file.read_text(encoding="utf-8")
    assert old in text
    file.write_text(text.replace(old, new), encoding="utf-8")


async def test_the_fleet_is_not_ready_while_a_site_is_stalled(files: Path, store: Counting):
    loop = following(store, files)
    await loop.make_pass()
    assert ((await told(store)).kind, (await told(store)).reason) == ("Ready", "Applied")
    edit(files / ENDPOINTS, "port: 6661", "port: 70000")
    await loop.make_pass()
    assert ((await told(store)).kind, (await told(store)).reason) == ("Stalled", "Sites")
    assert (await told(store)).message == "1 of 2 sites: st-elsewhere (Problems)"
    assert (await told(store, "seaside")).kind == "Ready"


async def test_an_error_is_told_with_its_place(files: Path, store: Counting):
    edit(files / ENDPOINTS, "port: 6661", "port: 70000")
    loop = following(store, files)
    await loop.make_pass()
    place = f"{files}/{ENDPOINTS}:8"
    assert (await told(store, "st-elsewhere")).message == (
        f"1 error, at {place} (out-of-range): it stays as it runs"
    )
    edit(files / ENDPOINTS, "port: 2575", "port: 0")
    await loop.make_pass()
    assert (await told(store, "st-elsewhere")).message == (
        f"2 errors, the first at {place} (out-of-range): it stays as it runs"
    )
    (files / "fleet.yaml").unlink()
    await loop.make_pass()
    assert f"{files}/fleet.yaml" in (await told(store)).message


async def test_a_site_is_ready_since_it_was_applied_and_the_fleet_since_any_was(files: Path, store: Counting):
    clock = Clock()
    loop = following(store, files, clock=clock)
    await loop.make_pass()
    clock.now = later = NOW + timedelta(hours=1)
    edit(files / ENDPOINTS, "port: 6661", "port: 6662")
    await loop.make_pass()
    clock.now += timedelta(minutes=1)
    await loop.make_pass()
    since = {site: (await told(store, site)).since for site in ("", "st-elsewhere", "seaside")}
    assert since == {"": later, "st-elsewhere": later, "seaside": NOW}


async def test_a_condition_stands_since_it_was_first_so(files: Path, store: Counting):
    clock = Clock()
    edit(files / ENDPOINTS, "port: 6661", "port: 70000")
    loop = following(store, files, clock=clock)
    await loop.make_pass()
    clock.now += timedelta(hours=1)
    await loop.make_pass()
    assert (await told(store, "st-elsewhere")).since == NOW
    edit(files / ENDPOINTS, "port: 70000", "port: 6661")
    await loop.make_pass()
    assert ((await told(store, "st-elsewhere")).kind, (await told(store, "st-elsewhere")).since) == (
        "Ready",
        clock.now,
    )


async def test_a_site_that_was_removed_is_told_until_nothing_of_it_is_left(files: Path, store: Counting):
    loop = following(store, files)
    await loop.make_pass()
    shutil.rmtree(files / "seaside")
    await loop.make_pass()
    assert (await told(store, "seaside")).reason == "Kept"
    with (files / "fleet.yaml").open("a", encoding="utf-8") as fleet:
        fleet.write(REMOVED)
    await loop.make_pass()
    assert (await told(store)).message == "1 of 2 sites: seaside (Held)"
    (hold,) = (await store.observe()).holds
    await store.approve(Approval(hold=hold.id, actor="ada@example.org", reason="CHG-4411", at=NOW))
    await loop.make_pass()
    assert {one.site for one in (await store.observe()).conditions} == {"", "st-elsewhere"}
    assert ((await told(store)).kind, (await told(store)).reason) == ("Ready", "Applied")


LANES: Mapping[str, tuple[int, State, tuple[str, str]]] = {
    "it delivers": (0, State.QUEUED, ("Ready", "Running")),
    "it is not answered": (1, State.UNCERTAIN, ("Stalled", "Unacknowledged")),
    "it is refused": (3, State.QUEUED, ("Stalled", "Unacknowledged")),
    "its silence is set aside": (3, State.SET_ASIDE, ("Stalled", "Unacknowledged")),
    "nothing waits for what came to nothing": (3, State.CANCELLED, ("Ready", "Running")),
}


@pytest.mark.parametrize("case", LANES)
async def test_an_ehr_that_acknowledges_nothing_is_not_ready(case: str, files: Path, store: Counting):
    failures, state, expected = LANES[case]
    await following(store, files).make_pass()
    observed = await store.observe()
    first = observed.lanes[0]
    lane = replace(first.lane, failures=failures)
    seen = replace(observed, lanes=(replace(first, lane=lane, counts={state: 2}),))
    (condition,) = of_endpoints(seen, {lane.id: lane.target}, {}, at=NOW)
    assert (condition.kind, condition.reason) == expected


async def test_who_asks_for_a_commit_while_the_source_hangs_is_answered(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(loop_module, "_LONGEST_LOOK_S", 0.01)
    hangs, store = threading.Event(), SqliteStore.open(tmp_path / "state", create=True)

    class Hanging(FolderSource):
        def is_forward(self, bases: Collection[str], commit: str) -> bool:
            return hangs.wait()

    loop = following(store, tmp_path)
    loop._source = Hanging(path=tmp_path)
    loop._considered = "a" * 40
    assert await loop.has_considered("b" * 40) is False
    hangs.set()
    await store.close()
