"""`bgo validate`: check the whole configuration and show all problems at once."""

import json
from pathlib import Path

import click

from butterfly_gitops.cli import exit_codes
from butterfly_gitops.cli.main import Voice
from butterfly_gitops.config.load import Loaded, load
from butterfly_gitops.config.problem_document import problem_document
from butterfly_gitops.config.problem_text import print_annotations, print_problems, print_summary
from butterfly_gitops.model.problem import Problem, Severity
from butterfly_gitops.source.folder import read_folder, sites_folder_of


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
@click.pass_context
def command(ctx: click.Context, *, paths: tuple[Path, ...], style: str) -> None:
    """Check all files of the configuration and show all problems at once.

    PATH is the sites folder (default: sites) or anything in it: files are never checked alone, since each may break
    what another one says. Problems go to standard output, the summary to standard error. Exit code 1 when there is
    an error; warnings alone are 0.
    """
    folders = dict.fromkeys(sites_folder_of(path) for path in paths or (Path("sites"),))
    loaded = [load(read_folder(folder), root=str(folder)) for folder in folders]
    problems = [problem for each in loaded for problem in each.problems]
    click.echo(_printed(problems, style), nl=False)
    if not ctx.ensure_object(Voice).is_quiet:
        _summarize(loaded, below_problems=style == "text" and bool(problems))
    has_error = any(problem.severity is Severity.ERROR for problem in problems)
    ctx.exit(exit_codes.FAILED if has_error else exit_codes.DONE)


def _printed(problems: list[Problem], style: str) -> str:
    match style:
        case "json":
            return json.dumps([problem_document(problem) for problem in problems], indent=2) + "\n"
        case "github":
            return print_annotations(problems)
        case _:
            return print_problems(problems)


def _summarize(loaded: list[Loaded], *, below_problems: bool) -> None:
    if below_problems:
        click.echo(err=True)
    for each in loaded:
        click.echo(print_summary(each), err=True)
