"""`bgo run`: controller, dispatcher and API in one process."""

import asyncio
import gc
import signal
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from butterfly_gitops.cli.client import login_name, mark_file, with_state_folder
from butterfly_gitops.cli.options import parse_listen, parse_seconds, with_new_state
from butterfly_gitops.cli.output import say
from butterfly_gitops.source.folder import FolderSource
from butterfly_gitops.source.git import GitSource
from butterfly_gitops.source.git_address import is_git_address, parse_git_address
from butterfly_gitops.source.interface import Source
from butterfly_gitops.store.state_folder import GIT_CACHE

if TYPE_CHECKING:
    from butterfly_gitops.wiring import Options


@click.command("run")
@click.option(
    "--source",
    metavar="DIR|GIT_URL#BRANCH:FOLDER",
    help="The sites folder to follow, on disk or on a branch; without it, only what is applied runs.",
)
@click.option("--interval", default="30s", show_default=True, help="How often the source is read.")
@click.option(
    "--listen",
    metavar="HOST:PORT",
    callback=parse_listen,
    default="127.0.0.1:8311",
    show_default=True,
    help="Where the API answers; loopback only.",
)
@with_new_state
@click.option(
    "--accept-older",
    metavar="ID",
    help="Go on with a state that was put back in time, by the id that its refusal says: set every open result aside "
    "for a person first.",
)
@click.option(
    "--log-format",
    type=click.Choice(["text", "json"]),
    default="text",
    show_default=True,
    help="Log lines on standard error: for people, or for programs.",
)
@with_state_folder
def command(
    *,
    source: str | None,
    interval: str,
    listen: tuple[str, int],
    new_state: bool,
    accept_older: str | None,
    log_format: str,
    state: Path,
) -> None:
    """Run until interrupted: bring what is applied to what the source wants, take study events, and deliver.

    Lanes start at once from what is applied. While a source is followed, this process is the only writer. On SIGTERM
    or Ctrl-C, attempts in flight end first, each at most its acknowledgement time-out and 10 s.
    """
    from butterfly_gitops.logs import configure_logs
    from butterfly_gitops.store.setback import Consent
    from butterfly_gitops.web.access import Caller
    from butterfly_gitops.wiring import Options

    follows, followed = _source(source, state=state)
    actor = Caller(claimed=login_name(), roles=None).actor
    options = Options(
        state=state,
        create=new_state,
        mark=mark_file(),
        consent=Consent(setback=accept_older, actor=actor) if accept_older else None,
        source=follows,
        followed=followed,
        host=listen[0],
        port=listen[1],
        interval_s=parse_seconds(interval, "--interval", may_be_zero=False),
    )
    configure_logs(sys.stderr, as_json=log_format == "json")
    asyncio.run(run(options, is_for_people=log_format == "text"))


async def run(options: "Options", *, is_for_people: bool) -> None:
    """Build the engine and run it until a signal says stop."""
    from butterfly_gitops.wiring import build

    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    # The writer thread shares the interpreter: shorter turns keep commits from waiting for the loop.
    sys.setswitchinterval(0.0005)
    async with build(options) as engine:
        if is_for_people:
            say(f"API at {engine.url}; Ctrl-C ends it", err=True)
        gc.freeze()
        await engine.run(stop)


def _source(source: str | None, *, state: Path) -> tuple[Source | None, str]:
    """Return the source, and its name to be shown."""
    if source is None:
        return None, ""
    if not is_git_address(source) and not _is_bare(Path(source)):
        return FolderSource(path=Path(source)), source
    try:
        address = parse_git_address(source)
    except ValueError as error:
        raise click.BadParameter(str(error), param_hint="--source") from None
    return GitSource(address, cache=state / GIT_CACHE), str(address)


def _is_bare(path: Path) -> bool:
    """Tell whether a folder is a bare git repository."""
    return all((path / name).exists() for name in ("HEAD", "objects", "refs"))
