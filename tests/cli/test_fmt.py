"""`bgo fmt`: what it writes, what it leaves, streams and exit codes."""

import shutil
import stat
import subprocess
from pathlib import Path

import pytest

from tests.cli.command_line import ROOT, run

UNTIDY = "version:   1\r\nname: x"
TIDY = "version: 1\nname: x\n"


@pytest.fixture
def sites(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A copy of the sample sites, in the working folder."""
    shutil.copytree(ROOT / "sites", tmp_path / "sites")
    monkeypatch.chdir(tmp_path)
    return tmp_path / "sites"


@pytest.fixture
def untidy(sites: Path) -> Path:
    path = sites / "fleet.yaml"
    path.write_bytes(UNTIDY.encode())
    return path


def test_the_sample_sites_are_laid_out(capfd, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.chdir(ROOT)
    ran = run(capfd, "fmt", "--check")
    assert (ran.code, ran.out, ran.err) == (0, "", "11 files: all laid out\n")


@pytest.mark.usefixtures("untidy")
def test_a_changed_file_is_written_and_named(capfd, sites: Path):
    ran = run(capfd, "fmt")
    assert (ran.code, ran.out, ran.err) == (0, "sites/fleet.yaml\n", "11 files: 1 laid out\n")
    assert (sites / "fleet.yaml").read_bytes() == TIDY.encode()
    assert [path.name for path in sites.iterdir() if path.name.startswith(".")] == []
    assert run(capfd, "fmt").out == ""


def test_the_mode_stays(capfd, untidy: Path):
    untidy.chmod(0o640)
    run(capfd, "fmt")
    assert stat.S_IMODE(untidy.stat().st_mode) == 0o640


def test_what_is_laid_out_is_not_written(capfd, untidy: Path, sites: Path):
    others = [path for path in sites.rglob("*.yaml") if path != untidy]
    before = [(path, path.stat().st_ino, path.stat().st_mtime_ns) for path in others]
    run(capfd, "fmt")
    assert [(path, path.stat().st_ino, path.stat().st_mtime_ns) for path in others] == before


def test_a_check_writes_nothing_and_shows_a_diff(capfd, untidy: Path):
    ran = run(capfd, "fmt", "--check")
    assert (ran.code, ran.err) == (1, "11 files: 1 would change\n")
    assert ran.out == (
        "--- sites/fleet.yaml\n+++ sites/fleet.yaml\n@@ -1,2 +1,2 @@\n"
        "-version:   1\r\n-name: x\n\\ No newline at end of file\n+version: 1\n+name: x\n"
    )
    assert untidy.read_bytes() == UNTIDY.encode()


@pytest.mark.parametrize(
    "line",
    [
        "host:   https://ada:hunter22@10.20.30.40/",
        "password:   hunter22",
        "port:   6661   # password: hunter22",
        "port:   6661   # https://ada:hunter22@10.20.30.40/",
    ],
)
def test_a_diff_shows_no_secret(capfd, sites: Path, line: str):
    (sites / "fleet.yaml").write_text(f"version: 1\nname: mercy\npresets:\n  epic:\n    {line}\n")
    ran = run(capfd, "fmt", "--check", "sites/fleet.yaml")
    assert ran.code == 1
    assert "hunter22" not in ran.out + ran.err
    assert "********" in ran.out


def test_a_diff_can_be_applied(capfd, untidy: Path):
    patch = run(capfd, "fmt", "--check").out
    subprocess.run(["git", "apply", "-p0"], input=patch.encode(), cwd=untidy.parents[1], check=True)
    assert untidy.read_bytes() == TIDY.encode()


def test_a_very_long_file_is_named_without_a_diff(capfd, untidy: Path):
    untidy.write_text("version: 1\npresets:\n" + "".join(f"    p{number}: {{}}\n" for number in range(6000)))
    ran = run(capfd, "fmt", "--check", "sites/fleet.yaml")
    assert ran.code == 1
    assert ran.out.endswith("6002 lines, too many to show what changes: run `bgo fmt sites/fleet.yaml`\n")


def test_a_file_that_cannot_be_read_is_shown_and_left_while_others_are_written(
    capfd, untidy: Path, sites: Path
):
    broken = sites / "grants.yaml"
    broken.write_bytes(b"version:   1\nversion: 1\n")
    ran = run(capfd, "fmt")
    assert ran.code == 1
    assert ran.out.startswith("sites/fleet.yaml\nsites/grants.yaml:2:1: ")
    assert "duplicate-key" in ran.out
    assert ran.err == "11 files: 1 laid out, 1 cannot be read\n"
    assert broken.read_bytes() == b"version:   1\nversion: 1\n"
    assert untidy.read_bytes() == TIDY.encode()


def test_a_wrong_value_does_not_keep_a_file_from_its_layout(capfd, untidy: Path):
    untidy.write_bytes(b"unheard_of: 1\nversion:   two\n")
    assert run(capfd, "fmt").code == 0
    assert untidy.read_bytes() == b"version: two\nunheard_of: 1\n"


def test_paths_name_files_and_folders(capfd, untidy: Path, sites: Path):
    (sites / "seaside/site.yaml").write_bytes(b"version:  1\n")
    ran = run(capfd, "fmt", "sites/seaside", "sites/seaside/site.yaml")
    assert (ran.out, ran.err) == ("sites/seaside/site.yaml\n", "3 files: 1 laid out\n")
    assert untidy.read_bytes() == UNTIDY.encode()
    assert run(capfd, "fmt", str(untidy)).out == f"{untidy}\n"


def test_other_files_of_a_folder_are_left(capfd, sites: Path):
    other = sites / "certs/values.yaml"
    other.parent.mkdir()
    other.write_bytes(b"a:   1")
    assert run(capfd, "fmt").code == 0
    assert other.read_bytes() == b"a:   1"


def test_another_file_named_directly_is_wrong_usage(capfd, sites: Path):
    other = sites / "values.yaml"
    other.write_bytes(b"a:   1")
    ran = run(capfd, "fmt", "sites/values.yaml")
    assert ran.code == 64
    assert "sites/values.yaml: what is laid out is called fleet.yaml, grants.yaml, " in ran.err


@pytest.mark.parametrize("path", ["sites/nowhere", "sites/nowhere/site.yaml"])
@pytest.mark.usefixtures("sites")
def test_a_path_that_is_not_there(capfd, path: str):
    ran = run(capfd, "fmt", path)
    assert ran.code == 1
    assert ran.err.startswith(f"bgo: {path}: ")


@pytest.mark.parametrize("named", ["sites", "sites/fleet.yaml"])
def test_a_symbolic_link_is_refused(capfd, untidy: Path, named: str):
    elsewhere = untidy.parent.parent / "elsewhere.yaml"
    untidy.rename(elsewhere)
    untidy.symlink_to(elsewhere)
    ran = run(capfd, "fmt", named)
    assert ran.code == 1
    assert ran.err.startswith("bgo: sites/fleet.yaml: a symbolic link")
    assert elsewhere.read_bytes() == UNTIDY.encode()


@pytest.mark.usefixtures("untidy")
def test_quiet_leaves_the_summary_out(capfd):
    assert run(capfd, "-q", "fmt").err == ""
