"""`bgo demo`: practice EHRs, the sample sites, and what becomes of a few studies, all on this machine."""

import asyncio
import contextlib
import json
import tempfile
import time
from collections.abc import AsyncIterator, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import click

from butterfly_gitops.cli.client import Api, StateApi, client_of
from butterfly_gitops.cli.delivery import answers_of
from butterfly_gitops.cli.ledger import print_ledger
from butterfly_gitops.cli.options import with_sites
from butterfly_gitops.cli.output import ExitCode, print_table, say, say_lines
from butterfly_gitops.cli.study import as_now
from butterfly_gitops.config.load import Loaded, load
from butterfly_gitops.config.problem_text import print_problems
from butterfly_gitops.dispatcher.dial import MappedDialler, TcpDialler
from butterfly_gitops.hl7.message import visible
from butterfly_gitops.logs import configure_logs
from butterfly_gitops.practice_ehr.journal import JournalKind, read_journal
from butterfly_gitops.practice_ehr.scenario import WELL_BEHAVED, Match, Scenario, ScenarioRule, ScriptedAnswer
from butterfly_gitops.practice_ehr.server import PracticeEhr
from butterfly_gitops.source.folder import FolderSource, read_folder
from butterfly_gitops.wiring import Engine, Options, build

_PRELIMINARY = "efast-preliminary.json"
_OTHERS = ("efast.json", "c1020.json", "s0007.json")
_SHOWN_ENDPOINT = "st-elsewhere/epic-prod"
_PATIENCE_S = 30.0
_POLL_S = 0.05

# One gives no answer once, one refuses once: what happens every day.
_SCENARIOS = {
    "county-general/oracle-prod": Scenario(
        rules=(ScenarioRule(match=Match(nth=1), answer=ScriptedAnswer(then="silence")),)
    ),
    "seaside/meditech": Scenario(rules=(ScenarioRule(match=Match(nth=1), answer=ScriptedAnswer(code="AE")),)),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class _Stage:
    """The folders and files of one demo."""

    sites: Path
    studies: Path
    folder: Path
    loaded: Loaded

    @property
    def journal(self) -> Path:
        return self.folder / "practice-ehrs.jsonl"


@click.command("demo")
@with_sites
@click.option(
    "--studies",
    type=click.Path(path_type=Path),
    default=Path("tests/studies"),
    show_default=True,
    help="Where the sample events lie.",
)
@click.option("--keep-running", is_flag=True, help="Leave it up until Ctrl-C, for other verbs to look at.")
@click.pass_context
def command(ctx: click.Context, *, sites: Path, studies: Path, keep_running: bool) -> None:
    """Run practice EHRs, controller, dispatcher and API on this machine, and hand in sample studies.

    Nothing leaves the machine: practice EHRs on loopback answer for the hosts in the files. Exit code 0 only if every
    expected delivery was acknowledged.
    """
    loaded = load(read_folder(sites), root=str(sites))
    if loaded.fleet is None or loaded.unsound_sites:
        say_lines(print_problems(loaded.problems))
        raise click.ClickException("the files must be sound: bgo validate")
    with tempfile.TemporaryDirectory(prefix="bgo-demo-") as folder:
        stage = _Stage(sites=sites, studies=studies, folder=Path(folder), loaded=loaded)
        with (stage.folder / "run.log").open("w") as log:
            configure_logs(log, as_json=False)
            is_well = asyncio.run(_play(stage, keep_running=keep_running))
    ctx.exit(ExitCode.DONE if is_well else ExitCode.FAILED)


async def _play(stage: _Stage, *, keep_running: bool) -> bool:
    started = time.monotonic()
    say_lines("\nAll of this runs on this machine. Practice EHRs answer for the hosts in sites/.\n\n")
    async with _practice_ehrs(stage) as places, _running(stage, places) as (engine, state):
        async with client_of(engine.url, StateApi(folder=state)) as api:
            is_well = await _submit_and_tell(api, stage)
            seconds = time.monotonic() - started
            ledger = await api.get("/v1/ledger")
            say()
            say_lines(f"{print_ledger(ledger)}  {seconds:.1f} s")
        say()
        say("Next:  . .venv/bin/activate      change a file in sites/      bgo diff")
        if keep_running:
            say()
            say(f"Up at {engine.url} until Ctrl-C:  export BGO_STATE={state}")
            await asyncio.Event().wait()
    return is_well and bool(ledger["adds_up"])


@contextlib.asynccontextmanager
async def _practice_ehrs(stage: _Stage) -> AsyncIterator[dict[tuple[str, int], tuple[str, int]]]:
    """Open one practice EHR per listener of the files; returns who stands in for whom."""
    assert stage.loaded.fleet is not None  # noqa: S101 - checked before the curtain
    labels: dict[tuple[str, int], str] = {}
    for site in stage.loaded.fleet.sites.values():
        for name, endpoint in site.ehr_endpoints.items():
            labels.setdefault((endpoint.host, endpoint.port), f"{site.name}/{name}")
    async with contextlib.AsyncExitStack() as stack:
        places = {}
        for address, label in labels.items():
            ehr = PracticeEhr(_SCENARIOS.get(label, WELL_BEHAVED), journal=stage.journal, label=label)
            await stack.enter_async_context(ehr)
            places[address] = ("127.0.0.1", ehr.port)
        yield places


@contextlib.asynccontextmanager
async def _running(
    stage: _Stage, places: dict[tuple[str, int], tuple[str, int]]
) -> AsyncIterator[tuple[Engine, Path]]:
    state = stage.folder / "state"
    options = Options(
        state=state,
        create=True,
        source=FolderSource(path=stage.sites),
        followed=f"{stage.sites}/",
        port=0,
        interval_s=2.0,
    )
    stop = asyncio.Event()
    async with (
        build(options, dialler=MappedDialler(places, TcpDialler())) as engine,
        asyncio.TaskGroup() as group,
    ):
        group.create_task(engine.run(stop), name="engine")
        try:
            yield engine, state
        finally:
            stop.set()


async def _submit_and_tell(api: Api, stage: _Stage) -> bool:
    loaded = stage.loaded
    counts = f"{loaded.file_count} files, {loaded.site_count} sites, {loaded.endpoint_count} EHR endpoints"
    _say("check", counts, "no problems")
    sites = await _applied(api, loaded)
    _say("apply", ", ".join(sites), f"{len(sites)} sites added")
    accepted = await _submit(api, stage, (_PRELIMINARY,))
    first = await _settled(api)
    accepted += await _submit(api, stage, _OTHERS)
    _say("submit", f"{accepted} study events over HTTP", f"{accepted} accepted, on disk")
    deliveries = await _settled(api)
    say()
    print_table(("STUDY", "RESULT", "ENDPOINT", "OUTCOME"), map(_row, deliveries))
    _tell_received(stage, deliveries)
    return bool(first) and all(one["state"] == "delivered" for one in deliveries)


def _say(step: str, what: str, outcome: str) -> None:
    say(f"{step:<7}  {what:<43}{outcome}")


async def _applied(api: Api, loaded: Loaded) -> list[str]:
    assert loaded.fleet is not None  # noqa: S101 - checked before the curtain
    wanted = sorted(loaded.fleet.sites)
    async with asyncio.timeout(_PATIENCE_S):
        while True:
            status = await api.get("/v1/status")
            if sorted(one["site"] for one in status["sites"] if one["generation"]) == wanted:
                return wanted
            await asyncio.sleep(_POLL_S)


async def _submit(api: Api, stage: _Stage, names: Iterable[str]) -> int:
    events = [as_now(json.loads((stage.studies / name).read_text())) for name in names]
    return sum(not answer["known"] for answer in await api.post("/v1/study-events", events))


async def _settled(api: Api) -> list[dict[str, Any]]:
    """Wait until nothing is on its way, and return all deliveries, oldest first."""
    ends = time.monotonic() + _PATIENCE_S
    while True:
        found: list[dict[str, Any]] = (await api.post("/v1/deliveries/search", {}))["deliveries"]
        if time.monotonic() > ends or all(
            one["state"] not in ("queued", "sending", "uncertain") for one in found
        ):
            return found[::-1]
        await asyncio.sleep(_POLL_S)


def _row(found: dict[str, Any]) -> tuple[str, str, str, str]:
    outcome = f"{found['state'].replace('_', ' '):<9}  {answers_of(found)}"
    return found["accession"] or found["study"], found["result"], found["endpoint"], outcome


def _tell_received(stage: _Stage, deliveries: list[dict[str, Any]]) -> None:
    final = next(
        (one for one in deliveries if one["endpoint"] == _SHOWN_ENDPOINT and one["result"] == "final"), None
    )
    if final is None:
        return
    entry = next(
        one
        for one in read_journal(stage.journal)
        if one.kind is JournalKind.MESSAGE and one.control_id == final["control_id"]
    )
    lines = visible(entry.data, "UTF-8").splitlines()
    say()
    say(f"What {_SHOWN_ENDPOINT} received for {final['accession']}, final:")
    for line in lines[:3]:
        say(f"  {line}" if len(line) <= 74 else f"  {line[: line.rfind('|', 0, 72)]}|...")
    say(f"  ({len(lines) - 3} more segments: bgo study render {stage.studies / 'efast.json'}")
    say(f"                        --endpoint {_SHOWN_ENDPOINT})")
