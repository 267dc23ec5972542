"""The steps of `action.yml`, run by a real bash on a real repository, with a `gh` that keeps comments in a file."""

import json
import re
import shutil
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from ruamel.yaml import YAML

from butterfly_gitops.plan.markdown import marker
from tests.cli.command_line import ROOT
from tests.cli.git_repository import GitRepository
from tests.cli.pipeline import (
    ENDPOINTS,
    OTHERS,
    branch_that_moves_an_endpoint,
    break_a_site,
    break_the_fleet,
    move_on,
    remove_the_sites,
    shell,
    tool,
)

ACTION: dict[str, Any] = YAML(typ="safe").load((ROOT / "action.yml").read_text(encoding="utf-8"))
STEPS: list[dict[str, Any]] = ACTION["runs"]["steps"]
INSTALL = "Install butterfly-gitops"
COMMENT = "Keep the comment up to date"

pytestmark = pytest.mark.skipif(not shutil.which("jq"), reason="no jq, which stands in for that of gh")

# As much of `gh api` as the action asks for.
GH = f"""#!{sys.executable}
import json, os, pathlib, subprocess, sys
kept = pathlib.Path(__file__).with_name("comments.json")
comments, (verb, *rest) = json.loads(kept.read_text()), sys.argv[1:]
assert (verb, os.environ["GH_TOKEN"], os.environ["GH_HOST"]) == ("api", "t0ken", "github.com")
(where,) = [part for part in rest if part.startswith("repos/mercy/fleet/issues/")]
if "--jq" in rest:
    assert where == "repos/mercy/fleet/issues/12/comments?per_page=100" and "--paginate" in rest
    page = subprocess.run(["jq", "-r", rest[rest.index("--jq") + 1]], input=json.dumps(comments), stdout=subprocess.PIPE, text=True, check=True)
    print(page.stdout, end="")
    sys.exit()
if not kept.with_name("may-write").exists():
    sys.exit("gh: Resource not accessible by integration (HTTP 403)")
body = pathlib.Path(rest[rest.index("--field") + 1].removeprefix("body=@")).read_text()
if "PATCH" in rest:
    (one,) = [one for one in comments if str(one["id"]) == where.rpartition("/")[2]]
    one["body"] = body
else:
    assert "POST" in rest and where == "repos/mercy/fleet/issues/12/comments"
    comments.append({{"id": len(comments) + 1, "body": body, "user": {{"login": "github-actions[bot]"}}}})
kept.write_text(json.dumps(comments))
"""


@dataclass(slots=True, kw_only=True)
class Ran:
    """What came of one run of the action."""

    code: int = 0
    said: str = ""
    summary: str = ""
    steps: list[str] = field(default_factory=list)
    outputs: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Workflow:
    """As much of GitHub as runs a composite action: conditions, environments, outputs, the summary."""

    branch: GitRepository
    inputs: Mapping[str, str]
    head_repository: str = "mercy/fleet"
    is_pull_request: bool = True

    @property
    def comments(self) -> list[dict[str, Any]]:
        text = (self.branch.root.parent / "tools" / "comments.json").read_text(encoding="utf-8")
        comments: list[dict[str, Any]] = json.loads(text)
        return comments

    def run(self) -> Ran:
        """Run all steps but those that install; the first that fails ends it, as nothing says otherwise."""
        ran = Ran()
        for step in STEPS:
            if "uses" in step or step["name"] == INSTALL or not self._is_met(step, ran.outputs):
                continue
            ran.steps.append(step["name"])
            self._run(step, ran)
            if ran.code:
                break
        return ran

    def _run(self, step: Mapping[str, Any], ran: Ran) -> None:
        assert step["shell"] == "bash"
        temp = self.branch.root.parent / "temp"
        temp.mkdir(exist_ok=True)
        files = {name: temp / name for name in ("GITHUB_OUTPUT", "GITHUB_STEP_SUMMARY")}
        for file in files.values():
            file.write_text("")
        given = {name: self._value(text, ran.outputs) for name, text in step["env"].items()}
        done = shell(
            self.branch, step["run"], **given, **{name: str(file) for name, file in files.items()},
            RUNNER_TEMP=str(temp), GITHUB_SERVER_URL="https://github.com", GITHUB_REPOSITORY="mercy/fleet",
            GITHUB_BASE_REF="main" if self.is_pull_request else "",
        )  # fmt: skip
        ran.code = done.returncode
        ran.said += done.stdout + done.stderr
        ran.summary += files["GITHUB_STEP_SUMMARY"].read_text(encoding="utf-8")
        for line in files["GITHUB_OUTPUT"].read_text(encoding="utf-8").splitlines():
            name, _, value = line.partition("=")
            ran.outputs[f"steps.{step['id']}.outputs.{name}"] = value

    def _context(self, outputs: Mapping[str, str]) -> dict[str, str]:
        of_pull_request = {
            "github.event.pull_request": "an object",
            "github.event.pull_request.number": "12",
            "github.event.pull_request.head.sha": self.branch.git("rev-parse", "HEAD"),
            "github.event.pull_request.head.repo.full_name": self.head_repository,
        }
        none = dict.fromkeys(of_pull_request, "")
        inputs = {name: self.inputs.get(name, one["default"]) for name, one in ACTION["inputs"].items()}
        return {
            **(of_pull_request if self.is_pull_request else none),
            **{f"inputs.{name}": value for name, value in inputs.items()},
            **{f"steps.{one}.outputs.{name}": "" for one, name in OUTPUTS},
            **outputs,
            "github.token": "t0ken",
            "github.sha": self.branch.git("rev-parse", "HEAD"),
        }

    def _value(self, text: str, outputs: Mapping[str, str]) -> str:
        """A value that is one expression: a name, or several of which the first that is not empty counts."""
        (expression,) = re.fullmatch(r"\$\{\{ (.*) \}\}", text).groups()  # type: ignore[union-attr]
        context = self._context(outputs)
        values = [context[name] for name in expression.split(" || ")]
        return next(filter(None, values), "")

    def _is_met(self, step: Mapping[str, Any], outputs: Mapping[str, str]) -> bool:
        if "if" not in step:
            return True
        (expression,) = re.fullmatch(r"\$\{\{ (.*) \}\}", step["if"]).groups()  # type: ignore[union-attr]
        context = self._context(outputs)
        for term in expression.split(" && "):
            name, _, wanted = term.partition(" == ")
            if not (context[name] == wanted.strip("'") if wanted else context[name]):
                return False
        return True


OUTPUTS = [("validate", "code"), ("diff", "code"), ("diff", "plan"), ("python", "python-path")]


@pytest.fixture
def branch(tmp_path: Path) -> GitRepository:
    made = branch_that_moves_an_endpoint(tmp_path)
    tool(made, "gh", GH)
    tool(made, "comments.json", json.dumps(OTHERS))
    tool(made, "may-write", "")
    return made


def workflow(branch: GitRepository, **inputs: str) -> Workflow:
    return Workflow(branch=branch, inputs=inputs)


def test_nothing_of_a_pull_request_becomes_a_part_of_a_script():
    assert [step["name"] for step in STEPS if "${{" in step.get("run", "")] == []


def test_it_makes_one_comment_and_edits_it_from_then_on(branch: GitRepository):
    for port in (6663, 6664):
        move_on(branch, port=port)
        ran = workflow(branch).run()
        assert ran.code == 0, ran.said
        comments = workflow(branch).comments
        assert comments[:2] == OTHERS
        (own,) = comments[2:]
        assert own["body"].startswith(f"{marker('sites')}\n### No results stop · 1 endpoint's results go")
        assert f"6661 → {port}" in own["body"]
        head = branch.git("rev-parse", "HEAD")
        assert f"(https://github.com/mercy/fleet/blob/{head}/{ENDPOINTS}#L9)" in own["body"]
        assert ran.summary == own["body"]
        assert Path(ran.outputs["steps.diff.outputs.plan"]).read_text(encoding="utf-8") == own["body"]


@pytest.mark.soak
def test_links_go_where_they_are_wanted(branch: GitRepository):
    assert workflow(branch, links="https://git.example.org/read").run().code == 0
    assert f"(https://git.example.org/read/{ENDPOINTS}#L9)" in workflow(branch).comments[2]["body"]


@pytest.mark.soak
def test_a_fork_has_the_summary_alone(branch: GitRepository):
    (branch.root.parent / "tools" / "may-write").unlink()
    ran = Workflow(branch=branch, inputs={}, head_repository="somebody/fleet").run()
    assert (ran.code, workflow(branch).comments) == (0, OTHERS), ran.said
    assert "6661 → 6662" in ran.summary
    assert "::notice::A fork's token may not comment" in ran.said


@pytest.mark.soak
def test_a_token_that_may_not_comment_is_no_secret(branch: GitRepository):
    """A comment that tells of an earlier push must not stand there as if it were of this one."""
    (branch.root.parent / "tools" / "may-write").unlink()
    ran = workflow(branch).run()
    assert ran.code != 0
    assert "Resource not accessible by integration" in ran.said
    assert "6661 → 6662" in ran.summary


@pytest.mark.soak
def test_no_comment_where_none_is_wanted(branch: GitRepository):
    ran = workflow(branch, comment="false").run()
    assert (ran.code, workflow(branch).comments) == (0, OTHERS)
    assert COMMENT not in ran.steps
    assert "6661 → 6662" in ran.summary


@pytest.mark.soak
def test_without_a_pull_request_there_is_the_summary(branch: GitRepository):
    ran = Workflow(branch=branch, inputs={}, is_pull_request=False).run()
    assert (ran.code, workflow(branch).comments) == (0, OTHERS), ran.said
    assert "6661 → 6662" in ran.summary


@pytest.mark.soak
def test_a_comment_is_not_begun_to_say_that_nothing_changes(branch: GitRepository):
    move_on(branch, port=6661)
    assert workflow(branch).run().code == 0
    assert workflow(branch).comments == OTHERS


@pytest.mark.soak
def test_a_comment_that_is_there_says_when_nothing_changes_any_more(branch: GitRepository):
    assert workflow(branch).run().code == 0
    move_on(branch, port=6661)
    assert workflow(branch).run().code == 0
    (own,) = workflow(branch).comments[2:]
    assert own["body"].startswith(f"{marker('sites')}\n### No changes\n")


def test_a_broken_site_fails_the_run_and_the_comment_is_about_the_others(branch: GitRepository):
    break_a_site(branch)
    ran = workflow(branch).run()
    assert ran.code == 1
    assert f"::error file={ENDPOINTS}," in ran.said
    assert "::error::The files have problems" in ran.said
    (own,) = workflow(branch).comments[2:]
    assert "**Not part of this:** st-elsewhere" in own["body"]
    assert "4020 → 4021" in own["body"]
    assert f"\n    {ENDPOINTS}:9:" in ran.summary


@pytest.mark.soak
@pytest.mark.parametrize(
    ("breaks", "why"),
    [(break_the_fleet, "has a problem of the whole fleet"), (remove_the_sites, "there is no such folder")],
    ids=["fleet", "folder"],
)
def test_an_earlier_comment_does_not_outlive_files_that_cannot_be_read(
    branch: GitRepository, breaks: Any, why: str
):
    assert workflow(branch).run().code == 0
    breaks(branch)
    assert workflow(branch).run().code == 1
    (own,) = workflow(branch).comments[2:]
    assert own["body"].startswith(f"{marker('sites')}\n### What changes cannot be told\n\nsites")
    assert why in own["body"]


@pytest.mark.soak
def test_a_site_that_is_gone_fails_the_run(branch: GitRepository):
    branch.git("rm", "-r", "--quiet", "sites/seaside")
    branch.commit()
    ran = workflow(branch).run()
    assert ran.code == 1
    assert "::error::Not all sites are part of what changes" in ran.said
    assert "seaside" in workflow(branch).comments[2]["body"]


@pytest.mark.soak
def test_what_stands_in_the_files_is_no_markup_of_the_summary(branch: GitRepository):
    branch.edit(ENDPOINTS, "port: 6662", "port: </pre>```@ada")
    branch.commit()
    ran = workflow(branch).run()
    shown = [line for line in ran.summary.splitlines() if "```" in line]
    assert shown
    assert all(line.startswith("    ") for line in shown)


@pytest.mark.soak
def test_the_name_of_a_folder_is_no_command_to_the_run(branch: GitRepository):
    folder = branch.root / "sites" / "x\n::warning file=README.md,line=1::merge me\n"
    folder.mkdir()
    (folder / "site.yaml").write_text("version: 1\n", encoding="utf-8")
    branch.commit()
    ran = workflow(branch).run()
    assert ran.code == 1
    assert "merge me" in ran.said
    assert [line for line in ran.said.splitlines() if line.startswith("::warning")] == []
    assert [line for line in ran.summary.splitlines() if line.startswith("::")] == []


@pytest.mark.soak
def test_sites_elsewhere_have_a_comment_of_their_own(branch: GitRepository):
    branch.git("checkout", "--quiet", "main")
    (branch.root / "the clinics").mkdir()
    branch.git("mv", "sites", "the clinics/sites")
    branch.commit()
    branch.git("push", "--quiet", "origin", "HEAD:refs/heads/clinics")
    branch.git("fetch", "--quiet", "origin")
    branch.git("checkout", "--quiet", "-b", "move-again")
    branch.edit(f"the clinics/{ENDPOINTS}", "port: 6661", "port: 6669")
    branch.commit()
    branch.git("update-ref", "refs/remotes/origin/main", "refs/remotes/origin/clinics")
    ran = workflow(branch, sites="the clinics/sites").run()
    assert ran.code == 0, ran.said
    (own,) = workflow(branch).comments[2:]
    assert own["body"].startswith(f"{marker('the clinics/sites')}\n### No results stop · 1 endpoint's")


@pytest.mark.soak
def test_a_shallow_checkout_is_told_how_to_be_deeper(branch: GitRepository):
    branch.git("update-ref", "-d", "refs/remotes/origin/main")
    ran = workflow(branch).run()
    assert ran.code == 1
    assert (
        "::error::The branch that this is to be merged into is not here: check out with fetch-depth: 0"
        in ran.said
    )


PYTHON = """#!/bin/sh
[ "$1 $2 $3" = "-I -m venv" ] || exit 9
mkdir -p "$4/bin"
printf '#!/bin/sh\\necho "$@" > "%s"\\n' "$0.asked" > "$4/bin/python"
chmod 700 "$4/bin/python"
"""


def test_it_installs_what_it_stands_in_and_no_name_from_an_index(branch: GitRepository, tmp_path: Path):
    (step,) = [step for step in STEPS if step.get("name") == INSTALL]
    tool(branch, "python", PYTHON)
    python = tmp_path / "tools" / "python"
    done = shell(
        branch, step["run"], PYTHON=str(python), ACTION="/the/action", VERSION="0.1.0",
        RUNNER_TEMP=str(tmp_path), GITHUB_PATH=str(tmp_path / "path"),
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    said = (tmp_path / "tools" / "python.asked").read_text(encoding="utf-8")
    assert said == "-I -m pip install --quiet --disable-pip-version-check /the/action\n"
    assert (tmp_path / "path").read_text(encoding="utf-8") == f"{tmp_path}/butterfly-gitops/bin\n"


def test_what_the_page_says_of_its_inputs_is_so():
    page = (ROOT / "docs" / "pull-requests.md").read_text(encoding="utf-8")
    assert re.findall(r"^\| `(\w+)` \|", page, re.MULTILINE) == list(ACTION["inputs"])


@pytest.mark.parametrize(
    ("schema", "path"),
    [
        ("vendor.github-actions", "action.yml"),
        ("vendor.github-workflows", ".github/workflows/ci.yml"),
    ],
)
def test_it_is_what_github_takes(schema: str, path: str):
    check = [sys.executable, "-m", "check_jsonschema", "--builtin-schema", schema, path]
    done = subprocess.run(check, cwd=ROOT, check=False, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout
