"""`python -m benchmarks`: all figures in one run, as one table."""

import signal
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import click
from rich.console import Console

from benchmarks import delivering, idle, intake, reconcile, render, validate, waiting
from benchmarks.figures import Figure, table_of
from benchmarks.machine import described
from benchmarks.sizes import QUICK, Sizes

_WIDTH = 140
PARTS = ("pipeline", "http", "waiting", "idle", "reconcile", "validate", "render")


@click.command()
@click.argument("parts", nargs=-1, type=click.Choice(PARTS))
@click.option("--quick", is_flag=True, help="A little of each: shows that it runs, not how fast.")
@click.option("--profile", is_flag=True, help="Show where our pipeline's time goes, in place of figures.")
def main(*, parts: tuple[str, ...], quick: bool, profile: bool) -> None:
    """Measure speed; PARTS choose some of it."""
    # Ended from outside, it ends what it has started.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    sizes = QUICK if quick else Sizes()
    with tempfile.TemporaryDirectory(prefix="benchmarks-") as name:
        if profile:
            _profile(Path(name), sizes)
        else:
            _measure(Path(name), sizes, parts or PARTS)


def _profile(folder: Path, sizes: Sizes) -> None:
    if sys.version_info >= (3, 12):
        raise click.UsageError("--profile needs Python 3.11: newer ones profile one thread at a time")
    print(delivering.profiled(folder, sizes))


def _measure(folder: Path, sizes: Sizes, parts: tuple[str, ...]) -> None:
    console = Console(width=None if sys.stdout.isatty() else _WIDTH)
    title = described(folder)
    console.print(title)
    figures: list[Figure] = []
    many, one = delivering.compare(folder, sizes)
    figures += [*many.figures(), *one.figures()]
    for figure in _others(folder, sizes, parts, bare=many.bare.rate):
        print(f"{figure.name} ...", file=sys.stderr)
        figures.append(figure)
    console.print(table_of(figures))
    if why := many.explained():
        console.print(why)


def _others(folder: Path, sizes: Sizes, parts: tuple[str, ...], *, bare: float) -> Iterator[Figure]:
    if "http" in parts:
        yield from intake.measure(folder, sizes, bare=bare)
    if "waiting" in parts:
        yield from waiting.measure(folder, sizes)
    if "idle" in parts:
        yield from idle.measure(folder, sizes)
    if "reconcile" in parts:
        yield from reconcile.measure(folder, sizes)
    if "validate" in parts:
        yield from validate.measure(folder, sizes)
    if "render" in parts:
        yield from render.measure(sizes)


if __name__ == "__main__":
    main()
