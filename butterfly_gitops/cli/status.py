"""`bgo status`: how each site and endpoint stands, and what waits."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import click

from butterfly_gitops.cli.client import Api, call, with_state
from butterfly_gitops.cli.output import age, print_table


@click.command("status")
@click.option(
    "--format",
    "style",
    type=click.Choice(["text", "json"]),
    default="text",
    show_default=True,
    help="For people, or for programs.",
)
@with_state
def command(*, style: str, state: Path, acts_as: str) -> None:
    """Show conditions per site and endpoint, what waits and since when, and what EHRs still hold."""

    async def ask(api: Api) -> dict[str, Any]:
        answer: dict[str, Any] = await api.get("/v1/status")
        return answer

    status = call(state, acts_as, ask)
    if style == "json":
        click.echo(json.dumps(status, indent=2))
        return
    click.echo(f"fleet {status['fleet'] or 'not known yet'}: {_mode(status)}")
    for one in status["conditions"]:
        click.echo(f"  {_said(one)}")
    click.echo()
    print_table(("SITE", "RUNS", "CONDITION"), _sites(status))
    click.echo()
    print_table(("ENDPOINT", "LANE", "WAITS", "OLDEST", "CONDITION"), _endpoints(status))
    for one in status["withheld"]:
        click.echo(f"\n{one['endpoint']} still holds revision {one['revision']} of study {one['study']}")


def _mode(status: dict[str, Any]) -> str:
    if not status["dispatching"]:
        return "nothing dispatches; start `bgo run`"
    return (
        f"follows {status['source']}" if status["source"] else "dispatches what is applied; follows no source"
    )


def _sites(status: dict[str, Any]) -> Iterator[tuple[str, str, str]]:
    for one in status["sites"]:
        runs = f"#{one['generation']}" if one["generation"] else "nothing"
        yield one["site"], runs, "; ".join(map(_said, one["conditions"]))


def _endpoints(status: dict[str, Any]) -> Iterator[tuple[str, ...]]:
    for one in status["endpoints"]:
        counts = ", ".join(
            f"{count} {state.replace('_', ' ')}"
            for state, count in one["counts"].items()
            if state in ("queued", "sending", "uncertain", "set_aside")
        )
        said = "; ".join(map(_said, one["conditions"])) or one["stopped"] or one["trouble"]
        yield one["endpoint"], one["condition"], counts or "0", age(one["oldest"]), said


def _said(condition: dict[str, Any]) -> str:
    message = f": {condition['message']}" if condition["message"] else ""
    return f"{condition['kind']}/{condition['reason']} for {age(condition['since'])}{message}"
