"""`bgo status`: the condition of each site and endpoint, and the results that wait."""

import asyncio
import time
from collections.abc import Iterator, Mapping
from typing import Any

import click

from butterfly_gitops.cli.client import Api, StateApi, with_state
from butterfly_gitops.cli.options import parse_seconds, with_format
from butterfly_gitops.cli.output import ExitCode, age, print_json, print_table, say, strays_of

_POLL_S = 0.2
_COMMIT_DIGITS = 7


@click.command("status")
@with_format
@click.option(
    "--wait", "commit", metavar="COMMIT", default=None, help="Wait until every site reports this commit."
)
@click.option("--timeout", default="5m", show_default=True, help="How long --wait waits.")
@click.option("--site", default="", metavar="SITE", help="Only this site.")
@click.option("--trouble", is_flag=True, help="Only what is not well, or has results set aside.")
@with_state
@click.pass_context
def command(
    ctx: click.Context,
    *,
    style: str,
    commit: str | None,
    timeout: str,
    site: str,
    trouble: bool,
    state: StateApi,
) -> None:
    """Show conditions per site and endpoint, the worst first; what waits and since when, and what EHRs still hold.

    With --wait: exit code 0 when every site reports the commit or one that descends from it, 3 when some site is held,
    1 when one refuses it or the time is over.
    """
    if commit is not None and not commit.strip():
        raise click.BadParameter("an empty commit; is a variable not set?", param_hint="--wait")
    wait_s = parse_seconds(timeout, "--timeout")
    asked = {"commit": commit or "", "site": site, "trouble": str(trouble).lower()}
    status = state.run(lambda api: _ask(api, asked, wait_s if commit else 0.0))
    _show(status, style)
    if commit:
        ctx.exit(_exit_code(status))


async def _ask(api: Api, asked: Mapping[str, str], wait_s: float) -> dict[str, Any]:
    ends = time.monotonic() + wait_s
    while True:
        status: dict[str, Any] = await api.get("/v1/status", **asked)
        is_over = time.monotonic() >= ends
        if is_over or (status["considered"] and not _is_on_its_way(status)):
            return status
        await asyncio.sleep(_POLL_S)


def _is_on_its_way(status: dict[str, Any]) -> bool:
    return any(one["reported_target"] != one["target"] for one in status["endpoints"])


def _exit_code(status: dict[str, Any]) -> int:
    conditions = [one for place in (status, *status["sites"]) for one in place["conditions"]]
    # That some sites are stalled is told by each of them; with --site, by that one.
    stalled = [one["reason"] for one in conditions if one["kind"] == "Stalled" and one["reason"] != "Sites"]
    if any(reason in ("Held", "NotForward") for reason in stalled):
        return ExitCode.HELD
    if not status["considered"]:
        say("no pass has seen that commit yet (an older one needs its full id)", err=True)
        return ExitCode.FAILED
    return ExitCode.FAILED if stalled or _is_on_its_way(status) else ExitCode.DONE


def _show(status: dict[str, Any], style: str) -> None:
    if style == "json":
        print_json(status)
        return
    commit = f" at {_short(status['commit'])}" if status["commit"] else ""
    say(f"fleet {status['fleet'] or 'not known yet'}{commit}: {_mode(status)}")
    for one in status["conditions"]:
        say(f"  {_said(one)}")
    for head, rows in (
        (("SITE", "RUNS", "CONDITION"), list(_sites(status))),
        (("ENDPOINT", "LANE", "WAITS", "OLDEST", "CONDITION"), list(_endpoints(status))),
    ):
        if rows:
            say()
            print_table(head, rows)
    for one in status["holds"]:
        if one["approved"] is None:
            what = f"{one['site'] or 'the commit'} is held for {age(one['since'])}: {one['what']}"
            say()
            say(what)
            say(f"  release it: bgo approve {one['id']} --reason ...")
    for one in status["withheld"]:
        say()
        say(f"{one['endpoint']} still holds revision {one['revision']} of study {one['study']}")


def _short(commit: str) -> str:
    """Return the beginning of a commit, or of a folder's digest."""
    kind, colon, digits = commit.rpartition(":")
    return f"{kind}{colon}{digits[:_COMMIT_DIGITS]}"


def _mode(status: dict[str, Any]) -> str:
    if not status["dispatching"]:
        return "nothing dispatches; start `bgo run`"
    return (
        f"follows {status['source']}" if status["source"] else "dispatches what is applied; follows no source"
    )


def _sites(status: dict[str, Any]) -> Iterator[tuple[str, str, str]]:
    for one in status["sites"]:
        runs = f"#{one['generation']} at {_short(one['commit'])}" if one["generation"] else "nothing"
        yield one["site"], runs, "; ".join(map(_said, one["conditions"]))


def _endpoints(status: dict[str, Any]) -> Iterator[tuple[str, ...]]:
    for one in status["endpoints"]:
        counts = ", ".join(
            f"{count} {state.replace('_', ' ')}"
            for state, count in one["counts"].items()
            if state in ("queued", "sending", "uncertain", "set_aside")
        )
        said = "; ".join(map(_said, one["conditions"])) or one["stopped"] or one["trouble"]
        said = "; ".join(filter(None, (said, strays_of(one))))
        if pause := one["pause"]:
            paused = f"paused by {pause['by']} until {pause['until'] or 'resumed'}: {pause['reason']}"
            said = "; ".join(filter(None, (paused, said)))
        yield one["endpoint"], one["condition"] or "-", counts or "0", age(one["oldest"]), said


def _said(condition: dict[str, Any]) -> str:
    message = f": {condition['message']}" if condition["message"] else ""
    return f"{condition['kind']}/{condition['reason']} for {age(condition['since'])}{message}"
