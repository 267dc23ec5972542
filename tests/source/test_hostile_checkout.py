"""A checkout that names programs to be run: comparing its files runs none of them."""

import os
import stat
import subprocess
from pathlib import Path

import pytest

from butterfly_gitops.source.folder import read_folder
from butterfly_gitops.source.git_tree import Revision, committed, fork_point, read_tree, revision_named
from butterfly_gitops.source.interface import SourceUnavailable
from tests.cli.git_repository import GitRepository, empty_repository, repository_with_sites


@pytest.fixture
def repository(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> GitRepository:
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", "/dev/null")
    return repository_with_sites(tmp_path / "fleet")


class Canary:
    """A program that tells that it was run."""

    def __init__(self, folder: Path) -> None:
        self._ran = folder / "ran"
        self.path = folder / "canary"
        self.path.write_text(f'#!/bin/sh\necho "$0 $*" >> {self._ran}\nexit 1\n')
        self.path.chmod(0o755)

    @property
    def runs(self) -> str:
        return self._ran.read_text() if self._ran.exists() else ""


@pytest.fixture
def canary(tmp_path: Path) -> Canary:
    return Canary(tmp_path)


HOOKS = ("post-index-change", "reference-transaction", "post-checkout", "pre-auto-gc", "fsmonitor-watchman")
SETTINGS = (
    "core.fsmonitor", "core.sshCommand", "core.gitProxy", "core.askPass", "core.pager", "core.editor",
    "core.alternateRefsCommand", "credential.helper", "diff.external", "diff.own.textconv", "diff.own.command",
    "filter.own.clean", "filter.own.smudge", "filter.own.process", "merge.own.driver", "gpg.program",
    "gpg.ssh.program", "uploadpack.packObjectsHook", "remote.origin.uploadpack", "remote.origin.vcs", "pager.log",
)  # fmt: skip


def names_programs(repository: GitRepository, canary: Canary) -> None:
    """Let the checkout name a program wherever git takes one."""
    hooks = repository.root / ".git" / "hooks"
    for name in HOOKS:
        (hooks / name).write_text(canary.path.read_text())
        (hooks / name).chmod(0o755)
    (repository.root / ".git" / "info" / "attributes").write_text("* filter=own diff=own merge=own\n")
    for name in SETTINGS:
        repository.git("config", name, str(canary.path))
    for verb in ("rev-parse", "ls-tree", "cat-file", "merge-base", "status"):
        repository.git("config", f"alias.{verb}", f"!{canary.path}")
    repository.git("config", "protocol.allow", "always")
    for site in (repository.root / "sites").iterdir():
        os.utime(site)
    for file in (repository.root / "sites").rglob("*.yaml"):
        # What git knows of the file is out of date, so that it would be looked into.
        file.write_bytes(file.read_bytes())


def compare(sites: Path) -> None:
    """Ask all that `diff` and `plan` ask of a checkout."""
    files = read_folder(sites)
    assert committed(sites, files)
    assert read_tree(sites, fork_point(sites)) == read_tree(sites, revision_named(sites, "HEAD")) == files


def test_no_program_of_the_checkout_is_run(repository: GitRepository, canary: Canary):
    names_programs(repository, canary)
    compare(repository.root / "sites")
    assert canary.runs == ""
    # It would have been: git itself runs it.
    subprocess.run(["git", "status"], cwd=repository.root, capture_output=True, check=False)
    assert canary.runs


@pytest.mark.parametrize(
    "url", ["ssh://git.example.org/fleet", "https://127.0.0.1:1/fleet", "ext::{} x", "git://127.0.0.1/x"]
)
def test_what_is_not_here_is_not_fetched_by_programs_of_the_checkout(
    repository: GitRepository, canary: Canary, url: str
):
    names_programs(repository, canary)
    repository.git("config", "core.repositoryFormatVersion", "1")
    repository.git("config", "extensions.partialClone", "origin")
    repository.git("config", "remote.origin.promisor", "true")
    repository.git("config", "remote.origin.url", url.format(canary.path))
    repository.git("config", "--unset", "remote.origin.vcs")
    oid = repository.git("rev-parse", "HEAD:sites/fleet.yaml")
    lost = repository.root / ".git" / "objects" / oid[:2] / oid[2:]
    lost.chmod(stat.S_IWUSR)
    lost.unlink()
    sites = repository.root / "sites"
    with pytest.raises(SourceUnavailable):
        read_tree(sites, Revision(name="HEAD", commit=repository.git("rev-parse", "HEAD")))
    assert committed(sites, read_folder(sites)) is None
    assert canary.runs == ""
    if url.startswith(("ssh", "ext")):
        subprocess.run(["git", "cat-file", "-p", oid], cwd=repository.root, capture_output=True, check=False)
        assert canary.runs


def test_a_folder_that_looks_like_a_repository_is_not_asked(repository: GitRepository, canary: Canary):
    # A pull request can bring these files; git would take the sites folder for a bare repository.
    sites = repository.root / "sites"
    inner = empty_repository(repository.root.parent / "inner")
    for name in ("HEAD", "config", "objects", "refs"):
        (inner.root / ".git" / name).rename(sites / name)
    repository.git("config", "--file", "sites/config", "core.fsmonitor", str(canary.path))
    repository.git("config", "--file", "sites/config", "core.bare", "false")
    repository.git("config", "--file", "sites/config", "core.worktree", str(sites))
    with pytest.raises(SourceUnavailable):
        fork_point(sites)
    assert canary.runs == ""
    subprocess.run(["git", "status"], cwd=sites, capture_output=True, check=False)
    assert canary.runs


def test_no_program_of_a_submodule_is_run(repository: GitRepository, canary: Canary):
    inner = empty_repository(repository.root / "sites" / ".inner")
    inner.commit()
    repository.commit()
    inner.git("config", "core.fsmonitor", str(canary.path))
    sites = repository.root / "sites"
    compare(sites)
    assert canary.runs == ""
    subprocess.run(["git", "status"], cwd=repository.root, capture_output=True, check=False)
    assert canary.runs
