"""Another revision read from git gives the same bytes as the folder that was committed."""

from pathlib import Path

import pytest

from butterfly_gitops.config.text import pem
from butterfly_gitops.config.text.plain_text import MAX_BYTES
from butterfly_gitops.source.folder import read_folder
from butterfly_gitops.source.git_tree import Revision, fork_point, read_tree
from butterfly_gitops.source.interface import SourceUnavailable
from tests.cli.git_repository import GitRepository, repository_with_sites


@pytest.fixture
def repository(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> GitRepository:
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", "/dev/null")
    return repository_with_sites(tmp_path / "fleet")


def write(repository: GitRepository, files: dict[str, bytes]) -> None:
    for path, content in files.items():
        file = repository.root / "sites" / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(content)
    repository.commit()


@pytest.mark.parametrize(
    "files",
    [
        {},
        {"certs/epic-ca.pem": b"not read", "certs/.hidden.yaml": b"passed over"},
        {
            "certs/epic-ca.pem": b"-----BEGIN CERTIFICATE-----\nMIIB\n",
            "certs/same.yaml": b"-----BEGIN CERTIFICATE-----\nMIIB\n",
            "certs/large.pem": b"-----BEGIN CERTIFICATE-----\n" + b"#" * pem.MAX_BYTES,
            "empty.yaml": b"",
            "empty.txt": b"",
            "same.yaml": b"version: 1",
            "same.txt": b"version: 1",
        },
        {"large.yaml": b"#" * (MAX_BYTES + 100)},
        {
            "empty.yaml": b"",
            "twice.yaml": b"",
            "line\nfeed.yaml": b"a\nb",
            "bad-\xc3\xbc name.yaml".encode(): b"x",
        },
        {"no-end.yaml": b"version: 1", "zero.yaml": b"\0\n\n"},
    ],
    ids=["sample", "others", "in-pem", "large", "odd-names", "odd-content"],
)
def test_a_commit_reads_as_its_folder_does(repository: GitRepository, files: dict[str, bytes]) -> None:
    write(
        repository,
        {str(name, "utf-8") if isinstance(name, bytes) else name: data for name, data in files.items()},
    )
    sites = repository.root / "sites"
    assert read_tree(sites, fork_point(sites)) == read_folder(sites)


def test_the_whole_repository_may_be_the_folder(repository: GitRepository) -> None:
    assert read_tree(repository.root, fork_point(repository.root)) == read_folder(repository.root)


def test_a_folder_beside_with_a_longer_name_is_not_read(repository: GitRepository) -> None:
    write(repository, {"../sites-old/fleet.yaml": b"version: 1"})
    sites = repository.root / "sites"
    assert read_tree(sites, fork_point(sites)) == read_folder(sites)


def test_a_submodule_is_refused(repository: GitRepository) -> None:
    commit = repository.git("rev-parse", "HEAD")
    repository.git("update-index", "--add", "--cacheinfo", f"160000,{commit},sites/inner")
    repository.git("commit", "--quiet", "--message", "Add a submodule")
    sites = repository.root / "sites"
    with pytest.raises(SourceUnavailable) as error:
        read_tree(sites, fork_point(sites))
    assert error.value.reason == "a submodule; put the files there"


@pytest.mark.parametrize(
    ("name", "printed"),
    [("main", "main at 9c0d3aa"), ("9c0d3aa", "9c0d3aa"), ("9c0d3aa41f", "9c0d3aa")],
    ids=["branch", "short", "longer"],
)
def test_a_revision_is_printed_for_a_person(name: str, printed: str) -> None:
    assert str(Revision(name=name, commit="9c0d3aa41f" + "0" * 30)) == printed
