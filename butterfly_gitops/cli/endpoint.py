"""`bgo endpoint`: act on one endpoint."""

import click

from butterfly_gitops.cli.client import StateApi, with_state
from butterfly_gitops.cli.options import parse_endpoint, parse_seconds, with_reason
from butterfly_gitops.cli.output import say
from butterfly_gitops.cli.suggestions import endpoints


@click.group("endpoint")
def command() -> None:
    """Act on one endpoint."""


@command.command("pause")
@click.argument("endpoint", metavar="SITE/NAME", shell_complete=endpoints)
@with_reason
@click.option("--for", "lasts", metavar="DURATION", help="How long, such as 2h; it ends by itself.")
@click.option("--until-resumed", is_flag=True, help="Until somebody resumes it.")
@with_state
def pause(*, endpoint: str, reason: str, lasts: str | None, until_resumed: bool, state: StateApi) -> None:
    """Keep what the endpoint has, and send nothing for a while. The attempt in flight ends first.

    It only restricts: what git says is paused stays paused, whatever ends here. It survives restarts and applies.
    """
    if lasts is not None and until_resumed:
        raise click.UsageError("--for and --until-resumed say different things: give one")
    if lasts is None and not until_resumed:
        raise click.UsageError("say how long: --for 2h, or --until-resumed")
    if lasts is not None:
        parse_seconds(lasts, "--for", may_be_zero=False)
    site, name = parse_endpoint(endpoint)

    state.post(f"/v1/endpoints/{site}/{name}/pause", {"reason": reason, "lasts": lasts})
    say(f"{endpoint} is paused {f'for {lasts}' if lasts else 'until resumed'}")


@command.command("resume")
@click.argument("endpoint", metavar="SITE/NAME", shell_complete=endpoints)
@with_reason
@with_state
def resume(*, endpoint: str, reason: str, state: StateApi) -> None:
    """Let an endpoint go on that stopped or was paused by hand: from the head of its lane, with all counts at zero.

    A lane stops by itself when several different messages in a row were refused or not answered. What policy set aside
    in that run has returned to its place.
    """
    site, name = parse_endpoint(endpoint)

    state.post(f"/v1/endpoints/{site}/{name}/resume", {"reason": reason})
    say(f"{endpoint} goes on")
