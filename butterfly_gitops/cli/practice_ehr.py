"""`bgo practice-ehr`: a receiver to send to, before a real one is at hand or when it must misbehave."""

import asyncio
import ipaddress
import signal
from pathlib import Path

import click

from butterfly_gitops.cli.options import parse_listen
from butterfly_gitops.cli.output import ExitCode, say, say_lines
from butterfly_gitops.config.problem_text import print_problems
from butterfly_gitops.practice_ehr.scenario import WELL_BEHAVED, BadScenario, Scenario, load_scenario
from butterfly_gitops.practice_ehr.server import PracticeEhr


def _is_this_machine(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


@click.command("practice-ehr")
@click.option(
    "--listen",
    metavar="HOST:PORT",
    callback=parse_listen,
    default="127.0.0.1:2575",
    show_default=True,
    help="Where to listen; port 0 takes a free one.",
)
@click.option(
    "--scenario",
    "scenario_file",
    type=click.Path(path_type=Path),
    help="YAML rules that say which message is answered how.",
)
@click.option(
    "--journal",
    type=click.Path(dir_okay=False, path_type=Path),
    help="Append all that is seen and done to this file, as JSON Lines. It holds whole messages.",
)
@click.option("--endpoint", metavar="LABEL", default="", help="What scenario and journal call this listener.")
@click.pass_context
def command(
    ctx: click.Context,
    *,
    listen: tuple[str, int],
    scenario_file: Path | None,
    journal: Path | None,
    endpoint: str,
) -> None:
    """Run an EHR's receiver that takes messages over MLLP and answers AA, or what its scenario says.

    A scenario is a list of rules, and the first that fits decides. `match` may name the nth message since the start,
    a study by its filler or accession number, and an endpoint by its label; all that it names must fit:

    \b
      - match: {study: S0007, nth: 1}
        answer: {code: AE}                       # AA AE AR CA CE CR, or anything
      - match: {nth: 2}
        answer: {after: 250ms, then: close}      # answers AA late, then closes
      - match: {nth: 3}
        answer: {then: silence}                  # or reset: breaks the connection
      - answer: {msa2: SOMEBODY-ELSES}           # all others: acknowledges a wrong id

    It says on standard error where it listens, and runs until SIGTERM or Ctrl-C. Point an endpoint's host and port at
    it; send it no real patients' data. Exit codes: 0 when it was told to stop; 1 when the scenario has problems or
    the port is in use.
    """  # noqa: D301 - \b is click's mark for lines that keep their breaks
    try:
        scenario = WELL_BEHAVED if scenario_file is None else load_scenario(scenario_file)
    except BadScenario as bad:
        say_lines(print_problems(bad.problems), err=True)
        ctx.exit(ExitCode.FAILED)
    asyncio.run(_serve(scenario, listen, journal=journal, label=endpoint))


async def _serve(scenario: Scenario, listen: tuple[str, int], *, journal: Path | None, label: str) -> None:
    told_to_stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, told_to_stop.set)
    host, port = listen
    if not _is_this_machine(host):
        say(f"bgo: {host} is reachable from elsewhere: whoever can connect, can send", err=True)
    async with PracticeEhr(scenario, journal=journal, label=label, host=host, port=port) as ehr:
        shown_host = f"[{host}]" if ":" in host else host
        say(f"listens on {shown_host}:{ehr.port}", err=True)
        await told_to_stop.wait()
