"""`bgo validate`: check the whole configuration and show all problems at once."""

import json
from datetime import UTC, datetime
from pathlib import Path

import click

from butterfly_gitops.cli.main import Voice, no_collection
from butterfly_gitops.cli.output import ExitCode, say, say_lines
from butterfly_gitops.cli.validated_paths import folders_of
from butterfly_gitops.config.load import Loaded, load
from butterfly_gitops.config.problem_text import print_annotations, print_problems, print_summary
from butterfly_gitops.model.problem import Problem, Severity
from butterfly_gitops.source.folder import look_through, sites_folder_of


@click.command("validate")
@click.argument("paths", metavar="[PATH]...", nargs=-1, type=click.Path(path_type=Path))
@click.option(
    "--format",
    "style",
    type=click.Choice(["text", "json", "github"]),
    default="text",
    show_default=True,
    envvar="BGO_VALIDATE_FORMAT",
    help="github: annotations for a workflow run.",
)
@click.option("-v", "--verbose", is_flag=True, help="Show what comments silence, too.")
@click.pass_context
@no_collection()
def command(ctx: click.Context, *, paths: tuple[Path, ...], style: str, verbose: bool) -> None:
    """Check all files of the configuration and show all problems at once.

    PATH is the sites folder (default: sites) or anything in it: files are never checked alone, since each may break
    what another one says; a path that is not there, or has nothing to do with them, is wrong usage. Problems go to standard output, the summary to standard error. Exit code 1 when there is
    an error; warnings alone are 0.

    A warning is silenced by a comment with a reason, at the end of the line that it underlines or alone above it:
    `# bgo: ignore RULE: reason`. The summary counts such warnings, and --format json lists them with their reasons.
    """
    # The default one may be missing where nothing is wrong with how this was called.
    folders = folders_of(paths) if paths else [sites_folder_of(Path("sites"))]
    today = datetime.now(UTC).date()
    loaded = [
        load(found.files, root=str(folder), today=today, unread=found.unread)
        for folder, found in ((folder, look_through(folder)) for folder in folders)
    ]
    problems = [problem for each in loaded for problem in each.problems]
    voice = ctx.ensure_object(Voice)
    shows_silenced = style == "json" or (style == "text" and (verbose or voice.is_verbose))
    shown = [problem for each in loaded for problem in _of(each, with_silenced=shows_silenced)]
    say_lines(_printed(shown, style))
    if not voice.is_quiet:
        _summarize(loaded, below_problems=style == "text" and bool(shown))
    has_error = any(problem.severity is Severity.ERROR for problem in problems)
    ctx.exit(ExitCode.FAILED if has_error else ExitCode.DONE)


def _of(loaded: Loaded, *, with_silenced: bool) -> list[Problem]:
    """Return the problems of one folder in order, with those that comments silence if asked."""
    silenced = loaded.silenced if with_silenced else ()
    return sorted((*loaded.problems, *silenced), key=lambda problem: (problem.origin, problem.rule))


def _printed(problems: list[Problem], style: str) -> str:
    match style:
        case "json":
            from butterfly_gitops.config.problem_document import problem_document

            return json.dumps([problem_document(problem) for problem in problems], indent=2) + "\n"
        case "github":
            return print_annotations(problems)
        case _:
            return print_problems(problems)


def _summarize(loaded: list[Loaded], *, below_problems: bool) -> None:
    if below_problems:
        say(err=True)
    for each in loaded:
        say(print_summary(each), err=True)
