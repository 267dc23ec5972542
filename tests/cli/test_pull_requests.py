"""What `docs/pull-requests.md` tells people to copy does what it says, on a real repository."""

import json
import os
import re
import shutil
import subprocess
import sys
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from ruamel.yaml import YAML

from butterfly_gitops.plan.markdown import marker
from tests.cli.command_line import ROOT
from tests.cli.git_repository import GitRepository, repository_with_sites

PAGE = ROOT / "docs" / "pull-requests.md"
ENDPOINTS = "sites/st-elsewhere/ehr-endpoints.yaml"
OTHERS = [
    {"id": 1, "body": "Looks good", "user": {"login": "ada"}, "author": {"id": 7}},
    {"id": 2, "body": f"{marker('sites')} forged", "user": {"login": "ada"}, "author": {"id": 7}},
]


def blocks() -> list[Any]:
    text = PAGE.read_text(encoding="utf-8")
    return [YAML(typ="safe").load(block) for block in re.findall(r"```yaml\n(.*?)```", text, re.DOTALL)]


HOOK, GITHUB, GITLAB = blocks()
STEPS = {step.get("name", ""): step for step in GITHUB["jobs"]["sites"]["steps"]}


@pytest.fixture
def branch(tmp_path: Path) -> GitRepository:
    """A clone with a branch that moves an endpoint."""
    origin = repository_with_sites(tmp_path / "origin")
    clone = GitRepository(root=tmp_path / "clone")
    origin.git("clone", "--quiet", str(origin.root), str(clone.root))
    clone.git("checkout", "--quiet", "-b", "move-epic")
    clone.edit(ENDPOINTS, "port: 6661", "port: 6662")
    clone.commit()
    return clone


def shell(branch: GitRepository, script: str, **variables: str) -> subprocess.CompletedProcess[str]:
    tools = branch.root.parent / "tools"
    tools.mkdir(exist_ok=True)
    bgo = tools / "bgo"
    bgo.write_text(f'#!/bin/sh\nexec "{sys.executable}" -m butterfly_gitops "$@"\n')
    bgo.chmod(0o700)
    environment = {
        "PATH": f"{tools}{os.pathsep}{os.environ['PATH']}",
        "GIT_CONFIG_GLOBAL": os.devnull,
        "GITHUB_SERVER_URL": "https://github.com",
        "GITHUB_REPOSITORY": "mercy/fleet",
        "HEAD": branch.git("rev-parse", "HEAD"),
        **variables,
    }
    return subprocess.run(
        ["bash", "-e", "-c", script], cwd=branch.root, env=environment, check=False, capture_output=True, text=True
    )  # fmt: skip


def test_the_hook_that_is_offered_is_the_one_that_is_told_of() -> None:
    (offered,) = YAML(typ="safe").load((ROOT / ".pre-commit-hooks.yaml").read_text(encoding="utf-8"))
    assert offered["id"] == HOOK["repos"][0]["hooks"][0]["id"]
    done = subprocess.run(
        [sys.executable, "-m", "pre_commit", "validate-manifest", ".pre-commit-hooks.yaml"],
        cwd=ROOT, check=False, capture_output=True, text=True,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout


@pytest.mark.parametrize(
    ("old", "new", "code"), [("6662", "6662", 0), ("6662", "70000", 1)], ids=["ok", "not"]
)
def test_the_hook_checks_the_sites(branch: GitRepository, old: str, new: str, code: int) -> None:
    (offered,) = YAML(typ="safe").load((ROOT / ".pre-commit-hooks.yaml").read_text(encoding="utf-8"))
    branch.edit(ENDPOINTS, f"port: {old}", f"port: {new}")
    assert shell(branch, offered["entry"]).returncode == code


def test_the_workflow_may_write_a_comment_and_nothing_else() -> None:
    assert GITHUB["permissions"] == {"contents": "read", "pull-requests": "write"}
    assert list(GITHUB["on"]) == ["pull_request"]


def test_github_validates_and_writes_the_comment(branch: GitRepository) -> None:
    assert shell(branch, STEPS["validate"]["run"]).returncode == 0
    assert shell(branch, STEPS["diff"]["run"]).returncode == 0
    head = branch.git("rev-parse", "HEAD")
    comment = (branch.root / "comment.md").read_text(encoding="utf-8")
    assert comment.startswith(f"{marker('sites')}\n### No results stop · 1 endpoint's results go elsewhere\n")
    assert f"(https://github.com/mercy/fleet/blob/{head}/{ENDPOINTS}#L9)" in comment


def breaks_a_site(branch: GitRepository) -> None:
    branch.edit(ENDPOINTS, "port: 6662", "port: 70000")


def breaks_the_fleet(branch: GitRepository) -> None:
    branch.edit("sites/fleet.yaml", "version: 1", "version: one")


@pytest.mark.parametrize(
    ("breaks", "code"), [(breaks_a_site, 0), (breaks_the_fleet, 1)], ids=["a site", "the fleet"]
)
def test_a_broken_site_fails_and_is_left_out_of_the_comment(branch: GitRepository, breaks, code: int) -> None:
    breaks(branch)
    validated = shell(branch, STEPS["validate"]["run"])
    assert validated.returncode == 1
    assert validated.stdout.startswith("::error file=sites/")
    assert shell(branch, STEPS["diff"]["run"]).returncode == code
    assert ("Not part of this" in (branch.root / "comment.md").read_text(encoding="utf-8")) is (code == 0)


# As much of `gh api` as the workflow asks for, on a file of comments.
GH = """
import json, pathlib, subprocess, sys
kept = pathlib.Path(__file__).with_name("comments.json")
comments, (_, *rest) = json.loads(kept.read_text()), sys.argv[1:]
if "--jq" in rest:
    assert "repos/mercy/fleet/issues/12/comments" in rest
    found = subprocess.run(["jq", "-r", rest[rest.index("--jq") + 1]], input=json.dumps(comments), capture_output=True, text=True, check=True)
    print(found.stdout, end="")
else:
    body = pathlib.Path(rest[rest.index("--field") + 1].removeprefix("body=@")).read_text()
    (where,) = [part for part in rest if part.startswith("repos/")]
    if "PATCH" in rest:
        (one,) = [one for one in comments if str(one["id"]) == where.rpartition("/")[2]]
        one["body"] = body
    else:
        assert where == "repos/mercy/fleet/issues/12/comments"
        comments.append({"id": len(comments) + 1, "body": body, "user": {"login": "github-actions[bot]"}})
    kept.write_text(json.dumps(comments))
"""  # fmt: skip
needs_jq = pytest.mark.skipif(not (shutil.which("jq") and shutil.which("curl")), reason="no jq or no curl")


@needs_jq
def test_github_keeps_one_comment_up_to_date(branch: GitRepository) -> None:
    tools = branch.root.parent / "tools"
    tools.mkdir()
    (tools / "gh").write_text(f"#!{sys.executable}\n{GH}")
    (tools / "gh").chmod(0o700)
    (tools / "comments.json").write_text(json.dumps(OTHERS))
    for port in ("6662", "6663"):
        branch.edit(ENDPOINTS, "port: 6662", f"port: {port}")
        for step in ("diff", "comment"):
            done = shell(branch, STEPS[step]["run"], NUMBER="12")
            assert done.returncode == 0, done.stderr
        comments = json.loads((tools / "comments.json").read_text())
        assert comments[:2] == OTHERS
        (own,) = comments[2:]
        assert own["body"].startswith(marker("sites"))
        assert f"6661 → {port}" in own["body"]


@dataclass(slots=True)
class Forge:
    """As much of GitLab as the pipeline asks for."""

    url: str = ""
    notes: list[dict[str, Any]] = field(default_factory=lambda: [dict(one) for one in OTHERS])
    tokens: set[str | None] = field(default_factory=set)


@pytest.fixture
def forge() -> Iterator[Forge]:
    kept = Forge()

    class Handler(BaseHTTPRequestHandler):
        def log_message(self, *_: object) -> None:
            return

        def answer(self, data: object) -> None:
            kept.tokens.add(self.headers["PRIVATE-TOKEN"])
            body = json.dumps(data).encode()
            self.send_response(200)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def do_GET(self) -> None:
            self.answer({"id": 9} if self.path == "/user" else kept.notes)

        def sent(self) -> str:
            form = self.rfile.read(int(self.headers["Content-Length"])).decode()
            return form.split("\r\n\r\n", 1)[1].rpartition("\r\n--")[0]

        def do_POST(self) -> None:
            kept.notes.append({"id": len(kept.notes) + 1, "body": self.sent(), "author": {"id": 9}})
            self.answer({})

        def do_PUT(self) -> None:
            (one,) = [one for one in kept.notes if str(one["id"]) == self.path.rpartition("/")[2]]
            one["body"] = self.sent()
            self.answer({})

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        kept.url = f"http://127.0.0.1:{server.server_address[1]}"
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield kept
        server.shutdown()
        thread.join()


def gitlab(branch: GitRepository, forge: Forge, *, token: str) -> subprocess.CompletedProcess[str]:
    job = GITLAB["sites"]
    lines = [line for line in job["before_script"] if line.startswith("git ")] + job["script"]
    return shell(
        branch, "\n".join(lines),
        CI_DEFAULT_BRANCH="main", CI_PROJECT_URL="https://git.example.org/mercy/fleet", CI_PROJECT_ID="3",
        CI_COMMIT_SHA="4be21f0", CI_API_V4_URL=forge.url, CI_MERGE_REQUEST_IID="12", BGO_COMMENT_TOKEN=token,
        no_proxy="127.0.0.1",
    )  # fmt: skip


@needs_jq
def test_gitlab_keeps_one_note_up_to_date(branch: GitRepository, forge: Forge) -> None:
    for port in ("6662", "6663"):
        branch.edit(ENDPOINTS, "port: 6662", f"port: {port}")
        done = gitlab(branch, forge, token="t0ken")
        assert done.returncode == 0, done.stderr
        assert forge.notes[:2] == OTHERS
        (own,) = forge.notes[2:]
        assert own["body"].startswith(marker("sites"))
        assert f"6661 → {port}" in own["body"]
        assert f"(https://git.example.org/mercy/fleet/-/blob/4be21f0/{ENDPOINTS}#L9)" in own["body"]
    assert forge.tokens == {"t0ken"}


@needs_jq
def test_a_fork_has_no_token_and_is_checked_all_the_same(branch: GitRepository, forge: Forge) -> None:
    assert gitlab(branch, forge, token="").returncode == 0
    breaks_a_site(branch)
    assert gitlab(branch, forge, token="").returncode == 1
    assert forge.notes == OTHERS
