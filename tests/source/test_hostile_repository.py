"""A repository as an attacker: a few hundred bytes of it unpack to gigabytes, or to millions of files."""

import os
import resource
import subprocess
import sys
from pathlib import Path

import pytest

from butterfly_gitops.config.text.plain_text import MAX_BYTES
from butterfly_gitops.source import folder, git_command
from butterfly_gitops.source.folder import TOO_LARGE, read_folder
from butterfly_gitops.source.git import GitSource
from butterfly_gitops.source.git_address import parse_git_address
from butterfly_gitops.source.interface import SourceUnavailable
from tests.cli.git_repository import GitRepository, repository_with_sites


@pytest.fixture
def repository(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> GitRepository:
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", "/dev/null")
    return repository_with_sites(tmp_path / "fleet")


def stored(repository: GitRepository, kind: str, content: bytes) -> str:
    """Write an object, and return its id."""
    command = ["git", "hash-object", "-w", "-t", kind, "--stdin", "--literally"]
    return subprocess.run(
        command, cwd=repository.root, input=content, capture_output=True, check=True
    ).stdout.decode().strip()  # fmt: skip


def tree(repository: GitRepository, mode: bytes, oid: str, names: list[bytes]) -> str:
    entry = bytes.fromhex(oid)
    return stored(repository, "tree", b"".join(mode + b" " + name + b"\0" + entry for name in names))


def at(repository: GitRepository, root: str) -> GitSource:
    """A source whose branch has this tree alone."""
    commit = repository.git("commit-tree", root, "-m", "Look here")
    repository.git("update-ref", "refs/heads/bomb", commit)
    address = parse_git_address(f"{repository.root}#bomb:")
    return GitSource(address, cache=repository.root.parent / "git")


def test_large_files_are_not_read(repository: GitRepository, monkeypatch: pytest.MonkeyPatch):
    # Twelve of 200 MB in a test would only be slower: not one byte of one is asked for.
    (repository.root / "film.mp4").write_bytes(bytes(MAX_BYTES + 1))
    (repository.root / "large.yaml").write_bytes(bytes(MAX_BYTES + 1))
    repository.commit()
    asked = []
    blobs = git_command._blobs
    monkeypatch.setattr(
        git_command,
        "_blobs",
        lambda git, wanted: blobs(git, [asked.append(one.size) or one for one in wanted]),
    )
    found = at(repository, repository.git("rev-parse", "HEAD^{tree}")).fetch().files
    assert found["large.yaml"] is TOO_LARGE
    assert found["film.mp4"] == b""
    assert max(asked) <= MAX_BYTES


def test_nested_trees_end_where_the_files_are_too_many(repository: GitRepository):
    # Ten trees of ten: ten thousand million files from eleven objects.
    oid, mode = stored(repository, "blob", b"version: 1\n"), b"100644"
    for _ in range(10):
        oid, mode = tree(repository, mode, oid, [b"%d.yaml" % n for n in range(10)]), b"40000"
    with pytest.raises(SourceUnavailable, match="more than 20000 files"):
        at(repository, oid).fetch()


def test_nested_trees_that_are_passed_over_end_as_well(
    repository: GitRepository, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(git_command, "_MAX_LISTED", 10**6)
    oid, mode = stored(repository, "blob", b""), b"100644"
    for _ in range(6):
        oid, mode = tree(repository, mode, oid, [b".%d" % n for n in range(10)]), b"40000"
    with pytest.raises(SourceUnavailable, match="very many files"):
        at(repository, oid).fetch()


def test_one_file_at_many_paths_counts_at_each(repository: GitRepository, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(folder, "MAX_TOTAL_BYTES", 10_000)
    oid = stored(repository, "blob", b"#" * 1000)
    assert at(repository, tree(repository, b"100644", oid, [b"%02d.yaml" % n for n in range(10)])).fetch()
    with pytest.raises(SourceUnavailable, match="MiB in its files"):
        at(repository, tree(repository, b"100644", oid, [b"%02d.yaml" % n for n in range(11)])).fetch()


def test_a_folder_with_very_much_in_it_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(folder, "MAX_TOTAL_BYTES", 10_000)
    for n in range(11):
        (tmp_path / f"{n}.yaml").write_bytes(b"#" * 1000)
    with pytest.raises(SourceUnavailable, match="MiB in its files"):
        read_folder(tmp_path)


def test_git_has_a_limit_on_its_memory_its_files_and_its_dumps(
    repository: GitRepository, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    fake = tmp_path / "bin" / "git"
    fake.parent.mkdir()
    script = "import resource as r; print(r.getrlimit(r.RLIMIT_DATA), r.getrlimit(r.RLIMIT_FSIZE), r.getrlimit(r.RLIMIT_CORE))"
    fake.write_text(f"#!/bin/sh\nexec {sys.executable} -c '{script}'\n")
    fake.chmod(0o700)
    monkeypatch.setenv("PATH", f"{fake.parent}{os.pathsep}{os.environ['PATH']}")
    said = git_command.Git(folder=tmp_path, kept_variables=("PATH",)).line("what")
    assert said == f"{(2**30, 2**30)} {(4 * 2**30, 4 * 2**30)} {(0, 0)}"


def test_what_takes_more_memory_than_git_has_is_no_answer(
    repository: GitRepository, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr("butterfly_gitops.source.git_process._LIMITS", (str(24 * 1024), "100000"))
    root = tree(repository, b"100644", stored(repository, "blob", b""), [b"#" * 24 * 2**20])
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    with pytest.raises(SourceUnavailable):
        at(repository, root).fetch()
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 24 * 1024


def test_git_that_never_stops_talking_is_ended(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    fake = tmp_path / "git"
    fake.write_text("#!/bin/sh\nexec yes\n")
    fake.chmod(0o700)
    monkeypatch.setenv("PATH", f"{tmp_path}{os.pathsep}{os.environ['PATH']}")
    with pytest.raises(SourceUnavailable, match="answers more than"):
        git_command.Git(folder=tmp_path, kept_variables=("PATH",)).output("ls-remote")
