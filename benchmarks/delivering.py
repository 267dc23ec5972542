"""Both pipelines, in turns, over 64 endpoints and over one: the best of each, from the same minutes."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from benchmarks.figures import Figure, at_least_half_of_bare, at_most
from benchmarks.load import Timing
from benchmarks.processes import measured, sink
from benchmarks.sizes import Sizes

MOST_CPU_MS = 0.25
_EXPECTED_OF_BARE = 4000


@dataclass(frozen=True, slots=True, kw_only=True)
class Best:
    """The best rounds of both pipelines over so many endpoints; `batches` are the bare one's commits."""

    endpoints: int
    ours: Timing
    bare: Timing
    batches: int

    def figures(self) -> Iterator[Figure]:
        over = "1 endpoint" if self.endpoints == 1 else f"{self.endpoints} endpoints"
        yield Figure(
            name=f"accepted to recorded, {over}",
            value=self.ours.rate,
            unit="/s",
            bare=self.bare.rate,
            wanted="half of bare",
            is_enough=at_least_half_of_bare,
        )
        is_judged = self.endpoints > 1
        yield Figure(
            name=f"processor for a message, {over}",
            value=self.ours.cpu_ms,
            unit="ms",
            bare=self.bare.cpu_ms,
            wanted=f"at most {MOST_CPU_MS} ms" if is_judged else "",
            is_enough=at_most(MOST_CPU_MS) if is_judged else None,
        )

    def explained(self) -> str:
        """Say where the bare pipeline's time went when it was slower than two free cores allow."""
        bare = self.bare
        if self.endpoints == 1 or bare.rate >= _EXPECTED_OF_BARE:
            return ""
        return (
            f"The bare pipeline made {bare.rate:,.0f}/s, less than {_EXPECTED_OF_BARE:,}/s: it used "
            f"{bare.cpu_ms:.2f} ms of the processor for a message ({1000 / bare.cpu_ms:,.0f}/s on a core of its own), "
            f"had {bare.cpu_s / bare.wall_s:.2f} cores while it ran, and made a commit for every "
            f"{bare.messages / self.batches:.0f} messages, every {1000 * bare.wall_s / self.batches:.1f} ms."
        )


def compare(folder: Path, sizes: Sizes) -> tuple[Best, Best]:
    """Measure over many endpoints and over one."""
    many = _best(folder, endpoints=sizes.endpoints, messages=sizes.messages, rounds=sizes.rounds)
    return many, _best(folder, endpoints=1, messages=sizes.messages_of_one, rounds=sizes.rounds)


def profiled(folder: Path, sizes: Sizes) -> str:
    """Tell where our time goes, over many endpoints and over one."""
    return "\n\n".join(
        f"== {endpoints} endpoints ==\n\n"
        + _once("pipeline", folder / f"profile-{endpoints}", endpoints, messages, profile=True)["profile"]
        for endpoints, messages in ((sizes.endpoints, sizes.messages), (1, sizes.messages_of_one))
    )


def _best(folder: Path, *, endpoints: int, messages: int, rounds: int) -> Best:
    bare, ours = [], []
    for number in range(rounds):
        place = folder / f"{endpoints}-{number}"
        bare.append(_once("bare", place / "bare", endpoints, messages))
        ours.append(_once("pipeline", place / "ours", endpoints, messages))
    fastest = max(bare, key=lambda one: _timing(one).rate)
    return Best(
        endpoints=endpoints,
        ours=max(map(_timing, ours), key=lambda one: one.rate),
        bare=_timing(fastest),
        batches=fastest["batches"],
    )


def _once(module: str, folder: Path, endpoints: int, messages: int, **options: Any) -> Any:
    folder.mkdir(parents=True)
    with sink(endpoints) as (ports, _):
        return measured(module, folder=folder, ports=ports, messages=messages, **options)


def _timing(told: Any) -> Timing:
    return Timing(messages=told["messages"], wall_s=told["wall_s"], cpu_s=told["cpu_s"])
