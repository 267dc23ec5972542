"""`bgo approve`: release what the guard holds."""

from pathlib import Path
from typing import Any

import click

from butterfly_gitops.cli.client import Api, call, with_state
from butterfly_gitops.cli.output import say


@click.command("approve")
@click.argument("hold", metavar="HOLD_ID")
@click.option("--reason", required=True, help="Why; kept in the audit.")
@with_state
def command(*, hold: str, reason: str, state: Path, acts_as: str) -> None:
    """Release a hold: the changes of one site that the fleet's guard keeps waiting, or a commit that does not descend.

    `bgo plan` and `bgo status` show the id. The controller applies it in its next pass, which starts now; without one,
    `bgo apply` does. An approval is for once: the same changes later are held again.
    """
    if not hold.strip():
        raise click.BadParameter("an empty id; is a variable not set?", param_hint="HOLD_ID")

    async def do(api: Api) -> Any:
        return await api.post(f"/v1/holds/{hold}/approve", {"reason": reason})

    approved = call(state, acts_as, do)
    say(f"approved {approved['hold'][:6]}: {approved['site'] or 'the commit'}")
