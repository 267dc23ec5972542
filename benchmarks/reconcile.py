"""Passes over the files of many sites: all of them new, then one of them changed, then none."""

import asyncio
import json
import sys
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from benchmarks.figures import Figure, at_most
from benchmarks.fleet import write_fleet, write_site
from benchmarks.processes import measured
from benchmarks.sizes import Sizes
from butterfly_gitops.controller.configuring import Configuring
from butterfly_gitops.source.folder import FolderSource
from butterfly_gitops.store.sqlite import SqliteStore

_ENDPOINTS = 2
_MOST_COLD_S = 4
_MOST_CHANGED_S = 1


def measure(folder: Path, sizes: Sizes) -> Iterator[Figure]:
    """Measure in a process of its own."""
    files = folder / "reconciled-sites"
    write_fleet(files, sites=sizes.sites, endpoints=_ENDPOINTS)
    told = measured("reconcile", files=files, state=folder / "reconciled")
    yield Figure(
        name=f"reconcile of {sizes.sites:,} new sites",
        value=told["cold"],
        unit="s",
        wanted=f"at most {_MOST_COLD_S} s",
        is_enough=at_most(_MOST_COLD_S),
    )
    yield Figure(
        name=f"reconcile of one changed site among {sizes.sites:,}",
        value=told["changed"],
        unit="s",
        wanted=f"at most {_MOST_CHANGED_S} s",
        is_enough=at_most(_MOST_CHANGED_S),
    )
    yield Figure(name=f"reconcile of {sizes.sites:,} sites as they were", value=told["unchanged"], unit="s")


async def passes(files: Path, state: Path) -> dict[str, float]:
    """Time read, load, plan and apply together, in seconds."""
    store = SqliteStore.open(state, create=True)
    configuring = Configuring(store, now=lambda: datetime.now(UTC))

    async def one_pass() -> tuple[float, int]:
        began_s = time.perf_counter()
        wanted = await asyncio.to_thread(FolderSource(path=files).fetch)
        _, outcome = await configuring.follow(wanted, seen=await store.observe())
        return time.perf_counter() - began_s, len(outcome.applied)

    cold, applied = await one_pass()
    assert applied > 1
    write_site(files, 1, endpoints=_ENDPOINTS, port=7771)
    changed, applied = await one_pass()
    assert applied == 1
    unchanged, applied = await one_pass()
    assert applied == 0
    await store.close()
    return {"cold": cold, "changed": changed, "unchanged": unchanged}


if __name__ == "__main__":
    job: dict[str, Any] = json.loads(sys.argv[1])
    print(json.dumps(asyncio.run(passes(Path(job["files"]), Path(job["state"])))))
