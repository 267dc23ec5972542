"""`bgo ledger`: events × rules = decisions, with counts."""

from typing import Any

import click

from butterfly_gitops.cli.client import StateApi, with_state
from butterfly_gitops.cli.options import with_format
from butterfly_gitops.cli.output import ExitCode, count_of, print_json, say_lines

_WAITS = ("queued", "sending", "uncertain", "set_aside")


@click.command("ledger")
@with_format
@with_state
@click.pass_context
def command(ctx: click.Context, *, style: str, state: StateApi) -> None:
    """Account for every event: each met each rule exactly once, and each result is delivered or visibly waits.

    Exit code 1 where it does not add up.
    """
    ledger = state.get("/v1/ledger")
    if style == "json":
        print_json(ledger)
    else:
        say_lines(print_ledger(ledger))
    if not ledger["adds_up"]:
        ctx.exit(ExitCode.FAILED)


def print_ledger(ledger: dict[str, Any]) -> str:
    """Return the ledger in a few lines; the first is the sum."""
    states: dict[str, int] = ledger["deliveries"]
    waiting = sum(states.get(state, 0) for state in _WAITS)
    parts = [f"{states.get('delivered', 0)} delivered", f"{waiting} waiting"]
    parts += [f"{states[state]} {state}" for state in ("superseded", "cancelled") if states.get(state)]
    parts += [f"{count} {reason}" for reason, count in sorted(ledger["without_delivery"].items())]
    told = sum([*states.values(), *ledger["without_delivery"].values()])
    lost = ledger["missing"] + max(0, ledger["decided"] - ledger["surplus"] - told)
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
