"""The sites folder as a verb uploads it, and warnings of what an apply would leave out."""

import base64
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from butterfly_gitops.cli.output import say
from butterfly_gitops.model.error import GitopsError
from butterfly_gitops.source.folder import FolderSource
from butterfly_gitops.source.git_command import PRINTED_DIGITS
from butterfly_gitops.source.git_tree import committed, parted


def read_upload(sites: Path) -> dict[str, Any]:
    """Read the folder for `POST /v1/plans`. Raises SourceUnavailable."""
    snapshot = FolderSource(path=sites).fetch()
    try:
        commit = committed(sites, snapshot.files)
    except (GitopsError, OSError):
        # No git, or no repository: the folder is what it is.
        commit = None
    return {
        "files": {path: base64.b64encode(content).decode() for path, content in snapshot.files.items()},
        "revision": snapshot.revision,
        "described": f"{sites}/ at {commit[:PRINTED_DIGITS]}" if commit else snapshot.described,
        "root": snapshot.root,
    }


def say_parted(sites: Path, applied: Iterable[str]) -> bool:
    """Say on standard error where the files' commit does not descend from what is applied; tells whether it is so."""
    try:
        left = parted(sites, applied)
    except (GitopsError, OSError):
        return False
    for commit in left:
        say(
            f"bgo: these files do not descend from {commit[:PRINTED_DIGITS]}, which is applied: a controller that follows "
            "a branch goes forward only, and would take nothing of them (NotForward)",
            err=True,
        )
    return bool(left)


def say_left_out(kept: Iterable[str], *, paths: Iterable[str], unsound: Iterable[str]) -> bool:
    """Say on standard error which sites are no part of a plan, and how to fix it; tells whether there are any."""
    folders = {path.partition("/")[0] for path in paths if "/" in path}
    gone, wrong = sorted(set(kept) - folders), sorted(unsound)
    if wrong:
        say(
            f"bgo: left out, because their files have problems: {', '.join(wrong)}; see bgo validate",
            err=True,
        )
    for site in gone:
        hint = "bring its folder back, or name it in fleet.yaml's removed_sites"
        say(f"bgo: {site} is gone from the files and stays as it runs: {hint}", err=True)
    return bool(gone or wrong)
