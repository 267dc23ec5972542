"""Makes a state in a process of its own: sites applied, and events accepted while nothing is sent."""

import asyncio
import json
import sys
from pathlib import Path
from typing import Any

from benchmarks.fleet import apply_sites, archives_of, one_endpoint_each
from benchmarks.load import feed
from benchmarks.studies import arrays
from butterfly_gitops.model.study import StudyEvent
from butterfly_gitops.wiring import opened

_ARRAY = 100


async def fill(state: Path, ports: list[int], waiting: int) -> Any:
    """Apply a site for each port, and leave so many deliveries waiting."""
    async with opened(state, create=True) as app:
        services = app.state.services
        await apply_sites(services.store, one_endpoint_each(ports))

        async def accept(texts: list[str]) -> None:
            events = [StudyEvent.model_validate_json(text) for text in texts]
            await services.intake.accept(events, pointers=[""] * len(events))

        await feed(arrays(waiting, size=_ARRAY, archives=archives_of(len(ports)), prefix="waits"), accept)
        return {"waiting": sum((await services.store.ledger()).states.values())}


if __name__ == "__main__":
    job = json.loads(sys.argv[1])
    print(json.dumps(asyncio.run(fill(Path(job["state"]), job["ports"], job["waiting"]))))
