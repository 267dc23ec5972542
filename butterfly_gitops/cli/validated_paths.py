"""Finds the sites folder of each path that `bgo validate` is given, and refuses a path that lies in none.

A path that is not there, or has nothing to do with the configuration, must never look like one without problems.
"""

import os
from collections.abc import Iterable
from pathlib import Path

import click

from butterfly_gitops.config.rules.files import FLEET_FILES, SITE_FILES
from butterfly_gitops.config.typos import typo_of
from butterfly_gitops.source.folder import sites_folder_of

_GIVE = "give the sites folder, or a file in it"


def folders_of(paths: Iterable[Path]) -> list[Path]:
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
