"""A branch of a real repository as a source: what is read, what is refused, and what fixes itself."""

import os
import shutil
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from butterfly_gitops.source.folder import read_folder
from butterfly_gitops.source.git import GitSource
from butterfly_gitops.source.git_address import parse_git_address
from butterfly_gitops.source.interface import Snapshot, Source, SourceUnavailable
from tests.cli.git_repository import GitRepository, empty_repository, repository_with_sites

ENDPOINTS = "sites/st-elsewhere/ehr-endpoints.yaml"


@pytest.fixture
def repository(tmp_path: Path) -> GitRepository:
    return repository_with_sites(tmp_path / "fleet")


def source_of(repository: GitRepository, *, branch: str = "main", folder: str = "sites") -> GitSource:
    address = parse_git_address(f"{repository.root}#{branch}:{folder}")
    return GitSource(address, cache=repository.root.parent / "state" / "git")


def refusal(source: GitSource) -> SourceUnavailable:
    with pytest.raises(SourceUnavailable) as caught:
        source.fetch()
    return caught.value


def moves_port(repository: GitRepository, port: int) -> str:
    old = (repository.root / ENDPOINTS).read_text(encoding="utf-8")
    line = next(line for line in old.split("\n") if line.strip().startswith("port:"))
    repository.edit(ENDPOINTS, line, f"    port: {port}")
    return repository.commit()


def mirror_of(repository: GitRepository) -> Path:
    (mirror,) = (repository.root.parent / "state" / "git").iterdir()
    return mirror


def test_a_branch_reads_as_its_folder_does(repository: GitRepository) -> None:
    source: Source = source_of(repository)
    commit = repository.git("rev-parse", "HEAD")
    assert source.fetch() == Snapshot(
        files=read_folder(repository.root / "sites"),
        revision=commit,
        described=f"sites/ at {commit[:7]}",
        root="sites",
        commit=commit,
    )


@pytest.mark.parametrize("form", ["{path}", "file://{path}"], ids=["path", "file-url"])
def test_a_repository_on_this_machine_has_two_forms(repository: GitRepository, form: str) -> None:
    address = parse_git_address(f"{form.format(path=repository.root)}#main:sites")
    assert GitSource(address, cache=repository.root.parent / "git").fetch().files


@pytest.mark.parametrize("url", ["ssh://git@git.example.org{path}", "git@git.example.org:{path}"])
def test_ssh_is_asked_as_the_administrator_says(
    repository: GitRepository, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, url: str
) -> None:
    # As ssh does: the last argument is a command line for the other side.
    ssh = tmp_path / "ssh"
    ssh.write_text(f'#!/bin/sh\necho "$@" >> {tmp_path}/asked\nfor last; do :; done\neval "$last"\n')
    ssh.chmod(0o700)
    monkeypatch.setenv("GIT_SSH_COMMAND", str(ssh))
    address = parse_git_address(f"{url.format(path=repository.root)}#main:sites")
    assert GitSource(address, cache=tmp_path / "git").fetch().files
    assert "git@git.example.org" in (tmp_path / "asked").read_text()


def test_the_cache_may_be_relative(
    repository: GitRepository, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    address = parse_git_address("fleet#main:sites")
    assert GitSource(address, cache=Path("state/git")).fetch() == source_of(repository).fetch()
    assert mirror_of(repository).is_dir()


def test_the_whole_repository_may_be_the_folder(repository: GitRepository) -> None:
    assert source_of(repository, folder="").fetch().files == read_folder(repository.root)


def test_a_commit_is_seen_at_the_next_pass(repository: GitRepository) -> None:
    source = source_of(repository)
    first = source.fetch()
    commit = moves_port(repository, 7000)
    second = source.fetch()
    assert second.commit == commit != first.commit
    assert b"port: 7000" in second.files["st-elsewhere/ehr-endpoints.yaml"]
    assert source.is_forward({first.commit}, second.commit)


def test_two_commits_between_passes_are_one_step(repository: GitRepository) -> None:
    source = source_of(repository)
    first = source.fetch()
    moves_port(repository, 7000)
    repository.git("checkout", "--quiet", "-b", "other")
    moves_port(repository, 7001)
    repository.git("checkout", "--quiet", "main")
    repository.git("merge", "--quiet", "--no-ff", "--message", "Merge", "other")
    last = source.fetch()
    assert last.commit == repository.git("rev-parse", "HEAD")
    assert source.is_forward({first.commit}, last.commit)


def test_only_the_branch_is_followed(repository: GitRepository) -> None:
    source = source_of(repository)
    first = source.fetch()
    repository.git("checkout", "--quiet", "-b", "other")
    moves_port(repository, 7000)
    assert source.fetch() == first


def test_what_did_not_change_is_the_same_bytes_and_is_not_read_again(repository: GitRepository) -> None:
    source = source_of(repository)
    first = source.fetch()
    moves_port(repository, 7000)
    second = source.fetch()
    again = {path for path, content in second.files.items() if content is not first.files[path] and content}
    assert again == {"st-elsewhere/ehr-endpoints.yaml"}


def amends(repository: GitRepository) -> None:
    repository.git("commit", "--quiet", "--amend", "--message", "Say it otherwise")


def begins_anew(repository: GitRepository) -> None:
    repository.git("checkout", "--quiet", "--orphan", "new")
    moves_port(repository, 7009)
    repository.git("branch", "--quiet", "--move", "--force", "main")


def goes_back(repository: GitRepository) -> None:
    repository.git("reset", "--quiet", "--hard", "HEAD~1")


@pytest.mark.parametrize("rewrite", [amends, begins_anew, goes_back])
def test_a_rewritten_branch_is_read_and_is_not_forward(repository: GitRepository, rewrite) -> None:
    source = source_of(repository)
    moves_port(repository, 7000)
    applied = source.fetch().commit
    rewrite(repository)
    wanted = source.fetch()
    assert wanted.commit == repository.git("rev-parse", "HEAD")
    assert not source.is_forward({applied}, wanted.commit)


def test_history_is_asked_of_all_that_is_applied(repository: GitRepository) -> None:
    source = source_of(repository)
    first = source.fetch().commit
    parted = moves_port(repository, 7000)
    source.fetch()
    amends(repository)
    last = moves_port(repository, 7001)
    source.fetch()
    assert source.is_forward({first, last}, last)
    assert not source.is_forward({first, parted}, last)


@pytest.mark.parametrize(
    ("applied", "expected"),
    [
        (set(), True),
        ({"sha256:" + "0" * 64}, True),
        ({""}, True),
        ({"0" * 40}, False),
        ({"--all"}, True),
    ],
    ids=["nothing", "a folder", "empty", "a commit that is not there", "an option"],
)
def test_what_is_applied_may_be_no_commit_of_this_branch(
    repository: GitRepository, applied: set[str], expected: bool
) -> None:
    source = source_of(repository)
    assert source.is_forward(applied, source.fetch().commit) is expected


def test_history_is_known_to_a_new_process_and_a_new_mirror(repository: GitRepository) -> None:
    first = source_of(repository).fetch().commit
    last = moves_port(repository, 7000)
    assert source_of(repository).fetch().commit == last
    assert source_of(repository).is_forward({first}, last)
    shutil.rmtree(repository.root.parent / "state")
    other = source_of(repository)
    other.fetch()
    assert other.is_forward({first}, last)


def test_a_source_that_is_away_says_so_and_comes_back(repository: GitRepository) -> None:
    source = source_of(repository)
    source.fetch()
    away = repository.root.rename(repository.root.with_name("away"))
    assert "does not appear to be a git repository" in str(refusal(source))
    away.rename(repository.root)
    commit = moves_port(repository, 7000)
    assert source.fetch().commit == commit


def test_a_branch_that_is_renamed_is_missing(repository: GitRepository) -> None:
    source = source_of(repository)
    source.fetch()
    repository.git("branch", "--move", "trunk")
    assert refusal(source).reason == "it has no branch main"
    assert source_of(repository, branch="trunk").fetch().files


def test_a_branch_whose_name_only_ends_alike_is_another(repository: GitRepository) -> None:
    repository.git("branch", "--move", "old/main")
    assert refusal(source_of(repository)).reason == "it has no branch main"


def test_an_empty_repository(tmp_path: Path) -> None:
    assert refusal(source_of(empty_repository(tmp_path / "fleet"))).reason == "it has no commit yet"


@pytest.mark.parametrize("folder", ["clinics", "sites/fleet.yaml", "site"], ids=["none", "a file", "prefix"])
def test_a_missing_folder(repository: GitRepository, folder: str) -> None:
    error = refusal(source_of(repository, folder=folder))
    assert error.place == f"{repository.root}#main"
    assert (
        error.reason == f"there is no folder {folder} at {repository.git('rev-parse', '--short=7', 'HEAD')}"
    )


def test_a_folder_that_is_a_symbolic_link_is_none(repository: GitRepository) -> None:
    (repository.root / "current").symlink_to("sites")
    repository.commit()
    assert "there is no folder current" in refusal(source_of(repository, folder="current")).reason


@pytest.mark.parametrize("target", ["site.yaml", "../seaside", "nowhere"])
def test_a_symbolic_link_is_refused(repository: GitRepository, target: str) -> None:
    (repository.root / "sites" / "st-elsewhere" / "other.yaml").symlink_to(target)
    commit = repository.commit()
    error = refusal(source_of(repository))
    assert error.place == f"st-elsewhere/other.yaml in sites/ at {commit[:7]}"
    assert error.reason == "a symbolic link; put the file itself there"


def test_a_submodule_is_refused(repository: GitRepository) -> None:
    inner = repository.git("rev-parse", "HEAD")
    repository.git("update-index", "--add", "--cacheinfo", f"160000,{inner},sites/inner")
    repository.git("commit", "--quiet", "--message", "Add a submodule")
    assert refusal(source_of(repository)).reason == "a submodule; put the files there"


def test_links_beside_the_folder_are_nobodys_concern(repository: GitRepository) -> None:
    (repository.root / "latest").symlink_to("sites")
    repository.commit()
    assert source_of(repository).fetch().files


def empties_objects(mirror: Path) -> None:
    for file in (mirror / "objects").rglob("*"):
        if file.is_file():
            file.chmod(0o600)
            file.write_bytes(b"")


def loses_objects(mirror: Path) -> None:
    shutil.rmtree(mirror / "objects")


def loses_head(mirror: Path) -> None:
    (mirror / "HEAD").unlink()


def breaks_settings(mirror: Path) -> None:
    (mirror / "config").write_text("[[[")


def was_killed(mirror: Path) -> None:
    (mirror / "refs" / "heads" / "followed.lock").write_text("")


def is_a_file(mirror: Path) -> None:
    shutil.rmtree(mirror)
    mirror.write_text("")


def is_gone(mirror: Path) -> None:
    shutil.rmtree(mirror)


@pytest.mark.parametrize(
    "damage",
    [empties_objects, loses_objects, loses_head, breaks_settings, was_killed, is_a_file, is_gone],
)
@pytest.mark.parametrize("moved", [True, False], ids=["after a commit", "without one"])
@pytest.mark.parametrize("again", [True, False], ids=["same process", "new process"])
def test_a_broken_mirror_is_made_anew(repository: GitRepository, damage, moved: bool, again: bool) -> None:
    source = source_of(repository)
    first = source.fetch()
    damage(mirror_of(repository))
    last = moves_port(repository, 7000) if moved else first.commit
    found = (source if again else source_of(repository)).fetch()
    assert found.commit == last
    assert found.files == read_folder(repository.root / "sites")
    assert source.is_forward({first.commit}, last)


def test_a_cache_that_cannot_be_written_is_said(repository: GitRepository, tmp_path: Path) -> None:
    (tmp_path / "state").write_text("")
    assert refusal(source_of(repository)).place.startswith(str(tmp_path / "state"))


def test_the_mirror_is_bare_and_private_and_knows_no_remote(repository: GitRepository) -> None:
    source_of(repository).fetch()
    mirror = mirror_of(repository)
    assert stat.S_IMODE(mirror.stat().st_mode) == 0o700
    assert stat.S_IMODE(mirror.parent.stat().st_mode) == 0o700
    assert not (mirror / "hooks").exists()
    assert not (mirror / "FETCH_HEAD").exists()
    assert str(repository.root) not in (mirror / "config").read_text()


def hook(path: Path, marker: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f"#!/bin/sh\ntouch {marker}\n")
    path.chmod(0o700)


def test_nothing_of_the_callers_settings_is_used(
    repository: GitRepository, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    marker = tmp_path / "ran"
    hook(tmp_path / "hooks" / "reference-transaction", marker)
    settings = tmp_path / ".gitconfig"
    settings.write_text(
        f'[core]\n hooksPath = {tmp_path}/hooks\n[url "/nowhere/"]\n insteadOf = {tmp_path}/\n'
        f"[init]\n templateDir = {tmp_path}\n"
    )
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", str(settings))
    monkeypatch.setenv("GIT_DIR", str(tmp_path / "elsewhere"))
    monkeypatch.setenv("GIT_CONFIG_PARAMETERS", "'core.bare=what'")
    assert source_of(repository).fetch().files
    assert not marker.exists()


def test_a_repository_around_the_state_changes_nothing(repository: GitRepository, tmp_path: Path) -> None:
    around = empty_repository(tmp_path)
    around.git("config", "url./nowhere/.insteadOf", f"{tmp_path}/")
    source = source_of(repository)
    assert source.fetch().files
    shutil.rmtree(mirror_of(repository) / "refs")
    assert source.fetch().files


def test_git_that_gives_no_answer_is_ended(
    repository: GitRepository, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # The child keeps the pipes open: it must end with its parent.
    fake = tmp_path / "bin" / "git"
    fake.parent.mkdir()
    fake.write_text("#!/bin/sh\nsleep 600 &\nsleep 600\n")
    fake.chmod(0o700)
    monkeypatch.setenv("PATH", f"{fake.parent}{os.pathsep}{os.environ['PATH']}")
    address = parse_git_address(f"{repository.root}#main:sites")
    source = GitSource(address, cache=tmp_path / "git", ask_limit_s=0.2)
    assert str(refusal(source)) == "git ls-remote: no answer in 0.2s"


def test_without_git_it_says_so(
    repository: GitRepository, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    assert refusal(source_of(repository)).reason.startswith("not found on PATH")


ENDS = """
import asyncio, sys
from pathlib import Path
from butterfly_gitops.daemon_thread import in_daemon_thread
from butterfly_gitops.source.git import GitSource
from butterfly_gitops.source.git_address import parse_git_address

async def main():
    folder = Path(sys.argv[1])
    source = GitSource(parse_git_address("/nowhere#main:sites"), cache=folder / "git")
    fetching = in_daemon_thread(source.fetch)
    print(await asyncio.to_thread((folder / "started").read_text))
    fetching.cancel()

asyncio.run(main())
"""


def test_git_that_gives_no_answer_holds_no_end_up_and_ends_too(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    os.mkfifo(tmp_path / "started")
    fake = tmp_path / "bin" / "git"
    fake.parent.mkdir()
    fake.write_text(f"#!/bin/sh\necho $$ > {tmp_path}/started\nexec sleep 600\n")
    fake.chmod(0o700)
    monkeypatch.setenv("PATH", f"{fake.parent}{os.pathsep}{os.environ['PATH']}")
    ran = subprocess.run([sys.executable, "-c", ENDS, tmp_path], capture_output=True, text=True, check=True)
    process = Path("/proc", ran.stdout.strip(), "stat")
    # Nobody may have asked yet how it ended.
    assert not process.exists() or process.read_text().split()[2] == "Z"
