"""`bgo diff`: the changes between two revisions of the files; no state is needed."""

from collections.abc import Callable
from pathlib import Path
from urllib.parse import quote

import click

from butterfly_gitops import __version__
from butterfly_gitops.cli.options import with_sites
from butterfly_gitops.cli.output import ExitCode, say, say_lines
from butterfly_gitops.cli.upload import say_left_out
from butterfly_gitops.config.load import Loaded, load
from butterfly_gitops.config.rules.files import is_yaml
from butterfly_gitops.config.tree import print_origin
from butterfly_gitops.config.typos import typo_of
from butterfly_gitops.model.error import GitopsError
from butterfly_gitops.model.problem import Origin, Severity
from butterfly_gitops.plan.document import Plan, print_document
from butterfly_gitops.plan.markdown import print_markdown, print_nothing_compared
from butterfly_gitops.plan.message_effect import Preview
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
@with_sites
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
@click.option(
    "--preview",
    "is_previewed",
    is_flag=True,
    help="Also show which fields of which messages change, for the sample studies in studies/ beside the sites folder.",
)
@click.option(
    "--studies",
    type=click.Path(exists=True, path_type=Path),
    help="Sample studies elsewhere: a file, or a folder of .json, .jsonl and .ndjson files; means --preview.",
)
@click.pass_context
def command(
    ctx: click.Context,
    *,
    base: str | None,
    sites: Path,
    style: str,
    links_to: str | None,
    is_previewed: bool,
    studies: Path | None,
) -> None:
    """Show what the files, as they are now, change against another revision of them.

    BASE is a branch, tag or commit (default: where this branch left the main one). What waits and what runs is
    not known from files; `bgo plan` adds it. A preview shows what the configuration fills, and codes; of a
    patient, people, times and text it only says that they change. Exit code 1 when a site is left out because its files have problems, or
    because they are gone, when renamed_from names what was not there, and when the fleet has another name, for
    then nothing is applied.
    """
    folder = sites_folder_of(sites)
    try:
        files = read_folder(folder)
        desired = load(files, root=str(folder))
        samples = studies or (_samples_beside(folder) if is_previewed else None)
        revision = revision_named(folder, base) if base else fork_point(folder)
        commit = committed(folder, files)
        where = f"at {commit[:PRINTED_DIGITS]}" if commit else "in the working tree"
        plan = _compared(folder, desired, revision, where=where, samples=samples)
    except GitopsError as error:
        if style == "markdown":
            # A comment that still says what an earlier push did would be taken for the truth.
            say_lines(print_nothing_compared(str(error), folder=str(folder)))
        raise
    say_lines(_printed(plan, style, folder=folder, links_to=links_to))
    kept = (one.site for one in plan.kept)
    is_partial = say_left_out(kept, paths=files, unsound=desired.unsound_sites)
    has_vain_rename = _say_vain_renames(plan, desired)
    ctx.exit(ExitCode.FAILED if is_partial or has_vain_rename or plan.is_of_another_fleet else ExitCode.DONE)


def _compared(folder: Path, desired: Loaded, revision: Revision, *, where: str, samples: Path | None) -> Plan:
    if desired.fleet is None:
        raise NothingToCompare(f"{folder}/ has {_errors(desired)}; see bgo validate")
    after, before = _side(desired, f"{folder}/ {where}"), _before(folder, revision)
    plan = make_diff(desired=after, before=before, engine=__version__)
    if samples is None:
        return plan
    return plan.model_copy(update={"preview": _preview(samples, plan, after, before)})


def _say_vain_renames(plan: Plan, desired: Loaded) -> bool:
    """Say on standard error where a new endpoint of a site is renamed from what it never had; tells whether any is."""
    sites = desired.fleet.sites if desired.fleet else {}
    new_sites = {change.address.site for change in plan.changes if change.kind == "site" and change.is_added}
    ended = [change.address for change in plan.changes if change.kind == "ehr_endpoint" and change.is_removed]
    is_any = False
    for change in plan.changes:
        at = change.address
        if change.kind != "ehr_endpoint" or not change.is_added or at.site in new_sites:
            continue
        if old := sites[at.site].renamed.get(at.name or ""):
            meant = typo_of(old, [each.name or "" for each in ended if each.site == at.site])
            hint = f'write "{meant}"' if meant else "write the name that it had, or take renamed_from out"
            origin = desired.origins.get(f"{at}.renamed_from")
            where = f"{print_origin(origin)}: " if origin else ""
            say(f'{where}renamed_from takes nothing over from "{old}": {hint}', err=True)
            is_any = True
    return is_any


def _samples_beside(folder: Path) -> Path | None:
    """Find the folder of sample studies, or say that there is none; the rest is shown all the same."""
    beside = folder.parent / "studies"
    if beside.is_dir():
        return beside
    say(f"bgo: no preview, for there is no folder {beside}; --studies names another", err=True)
    return None


def _preview(path: Path, plan: Plan, after: Side, before: Side) -> Preview:
    from butterfly_gitops.cli.study_files import read_samples
    from butterfly_gitops.plan.preview import SampleStudy, message_effects

    studies, unread = read_samples(path)
    for one in unread:
        say(f"bgo: {f'{path}/{one}' if path.is_dir() else one}", err=True)
    samples = [SampleStudy(name=name, event=event) for name, event in studies.items()]
    return Preview(
        folder=f"{path}/" if path.is_dir() else str(path),
        studies=tuple(studies),
        unread=unread,
        effects=message_effects(plan.changes, samples, desired=after, before=before),
    )


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
    """Make links to lines of files; GitHub and GitLab write their numbers alike."""
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
    """Count the errors of the whole fleet, and quote the first."""
    errors = [
        problem for problem in loaded.problems if problem.severity is Severity.ERROR and problem.site is None
    ]
    first = errors[0]
    count = "a problem" if len(errors) == 1 else f"{len(errors)} problems"
    return f"{count} of the whole fleet ({first.origin.file}: {first.message})"
