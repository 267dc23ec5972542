"""`bgo apply`: a plan that is read and asked for, a saved plan, and what is refused."""

import json
import signal

import pytest
from click.testing import CliRunner

from butterfly_gitops.cli.apply import command
from tests.cli.state_commands import STATE, Desk


def test_without_a_state_it_makes_none(desk: Desk):
    ran = desk.bgo("apply", "--yes")
    assert (ran.code, ran.out) == (1, "")
    assert (
        ran.err
        == "bgo: there is no state in .butterfly-gitops; `bgo run --new-state` or `bgo apply --new-state` makes one\n"
    )
    assert not (desk.folder / STATE).exists()


def test_a_new_state_is_private_and_has_what_was_applied(desk: Desk):
    ran = desk.bgo("apply", "--new-state", "--yes")
    assert (ran.code, ran.err) == (0, "")
    assert ran.out.endswith("applied  fleet#1\napplied  st-elsewhere#1\n")
    state = desk.folder / STATE
    assert state.stat().st_mode & 0o777 == 0o700
    assert {file.stat().st_mode & 0o777 for file in state.iterdir()} == {0o600}


def test_a_folder_with_other_things_becomes_no_state(desk: Desk):
    sites = desk.folder / "sites"
    sites.chmod(0o755)
    ran = desk.bgo("apply", "--new-state", "--yes", "--state", "sites")
    assert (ran.code, ran.out) == (1, "")
    assert ran.err == "bgo: sites holds other things than a state: name a folder that is new or empty\n"
    assert sites.stat().st_mode & 0o777 == 0o755
    assert not (sites / "state.sqlite3").exists()


def test_an_empty_folder_becomes_a_state(desk: Desk):
    (desk.folder / "empty").mkdir()
    assert desk.bgo("apply", "--new-state", "--yes", "--state", "empty").code == 0


def test_a_new_state_where_there_is_one_is_refused(applied: Desk):
    ran = applied.bgo("apply", "--new-state", "--yes")
    assert (ran.code, ran.out) == (1, "")
    assert "there is a state in .butterfly-gitops already" in ran.err


def test_nothing_to_apply_is_0(applied: Desk):
    ran = applied.bgo("apply", "--yes")
    assert (ran.code, ran.err) == (0, "")
    assert ran.out.startswith("No changes.\n")


@pytest.mark.parametrize(("answer", "code"), [("y\n", 0), ("n\n", 1), ("", 1)], ids=["yes", "no", "end"])
def test_it_asks_on_standard_error(applied: Desk, answer: str, code: int):
    applied.edit("st-elsewhere/ehr-endpoints.yaml", "port: 6661", "port: 6662")
    ran = CliRunner().invoke(command, [], input=answer)
    assert ran.exit_code == code
    assert "Apply this? [y/N]" in ran.stderr
    assert "Apply this?" not in ran.stdout
    assert "To apply exactly this" not in ran.stdout
    assert ("applied  st-elsewhere#2\n" in ran.stdout) == (code == 0)
    assert ("nobody answered: --yes applies without asking" in ran.stderr) == (answer == "")


def test_no_is_1_and_says_that_nothing_was_applied(applied: Desk, monkeypatch: pytest.MonkeyPatch):
    applied.edit("st-elsewhere/ehr-endpoints.yaml", "port: 6661", "port: 6662")
    monkeypatch.setattr("click.confirm", lambda *_, **__: False)
    ran = applied.bgo("apply")
    assert (ran.code, ran.err) == (1, "bgo: nothing was applied\n")
    assert applied.bgo("plan", "--detailed-exitcode").code == 2


def saved_plan(desk: Desk) -> str:
    desk.edit("st-elsewhere/ehr-endpoints.yaml", "port: 6661", "port: 6662")
    assert desk.bgo("plan", "--out", "p.json").code == 0
    return "p.json"


def test_a_saved_plan_is_applied_without_a_question(applied: Desk):
    ran = applied.bgo("apply", saved_plan(applied))
    assert (ran.code, ran.out, ran.err) == (0, "applied  st-elsewhere#2\n", "")


def test_a_stale_plan_is_4_and_says_what_moved(applied: Desk):
    file = saved_plan(applied)
    assert applied.bgo("apply", file).code == 0
    ran = applied.bgo("apply", file)
    assert (ran.code, ran.out) == (4, "")
    assert ran.err == "bgo: applied since the plan was made: st-elsewhere; plan again\n"


def test_a_plan_changed_by_hand_is_refused(applied: Desk):
    file = applied.folder / saved_plan(applied)
    file.write_text(file.read_text().replace("6662", "6663"))
    ran = applied.bgo("apply", str(file))
    assert ran.code in (1, 4)
    assert ran.out == ""
    assert applied.bgo("plan", "--detailed-exitcode").code == 2


@pytest.mark.parametrize(
    "content",
    ["", "{", "[]", "5", "{}", json.dumps({"plan": {}}), json.dumps({"plan": 5, "revision": 1}), "\xff"],
)
def test_garbage_is_no_plan(applied: Desk, content: str):
    ran = applied.bgo("apply", applied.file("p.json", content))
    assert (ran.code, ran.out) == (1, "")
    assert ran.err == "bgo: p.json is no plan that `bgo plan --out` saved\n"


def test_bytes_that_are_no_text_are_no_plan(applied: Desk):
    ran = applied.bgo("apply", applied.file("p.json", b"\xff\xfe\x00"))
    assert (ran.code, ran.err) == (1, "bgo: p.json is no plan that `bgo plan --out` saved\n")


def test_an_empty_plan_says_where_it_is_wrong(applied: Desk):
    ran = applied.bgo("apply", applied.file("p.json", json.dumps({"plan": {}, "revision": "r"})))
    assert (ran.code, ran.out) == (1, "")
    assert ran.err.startswith("bgo: this is no saved plan: id: ")


def test_held_sites_are_3_and_stay(applied: Desk):
    applied.edit("st-elsewhere/site.yaml", "host: 127.0.0.1", "host: 127.0.0.2")
    ran = applied.bgo("apply", "--yes")
    assert ran.code == 3
    assert "stays    st-elsewhere: held: bgo approve " in ran.out
    assert applied.bgo("plan", "--detailed-exitcode").code == 3


def test_another_fleets_files_are_refused(applied: Desk):
    applied.edit("fleet.yaml", "name: mercy-health", "name: grace-health")
    ran = applied.bgo("apply", "--yes")
    assert (ran.code, ran.out) == (1, "")
    assert ran.err == "bgo: the state belongs to fleet mercy-health, the files to fleet grace-health\n"


def test_waiting_where_nothing_dispatches_is_1(applied: Desk):
    applied.edit("st-elsewhere/ehr-endpoints.yaml", "port: 6661", "port: 6662")
    ran = applied.bgo("apply", "--yes", "--wait", "1s")
    assert ran.code == 1
    assert "applied  st-elsewhere#2\n" in ran.out
    assert ran.err == "bgo: nothing dispatches: start `bgo run` to have it reported\n"


@pytest.mark.parametrize(
    "arguments",
    [["--wait", "60"], ["--wait", "soon"], ["nowhere.json"], ["--force"], ["p.json", "q.json"]],
    ids=" ".join,
)
def test_wrong_usage_is_64(applied: Desk, arguments: list[str]):
    ran = applied.bgo("apply", *arguments)
    assert (ran.code, ran.out) == (64, "")
    assert "Usage: bgo apply" in ran.err


def test_a_role_that_may_only_look_cannot_apply(applied: Desk):
    file = saved_plan(applied)
    ran = applied.bgo("apply", file, "--as", "bob@example.org")
    assert (ran.code, ran.out) == (1, "")
    assert ran.err.startswith("bgo: bob@example.org may not change configuration")


def test_interrupted_is_130(applied: Desk, monkeypatch: pytest.MonkeyPatch):
    applied.edit("st-elsewhere/ehr-endpoints.yaml", "port: 6661", "port: 6662")
    monkeypatch.setattr("click.confirm", lambda *_, **__: signal.raise_signal(signal.SIGINT))
    # Whoever starts tests in the background has it ignored.
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        assert applied.bgo("apply").code == 130
    finally:
        signal.signal(signal.SIGINT, before)
