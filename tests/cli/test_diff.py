"""`bgo diff` on real repositories: what it compares, what it says, and how it refuses."""

import json
import re
import shutil
import sys
from pathlib import Path

import pytest

from butterfly_gitops import __version__
from butterfly_gitops.cli.output import ExitCode
from butterfly_gitops.plan.document import from_document
from tests.cli.command_line import run
from tests.cli.git_repository import GitRepository, empty_repository, repository_with_sites

ENDPOINTS = "sites/st-elsewhere/ehr-endpoints.yaml"
GOLDEN = Path(__file__).parents[1] / "golden" / "diff.txt"


@pytest.fixture
def repository(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> GitRepository:
    made = repository_with_sites(tmp_path / "fleet")
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", "/dev/null")
    monkeypatch.chdir(made.root)
    return made


def test_an_edit_in_the_working_tree_reads_as_the_quick_start_shows(repository, capfd):
    commit = repository.git("rev-parse", "HEAD")
    repository.edit(ENDPOINTS, "port: 6661", "port: 6662")
    ran = run(capfd, "diff")
    assert (ran.code, ran.err) == (ExitCode.DONE, "")
    assert ran.out == GOLDEN.read_text(encoding="utf-8").replace("9c0d3aa", commit[:7])


def test_nothing_changed_is_said_in_a_line(repository, capfd):
    at = repository.git("rev-parse", "--short=7", "HEAD")
    assert run(capfd, "diff").out.startswith(f"No changes.\nsites/ at {at} against main at {at}\n")


@pytest.mark.parametrize("leave", ["edited", "new", "gone"])
def test_what_is_not_committed_is_the_working_tree(repository, capfd, leave):
    path = repository.root / "sites" / "st-elsewhere" / "archives.yaml"
    match leave:
        case "edited":
            path.write_text(path.read_text(encoding="utf-8") + "\n", encoding="utf-8")
        case "new":
            (path.parent / "notes.txt").write_text("")
        case _:
            path.unlink()
    assert "sites/ in the working tree against" in run(capfd, "diff").out


def test_json_is_the_plan_as_a_document(repository, capfd):
    repository.edit(ENDPOINTS, "port: 6661", "port: 6662")
    plan = from_document(json.loads(run(capfd, "diff", "--format", "json").out))
    assert [str(change.address) for change in plan.changes] == ["st-elsewhere/epic-prod.port"]


def test_markdown_is_the_comment_of_a_pull_request(repository, capfd):
    before = repository.git("rev-parse", "--short=7", "HEAD")
    repository.git("checkout", "--quiet", "-b", "move-epic")
    repository.edit(ENDPOINTS, "port: 6661", "port: 6662")
    at = repository.commit()[:7]
    ran = run(
        capfd, "diff", "--format", "markdown", "--links-to", "https://forge.example.org/f/blob/4be21f0/"
    )
    assert (ran.code, ran.err) == (ExitCode.DONE, "")
    assert ran.out == (
        "<!-- butterfly-gitops:diff sites/ -->\n"
        "### No results stop · 1 endpoint's results go elsewhere\n\n"
        f"No approval needed if `main` at `{before}` is what is applied: applies by itself after the merge. "
        "Studies finalized before that are not resent.\n\n"
        "| | Where | After the merge | Setting | Line |\n"
        "|---|---|---|---|---|\n"
        "| **Elsewhere** | st-elsewhere / **epic-prod** | Results go to 10.20.30.40:6662, waiting ones too "
        "| `port` 6661 → 6662 | [ehr-endpoints.yaml:9](https://forge.example.org/f/blob/4be21f0/"
        "sites/st-elsewhere/ehr-endpoints.yaml#L9) |\n\n"
        f"<sub>1 of 3 sites changes · `{at}` against `main` at `{before}` · from files alone: `bgo plan` counts "
        f"what waits · butterfly-gitops {__version__}</sub>\n"
    )


def test_links_are_from_the_top_of_the_repository(repository, capfd, monkeypatch):
    (repository.root / "clinics").mkdir()
    repository.git("mv", "sites", "clinics/sites")
    repository.commit()
    repository.edit("clinics/sites/st-elsewhere/ehr-endpoints.yaml", "port: 6661", "port: 6662")
    monkeypatch.chdir(repository.root / "clinics")
    out = run(capfd, "diff", "--format", "markdown", "--links-to", "https://forge.example.org").out
    assert "(https://forge.example.org/clinics/sites/st-elsewhere/ehr-endpoints.yaml#L9)" in out


def test_a_branch_is_compared_with_where_it_left_main(repository, capfd):
    repository.git("checkout", "--quiet", "-b", "move-epic")
    repository.edit(ENDPOINTS, "port: 6661", "port: 6662")
    repository.commit()
    repository.git("checkout", "--quiet", "main")
    repository.edit("sites/seaside/ehr-endpoints.yaml", "port: 4020", "port: 4021")
    repository.commit()
    repository.git("checkout", "--quiet", "move-epic")
    out = run(capfd, "diff").out
    assert "st-elsewhere/epic-prod" in out
    assert "seaside" not in out


def test_the_main_branch_is_what_origin_says(repository, capfd, tmp_path, monkeypatch):
    repository.git("branch", "--move", "trunk")
    clone = GitRepository(root=tmp_path / "clone")
    repository.git("clone", "--quiet", str(repository.root), str(clone.root))
    monkeypatch.chdir(clone.root)
    clone.edit(ENDPOINTS, "port: 6661", "port: 6662")
    commit = clone.commit()
    out = run(capfd, "diff").out
    assert f"against trunk at {repository.git('rev-parse', '--short=7', 'HEAD')}" in out
    assert f"against trunk at {commit[:7]}" not in out


@pytest.mark.parametrize("base", ["v1", "main~1", "ID"], ids=["tag", "ancestor", "commit"])
def test_any_revision_can_be_named(repository, capfd, base):
    first = repository.git("rev-parse", "HEAD")
    repository.git("tag", "v1")
    repository.edit(ENDPOINTS, "port: 6661", "port: 6662")
    repository.commit()
    out = run(capfd, "diff", first if base == "ID" else base).out
    assert "port  6661 -> 6662" in out
    assert first[:7] in out.split("\n")[1]


def test_a_folder_elsewhere_in_the_repository_is_found(repository, capfd):
    (repository.root / "clinics").mkdir()
    repository.git("mv", "sites", "clinics/sites")
    repository.commit()
    repository.edit("clinics/sites/st-elsewhere/ehr-endpoints.yaml", "port: 6661", "port: 6662")
    out = run(capfd, "diff", "HEAD", "--sites", "clinics/sites").out
    assert "1 of 3 sites changes." in out
    assert "clinics/sites/st-elsewhere/ehr-endpoints.yaml:9" in out


def test_where_there_was_no_folder_everything_is_added(tmp_path, monkeypatch, capfd):
    repository = empty_repository(tmp_path / "fleet")
    repository.commit()
    shutil.copytree(Path(__file__).parents[2] / "sites", repository.root / "sites")
    monkeypatch.chdir(repository.root)
    ran = run(capfd, "diff")
    assert ran.code == ExitCode.DONE
    assert ran.out.startswith("No results stop. 3 sites are added. No approval needed if main at ")


def test_another_name_of_the_fleet_is_the_first_thing_that_is_said(repository, capfd):
    repository.edit(ENDPOINTS, "port: 6661", "port: 6662")
    repository.edit("sites/fleet.yaml", "name: mercy-health", "name: mercy")
    ran = run(capfd, "diff")
    assert ran.code == ExitCode.FAILED
    assert ran.out.startswith("Nothing is applied any more, for the fleet has another name.\n")
    first, second = ran.out.index("NOTHING IS APPLIED ANY MORE"), ran.out.index("GOES ELSEWHERE")
    assert first < second
    assert "until the name is mercy-health again" in ran.out
    comment = run(capfd, "diff", "--format", "markdown").out
    assert "applies by itself" not in comment
    assert "**Nothing applied**" in comment


@pytest.mark.parametrize(
    ("old", "hint"),
    [
        ("regstry", 'write "registry"'),
        ("oracle", "write the name that it had, or take renamed_from out"),
    ],
)
def test_a_rename_from_what_was_never_there_is_to_hint(repository, capfd, old, hint):
    repository.edit(
        "sites/seaside/ehr-endpoints.yaml", "  registry:\n", f"  state-registry:\n    renamed_from: {old}\n"
    )
    repository.edit("sites/seaside/archives.yaml", "registry", "state-registry")
    ran = run(capfd, "diff")
    assert ran.code == ExitCode.FAILED
    where, _, said = ran.err.strip().partition(": ")
    assert re.fullmatch(r"sites/seaside/ehr-endpoints\.yaml:\d+", where)
    assert said == f'renamed_from takes nothing over from "{old}": {hint}'


def test_a_preset_is_one_line_for_all_its_endpoints(repository, capfd):
    repository.edit("sites/fleet.yaml", "port: 2575", "port: 2576")
    out = run(capfd, "diff").out
    assert (
        "  2 endpoints of 2 sites, by preset registry\n    county-general/registry, seaside/registry\n" in out
    )
    assert out.count("port  2575 -> 2576") == 1
    assert "sites/fleet.yaml:12" in out


def test_a_rule_that_ends_shows_the_list_that_it_left(repository, capfd):
    path = "sites/county-general/archives.yaml"
    repository.edit(path, "radiology:\n    display_name: Radiology Reading Room\n    purpose: clinical\n"
                    "    forward_to: [oracle-prod]", "radiology:\n    display_name: Radiology Reading Room\n"
                    "    purpose: clinical\n    forward_to: []")  # fmt: skip
    out = run(capfd, "diff").out
    assert "Studies finalized from now on reach no EHR." in out
    assert f"forward_to  - oracle-prod        {path}:12" in out


def test_a_site_with_problems_is_left_out_and_named(repository, capfd):
    repository.edit(ENDPOINTS, "port: 6661", "port: 70000")
    repository.edit("sites/seaside/ehr-endpoints.yaml", "port: 4020", "port: 4021")
    ran = run(capfd, "diff")
    assert ran.code == ExitCode.FAILED
    assert "seaside/meditech" in ran.out
    assert "st-elsewhere   has problems in its files, and stays as it runs" in ran.out
    assert ran.err == "bgo: left out, because their files have problems: st-elsewhere; see bgo validate\n"


def test_a_site_that_had_problems_is_named_too(repository, capfd):
    repository.edit(ENDPOINTS, "port: 6661", "port: 70000")
    repository.commit()
    repository.edit(ENDPOINTS, "port: 70000", "port: 6661")
    ran = run(capfd, "diff")
    assert ran.code == ExitCode.DONE
    assert "st-elsewhere   has problems in main at " in ran.out


def test_a_folder_that_is_gone_stays_as_it_runs(repository, capfd):
    shutil.rmtree(repository.root / "sites" / "seaside")
    out = run(capfd, "diff").out
    assert out.startswith("No changes.")
    assert "  seaside   is gone from the files, and stays as it runs" in out


def breaks_fleet(repository: GitRepository) -> None:
    repository.edit("sites/fleet.yaml", "version: 1", "version: one")


def broke_fleet(repository: GitRepository) -> None:
    breaks_fleet(repository)
    repository.commit()
    repository.edit("sites/fleet.yaml", "version: one", "version: 1")


def has_no_main(repository: GitRepository) -> None:
    repository.git("branch", "--move", "trunk")


def is_an_orphan(repository: GitRepository) -> None:
    repository.git("checkout", "--quiet", "--orphan", "other")
    # Otherwise it would be the first commit again, bit by bit.
    (repository.root / "README.md").write_text("another beginning\n", encoding="utf-8")
    repository.commit()


def had_a_link(repository: GitRepository) -> None:
    (repository.root / "sites" / "other.yaml").symlink_to("fleet.yaml")
    repository.commit()
    (repository.root / "sites" / "other.yaml").unlink()


def has_no_sites(repository: GitRepository) -> None:
    shutil.rmtree(repository.root / "sites")


@pytest.mark.parametrize(
    ("change", "arguments", "says"),
    [
        (has_no_sites, [], "sites: there is no such folder"),
        (has_no_main, [], "sites: its repository has no origin/HEAD, main or master; name BASE"),
        (is_an_orphan, [], "main: no common ancestor in this clone; fetch more history, or name BASE"),
        (breaks_fleet, [], "sites/ has a problem of the whole fleet (sites/fleet.yaml: "),
        (broke_fleet, [], " has a problem of the whole fleet (sites/fleet.yaml: "),
        (had_a_link, [], "a symbolic link; put the file itself there"),
        (lambda _: None, ["nowhere"], "nowhere: no such branch, tag or commit in this repository"),
        (lambda _: None, ["--", "--help"], "--help: no such branch, tag or commit in this repository"),
    ],
    ids=[
        "no-folder",
        "no-main",
        "orphan",
        "broken",
        "was-broken",
        "was-link",
        "unknown",
        "option",
    ],
)
def test_a_refusal_is_one_line(repository, capfd, change, arguments, says):
    change(repository)
    ran = run(capfd, "diff", *arguments)
    assert (ran.code, ran.out) == (ExitCode.FAILED, "")
    assert says in ran.err
    assert ran.err.count("\n") == 1


def test_outside_of_a_repository_it_says_so(tmp_path, monkeypatch, capfd):
    shutil.copytree(Path(__file__).parents[2] / "sites", tmp_path / "sites")
    monkeypatch.chdir(tmp_path)
    assert "sites: not in a git repository" in run(capfd, "diff").err


def test_before_the_first_commit_it_says_so(tmp_path, monkeypatch, capfd):
    repository = empty_repository(tmp_path / "fleet")
    shutil.copytree(Path(__file__).parents[2] / "sites", repository.root / "sites")
    monkeypatch.chdir(repository.root)
    assert "no commit yet" in run(capfd, "diff").err


def test_what_a_hook_sets_up_is_not_followed(repository, capfd, monkeypatch):
    monkeypatch.setenv("GIT_DIR", str(repository.root / "elsewhere"))
    monkeypatch.setenv("GIT_INDEX_FILE", str(repository.root / "elsewhere"))
    assert run(capfd, "diff").code == ExitCode.DONE


def test_without_git_it_says_so(repository, capfd, monkeypatch, tmp_path):
    monkeypatch.setenv("PATH", str(tmp_path))
    assert "git: not found on PATH" in run(capfd, "diff").err


def test_it_loads_no_server():
    import subprocess

    script = (
        "import sys, butterfly_gitops.cli.diff\nprint(*sorted({name.split('.')[0] for name in sys.modules}))"
    )
    loaded = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True
    ).stdout.split()
    assert not set(loaded) & {
        "apsw",
        "fastapi",
        "httpx",
        "prometheus_client",
        "starlette",
        "structlog",
        "uvicorn",
    }
