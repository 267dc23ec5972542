"""`bgo approve`: release what the guard holds."""

import click

from butterfly_gitops.cli.client import StateApi, with_state
from butterfly_gitops.cli.output import say


@click.command("approve")
@click.argument("hold", metavar="HOLD_ID")
@click.option("--reason", required=True, help="Why; kept in the audit.")
@with_state
def command(*, hold: str, reason: str, state: StateApi) -> None:
    """Release a hold: the changes of one site that the fleet's guard keeps waiting, or a commit that does not descend.

    `bgo plan` and `bgo status` show the id. The controller applies it in its next pass, which starts now; without one,
    `bgo apply` does. An approval is for once: the same changes later are held again.
    """
    if not hold.strip():
        raise click.BadParameter("an empty id; is a variable not set?", param_hint="HOLD_ID")

    approved = state.post(f"/v1/holds/{hold}/approve", {"reason": reason})
    say(f"approved {approved['hold'][:6]}: {approved['site'] or 'the commit'}")
