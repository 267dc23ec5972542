"""`bgo delivery`: find results, and act on them."""

import itertools
import json
import sys
from collections.abc import Callable, Iterator
from typing import Any

import click

from butterfly_gitops.cli.client import Api, ApiRefused, StateApi, with_state
from butterfly_gitops.cli.options import parse_endpoint, with_format, with_reason
from butterfly_gitops.cli.output import (
    ExitCode,
    age,
    count_of,
    print_json,
    print_table,
    say,
    strays_of,
)
from butterfly_gitops.cli.suggestions import endpoints, sites

_STATES = ("queued", "sending", "uncertain", "set_aside", "delivered", "superseded", "cancelled")
_CX_COMPONENTS = 10
_WAITING = ("queued", "sending", "uncertain", "set_aside")


@click.group("delivery")
def command() -> None:
    """Find results, and resend, set aside or cancel them."""


@command.command("list")
@click.option("--endpoint", metavar="SITE/NAME", shell_complete=endpoints, help="Only this endpoint's.")
@click.option("--site", default="", shell_complete=sites, help="Only this site's.")
@click.option("--study", default="", help="Only this study's, by its id or accession number.")
@click.option(
    "--only",
    "states",
    multiple=True,
    type=click.Choice(_STATES),
    help="Only what is in this state; repeatable.",
)
@click.option("--waiting", is_flag=True, help="Only what is not at its end.")
@click.option(
    "--patient",
    type=click.Choice(["-"]),
    help="Read identifiers from standard input, one CX a line: MRN0042^^^STE^MR. Never an argument: those are logged.",
)
@click.option(
    "--limit", type=click.IntRange(1, 1000), default=100, show_default=True, help="No more than this many."
)
@with_format
@with_state
def list_(
    *,
    endpoint: str | None,
    site: str,
    study: str,
    states: tuple[str, ...],
    waiting: bool,
    patient: str | None,
    limit: int,
    style: str,
    state: StateApi,
) -> None:
    """List deliveries, newest first: which result, to which endpoint, and what became of it."""
    search: dict[str, Any] = {"site": site, "study": study, "limit": limit}
    search["states"] = list(_WAITING if waiting else states)
    if endpoint:
        search["site"], search["endpoint"] = parse_endpoint(endpoint)
    if patient:
        search["patient"] = _identifiers()
    found = state.post("/v1/deliveries/search", search)["deliveries"]
    if not found:
        _refuse_unknown(state, site=search["site"], endpoint=search.get("endpoint", ""))
    if style == "json":
        print_json(found)
        return
    print_table(("ID", "STUDY", "RESULT", "ENDPOINT", "STATE", "ACCEPTED", "OUTCOME"), map(row_of, found))
    say(
        count_of(len(found), "delivery", "deliveries")
        + (" (there may be more: --limit)" if len(found) == limit else ""),
        err=True,
    )


def _refuse_unknown(state: StateApi, *, site: str, endpoint: str) -> None:
    """Say so where nothing was found because a name is wrong; what has left may still have results."""
    if not site:
        return
    try:
        status = state.get("/v1/status")
    except ApiRefused:
        # Whoever may only see results can't be told which names there are.
        return
    if site not in {one["site"] for one in status["sites"]}:
        raise click.ClickException(f"no such site is applied: {site}")
    if endpoint and f"{site}/{endpoint}" not in {one["endpoint"] for one in status["endpoints"]}:
        raise click.ClickException(f"no such endpoint is applied: {site}/{endpoint}")


def _identifiers() -> list[dict[str, str | None]]:
    found = [_identifier(line, number) for number, line in enumerate(sys.stdin, 1) if line.strip()]
    if not found:
        # None at all would match everybody's results.
        raise click.UsageError("--patient -: there is no identifier on standard input")
    return found


def _identifier(line: str, number: int) -> dict[str, str | None]:
    parts = line.strip().split("^")
    # CX has ten components (2.A.14). The line itself is never shown.
    if not parts[0] or len(parts) > _CX_COMPONENTS or "|" in line:
        raise click.UsageError(f"--patient -: line {number} is no identifier; write it as MRN0042^^^STE^MR")
    parts += [""] * _CX_COMPONENTS
    return {"id": parts[0], "authority": parts[3] or None, "type": parts[4] or None}


def row_of(found: dict[str, Any]) -> tuple[str, ...]:
    """Return one delivery as a line of a table."""
    return (
        str(found["id"]),
        found["accession"] or found["study"],
        found["result"],
        found["endpoint"],
        found["state"].replace("_", " "),
        f"{age(found['accepted_at'])} ago",
        "; ".join(filter(None, (answers_of(found), found["reason"]))),
    )


def answers_of(found: dict[str, Any]) -> str:
    """Return what each attempt came to: `no answer (2 times), then AE: error 204, then AA`."""
    runs = [
        (answer, len(list(alike))) for answer, alike in itertools.groupby(map(_came_to, found["attempts"]))
    ]
    return ", then ".join(f"{answer} ({count} times)" if count > 1 else answer for answer, count in runs)


def _came_to(attempt: dict[str, Any]) -> str:
    """A code that proves nothing is not shown: an AA to another message reads like a yes."""
    match attempt["outcome"]:
        case None:
            return "in flight"
        case "delivered":
            return str(attempt["code"])
        case "refused":
            return ": ".join(filter(None, (attempt["code"], attempt["detail"])))
        case _:
            return str(attempt["detail"])


@command.command("show")
@click.argument("delivery", type=int, metavar="ID")
@click.option("--content", is_flag=True, help="Also the messages and replies. They hold patient data.")
@with_format
@with_state
def show(*, delivery: int, content: bool, style: str, state: StateApi) -> None:
    """Show all that is known of one delivery: attempts, targets, who acted on it and why."""
    shown = state.get(f"/v1/deliveries/{delivery}", content=content)
    if style == "json":
        print_json(shown)
        return
    for line in _lines(shown):
        say(line)


def _lines(shown: dict[str, Any]) -> Iterator[str]:
    study = shown["accession"] or shown["study"]
    yield f"delivery {shown['id']}: {study}, {shown['result']}, revision {shown['revision']}, to {shown['endpoint']}"
    reason = f": {shown['reason']}" if shown["reason"] else ""
    yield f"  {shown['state'].replace('_', ' ')}{reason}"
    if shown["then"]:
        yield f"  after the attempt in flight: {shown['then'].replace('_', ' ')}"
    yield f"  accepted {shown['accepted_at']}, by {shown['cause'].replace('_', ' ')} of {shown['archive']}"
    for one in shown["attempts"]:
        came = " ".join(filter(None, (one["outcome"], one["code"], one["detail"]))) or "in flight"
        yield f"  attempt {one['number']}  {one['started_at']}  MSH-10 {one['control_id']}  target {one['target']}  {came}"
    wires = {one["number"]: json.loads(one["wire"]) for one in shown["targets"]}
    for number in sorted({one["target"] for one in shown["attempts"]}):
        yield f"  target {number} is {wires[number]['host']}:{wires[number]['port']} by Link {wires[number]['link']}"
    if strays := strays_of(shown["listener"]):
        yield f"  its listener, since bgo run started: {strays}"
    for one in shown["audit"]:
        yield f"  {one['at']}  {one['action']} by {one['actor']}" + (
            f": {one['reason']}" if one["reason"] else ""
        )
    for one in shown["messages"]:
        yield f"message {one['number']}: status {one['status']}, {one['bytes']} bytes, MSH-10 {one['control_id']}"
        if "text" in one:
            yield from (f"  {line}" for line in one["text"].splitlines())
    for one in shown["replies"] or ():
        yield f"answer to attempt {one['attempt']}"
        yield from (f"  {line}" for line in one["text"].splitlines())


def _action(name: str, done: str, words: str) -> Callable[..., Any]:
    """Make one acting subcommand: they differ in name and words alone."""

    @click.argument("deliveries", type=int, metavar="ID...", nargs=-1, required=True)
    @with_reason
    @with_state
    @click.pass_context
    def act(ctx: click.Context, *, deliveries: tuple[int, ...], reason: str, state: StateApi) -> None:
        async def do(api: Api) -> bool:
            is_well = True
            for delivery in deliveries:
                is_well &= await _act_on(api, delivery, name, done, reason)
            return is_well

        if not state.run(do):
            ctx.exit(ExitCode.FAILED)

    return command.command(name, help=words)(act)


async def _act_on(api: Api, delivery: int, name: str, done: str, reason: str) -> bool:
    try:
        acted = await api.post(f"/v1/deliveries/{delivery}/{name}", {"reason": reason})
    except ApiRefused as refused:
        say(f"delivery {delivery}: {refused}", err=True)
        return False
    after = "; one attempt is in flight and ends first" if acted["state"] == "sending" else ""
    say(f"delivery {delivery}: {done}{after}")
    return True


resend = _action(
    "resend",
    "back in its lane",
    "Return what was set aside to its place in the lane, if it is still the newest of its report.",
)
set_aside = _action(
    "set-aside", "set aside", "Take deliveries out of their lanes until somebody resends or cancels them."
)
cancel = _action("cancel", "cancelled", "End deliveries for good: they are never sent.")
