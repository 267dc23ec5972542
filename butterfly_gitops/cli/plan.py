"""`bgo plan`: the changes from the applied configuration to the files, and the results that wait."""

import json
from pathlib import Path
from typing import Any

import click

from butterfly_gitops.cli.client import StateApi, with_state
from butterfly_gitops.cli.options import with_format, with_sites
from butterfly_gitops.cli.output import ExitCode, print_json, say, say_lines
from butterfly_gitops.cli.upload import read_upload, say_left_out, say_parted


@click.command("plan")
@with_sites
@click.option("--out", type=click.Path(path_type=Path), help="Save the plan, for `bgo apply FILE`.")
@click.option(
    "--detailed-exitcode", is_flag=True, help="Exit with 2 when there are changes, 3 when some are held."
)
@with_format
@with_state
@click.pass_context
def command(
    ctx: click.Context,
    *,
    sites: Path,
    out: Path | None,
    detailed_exitcode: bool,
    style: str,
    state: StateApi,
) -> None:
    """Show what the files change of what is applied: which results stop, go elsewhere or start, and what waits.

    Nothing changes. Sites with problems stay out of the plan and keep what they run, and so do sites that are gone from
    the files, or that results wait at while nobody says what becomes of them; then the exit code is 1.
    """
    planned = planned_from(sites, state)
    plan = planned["plan"]
    if style == "json":
        print_json(plan)
    else:
        say_lines(planned["text"])
    if out is not None:
        _save(out, {"plan": plan, "revision": planned["revision"]})
    has_parted = bool(plan["changes"]) and say_parted(sites, plan["beside"]["commits"])
    errors = [one for one in planned["problems"] if one["severity"] == "error"]
    unsound = {one["site"] for one in errors if one.get("site")}
    is_partial = say_left_out((one["site"] for one in plan["kept"]), paths=planned["paths"], unsound=unsound)
    if _say_blocked(plan["blocked"]) or is_partial:
        ctx.exit(ExitCode.FAILED)
    if detailed_exitcode and plan["changes"]:
        is_held = plan["guard"]["holds"] or plan["beside"]["commit_held"] or has_parted
        ctx.exit(ExitCode.HELD if is_held else ExitCode.CHANGES)


def planned_from(sites: Path, state: StateApi, *, create: bool = False) -> dict[str, Any]:
    """Plan a folder; problems go to standard error. Raises click.ClickException when they leave no plan."""
    upload = read_upload(sites)
    planned = state.post("/v1/plans", upload, create=create)
    _say_problems(planned["problems"])
    if planned["plan"] is None:
        raise click.ClickException("the problems are the whole fleet's: everything stays as it runs")
    return {**planned, "revision": upload["revision"], "paths": tuple(upload["files"])}


def _say_blocked(blocked: list[dict[str, Any]]) -> bool:
    """Say on standard error which sites an apply would refuse because results wait; tells whether there are any."""
    certain = [one for one in blocked if one["is_certain"]]
    for one in certain:
        say(f"bgo: {one['site']} stays as it runs: {one['why']}", err=True)
    return bool(certain)


def _save(out: Path, planned: dict[str, Any]) -> None:
    try:
        out.write_text(json.dumps(planned, indent=2) + "\n", encoding="utf-8")
    except OSError as error:
        raise click.ClickException(f"{out}: {(error.strerror or 'cannot be written').lower()}") from None
    taken_back = (
        "; the controller's next pass takes it back" if planned["plan"]["beside"]["by_controller"] else ""
    )
    say(f"saved: bgo apply {out}{taken_back}", err=True)


def _say_problems(problems: list[dict[str, Any]]) -> None:
    for one in problems:
        place = ":".join(str(one[key]) for key in ("file", "line", "column") if key in one)
        say(f"{place}: {one['severity']}[{one['rule']}]: {one['message']}", err=True)
    if problems:
        say_lines("More, and how to fix them: bgo validate\n\n", err=True)
