"""What `docs/pull-requests.md` shows is what `bgo init` writes, and does what it says on a real repository."""

import json
import re
import shutil
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from ruamel.yaml import YAML

from butterfly_gitops import __version__
from butterfly_gitops.plan.markdown import marker
from butterfly_gitops.scaffold.repository import HOME, OWNER, NewRepository, files_of
from tests.cli.command_line import ROOT
from tests.cli.git_repository import GitRepository
from tests.cli.pipeline import (
    ENDPOINTS,
    OTHERS,
    branch_that_moves_an_endpoint,
    break_a_site,
    break_the_fleet,
    move_on,
    shell,
)

PAGE = (ROOT / "docs" / "pull-requests.md").read_text(encoding="utf-8")
WRITTEN = files_of(NewRepository(fleet="mercy", site="first-site", time_zone="UTC", version=__version__))
SHOWN = [".pre-commit-config.yaml", ".github/workflows/sites.yml", ".gitlab-ci.yml"]


def read(text: str) -> Any:
    return YAML(typ="safe").load(text)


HOOKS, GITHUB, GITLAB = (read(WRITTEN[path]) for path in SHOWN)
OFFERED = {hook["id"]: hook for hook in read((ROOT / ".pre-commit-hooks.yaml").read_text(encoding="utf-8"))}


@pytest.fixture
def branch(tmp_path: Path) -> GitRepository:
    return branch_that_moves_an_endpoint(tmp_path)


def test_the_page_shows_what_init_writes() -> None:
    assert re.findall(r"```yaml\n(.*?)```", PAGE, re.DOTALL) == [WRITTEN[path] for path in SHOWN]
    assert [path for path in SHOWN if f"`{path}`" not in PAGE] == []


# Before the commit -----------------------------------------------------------------------------------------------


def test_the_hooks_that_are_told_of_are_offered() -> None:
    (ours,) = HOOKS["repos"]
    assert (ours["repo"], ours["rev"]) == (HOME, f"v{__version__}")
    assert {hook["id"] for hook in ours["hooks"]} == OFFERED.keys()
    done = subprocess.run(
        [sys.executable, "-m", "pre_commit", "validate-manifest", ".pre-commit-hooks.yaml"],
        cwd=ROOT, check=False, capture_output=True, text=True,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout


@pytest.mark.parametrize(
    ("old", "new", "code"), [("6662", "6662", 0), ("6662", "70000", 1)], ids=["ok", "not"]
)
def test_the_hook_checks_the_sites(branch: GitRepository, old: str, new: str, code: int) -> None:
    branch.edit(ENDPOINTS, f"port: {old}", f"port: {new}")
    assert shell(branch, OFFERED["bgo-validate"]["entry"]).returncode == code


@pytest.mark.soak
@pytest.mark.parametrize("change", ["rm", "mv", "none"])
def test_the_hook_sees_what_a_commit_takes_away(branch: GitRepository, tmp_path: Path, change: str) -> None:
    hooks = {"repos": [{"repo": "local", "hooks": [{**OFFERED["bgo-validate"], "language": "system"}]}]}
    (branch.root / ".pre-commit-config.yaml").write_text(json.dumps(hooks), encoding="utf-8")
    branch.git("add", ".pre-commit-config.yaml")
    path = "sites/st-elsewhere/archives.yaml"
    if change != "none":
        branch.git(*(["rm", "--quiet", path] if change == "rm" else ["mv", path, "archives.yaml"]))
    run = f'"{sys.executable}" -m pre_commit run --color never'
    done = shell(branch, run, HOME=str(tmp_path), PRE_COMMIT_HOME=str(tmp_path / "pre-commit"))
    assert "Skipped" not in done.stdout
    assert done.returncode == (0 if change == "none" else 1), done.stdout + done.stderr
    assert ("missing-file" in done.stdout) is (change != "none")


# GitHub; what the action does is in test_action.py -----------------------------------------------------------------


def test_the_workflow_may_write_a_comment_and_nothing_else() -> None:
    assert GITHUB["permissions"] == {"contents": "read", "pull-requests": "write"}
    assert list(GITHUB["on"]) == ["pull_request"]


def test_the_workflow_runs_on_every_pull_request() -> None:
    """One that takes its change of the sites back again must have its comment brought up to date."""
    assert GITHUB["on"]["pull_request"] is None


def test_the_workflow_uses_the_action_of_this_version_and_checks_out_what_it_needs() -> None:
    checkout, action = GITHUB["jobs"]["sites"]["steps"]
    assert checkout["with"]["fetch-depth"] == 0
    assert checkout["with"]["persist-credentials"] is False
    assert action == {"uses": f"{OWNER}/butterfly-gitops@v{__version__}"}


@pytest.mark.parametrize(
    ("schema", "path"), [("vendor.github-workflows", SHOWN[1]), ("vendor.gitlab-ci", SHOWN[2])]
)
def test_a_pipeline_is_what_its_forge_takes(schema: str, path: str, tmp_path: Path) -> None:
    file = tmp_path / "pipeline.yml"
    file.write_text(WRITTEN[path], encoding="utf-8")
    check = [sys.executable, "-m", "check_jsonschema", "--builtin-schema", schema, str(file)]
    done = subprocess.run(check, check=False, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout


# GitLab ----------------------------------------------------------------------------------------------------------

needs_tools = pytest.mark.skipif(not (shutil.which("jq") and shutil.which("curl")), reason="no jq or no curl")
PAGE_SIZE = 100


@dataclass(slots=True)
class Forge:
    """As much of GitLab as the pipeline asks for; newest first, page by page."""

    url: str = ""
    notes: list[dict[str, Any]] = field(default_factory=lambda: [dict(one) for one in OTHERS])
    tokens: set[str | None] = field(default_factory=set)
    is_down: bool = False

    def page(self, query: str) -> list[dict[str, Any]]:
        asked = parse_qs(query)
        assert asked["per_page"] == [str(PAGE_SIZE)]
        start = (int(asked["page"][0]) - 1) * PAGE_SIZE
        return list(reversed(self.notes))[start : start + PAGE_SIZE]


@pytest.fixture
def forge() -> Iterator[Forge]:
    kept = Forge()
    place = "/projects/3/merge_requests/12/notes"

    class Handler(BaseHTTPRequestHandler):
        def log_message(self, *_: object) -> None:
            return

        def answer(self, data: object) -> None:
            kept.tokens.add(self.headers["PRIVATE-TOKEN"])
            body = json.dumps(data).encode()
            self.send_response(503 if kept.is_down else 200)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def do_GET(self) -> None:
            asked = urlsplit(self.path)
            assert asked.path in ("/user", place)
            self.answer({"id": 9} if asked.path == "/user" else kept.page(asked.query))

        def sent(self) -> str:
            form = self.rfile.read(int(self.headers["Content-Length"])).decode()
            return form.split("\r\n\r\n", 1)[1].rpartition("\r\n--")[0]

        def do_POST(self) -> None:
            assert self.path == place
            kept.notes.append({"id": len(kept.notes) + 1, "body": self.sent(), "author": {"id": 9}})
            self.answer({})

        def do_PUT(self) -> None:
            where, _, number = self.path.rpartition("/")
            assert where == place
            (one,) = [one for one in kept.notes if str(one["id"]) == number]
            one["body"] = self.sent()
            self.answer({})

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        kept.url = f"http://127.0.0.1:{server.server_address[1]}"
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        yield kept
        server.shutdown()
        thread.join()


def gitlab(branch: GitRepository, forge: Forge, *, token: str = "t0ken") -> subprocess.CompletedProcess[str]:
    job = GITLAB["sites"]
    lines = [line for line in job["before_script"] if line.startswith("git ")] + job["script"]
    return shell(
        branch, "\n".join(lines), **job["variables"],
        CI_PROJECT_URL="https://git.example.org/mercy/fleet", CI_PROJECT_ID="3", CI_COMMIT_SHA="4be21f0",
        CI_API_V4_URL=forge.url, CI_MERGE_REQUEST_IID="12", CI_MERGE_REQUEST_TARGET_BRANCH_NAME="main",
        BGO_COMMENT_TOKEN=token, no_proxy="127.0.0.1",
    )  # fmt: skip


@needs_tools
def test_gitlab_makes_one_note_and_edits_it_from_then_on(branch: GitRepository, forge: Forge) -> None:
    for port in (6663, 6664):
        move_on(branch, port=port)
        done = gitlab(branch, forge)
        assert done.returncode == 0, done.stderr
        assert forge.notes[:2] == OTHERS
        (own,) = forge.notes[2:]
        assert own["body"].startswith(marker("sites"))
        assert f"6661 → {port}" in own["body"]
        assert f"(https://git.example.org/mercy/fleet/-/blob/4be21f0/{ENDPOINTS}#L9)" in own["body"]
    assert forge.tokens == {"t0ken"}


@pytest.mark.soak
@needs_tools
def test_gitlab_finds_its_note_behind_a_long_talk(branch: GitRepository, forge: Forge) -> None:
    assert gitlab(branch, forge).returncode == 0
    forge.notes += [{"id": 100 + n, "body": "So?", "author": {"id": 7}} for n in range(2 * PAGE_SIZE)]
    move_on(branch, port=6664)
    done = gitlab(branch, forge)
    assert done.returncode == 0, done.stderr
    assert len(forge.notes) == 3 + 2 * PAGE_SIZE
    assert "6661 → 6664" in forge.notes[2]["body"]


@pytest.mark.soak
@needs_tools
def test_gitlab_begins_no_note_to_say_that_nothing_changes(branch: GitRepository, forge: Forge) -> None:
    move_on(branch, port=6661)
    assert gitlab(branch, forge).returncode == 0
    assert forge.notes == OTHERS


@pytest.mark.soak
@needs_tools
@pytest.mark.parametrize(
    ("breaks", "said"),
    [
        (break_a_site, "**Not part of this:** st-elsewhere"),
        (break_the_fleet, "### What changes cannot be told"),
    ],
    ids=["a site", "the fleet"],
)
def test_gitlab_fails_where_there_are_problems_and_says_so_in_the_note(
    branch: GitRepository, forge: Forge, breaks: Callable[[GitRepository], None], said: str
) -> None:
    assert gitlab(branch, forge).returncode == 0
    breaks(branch)
    done = gitlab(branch, forge)
    assert done.returncode == 1
    assert "error[" in done.stdout
    (own,) = forge.notes[2:]
    assert said in own["body"]


@pytest.mark.soak
@needs_tools
def test_gitlab_fails_when_the_note_cannot_be_written(branch: GitRepository, forge: Forge) -> None:
    forge.is_down = True
    assert gitlab(branch, forge).returncode != 0


@pytest.mark.soak
@needs_tools
def test_a_fork_has_no_token_and_is_checked_all_the_same(branch: GitRepository, forge: Forge) -> None:
    done = gitlab(branch, forge, token="")
    assert done.returncode == 0
    assert "so no note" in done.stdout
    assert GITLAB["sites"]["artifacts"]["paths"] == ["plan.md"]
    assert "6661 → 6662" in (branch.root / "plan.md").read_text(encoding="utf-8")
    break_a_site(branch)
    assert gitlab(branch, forge, token="").returncode == 1
    assert (forge.notes, forge.tokens) == (OTHERS, set())
