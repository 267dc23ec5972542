"""A branch as a pipeline checks it out, and a shell that runs the pipeline's scripts on it."""

import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from butterfly_gitops.plan.markdown import marker
from tests.cli.git_repository import GitRepository, repository_with_sites

ENDPOINTS = "sites/st-elsewhere/ehr-endpoints.yaml"

OTHERS: list[dict[str, Any]] = [
    {"id": 1, "body": "Looks good", "user": {"login": "ada"}, "author": {"id": 7}},
    {"id": 2, "body": f"{marker('sites')} forged", "user": {"login": "ada"}, "author": {"id": 7}},
]
"""What other people have said already, in the words of both forges."""


def branch_that_moves_an_endpoint(folder: Path) -> GitRepository:
    """A clone with a commit on a branch of its own."""
    origin = repository_with_sites(folder / "origin")
    clone = GitRepository(root=folder / "clone")
    origin.git("clone", "--quiet", str(origin.root), str(clone.root))
    clone.git("checkout", "--quiet", "-b", "move-epic")
    clone.edit(ENDPOINTS, "port: 6661", "port: 6662")
    clone.commit()
    return clone


def tool(branch: GitRepository, name: str, program: str) -> None:
    """Put a program where the pipeline's shell looks first."""
    folder = branch.root.parent / "tools"
    folder.mkdir(exist_ok=True)
    (folder / name).write_text(program, encoding="utf-8")
    (folder / name).chmod(0o700)


def shell(
    branch: GitRepository, script: str, *, options: Sequence[str] = ("-eo", "pipefail"), **variables: str
) -> subprocess.CompletedProcess[str]:
    """Run a script as runners do: bash, which ends at the first command that fails."""
    tool(branch, "bgo", f'#!/bin/sh\nexec "{sys.executable}" -m butterfly_gitops "$@"\n')
    environment = {
        "PATH": f"{branch.root.parent / 'tools'}{os.pathsep}{os.environ['PATH']}",
        "GIT_CONFIG_GLOBAL": os.devnull,
        **variables,
    }
    return subprocess.run(
        ["bash", "--noprofile", "--norc", *options, "-c", script],
        cwd=branch.root, env=environment, check=False, capture_output=True, text=True,
    )  # fmt: skip


def move_on(branch: GitRepository, *, port: int) -> None:
    """One more push."""
    file = branch.root / ENDPOINTS
    text = file.read_text(encoding="utf-8")
    before = next(line for line in text.splitlines() if line.strip().startswith("port: 666"))
    branch.edit(ENDPOINTS, before.strip(), f"port: {port}")
    branch.commit()


def break_a_site(branch: GitRepository) -> None:
    """A wrong value at the site whose endpoint was moved, and a change that is sound at another."""
    branch.edit(ENDPOINTS, "port: 6662", "port: 70000")
    branch.edit("sites/seaside/ehr-endpoints.yaml", "port: 4020", "port: 4021")
    branch.commit()


def break_the_fleet(branch: GitRepository) -> None:
    """Nothing can be said of any site."""
    branch.edit("sites/fleet.yaml", "version: 1", "version: one")
    branch.commit()


def remove_the_sites(branch: GitRepository) -> None:
    """The folder is gone, as after a wrong `git mv`."""
    branch.git("mv", "sites", "elsewhere")
    branch.commit()
