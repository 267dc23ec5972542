"""The entry of `bgo`: names the verbs, loads each on demand, and turns what went wrong into a line and an exit code.

`bgo --help` imports no verb. What a verb does stands in the module of its name.
"""

import contextlib
import gc
import importlib
import io
import os
import sys
import traceback
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import click

from butterfly_gitops import __version__
from butterfly_gitops.cli.output import ExitCode, say, say_lines
from butterfly_gitops.model.error import GitopsError
from butterfly_gitops.model.printable import printable

if TYPE_CHECKING:
    from click.shell_completion import CompletionItem

# In the order of a first reading: look, compare, run, act, account, practise.
VERBS = {
    "demo": "See it all work on this machine, with practice EHRs.",
    "init": "Write a new configuration repository.",
    "validate": "Check all files of the configuration.",
    "fmt": "Lay the files out alike; comments and meaning stay.",
    "explain": "Why a rule exists, or where each setting comes from.",
    "schema": "Write the JSON Schemas, or check that they are fresh.",
    "diff": "What this revision of the files changes; needs no state.",
    "plan": "What would change against what is applied, and what waits.",
    "apply": "Apply a saved plan, or plan, ask and apply.",
    "approve": "Release changes that the guard holds.",
    "run": "Run controller, dispatcher and API in one process.",
    "status": "Condition of each site and endpoint, and what waits.",
    "study": "Hand in study events; render or send one study.",
    "delivery": "Find results, and resend, set aside or cancel them.",
    "endpoint": "Act on one endpoint.",
    "ledger": "Account for every event: events x rules = decisions.",
    "practice-ehr": "A receiver that behaves, or misbehaves by scenario.",
    "completion": "Let bash, zsh or fish complete what you type.",
}

# What the extra `[server]` brings; the base install has none of it.
_OF_THE_SERVER = frozenset(
    {"apsw", "fastapi", "httpx", "prometheus_client", "starlette", "structlog", "uvicorn"}
)

NAMES = ("bgo", "butterfly-gitops")
# A shell that completes a word sets this variable, and calls the program by whichever name.
COMPLETING = "_BGO_COMPLETE"


@dataclass(slots=True, kw_only=True)
class Voice:
    """The options --quiet and --verbose: the context object of every command.

    The group sets it once its options are read; `main` still has it when a command has failed.
    """

    is_quiet: bool = False
    is_verbose: bool = False


@contextlib.contextmanager
def no_collection() -> Iterator[None]:
    """Let Python look for no garbage meanwhile; it takes a fifth of the time of a load, and finds nothing."""
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_enabled:
            gc.enable()


class VerbGroup(click.Group):
    """A group that knows its commands by name and imports only the one that is called."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 - click's signature
        return list(VERBS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002
        if cmd_name not in VERBS:
            return None
        with no_collection():
            module = importlib.import_module(f"butterfly_gitops.cli.{cmd_name.replace('-', '_')}")
        command: click.Command = module.command
        return command

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        try:
            return super().resolve_command(ctx, args)
        except click.UsageError as error:
            from butterfly_gitops.config.typos import typo_of

            if meant := typo_of(args[0], VERBS):
                raise click.UsageError(f"{error.message} Did you mean {meant}?", error.ctx) from None
            raise

    def shell_complete(self, ctx: click.Context, incomplete: str) -> "list[CompletionItem]":
        from click.shell_completion import CompletionItem

        verbs = [
            CompletionItem(verb, help=says) for verb, says in VERBS.items() if verb.startswith(incomplete)
        ]
        # Not as a group does: it would import every verb.
        return [*verbs, *click.Command.shell_complete(self, ctx, incomplete)]

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:  # noqa: ARG002
        with formatter.section("Verbs"):
            formatter.write_dl(list(VERBS.items()))


@click.command(
    cls=VerbGroup,
    context_settings={
        "auto_envvar_prefix": "BGO",
        "help_option_names": ["-h", "--help"],
        "max_content_width": 100,
    },
)
@click.option("-q", "--quiet", is_flag=True, help="Say only what was asked for, and errors.")
@click.option("-v", "--verbose", is_flag=True, help="Say more; show the traceback of an unexpected error.")
@click.version_option(__version__, prog_name="butterfly-gitops")
@click.pass_context
def group(ctx: click.Context, *, quiet: bool, verbose: bool) -> None:
    """Ultrasound results from the cloud to every EHR, configured by pull request.

    Exit codes: 0 done; 1 problems found, or failed; 2 there are changes (only with --detailed-exitcode); 3 held,
    approval needed; 4 the saved plan is stale; 64 wrong usage; 70 unexpected error; 130 interrupted.
    """
    voice = ctx.ensure_object(Voice)
    voice.is_quiet, voice.is_verbose = quiet, verbose


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command line (the process's own by default) and return its exit code."""
    voice = Voice()
    # Pydantic would look into each package that is installed for plugins, and none of ours needs one.
    os.environ.setdefault("PYDANTIC_DISABLE_PLUGINS", "__all__")
    if is_completing := COMPLETING in os.environ:
        _read_words_of_bash()
    try:
        result = group.main(
            args=arguments, prog_name=NAMES[0], complete_var=COMPLETING, standalone_mode=False, obj=voice
        )
    except (Exception, KeyboardInterrupt) as error:  # noqa: BLE001 - the edge: nothing above could act on it
        if is_completing:
            # What a shell hears stands in the middle of what a person types.
            return ExitCode.FAILED
        return _exit_code(_first(error), voice)
    return result if isinstance(result, int) else ExitCode.DONE


def _read_words_of_bash() -> None:
    from click.shell_completion import BashComplete, add_completion_class

    class Bash(BashComplete):
        """Bash takes `--sites=x` for three words; here they are two, as in `--sites x`."""

        def get_completion_args(self) -> tuple[list[str], str]:
            words, incomplete = super().get_completion_args()
            return [word for word in words if word != "="], incomplete

    add_completion_class(Bash)


def _first(error: BaseException) -> BaseException:
    """Return what went wrong first, where several tasks ended together."""
    while isinstance(error, BaseExceptionGroup):
        error = error.exceptions[0]
    return error


def _exit_code(error: BaseException, voice: Voice) -> int:
    match error:
        case click.exceptions.NoArgsIsHelpError():
            say_lines(error.format_message(), err=True)
            return ExitCode.USAGE
        case click.UsageError():
            _show(error)
            return ExitCode.USAGE
        case click.ClickException():
            _say(error.format_message())
            return ExitCode.FAILED
        case click.Abort() | KeyboardInterrupt():
            return ExitCode.INTERRUPTED
        case GitopsError():
            _say(str(error))
            return error.exit_code
        case ModuleNotFoundError() if error.name in _OF_THE_SERVER:
            _say(
                "this verb needs packages that are not installed: install butterfly-gitops with its extra `server`"
            )
            return ExitCode.FAILED
        case BrokenPipeError():
            # Whoever read our output has seen enough; what is left must not complain at exit.
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
            return ExitCode.FAILED
        case _:
            return _unexpected(error, voice)


def _say(message: str) -> None:
    say(f"bgo: {' '.join(message.split())}", err=True)


def _show(error: click.UsageError) -> None:
    """Say what is wrong as click does; a shell's pattern, or a hook, may have put anybody's path into it."""
    shown = io.StringIO()
    error.show(shown)
    # What is no terminal gets no colours from click, not even those of a name.
    text = shown.getvalue().replace(click.unstyle(error.message), printable(error.message))
    say_lines(text, err=True)


def _unexpected(error: BaseException, voice: Voice) -> int:
    """Name the kind and the place, never the text: it may hold what a patient's study says."""
    if voice.is_verbose:
        traceback.print_exception(error)
    where = traceback.extract_tb(error.__traceback__)[-1]
    place = f"{Path(where.filename).name}:{where.lineno}"
    _say(f"unexpected {type(error).__name__} at {place}: a defect of ours; `bgo -v` shows more")
    return ExitCode.UNEXPECTED
