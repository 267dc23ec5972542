"""`bgo plan`: what it says where, what it saves, and its exit codes."""

import asyncio
import json
import shutil
import subprocess
from dataclasses import replace

import pytest

from butterfly_gitops.source.folder import FolderSource
from butterfly_gitops.wiring import opened
from tests.cli.state_commands import EFAST, STATE, Desk


def test_without_a_state_it_names_the_way_to_one(desk: Desk):
    ran = desk.bgo("plan")
    says = "bgo: there is no state in .butterfly-gitops; `bgo run --new-state` or `bgo apply --new-state` makes one\n"
    assert (ran.code, ran.out, ran.err) == (1, "", says)
    assert not (desk.folder / ".butterfly-gitops").exists()


def test_no_changes_is_0_also_in_detail(applied: Desk):
    ran = applied.bgo("plan", "--detailed-exitcode")
    assert (ran.code, ran.err) == (0, "")
    assert ran.out.startswith("No changes.\n")


def test_changes_are_0_and_in_detail_2(applied: Desk):
    applied.edit("st-elsewhere/ehr-endpoints.yaml", "port: 6661", "port: 6662")
    ran = applied.bgo("plan")
    assert (ran.code, ran.err) == (0, "")
    assert "6661" in ran.out
    assert "6662" in ran.out
    assert applied.bgo("plan", "--detailed-exitcode").code == 2


def test_held_changes_are_3_in_detail(applied: Desk):
    applied.edit("st-elsewhere/site.yaml", "host: 127.0.0.1", "host: 127.0.0.2")
    ran = applied.bgo("plan", "--detailed-exitcode")
    assert ran.code == 3
    assert "approve" in ran.out


def test_json_stands_alone_on_standard_output(applied: Desk):
    applied.edit("st-elsewhere/site.yaml", "display_name: St. Elsewhere", "display_name: Saint Elsewhere")
    plan = applied.json("plan", "--format", "json")
    assert [change["address"] for change in plan["changes"]] == ["st-elsewhere.display_name"]


def test_problems_go_to_standard_error_and_leave_the_plan_of_the_others(applied: Desk):
    applied.edit("st-elsewhere/ehr-endpoints.yaml", "port: 6661", "port: 70000")
    ran = applied.bgo("plan", "--format", "json")
    assert ran.code == 1
    assert json.loads(ran.out)["changes"] == []
    assert "sites/st-elsewhere/ehr-endpoints.yaml:3:" in ran.err
    assert "More, and how to fix them: bgo validate\n\n" in ran.err
    assert ran.err.endswith(
        "bgo: left out, because their files have problems: st-elsewhere; see bgo validate\n"
    )


def test_a_site_that_is_gone_is_1_and_says_how_to_hint_it(applied: Desk):
    sites = applied.folder / "sites"
    shutil.copytree(sites / "st-elsewhere", sites / "seaside")
    assert applied.bgo("apply", "--yes").code == 0
    shutil.rmtree(sites / "seaside")
    ran = applied.bgo("plan", "--detailed-exitcode")
    assert ran.code == 1
    assert ran.err == (
        "bgo: seaside is gone from the files and stays as it runs: "
        "bring its folder back, or name it in fleet.yaml's removed_sites\n"
    )


def test_a_site_that_left_the_files_is_one_of_all(applied: Desk):
    sites = applied.folder / "sites"
    shutil.copytree(sites / "st-elsewhere", sites / "seaside")
    assert applied.bgo("apply", "--yes").code == 0
    shutil.rmtree(sites / "seaside")
    applied.edit("st-elsewhere/ehr-endpoints.yaml", "port: 6661", "port: 6662")
    assert "\n1 of 2 sites changes." in applied.bgo("plan").out


def test_a_site_that_results_wait_at_is_1_and_says_how_to_go_on(applied: Desk):
    assert applied.bgo("study", "submit", "--as-now", EFAST).code == 0
    text = (applied.folder / "sites/st-elsewhere/ehr-endpoints.yaml").read_text(encoding="utf-8")
    (line,) = (line for line in text.splitlines() if line.strip().startswith("epic-prod:"))
    applied.edit("st-elsewhere/ehr-endpoints.yaml", f"{line}\n", "")
    applied.edit("st-elsewhere/archives.yaml", "forward_to: [epic-prod]", "forward_to: [registry]")
    for arguments in (["plan"], ["plan", "--detailed-exitcode"]):
        ran = applied.bgo(*arguments)
        assert ran.code == 1
        assert ran.err.endswith(
            "bgo: st-elsewhere stays as it runs: `epic-prod` leaves st-elsewhere/ehr-endpoints.yaml and 1 result waits "
            "there. Add `removed: {epic-prod: {waiting: drain, reason: …}}`.\n"
        )


def test_files_of_a_commit_that_was_left_are_told_so(applied: Desk):
    git = ["git", "-c", "user.name=x", "-c", "user.email=x@example.org"]

    def commit() -> str:
        for arguments in (["add", "sites"], ["commit", "-q", "-m", "Move"]):
            subprocess.run([*git, *arguments], check=True)
        found = subprocess.run([*git, "rev-parse", "HEAD"], check=True, capture_output=True, text=True)
        return found.stdout.strip()

    subprocess.run([*git, "init", "-q"], check=True)
    before = commit()
    applied.edit("st-elsewhere/ehr-endpoints.yaml", "port: 6661", "port: 6662")
    newer = commit()
    asyncio.run(follow(applied, newer))
    forward = applied.bgo("plan", "--detailed-exitcode")
    assert (forward.code, forward.err) == (0, "")
    subprocess.run([*git, "reset", "-q", "--hard", before], check=True)
    ran = applied.bgo("plan", "--detailed-exitcode", "--out", "p.json")
    assert ran.code == 3
    assert f"these files do not descend from {newer[:7]}, which is applied" in ran.err
    assert "saved: bgo apply p.json; the controller's next pass takes it back\n" in ran.err
    assert "what is applied by hand, its next\npass takes back." in ran.out
    assert "To apply exactly this" not in ran.out


async def follow(desk: Desk, commit: str) -> None:
    """Let a controller apply the files as they are, of a commit."""
    async with opened(desk.folder / STATE) as app:
        files = FolderSource(path=desk.folder / "sites").fetch()
        services = app.state.services
        seen = await services.store.observe()
        await services.configuring.follow(replace(files, revision=commit), seen=seen)


def test_it_names_the_commit_where_the_files_are_just_that(applied: Desk):
    applied.edit("st-elsewhere/ehr-endpoints.yaml", "port: 6661", "port: 6662")
    assert "sites/ against what is applied" in applied.bgo("plan").out
    git = ["git", "-c", "user.name=x", "-c", "user.email=x@example.org"]
    for arguments in (["init", "-q"], ["add", "sites"], ["commit", "-q", "-m", "Move"]):
        subprocess.run([*git, *arguments], check=True)
    found = subprocess.run([*git, "rev-parse", "HEAD"], check=True, capture_output=True, text=True)
    assert f"sites/ at {found.stdout[:7]} against what is applied" in applied.bgo("plan").out


def test_problems_of_the_fleet_are_1(applied: Desk):
    (applied.folder / "sites" / "fleet.yaml").write_text("")
    ran = applied.bgo("plan")
    assert (ran.code, ran.out) == (1, "")
    assert "everything stays as it runs" in ran.err


def test_out_saves_what_apply_takes(applied: Desk):
    applied.edit("st-elsewhere/ehr-endpoints.yaml", "port: 6661", "port: 6662")
    ran = applied.bgo("plan", "--out", "p.json")
    assert (ran.code, ran.err) == (0, "saved: bgo apply p.json\n")
    saved = json.loads((applied.folder / "p.json").read_text())
    assert set(saved) == {"plan", "revision"}


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["--sites", "nowhere"], "bgo: nowhere: there is no such folder"),
        (["--out", "no/such/p.json"], "bgo: no/such/p.json: no such file or directory"),
    ],
    ids=["no sites", "no folder to save in"],
)
def test_what_cannot_be_read_or_written_is_one_line(applied: Desk, arguments: list[str], says: str):
    ran = applied.bgo("plan", *arguments)
    assert ran.code == 1
    assert ran.err.splitlines()[-1].startswith(says)
