"""`bgo validate`: streams, formats, exit codes, and which folder it means."""

import json
import os
import shutil
from pathlib import Path

import pytest

from tests.cli.command_line import ROOT, run

GOLDEN = ROOT / "tests" / "golden" / "validate.txt"


@pytest.fixture
def checkout(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A copy of the sample sites, in the working folder."""
    shutil.copytree(ROOT / "sites", tmp_path / "sites")
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def misspelt(checkout: Path) -> Path:
    path = checkout / "sites/st-elsewhere/archives.yaml"
    text = path.read_text(encoding="utf-8")
    line = "forward_to: [epic-prod]            # at most 3 endpoints of this site"
    assert line in text
    path.write_text(text.replace(line, "forward_to: [epic-prd]"), encoding="utf-8")
    return checkout


@pytest.mark.usefixtures("checkout")
def test_sound_sites(capfd):
    ran = run(capfd, "validate")
    assert (ran.code, ran.out) == (0, "")
    assert ran.err == "11 files, 3 sites, 6 EHR endpoints: no problems\n"


@pytest.mark.usefixtures("misspelt")
def test_problems_go_to_standard_output_and_the_summary_to_standard_error(capfd):
    golden = GOLDEN.read_text(encoding="utf-8").splitlines(keepends=True)
    ran = run(capfd, "validate")
    assert ran.code == 1
    assert ran.out == "".join(golden[1:7])
    assert ran.err == "".join(golden[7:9])


@pytest.mark.usefixtures("misspelt")
def test_quiet_leaves_the_summary_out(capfd):
    assert run(capfd, "-q", "validate").err == ""


@pytest.mark.usefixtures("misspelt")
def test_json_is_a_list_and_alone_on_standard_output(capfd):
    ran = run(capfd, "validate", "--format", "json")
    (problem,) = json.loads(ran.out)
    assert ran.code == 1
    assert (problem["file"], problem["line"], problem["column"]) == (
        "sites/st-elsewhere/archives.yaml",
        7,
        18,
    )
    assert problem["hint"] == 'write "epic-prod" (sites/st-elsewhere/ehr-endpoints.yaml:4)'


@pytest.mark.usefixtures("misspelt")
def test_github_annotations(capfd):
    ran = run(capfd, "validate", "--format", "github")
    assert ran.code == 1
    assert ran.out.startswith(
        "::error file=sites/st-elsewhere/archives.yaml,title=unknown-endpoint,line=7,col=18,"
    )


@pytest.mark.usefixtures("misspelt")
@pytest.mark.parametrize(
    "path", ["sites", "sites/", "sites/seaside", "sites/st-elsewhere/archives.yaml", "sites/fleet.yaml"]
)
def test_any_path_in_the_folder_means_the_folder(capfd, path: str):
    ran = run(capfd, "validate", path)
    assert ran.code == 1
    assert ran.out.startswith("sites/st-elsewhere/archives.yaml:7:18: ")


@pytest.mark.usefixtures("misspelt")
def test_several_paths_in_one_folder_are_checked_once(capfd):
    ran = run(capfd, "validate", "sites/fleet.yaml", "sites/grants.yaml")
    assert ran.out.count("error[") == 1
    assert ran.err.count("1 error in 11 files.") == 1


def test_warnings_alone_are_no_failure(capfd, checkout: Path):
    grants = checkout / "sites/grants.yaml"
    grants.write_text(
        grants.read_text(encoding="utf-8").replace("preliminary_results: true", "preliminary_results: false"),
        encoding="utf-8",
    )
    ran = run(capfd, "validate")
    assert ran.code == 0
    assert "warning[not-entitled]" in ran.out
    assert ran.err == "\n1 warning in 11 files.\n"


@pytest.fixture
def silenced(checkout: Path) -> Path:
    """The sample sites without the grant that one endpoint asks for, which a comment answers."""
    grants, path = checkout / "sites/grants.yaml", checkout / "sites/st-elsewhere/ehr-endpoints.yaml"
    text = grants.read_text(encoding="utf-8")
    grants.write_text(
        text.replace("preliminary_results: true", "preliminary_results: false"), encoding="utf-8"
    )
    text = path.read_text(encoding="utf-8")
    asks = "    preliminary_results: when_attestation_requested"
    assert asks in text
    comment = "    # bgo: ignore not-entitled: the grant comes in May\n"
    path.write_text(text.replace(asks, comment + asks), encoding="utf-8")
    return checkout


@pytest.mark.usefixtures("silenced")
def test_what_a_comment_silences_is_counted_and_not_shown(capfd):
    ran = run(capfd, "validate")
    assert (ran.code, ran.out) == (0, "")
    assert ran.err == "11 files, 3 sites, 6 EHR endpoints: no problems, 1 warning silenced\n"
    assert run(capfd, "validate", "--format", "github").out == ""


@pytest.mark.usefixtures("silenced")
@pytest.mark.parametrize("arguments", [("validate", "-v"), ("-v", "validate")], ids=" ".join)
def test_verbose_shows_what_a_comment_silences(capfd, arguments: tuple[str, ...]):
    ran = run(capfd, *arguments)
    assert ran.code == 0
    assert "warning[not-entitled]" in ran.out
    assert " = silenced: the grant comes in May\n" in ran.out


@pytest.mark.usefixtures("silenced")
def test_json_lists_what_a_comment_silences_with_its_reason(capfd):
    (problem,) = json.loads(run(capfd, "validate", "--format", "json").out)
    assert problem["silenced"] == "the grant comes in May"


@pytest.mark.usefixtures("checkout")
@pytest.mark.parametrize(
    ("path", "hint"),
    [
        ("sites/nope.yaml", "the nearest is sites"),
        ("sites/flet.yaml", "the nearest is sites/fleet.yaml"),
        ("sites/st-elsewhere/archive.yaml", "the nearest is sites/st-elsewhere/archives.yaml"),
        ("sites/st-elsewhre/archives.yaml", "the nearest is sites/st-elsewhere"),
        ("site", "the nearest is sites"),
        ("archives.yaml", "give the sites folder, or a file in it"),
        ("elsewhere/deep/site.yaml", "give the sites folder, or a file in it"),
    ],
)
def test_a_path_that_is_not_there_is_wrong_usage(capfd, path: str, hint: str):
    ran = run(capfd, "validate", path)
    assert (ran.code, ran.out) == (64, "")
    assert f"{path}: there is no such file or folder; {hint}.\n" in ran.err


@pytest.mark.usefixtures("checkout")
def test_a_folder_that_is_no_sites_folder_is_wrong_usage(capfd, tmp_path: Path):
    (tmp_path / "elsewhere" / "st-elsewhere").mkdir(parents=True)
    ran = run(capfd, "validate", str(tmp_path / "elsewhere"))
    assert (ran.code, ran.out) == (64, "")
    assert "no sites folder, for it has no fleet.yaml; give the sites folder, or a file in it.\n" in ran.err


@pytest.mark.parametrize("path", ["README.md", "notes/site.txt"])
def test_a_file_beside_the_configuration_is_none_of_its_files(capfd, checkout: Path, path: str):
    (checkout / "notes").mkdir()
    (checkout / path).write_text("version: 1\n", encoding="utf-8")
    ran = run(capfd, "validate", path)
    assert (ran.code, ran.out) == (64, "")
    assert f"{path}: no file of the configuration; give the sites folder, or a file in it.\n" in ran.err


@pytest.mark.usefixtures("checkout")
def test_the_folder_above_the_sites_is_told_where_they_are(capfd):
    ran = run(capfd, "validate", ".")
    assert (ran.code, ran.out) == (64, "")
    assert ".: no sites folder; it is sites.\n" in ran.err


def test_any_file_in_the_folder_means_the_folder(capfd, checkout: Path):
    (checkout / "sites/README.md").write_text("What stands here.\n", encoding="utf-8")
    assert run(capfd, "validate", "sites/README.md").code == 0


def test_a_missing_folder_is_one_line(capfd, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.chdir(tmp_path)
    ran = run(capfd, "validate")
    assert (ran.code, ran.out, ran.err) == (1, "", "bgo: sites: there is no such folder\n")


@pytest.fixture
def unread(misspelt: Path) -> Path:
    """The misspelt name, beside a link, a submodule and something that cannot be read."""
    sites = misspelt / "sites"
    (sites / "notes.md").symlink_to("fleet.yaml")
    (sites / "vendor/.git").mkdir(parents=True)
    (sites / "seaside/archives.yaml").unlink()
    os.mkfifo(sites / "seaside/archives.yaml")
    return misspelt


RULES_OF_UNREAD = ["symbolic-link", "unreadable-file", "unknown-endpoint", "submodule"]


@pytest.mark.usefixtures("unread")
def test_what_cannot_be_read_hides_no_other_problem(capfd):
    ran = run(capfd, "validate")
    assert ran.code == 1
    heads = [line for line in ran.out.splitlines() if "error[" in line]
    assert [line.partition("[")[2].partition("]")[0] for line in heads] == RULES_OF_UNREAD
    assert heads[0].startswith("sites/notes.md: error[symbolic-link]: ")
    assert ran.out.count(" = hint: ") == 4
    assert "every site keeps what it runs now." in ran.err


@pytest.mark.usefixtures("unread")
def test_what_cannot_be_read_stands_in_json(capfd):
    ran = run(capfd, "validate", "--format", "json")
    assert [problem["rule"] for problem in json.loads(ran.out)] == RULES_OF_UNREAD


@pytest.mark.usefixtures("unread")
def test_what_cannot_be_read_is_annotated(capfd):
    ran = run(capfd, "validate", "--format", "github")
    assert ran.out.startswith("::error file=sites/notes.md,title=symbolic-link::")
    assert ran.out.count("::error ") == 4


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
@pytest.mark.parametrize("path", ["sites/seaside/site.yaml", "sites/seaside"])
def test_what_this_user_may_not_read_is_a_problem(capfd, misspelt: Path, path: str):
    (misspelt / path).chmod(0)
    ran = run(capfd, "validate")
    (misspelt / path).chmod(0o755)
    assert ran.out.startswith(f"{path}: error[unreadable-file]: this user may not read it\n")
    assert "error[unknown-endpoint]" in ran.out


def test_an_emptied_folder_keeps_everything(capfd, checkout: Path):
    shutil.rmtree(checkout / "sites")
    (checkout / "sites").mkdir()
    ran = run(capfd, "validate")
    assert ran.code == 1
    assert ran.out.startswith("sites: error[no-site]: there is no site in this folder\n")
    assert "every site keeps what it runs now." in ran.err


def test_a_deleted_file_keeps_its_site(capfd, checkout: Path):
    (checkout / "sites/seaside/archives.yaml").unlink()
    ran = run(capfd, "validate")
    assert ran.code == 1
    assert ran.out.startswith("sites/seaside/archives.yaml: error[missing-file]: ")
    assert "seaside keeps what it runs now." in ran.err
