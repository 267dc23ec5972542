"""`bgo ledger`: events × rules = decisions, with counts."""

import json
from pathlib import Path
from typing import Any

import click

from butterfly_gitops.cli import exit_codes
from butterfly_gitops.cli.client import Api, call, with_state
from butterfly_gitops.cli.output import count_of, in_either_format, say_lines

_WAITS = ("queued", "sending", "uncertain", "set_aside")


@click.command("ledger")
@in_either_format
@with_state
@click.pass_context
def command(ctx: click.Context, *, style: str, state: Path, acts_as: str) -> None:
    """Account for every event: each met each rule exactly once, and each result is delivered or visibly waits.

    Exit code 1 where it does not add up.
    """

    async def ask(api: Api) -> dict[str, Any]:
        answer: dict[str, Any] = await api.get("/v1/ledger")
        return answer

    ledger = call(state, acts_as, ask)
    say_lines(json.dumps(ledger, indent=2) if style == "json" else print_ledger(ledger))
    if not ledger["adds_up"]:
        ctx.exit(exit_codes.FAILED)


def print_ledger(ledger: dict[str, Any]) -> str:
    """Return the ledger in a few lines; the first is the sum."""
    states: dict[str, int] = ledger["deliveries"]
    waiting = sum(states.get(state, 0) for state in _WAITS)
    parts = [f"{states.get('delivered', 0)} delivered", f"{waiting} waiting"]
    parts += [f"{states[state]} {state}" for state in ("superseded", "cancelled") if states.get(state)]
    parts += [f"{count} {reason}" for reason, count in sorted(ledger["without_delivery"].items())]
    lost = ledger["missing"] + max(0, ledger["decided"] - ledger["surplus"] - _told(ledger))
    parts.append(f"{lost} lost")
    met = "event x its rules" if ledger["events"] == 1 else "events x their rules"
    lines = [f"{ledger['events']} {met} = {count_of(ledger['expected'], 'decision')}: {', '.join(parts)}."]
    beyond_rules: dict[str, int] = ledger["beyond_rules"]
    if aside := states.get("set_aside", 0) + beyond_rules.get("set_aside", 0):
        lines.append(
            f"{aside} wait{'s' if aside == 1 else ''} for a person: bgo delivery list --only set_aside"
        )
    if surplus := ledger["surplus"]:
        belong = "belongs" if surplus == 1 else "belong"
        lines.append(f"{count_of(surplus, 'decision')} {belong} to no event and rule.")
    if ledger["beyond_rules"]:
        beyond = ", ".join(
            f"{count} {state.replace('_', ' ')}" for state, count in ledger["beyond_rules"].items()
        )
        lines.append(f"Beyond the rules, by hand or as withdrawals: {beyond}.")
    return "\n".join(lines)


def _told(ledger: dict[str, Any]) -> int:
    counts: list[int] = [*ledger["deliveries"].values(), *ledger["without_delivery"].values()]
    return sum(counts)
