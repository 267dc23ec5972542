"""`bgo endpoint`: act on one endpoint."""

from pathlib import Path
from typing import Any

import click

from butterfly_gitops.cli.client import Api, call, with_state
from butterfly_gitops.cli.named import endpoint_named


@click.group("endpoint")
def command() -> None:
    """Act on one endpoint."""


@command.command("resume")
@click.argument("endpoint", metavar="SITE/NAME")
@click.option("--reason", required=True, help="Why; kept in the audit. No patient data.")
@with_state
def resume(*, endpoint: str, reason: str, state: Path, acts_as: str) -> None:
    """Let a stopped endpoint go on: it sends again from the head of its lane, with all counts at zero.

    A lane stops by itself when several different messages in a row were refused or not answered. What policy set aside
    in that run has returned to its place.
    """
    site, name = endpoint_named(endpoint)

    async def do(api: Api) -> Any:
        return await api.post(f"/v1/endpoints/{site}/{name}/resume", {"reason": reason})

    call(state, acts_as, do)
    click.echo(f"{endpoint} goes on")
