"""Exit codes and printing: lines, tables, counts and ages; tables are as wide as a terminal, elsewhere never wrapped."""

import json
import sys
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from enum import IntEnum
from typing import Any

import click

from butterfly_gitops.model.printable import printable, printable_lines


class ExitCode(IntEnum):
    """The exit codes of `bgo`."""

    DONE = 0
    FAILED = 1  # problems found, or the world said no
    CHANGES = 2  # only where it was asked for (--detailed-exitcode)
    HELD = 3  # approval needed
    STALE = 4  # the saved plan is
    USAGE = 64  # EX_USAGE of sysexits.h
    UNEXPECTED = 70  # EX_SOFTWARE: a defect of ours
    INTERRUPTED = 130  # 128 + SIGINT


def say(line: str = "", *, err: bool = False) -> None:
    """Print one line; every verb prints by this, `say_lines`, `write` or the functions below."""
    click.echo(printable(line), err=err)


def say_lines(text: str, *, err: bool = False) -> None:
    """Print a text of several lines, and end the last; nothing for an empty text."""
    if text:
        click.echo(printable_lines(text.removesuffix("\n")), err=err)


def write(text: str) -> None:
    """Print what another program reads, as it is; a terminal gets it as from `say_lines`."""
    click.echo(printable_lines(text) if sys.stdout.isatty() else text, nl=False)


def print_json(document: Any) -> None:
    """Print a document for programs."""
    say_lines(json.dumps(document, indent=2))


def print_table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> None:
    """Print rows below their headings to standard output."""
    from rich.console import Console
    from rich.table import Table

    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0))
    for title in head:
        table.add_column(title, overflow="fold", header_style="bold")
    for row in rows:
        # Names and reasons are no markup, and colours are ours alone.
        table.add_row(*(_plain(cell) for cell in row))
    console = Console()
    if not console.is_terminal:
        console = Console(width=500, no_color=True)
    with console.capture() as captured:
        console.print(table)
    for line in captured.get().splitlines():
        click.echo(line.rstrip())


def _plain(cell: str) -> str:
    from rich.markup import escape

    return escape(printable(cell))


def count_of(number: int, one: str, many: str = "") -> str:
    """Return a number with its noun, such as `1 delivery`; the plural where it is more than an s."""
    return f"{number} {one if number == 1 else many or f'{one}s'}"


def age(since: str | None) -> str:
    """Return how long ago an ISO time is, in its largest unit."""
    if since is None:
        return ""
    seconds = max(0.0, (datetime.now(UTC) - datetime.fromisoformat(since)).total_seconds())
    for unit, size in (("d", 86_400), ("h", 3_600), ("m", 60)):
        if seconds >= size:
            return f"{seconds // size:.0f}{unit}"
    return f"{seconds:.0f}s"


def strays_of(counts: dict[str, Any]) -> str:
    """Count what came on a listener that nobody waited for: `2 late answers`; empty for none."""
    late, unasked = counts["late_answers"], counts["unasked"]
    said = (
        count_of(late, "late answer") if late else "",
        f"{count_of(unasked, 'connection')} closed for unasked bytes" if unasked else "",
    )
    return ", ".join(filter(None, said))
