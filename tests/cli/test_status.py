"""`bgo status` and `bgo ledger`: how things stand."""

import pytest

from tests.cli.state_commands import EFAST, EPIC, Desk


@pytest.mark.parametrize("verb", ["status", "ledger"])
def test_without_a_state_it_is_one_line(desk: Desk, verb: str):
    ran = desk.bgo(verb)
    assert (ran.code, ran.out) == (1, "")
    assert (
        ran.err
        == "bgo: there is no state in .butterfly-gitops; `bgo run --new-state` or `bgo apply --new-state` makes one\n"
    )


def test_it_tells_what_waits(applied: Desk):
    applied.bgo("study", "submit", "--as-now", EFAST)
    ran = applied.bgo("status")
    assert (ran.code, ran.err) == (0, "")
    lines = ran.out.splitlines()
    assert lines[0].startswith("fleet mercy-health at ")
    assert lines[0].endswith(": nothing dispatches; start `bgo run`")
    assert any(line.split()[:4] == [EPIC, "-", "1", "queued"] for line in lines)


def test_it_names_the_commit_of_the_fleet_and_of_each_site(applied: Desk):
    applied.edit("st-elsewhere/ehr-endpoints.yaml", "port: 6661", "port: 6662")
    assert applied.bgo("apply", "--yes").code == 0
    status = applied.json("status", "--format", "json")
    digits = status["commit"].removeprefix("sha256:")[:7]
    lines = applied.bgo("status").out.splitlines()
    assert lines[0].startswith(f"fleet mercy-health at sha256:{digits}: ")
    assert any(line.split() == ["st-elsewhere", "#2", "at", f"sha256:{digits}"] for line in lines)


def test_only_one_site_or_only_trouble_may_be_asked_for(applied: Desk):
    assert EPIC in applied.bgo("status", "--site", "st-elsewhere").out
    assert applied.bgo("status", "--site", "nowhere").err == "bgo: there is no site nowhere\n"
    assert applied.bgo("status", "--trouble").out.count("\n") == 1, "all is well"
    applied.bgo("study", "submit", "--as-now", EFAST)
    applied.bgo("delivery", "set-aside", "1", "--reason", "CHG-1")
    assert EPIC in applied.bgo("status", "--trouble").out


def test_json_stands_alone(applied: Desk):
    status = applied.json("status", "--format", "json")
    assert status["fleet"] == "mercy-health"
    assert [one["endpoint"] for one in status["endpoints"]] == [EPIC, "st-elsewhere/registry"]


def test_a_person_without_a_role_is_refused(applied: Desk):
    ran = applied.bgo("status", "--as", "nobody@example.org")
    assert (ran.code, ran.out) == (1, "")
    assert ran.err.startswith("bgo: nobody@example.org may not see configuration")


@pytest.mark.parametrize("nobody", ["", "  "])
def test_a_person_without_a_name_is_not_the_administrator(
    applied: Desk, nobody: str, monkeypatch: pytest.MonkeyPatch
):
    given = applied.bgo("status", "--as", nobody)
    monkeypatch.setenv("BGO_AS", nobody)
    found = applied.bgo("status")
    assert (given.code, found.code) == (64, 64)
    assert "it names nobody" in given.err
    assert "it names nobody" in found.err


def test_nobody_runs_as_another_person(applied: Desk):
    ran = applied.bgo("run", "--as", "bob@example.org")
    assert (ran.code, ran.out) == (64, "")


def test_the_state_can_come_from_the_environment(applied: Desk, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("BGO_STATE", "elsewhere")
    assert (
        applied.bgo("status").err
        == "bgo: there is no state in elsewhere; `bgo run --new-state` or `bgo apply --new-state` makes one\n"
    )
    assert applied.bgo("status", "--state", ".butterfly-gitops").code == 0


@pytest.mark.parametrize("verb", ["status", "run", "plan"])
def test_a_state_with_an_address_is_not_taken_for_a_folder(desk: Desk, verb: str):
    ran = desk.bgo(verb, "--state", "postgresql://localhost/bgo")
    assert (ran.code, ran.out) == (64, "")
    assert "PostgreSQL states are not built yet: give a folder" in ran.err
    assert [one.name for one in desk.folder.iterdir()] == ["sites"]
