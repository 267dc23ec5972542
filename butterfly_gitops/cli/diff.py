"""`bgo diff`: what this revision of the files changes against another one; no state is needed."""

from collections.abc import Callable
from pathlib import Path
from urllib.parse import quote

import click

from butterfly_gitops import __version__
from butterfly_gitops.cli import exit_codes
from butterfly_gitops.cli.wanted import say_left_out
from butterfly_gitops.config.load import Loaded, load
from butterfly_gitops.config.rules.files import is_yaml
from butterfly_gitops.model.error import GitopsError
from butterfly_gitops.model.problem import Origin, Severity
from butterfly_gitops.plan.document import Plan, print_document
from butterfly_gitops.plan.markdown import print_markdown, print_nothing_compared
from butterfly_gitops.plan.planning import make_diff
from butterfly_gitops.plan.sides import Side
from butterfly_gitops.plan.text import print_plan
from butterfly_gitops.source.folder import read_folder, sites_folder_of
from butterfly_gitops.source.git_command import PRINTED_DIGITS
from butterfly_gitops.source.git_tree import (
    Revision,
    committed,
    fork_point,
    read_tree,
    revision_named,
    root_of,
)


class NothingToCompare(GitopsError):  # noqa: N818 - it is told to a person as it stands
    """One of the two sides cannot be read as a fleet."""


@click.command("diff")
@click.argument("base", required=False)
@click.option(
    "--sites",
    type=click.Path(path_type=Path),
    default=Path("sites"),
    show_default=True,
    help="The sites folder.",
)
@click.option(
    "--format",
    "style",
    type=click.Choice(["text", "json", "markdown"]),
    default="text",
    show_default=True,
    help="For people, for programs, or for the comment of a pull request.",
)
@click.option(
    "--links-to",
    metavar="URL",
    help="In the comment, where files are read, such as https://github.com/OWNER/NAME/blob/COMMIT.",
)
@click.pass_context
def command(ctx: click.Context, *, base: str | None, sites: Path, style: str, links_to: str | None) -> None:
    """Show what the files, as they are now, change against another revision of them.

    BASE is a branch, tag or commit (default: where this branch left the main one). What waits and what runs is
    not known from files; `bgo plan` adds it. Exit code 1 when a site is left out because its files have problems, or
    because they are gone.
    """
    folder = sites_folder_of(sites)
    try:
        files = read_folder(folder)
        desired = load(files, root=str(folder))
        plan = _compared(folder, desired, revision_named(folder, base) if base else fork_point(folder))
    except GitopsError as error:
        if style == "markdown":
            # A comment that still says what an earlier push did would be taken for the truth.
            click.echo(print_nothing_compared(str(error), folder=str(folder)), nl=False)
        raise
    click.echo(_printed(plan, style, folder=folder, links_to=links_to), nl=False)
    kept = (one.site for one in plan.kept)
    is_partial = say_left_out(kept, paths=files, unsound=desired.unsound_sites)
    ctx.exit(exit_codes.FAILED if is_partial else exit_codes.DONE)


def _compared(folder: Path, desired: Loaded, revision: Revision) -> Plan:
    if desired.fleet is None:
        raise NothingToCompare(f"{folder}/ has {_errors(desired)}; see bgo validate")
    return make_diff(
        desired=_side(desired, f"{folder}/ {_where(folder)}"),
        before=_before(folder, revision),
        engine=__version__,
    )


def _where(folder: Path) -> str:
    commit = committed(folder)
    return f"at {commit[:PRINTED_DIGITS]}" if commit else "in the working tree"


def _printed(plan: Plan, style: str, *, folder: Path, links_to: str | None) -> str:
    match style:
        case "json":
            return print_document(plan)
        case "markdown":
            return print_markdown(
                plan, folder=str(folder), link=_links(links_to, folder) if links_to else None
            )
        case _:
            return print_plan(plan)


def _links(url: str, folder: Path) -> Callable[[Origin], str]:
    """Where a forge shows a line: GitHub and GitLab write its number alike."""
    top = root_of(folder).resolve()

    def link(origin: Origin) -> str:
        path = quote(Path(origin.file).resolve().relative_to(top).as_posix())
        return f"{url.rstrip('/')}/{path}" + (f"#L{origin.line}" if origin.line else "")

    return link


def _before(folder: Path, revision: Revision) -> Side:
    files = read_tree(folder, revision)
    if not any(map(is_yaml, files)):
        # The folder is new: all of it is added.
        return Side(fleet=None, described=str(revision))
    loaded = load(files, root=str(folder))
    if loaded.fleet is None:
        raise NothingToCompare(f"{folder}/ of {revision} has {_errors(loaded)}; name another BASE")
    return _side(loaded, str(revision))


def _side(loaded: Loaded, described: str) -> Side:
    return Side(
        fleet=loaded.fleet,
        described=described,
        origins=loaded.origins,
        layers=loaded.layers,
        unsound=loaded.unsound_sites,
    )


def _errors(loaded: Loaded) -> str:
    """How many errors keep the whole fleet, and the first of them."""
    errors = [
        problem for problem in loaded.problems if problem.severity is Severity.ERROR and problem.site is None
    ]
    first = errors[0]
    count = "a problem" if len(errors) == 1 else f"{len(errors)} problems"
    return f"{count} of the whole fleet ({first.origin.file}: {first.message})"
