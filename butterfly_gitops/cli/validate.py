"""`bgo validate`: check the whole configuration and show all problems at once."""

import json
import os
from collections.abc import Iterable
from datetime import UTC, datetime
from pathlib import Path

import click

from butterfly_gitops.cli.main import Voice, no_collection
from butterfly_gitops.cli.output import ExitCode, say, say_lines
from butterfly_gitops.config.load import Loaded, load
from butterfly_gitops.config.problem_text import print_annotations, print_problems, print_summary
from butterfly_gitops.config.rules.files import FLEET_FILES, SITE_FILES
from butterfly_gitops.config.typos import typo_of
from butterfly_gitops.model.problem import Problem, Severity
from butterfly_gitops.source.folder import look_through, sites_folder_of

_GIVE = "give the sites folder, or a file in it"


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
    folders = _folders_of(paths) if paths else [sites_folder_of(Path("sites"))]
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


def _folders_of(paths: Iterable[Path]) -> list[Path]:
    """Find the sites folder of each path, once each. Raises click.UsageError for a path that lies in none."""
    return list(dict.fromkeys(_folder_of(path) for path in paths))


def _folder_of(path: Path) -> Path:
    # A symbolic link that leads nowhere is there, and is refused where it stands.
    if not os.path.lexists(path):
        meant = _nearest(path)
        what_then = f"the nearest is {meant}" if meant else _GIVE
        raise click.UsageError(f"{path}: there is no such file or folder; {what_then}.")
    folder = sites_folder_of(path)
    if _holds_fleet(folder):
        return folder
    if path.is_dir():
        if _holds_fleet(below := path / "sites"):
            raise click.UsageError(f"{path}: no sites folder; it is {below}.")
        if not _may_be_sites_folder(folder):
            raise click.UsageError(f"{path}: no sites folder, for it has no fleet.yaml; {_GIVE}.")
        return folder
    if path.name not in (*FLEET_FILES, *SITE_FILES):
        raise click.UsageError(f"{path}: no file of the configuration; {_GIVE}.")
    return folder


def _holds_fleet(folder: Path) -> bool:
    return any(_is_file(folder / name) for name in FLEET_FILES)


def _is_file(path: Path) -> bool:
    # Path.is_file raises where a folder may not be looked into.
    return os.path.isfile(path)  # noqa: PTH113


def _may_be_sites_folder(folder: Path) -> bool:
    """Tell whether a folder is called sites, cannot be looked into, or holds files of a site."""
    try:
        below = [each for each in folder.iterdir() if each.is_dir()]
    except OSError:
        return True
    return folder.resolve().name == "sites" or any(
        _is_file(each / name) for each in below for name in SITE_FILES
    )


def _nearest(path: Path) -> Path | None:
    """Suggest the path that a typo meant: a like name beside it, or its folder unless that is the current one."""
    gone = path
    while gone.parent != gone and not gone.parent.is_dir():
        gone = gone.parent
    try:
        # By what stands before the ending, for all files of a folder are alike in that one.
        beside = {other.stem: other for other in sorted(gone.parent.iterdir(), reverse=True)}
    except OSError:
        beside = {}
    meant = typo_of(gone.stem, beside)
    if meant:
        return beside[meant]
    return gone.parent if gone.parent != Path() else None
