"""`bgo init`: write a new configuration repository that passes `bgo validate`, and say what to do next."""

import os
import re
import shlex
from collections.abc import Mapping
from pathlib import Path

import click

from butterfly_gitops import __version__
from butterfly_gitops.cli.main import Voice
from butterfly_gitops.cli.output import say
from butterfly_gitops.cli.schema import published
from butterfly_gitops.config.load import load
from butterfly_gitops.model.address import RESERVED_SITES
from butterfly_gitops.model.error import GitopsError
from butterfly_gitops.model.problem import Problem
from butterfly_gitops.model.scalar import NAME_PATTERN
from butterfly_gitops.scaffold.repository import (
    FIRST_ENDPOINT,
    FORGES,
    HOME,
    OWNER,
    Forge,
    NewRepository,
    files_of,
    files_with_address,
)
from butterfly_gitops.scaffold.writing import in_the_way, write_new

_PIPELINES: dict[str, tuple[Forge, ...]] = {
    "both": FORGES,
    "github": ("github",),
    "gitlab": ("gitlab",),
    "none": (),
}
# A folder on this machine is for a trial.
_HOME = re.compile(
    r"(?:https://[A-Za-z0-9.-]+(?::\d+)?(?:/[A-Za-z0-9._-]+)+|file://(?:/[A-Za-z0-9._-]+)*)(?:/[A-Za-z0-9._-]+)"
)
_ZONE = re.compile(r"[A-Za-z0-9_+/-]+")


class InTheWay(GitopsError):  # noqa: N818 - it is told to a person as it stands
    """The folder has files already that `init` would write."""


def _named(ctx: click.Context, param: click.Parameter, value: str | None) -> str | None:  # noqa: ARG001
    if param.name == "site" and value in RESERVED_SITES:
        raise click.BadParameter(f"no site can be called {value}: addresses of other things begin so")
    if value is not None and not re.fullmatch(NAME_PATTERN, value):
        hint = f", such as {meant}" if (meant := _name_of(value)) else ""
        raise click.BadParameter(f'"{value}" is no name: small letters, digits and hyphens, at most 63{hint}')
    return value


def _kept_at(ctx: click.Context, param: click.Parameter, value: str) -> str:  # noqa: ARG001
    home = value.rstrip("/").removesuffix(".git")
    if not _HOME.fullmatch(home):
        raise click.BadParameter(f'"{value}" is no address like {HOME}, or file:///folder for a trial')
    return home


@click.command("init")
@click.argument("folder", metavar="DIR", type=click.Path(file_okay=False, path_type=Path))
@click.option("--name", metavar="FLEET", callback=_named, help="The fleet's name (default: the folder's).")
@click.option(
    "--site",
    metavar="NAME",
    default="first-site",
    show_default=True,
    callback=_named,
    help="The first hospital: the name of its folder.",
)
@click.option(
    "--time-zone", metavar="ZONE", help="The site's, such as Europe/Berlin (default: this machine's)."
)
@click.option(
    "--ci",
    type=click.Choice(list(_PIPELINES)),
    default="both",
    show_default=True,
    help="Whose pipelines check pull requests.",
)
@click.option(
    "--home",
    metavar="URL",
    default=HOME,
    show_default=True,
    callback=_kept_at,
    help="Where butterfly-gitops is kept, for hooks and the workflow.",
)
@click.pass_context
def command(
    ctx: click.Context,
    *,
    folder: Path,
    name: str | None,
    site: str,
    time_zone: str | None,
    ci: str,
    home: str,
) -> None:
    """Write a new configuration repository to DIR: a first site with a paused EHR endpoint, and what checks it.

    Nothing that is there is replaced: where a file is in the way, none is written. The rest of DIR stays as it is,
    so a clone of an empty repository will do.
    """
    zone, is_from = _zone(time_zone)
    new = NewRepository(
        fleet=name or _name_of(folder.resolve().name) or "our-hospitals",
        site=site,
        time_zone=zone,
        version=__version__,
        home=home,
        forges=_PIPELINES[ci],
    )
    files = files_of(new)
    if problem := _problem_of(files):
        raise click.BadParameter(f"{problem.message}; {problem.hint}", ctx, param_hint="--time-zone")
    files |= {f"schemas/{file}": text for file, text in published().items()}
    _refuse_what_is_there(folder, files)
    write_new(folder, files)
    if not ctx.ensure_object(Voice).is_quiet:
        _say_written(folder, files)
        _say_what_is_open(folder, new, is_from)
        _say_next(folder, new)


def _zone(asked: str | None) -> tuple[str, str]:
    """The site's time zone, and in words where it is from."""
    if asked is not None:
        if not _ZONE.fullmatch(asked):
            raise click.BadParameter(
                f'there is no time zone "{asked}"; write a name of the IANA database, such as America/New_York',
                param_hint="--time-zone",
            )
        return asked, "as you said"
    found = machine_zone(os.environ)
    if found and _ZONE.fullmatch(found) and _problem_of(_probe(found)) is None:
        return found, "as this machine has it"
    return "UTC", "for this machine names no place"


def machine_zone(environment: Mapping[str, str], localtime: Path = Path("/etc/localtime")) -> str | None:
    """Return the zone that TZ or the link of the local time names, or None; it may not exist."""
    said = environment.get("TZ", "").removeprefix(":")
    if not said and localtime.is_symlink():
        said = str(localtime.readlink())
    name = said.rpartition("zoneinfo/")[2]
    # A path elsewhere, or a rule such as EST5EDT,M3.2.0, says an offset and no place.
    if not name or name.startswith(("/", ".")) or "," in name:
        return None
    return "UTC" if name in ("Etc/UTC", "Etc/UCT", "Etc/Zulu") else name


def _probe(zone: str) -> dict[str, str]:
    return files_of(NewRepository(fleet="fleet", site="site", time_zone=zone, version=__version__))


def _problem_of(files: dict[str, str]) -> Problem | None:
    """Return the first problem that `bgo validate` finds in the files."""
    sites = {path.removeprefix("sites/"): text for path, text in files.items() if path.startswith("sites/")}
    problems = load({path: text.encode() for path, text in sites.items()}).problems
    return problems[0] if problems else None


def _name_of(words: str) -> str:
    """Make a name of some words: `Mercy Health` is mercy-health."""
    return re.sub(r"[^a-z0-9]+", "-", words.lower()).strip("-")[:63]


def _refuse_what_is_there(folder: Path, files: dict[str, str]) -> None:
    found = in_the_way(folder, files)
    # A second fleet in this folder would be read together with ours.
    if not found and (folder / "sites").is_dir() and any((folder / "sites").iterdir()):
        found = ("sites",)
    if found:
        what = "is" if len(found) == 1 else "are"
        raise InTheWay(
            f"{', '.join(found)} {what} in {folder} already; nothing was written. "
            "Name another folder, or move away what is in the way"
        )


def _say_written(folder: Path, files: dict[str, str]) -> None:
    schemas = [path for path in files if path.startswith("schemas/")]
    say(f"Wrote {len(files)} files to {folder}:")
    for path in files:
        if path not in schemas:
            say(f"  {path}")
    say(f"  schemas/ ({len(schemas)} files)")


def _say_what_is_open(folder: Path, new: NewRepository, is_from: str) -> None:
    say()
    say(f"The time zone of {new.site} is {new.time_zone}, {is_from}: see sites/{new.site}/site.yaml.")
    if new.lacks_owner:
        files = " and ".join(files_with_address(new))
        say(f"{OWNER} stands for the account that keeps butterfly-gitops: see {files}.")
    around = next((each for each in folder.resolve().parents if (each / ".git").exists()), None)
    if around and not (folder / ".git").exists():
        say(
            f"This folder lies in the repository {around}; forges read pipelines and CODEOWNERS only at the top of one."
        )
    say("README.md says what else to fill in before the first result.")


def _say_next(folder: Path, new: NewRepository) -> None:
    """Say the next three commands, and first how to get to where they run."""
    is_here = folder.resolve() == Path.cwd()
    start = "" if (folder / ".git").exists() else "git init --initial-branch main && "
    commands = [
        *([] if is_here else [f"cd {shlex.quote(str(folder))}"]),
        "bgo validate",
        f'{start}git add . && git commit --message "Start with {new.site}"',
        *([f"bgo explain {new.site}/{FIRST_ENDPOINT}"] if is_here else []),
    ]
    say()
    say("Next:")
    for line in commands:
        say(f"  {line}")
