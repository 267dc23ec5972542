"""`bgo init`: a repository that passes every check, from the first file to the first difference."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from butterfly_gitops.cli.init import machine_zone
from butterfly_gitops.cli.output import ExitCode
from butterfly_gitops.cli.schema import published
from tests.cli.command_line import Ran, run
from tests.cli.git_repository import GitRepository
from tests.table import in_one_test

ENDPOINTS = "sites/first-site/ehr-endpoints.yaml"


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The working folder, on a machine that is set to Berlin."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("TZ", "Europe/Berlin")
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", "/dev/null")
    return tmp_path


@pytest.fixture
def bgo(capfd: pytest.CaptureFixture[str]):
    def call(*arguments: str) -> Ran:
        return run(capfd, *arguments)

    return call


def written(folder: Path) -> dict[str, str]:
    return {
        path.relative_to(folder).as_posix(): path.read_text(encoding="utf-8")
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


def test_from_nothing_to_the_first_difference(bgo, folder: Path, monkeypatch: pytest.MonkeyPatch):
    made = bgo("init", "Mercy Health")
    assert (made.code, made.err) == (ExitCode.DONE, "")
    root = folder / "Mercy Health"
    monkeypatch.chdir(root)
    checked = bgo("validate")
    assert (checked.code, checked.out) == (ExitCode.DONE, "")
    assert checked.err == "5 files, 1 site, 1 EHR endpoint: no problems\n"
    assert bgo("schema", "--check").code == ExitCode.DONE
    assert bgo("fmt", "--check").code == ExitCode.DONE
    assert "name: mercy-health\n" in (root / "sites" / "fleet.yaml").read_text(encoding="utf-8")
    repository = GitRepository(root=root)
    repository.git("init", "--quiet", "--initial-branch", "main")
    repository.commit()
    assert bgo("diff").out.startswith("No changes.\n")
    repository.edit(ENDPOINTS, "status: paused ", "status: active ")
    repository.edit("sites/first-site/archives.yaml", "forward_to: [] ", "forward_to: [main-ehr] ")
    changed = bgo("diff")
    assert changed.code == ExitCode.DONE
    assert "first-site/emergency" in changed.out
    assert "forward_to  + main-ehr" in changed.out


def test_it_says_what_it_wrote_and_the_next_three_commands(bgo, folder: Path):
    out = bgo("init", "mercy").out
    files = written(folder / "mercy")
    lines = out.splitlines()
    assert lines[0] == f"Wrote {len(files)} files to mercy:"
    listed = [line.strip() for line in lines[1 : lines.index("")]]
    assert sorted(listed[:-1]) == [path for path in files if not path.startswith("schemas/")]
    assert listed[-1] == f"schemas/ ({len(published())} files)"
    assert "The time zone of first-site is Europe/Berlin, as this machine has it" in out
    assert lines[-4:] == [
        "Next:",
        "  cd mercy",
        "  bgo validate",
        '  git init --initial-branch main && git add . && git commit --message "Start with first-site"',
    ]


@pytest.mark.soak
def test_the_next_commands_can_be_run_as_they_stand(bgo, folder: Path):
    lines = bgo("init", "it's ours").out.splitlines()
    commands = "\n".join(["set -e", f'bgo() {{ "{sys.executable}" -m butterfly_gitops "$@"; }}', *lines[-3:]])
    commands += "\nbgo diff\nbgo explain first-site/main-ehr"
    names = {"AUTHOR_NAME": "Ada", "AUTHOR_EMAIL": "a@b", "COMMITTER_NAME": "Ada", "COMMITTER_EMAIL": "a@b"}
    environment = {f"GIT_{name}": value for name, value in names.items()}
    done = subprocess.run(
        ["bash", "-c", commands], cwd=folder, check=False, capture_output=True, text=True,
        env={"PATH": os.environ["PATH"], "GIT_CONFIG_GLOBAL": "/dev/null", **environment},
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert "No changes." in done.stdout
    assert "paused" in done.stdout


def test_into_a_clone_of_an_empty_repository(bgo, folder: Path):
    GitRepository(root=folder).git("init", "--quiet", "--initial-branch", "main")
    (folder / "LICENSE").write_text("ours")
    ran = bgo("init", ".", "--name", "mercy")
    assert ran.code == ExitCode.DONE
    assert (folder / "LICENSE").read_text() == "ours"
    assert ran.out.splitlines()[-4:] == [
        "Next:",
        "  bgo validate",
        '  git add . && git commit --message "Start with first-site"',
        "  bgo explain first-site/main-ehr",
    ]


def test_a_folder_of_another_repository_is_told_what_forges_read(bgo, folder: Path):
    GitRepository(root=folder).git("init", "--quiet")
    ran = bgo("init", "fleets/mercy")
    assert ran.code == ExitCode.DONE
    assert (
        f"This folder lies in the repository {folder}; forges read pipelines and CODEOWNERS only at"
        in ran.out
    )


@pytest.mark.parametrize(
    ("there", "said"),
    [
        (["README.md"], "README.md is"),
        (["README.md", "schemas/fleet.v1.schema.json"], "README.md, schemas/fleet.v1.schema.json are"),
        (["sites/other/site.yaml"], "sites is"),
    ],
    ids=["one", "two", "another fleet"],
)
def test_nothing_that_is_there_is_replaced(bgo, folder: Path, there: list[str], said: str):
    for path in there:
        (folder / "mercy" / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / "mercy" / path).write_text("theirs")
    ran = bgo("init", "mercy")
    assert (ran.code, ran.out) == (ExitCode.FAILED, "")
    assert ran.err.startswith(f"bgo: {said} in mercy already; nothing was written.")
    assert written(folder) == {f"mercy/{path}": "theirs" for path in there}


def test_a_second_time_is_refused(bgo, folder: Path):
    assert bgo("init", "mercy").code == ExitCode.DONE
    before = written(folder)
    assert bgo("init", "mercy").code == ExitCode.FAILED
    assert written(folder) == before


def test_all_that_can_be_said(bgo, folder: Path, monkeypatch: pytest.MonkeyPatch):
    ran = bgo(
        "init", "x", "--name", "county", "--site", "st-elsewhere", "--time-zone", "America/New_York",
        "--ci", "gitlab", "--home", "https://git.example.org/tools/butterfly-gitops.git",
    )  # fmt: skip
    assert ran.code == ExitCode.DONE
    assert "The time zone of st-elsewhere is America/New_York, as you said" in ran.out
    assert "_OWNER_" not in ran.out
    files = written(folder / "x")
    assert "name: county\n" in files["sites/fleet.yaml"]
    assert (
        "display_name: St elsewhere\ntime_zone: America/New_York\n" in files["sites/st-elsewhere/site.yaml"]
    )
    assert ".github/workflows/sites.yml" not in files
    assert ".gitlab-ci.yml" in files
    assert "repo: https://git.example.org/tools/butterfly-gitops\n" in files[".pre-commit-config.yaml"]
    monkeypatch.chdir(folder / "x")
    assert bgo("validate").out == ""


def test_quiet_says_nothing(bgo):
    ran = bgo("-q", "init", "mercy")
    assert (ran.code, ran.out, ran.err) == (ExitCode.DONE, "", "")


@in_one_test(
    ("arguments", "said"),
    [
        (("--site", "St. Elsewhere"), '"St. Elsewhere" is no name: small letters, digits and hyphens, at most 63, such as st-elsewhere'),
        (("--site", ""), '"" is no name'),
        (("--site", "x" * 64), "at most 63"),
        (("--site", "../up"), "is no name"),
        (("--site", "grants"), "no site can be called grants"),
        (("--name", "Mercy Health"), "such as mercy-health"),
        (("--time-zone", "EST"), 'there is no time zone "EST"; write "America/New_York"'),
        (("--time-zone", "Europe/Berln"), 'write "Europe/Berlin"'),
        (("--time-zone", "UTC\nlinks: {}"), "there is no time zone"),
        (("--time-zone", ""), "there is no time zone"),
        (("--home", "git@example.org:tools/bgo"), "is no address like https://github.com/"),
        (("--home", "https://git.example.org/a b"), "is no address like"),
        (("--home", "file://host/bgo"), "or file:///folder for a trial"),
        (("--home", "file:///"), "is no address like"),
        (("--ci", "jenkins"), "'jenkins' is not one of"),
    ],
    ids=lambda value: " ".join(value)[:30] if isinstance(value, tuple) else "",
)  # fmt: skip
def test_a_wrong_word_is_told_with_its_hint(bgo, folder: Path, arguments: tuple[str, str], said: str):
    ran = bgo("init", "mercy", *arguments)
    assert (ran.code, ran.out) == (ExitCode.USAGE, "")
    assert said in " ".join(ran.err.split())
    assert written(folder) == {}


def test_the_hooks_of_the_new_repository_are_well_formed(bgo, folder: Path):
    bgo("init", "mercy")
    done = subprocess.run(
        [sys.executable, "-m", "pre_commit", "validate-config", "mercy/.pre-commit-config.yaml"],
        cwd=folder, check=False, capture_output=True, text=True,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout


@pytest.mark.parametrize("zone", ["EST5EDT,M3.2.0,M11.1.0", "Mars/Base", "", "Factory"])
def test_a_machine_that_names_no_place_is_in_utc_and_that_is_said(
    bgo, folder: Path, monkeypatch: pytest.MonkeyPatch, zone: str
):
    monkeypatch.setenv("TZ", zone or "/")
    ran = bgo("init", "mercy")
    assert "The time zone of first-site is UTC, for this machine names no place" in ran.out
    assert "time_zone: UTC\n" in written(folder)["mercy/sites/first-site/site.yaml"]


@pytest.mark.parametrize(
    ("said", "link", "zone"),
    [
        ("Asia/Kolkata", "/usr/share/zoneinfo/Europe/Berlin", "Asia/Kolkata"),
        (":Asia/Kolkata", "", "Asia/Kolkata"),
        (":/usr/share/zoneinfo/Asia/Kolkata", "", "Asia/Kolkata"),
        ("", "/usr/share/zoneinfo/America/Argentina/Ushuaia", "America/Argentina/Ushuaia"),
        ("", "../usr/share/zoneinfo/Etc/UTC", "UTC"),
        ("", "/etc/elsewhere", None),
        ("", "", None),
    ],
)
def test_the_zone_of_a_machine(folder: Path, said: str, link: str, zone: str | None):
    localtime = folder / "localtime"
    if link:
        localtime.symlink_to(link)
    assert machine_zone({"TZ": said} if said else {}, localtime) == zone
