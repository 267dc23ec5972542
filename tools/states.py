"""Draws the states of a delivery into docs/architecture.md: `python -m tools.states` writes them anew."""

from collections.abc import Iterator
from itertools import groupby
from pathlib import Path

from butterfly_gitops.delivery.states import TABLE, Event, Move
from butterfly_gitops.model.delivery import State

FILE = Path(__file__).parents[1] / "docs/architecture.md"
BEGIN, END = "<!-- states: made by `make reference` -->\n", "<!-- end of states -->\n"


def states_table() -> str:
    """Return the table of moves as Markdown, in the order of the code."""
    rows = [(one.event, _goals(one), one.source) for one in TABLE]
    lines = ["| From | Event [guard] | To |", "|---|---|---|", *_born()]
    for (event, goals), group in groupby(rows, key=lambda row: row[:2]):
        lines.append(f"| {', '.join(source for *_, source in group)} | {event} | {goals} |")
    return "\n".join(lines) + "\n"


def _born() -> Iterator[str]:
    yield "| – | accepted [newest of its report] | queued |"
    yield "| – | accepted [late, or a preliminary after a final] | superseded |"
    yield "| – | accepted [its rule has closed since, and its lane has ended] | set_aside |"


def _goals(move: Move) -> str:
    if move.goals == (State.SENDING,) and move.event is not Event.CLAIMED:
        return "sending, *then*"
    return " or ".join(move.goals)


def with_states(text: str) -> str:
    """Return the document with the table of today."""
    before, _, rest = text.partition(BEGIN)
    _, _, after = rest.partition(END)
    return f"{before}{BEGIN}\n{states_table()}\n{END}{after}"


if __name__ == "__main__":
    FILE.write_text(with_states(FILE.read_text(encoding="utf-8")), encoding="utf-8")
