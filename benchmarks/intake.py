"""Events over HTTP into a real `bgo run`, while it delivers them."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from benchmarks.figures import Figure, at_least
from benchmarks.fleet import archives_of
from benchmarks.processes import measured, running, sink
from benchmarks.sizes import Sizes

_LEAST = 1500


def measure(folder: Path, sizes: Sizes, *, bare: float) -> Iterator[Figure]:
    """Post arrays of twenty, then events one by one; `bare` is the bare pipeline's rate over as many endpoints."""
    state = folder / "http"
    with sink(sizes.endpoints) as (ports, _):
        measured("filling", state=state, ports=ports, waiting=0)
        with running(state):
            yield Figure(
                name="HTTP intake while delivering, arrays of 20",
                value=_rate(state, sizes, array=20, events=sizes.http_events),
                unit="/s",
                bare=bare,
                wanted=f"at least {_LEAST:,}/s",
                is_enough=at_least(_LEAST),
            )
            yield Figure(
                name="HTTP intake while delivering, one by one",
                value=_rate(state, sizes, array=1, events=sizes.http_singles),
                unit="/s",
                bare=bare,
            )


def _rate(state: Path, sizes: Sizes, *, array: int, events: int) -> float:
    address: dict[str, Any] = json.loads((state / "api.json").read_text())
    told = measured(
        "client",
        host=address["url"].removeprefix("http://"),
        token=(state / "token").read_text().strip(),
        archives=archives_of(sizes.endpoints),
        array=array,
        events=events,
        prefix=f"http{array}",
    )
    return float(told["rate"])
