"""`bgo apply`: a saved plan, or plan, ask and apply."""

import json
import time
from pathlib import Path
from typing import Any

import click

from butterfly_gitops.cli.client import StateApi, with_state
from butterfly_gitops.cli.options import parse_seconds, with_new_state, with_sites
from butterfly_gitops.cli.output import ExitCode, say, say_lines
from butterfly_gitops.cli.plan import planned_from

_POLL_S = 0.2
_ANOTHER_WAY = "To apply exactly this:"


@click.command("apply")
@click.argument("file", required=False, type=click.Path(path_type=Path, exists=True, dir_okay=False))
@with_sites
@click.option("--yes", is_flag=True, help="Don't ask.")
@click.option("--wait", metavar="DURATION", help="Wait until every lane reports what was applied: 60s.")
@with_new_state
@with_state
@click.pass_context
def command(
    ctx: click.Context,
    *,
    file: Path | None,
    sites: Path,
    yes: bool,
    wait: str | None,
    new_state: bool,
    state: StateApi,
) -> None:
    """Apply FILE, a plan saved by `bgo plan --out`, exactly; or plan the files, show the plan, ask, and apply it.

    Each site is applied whole or not at all, the fleet's settings first. Exit code 3 when sites are held, 4 when what
    is applied has moved since the plan was made. Refused while `bgo run --source` follows a source.
    """
    wait_s = None if wait is None else parse_seconds(wait, "--wait")
    application = _saved(file) if file else _planned(sites, state, create=new_state)
    if application is None:
        return
    if file is None and not yes and not _is_agreed():
        raise click.ClickException("nothing was applied")

    done = state.post("/v1/applications", application, create=new_state and file is not None)
    _say(done)
    if wait_s is not None:
        _wait(state, wait_s)
    if done["held"]:
        ctx.exit(ExitCode.HELD)
    if done["refused"]:
        ctx.exit(ExitCode.FAILED)


def _is_agreed() -> bool:
    try:
        return click.confirm("Apply this?", err=True)
    except click.Abort as abort:
        if not isinstance(abort.__context__, EOFError):
            raise
        # A pipeline has nobody to ask; the question's line is not ended yet.
        say(err=True)
        raise click.ClickException(
            "nothing was applied, for nobody answered: --yes applies without asking"
        ) from None


def _saved(file: Path) -> dict[str, Any]:
    try:
        saved = json.loads(file.read_text())
        return {"plan": dict(saved["plan"]), "revision": str(saved["revision"])}
    except (ValueError, KeyError, TypeError):
        raise click.ClickException(f"{file} is no plan that `bgo plan --out` saved") from None


def _planned(sites: Path, state: StateApi, *, create: bool) -> dict[str, Any] | None:
    if not create:
        _refuse_where_followed(state)
    planned = planned_from(sites, state, create=create)
    lines = planned["text"].splitlines(keepends=True)
    # Whoever is asked in a moment needs no other way.
    say_lines("".join(line for line in lines if not line.startswith(_ANOTHER_WAY)))
    if not planned["plan"]["changes"]:
        return None
    return {"plan": planned["plan"], "revision": planned["revision"]}


def _refuse_where_followed(state: StateApi) -> None:
    """Refuse at once, and not only once there is something to apply."""
    if source := state.get("/v1/status")["source"]:
        from butterfly_gitops.controller.configuring import Followed

        raise Followed(source)


def _say(done: dict[str, Any]) -> None:
    for one in done["applied"]:
        say(f"applied  {one['site']}#{one['generation']}")
    for site, why in sorted(done["refused"].items()):
        say(f"stays    {site}: {why}")


def _wait(state: StateApi, wait_s: float) -> None:
    """Wait until every lane reports its applied target; without a dispatcher none would."""
    ends = time.monotonic() + wait_s
    while True:
        status = state.get("/v1/status")
        if not status["dispatching"]:
            raise click.ClickException("nothing dispatches: start `bgo run` to have it reported")
        behind = [one["endpoint"] for one in status["endpoints"] if one["reported_target"] != one["target"]]
        if not behind:
            return
        if time.monotonic() >= ends:
            raise click.ClickException(f"not reported yet: {', '.join(behind)}")
        time.sleep(_POLL_S)
