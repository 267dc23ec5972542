"""`bgo run`: what it refuses before it runs, and verbs that speak to one that does."""

import json
import re
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from tests.cli.git_repository import GitRepository
from tests.cli.state_commands import EFAST, EPIC, STATE, Desk, Process, practice_ehr, process, small_sites
from tests.table import in_one_test

FREE = ("--listen", "127.0.0.1:0")


@in_one_test(
    ("arguments", "code", "says"),
    [
        (
            [],
            1,
            "bgo: there is no state in .butterfly-gitops; `bgo run --new-state` or `bgo apply --new-state` makes one\n",
        ),
        (["--interval", "30"], 64, "a duration is a whole number and a unit"),
        (["--interval", "0s"], 64, "longer than 0s"),
        (["--listen", "8311"], 64, "write HOST:PORT"),
        (["--source", "https://git.example.org/sites.git#main"], 64, "write GIT_URL#BRANCH:FOLDER"),
        (["--source", "/srv/fleet.git"], 64, "write PATH#BRANCH:FOLDER, such as /srv/fleet.git#main:sites"),
        (
            ["--source", "git@git.example.org:fleet"],
            64,
            "write PATH#BRANCH:FOLDER, such as git@git.example.org",
        ),
        (["--source", "http://git.example.org/sites.git#main:sites"], 64, "http:// is not read"),
        (["--log-format", "xml"], 64, "xml"),
        (["--listen", "127.0.0.1:99999"], 64, "the port is from 0 to 65535"),
        (["somewhere"], 64, "unexpected extra argument"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)
def test_what_cannot_run_says_why_and_makes_no_state(desk: Desk, arguments: list[str], code: int, says: str):
    ran = desk.bgo("run", *arguments)
    assert (ran.code, ran.out) == (code, "")
    assert says in " ".join(ran.err.split()) + "\n"
    assert not (desk.folder / STATE).exists()


@in_one_test("host", ["0.0.0.0", "10.1.2.3", "bgo.example.org", "[::]"])
def test_only_loopback_is_listened_on(applied: Desk, host: str):
    ran = applied.bgo("run", "--listen", f"{host}:8311")
    assert (ran.code, ran.out) == (1, "")
    assert "only loopback addresses; put a proxy with TLS in front for others" in ran.err


def test_a_port_in_use_is_one_line(applied: Desk):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        ran = applied.bgo("run", "--listen", f"127.0.0.1:{port}")
    assert (ran.code, ran.out) == (1, "")
    assert ran.err.splitlines()[-1] == f"bgo: --listen 127.0.0.1:{port}: address already in use"


def test_a_new_state_where_there_is_one_is_refused(applied: Desk):
    ran = applied.bgo("run", "--new-state", *FREE)
    assert (ran.code, ran.out) == (1, "")
    assert "there is a state in .butterfly-gitops already" in ran.err


def test_a_state_that_was_put_back_in_time_is_refused_by_every_verb(
    applied: Desk, monkeypatch: pytest.MonkeyPatch
):
    database = applied.folder / STATE / "state.sqlite3"
    older = database.read_bytes()
    assert applied.bgo("study", "submit", EFAST).code == 0
    database.write_bytes(older)
    for verb in (["run", *FREE], ["status"], ["apply", "--yes"], ["study", "submit", EFAST]):
        ran = applied.bgo(*verb)
        assert (ran.code, ran.out) == (1, "")
        assert "accepted events: 1," in ran.err
        assert re.search(r"`bgo run --accept-older [0-9a-f]+` goes on", ran.err)
    monkeypatch.setenv("BGO_MARK", str(applied.folder / "another"))
    assert "another is missing" in applied.bgo("status").err


@contextmanager
def running(desk: Desk, *arguments: str) -> Iterator[Process]:
    with process(desk.folder, "run", *FREE, "--log-format", "json", *arguments) as run:
        run.line('"event": "running"')
        yield run


def logged(run: Process, event: str) -> dict[str, object]:
    line: dict[str, object] = json.loads(run.line(f'"event": "{event}"'))
    return line


@pytest.mark.journey
def test_a_state_that_another_run_holds_is_one_line(applied: Desk):
    with running(applied) as run:
        ran = applied.bgo("run", *FREE)
        assert (ran.code, ran.out) == (1, "")
        says = f"bgo: the state in {STATE} is held by process {run.popen.pid}"
        assert ran.err.splitlines()[-1] == says


@pytest.mark.soak
@pytest.mark.journey
def test_a_source_of_another_fleet_ends_it_with_one_line(applied: Desk):
    applied.edit("fleet.yaml", "name: mercy-health", "name: grace-health")
    with process(applied.folder, "run", *FREE, "--source", "sites") as run:
        out, err = run.popen.communicate()
    assert (run.popen.returncode, out) == (1, "")
    says = "bgo: the state belongs to fleet mercy-health, the files to fleet grace-health"
    assert err.splitlines()[-1] == says
    assert not (applied.folder / STATE / "api.json").exists()


@pytest.mark.journey
def test_a_bare_repository_without_a_branch_is_told_the_form_whatever_its_name(desk: Desk):
    subprocess.run(["git", "init", "--quiet", "--bare", desk.folder / "fleet"], check=True)
    ran = desk.bgo("run", *FREE, "--new-state", "--source", "fleet")
    assert ran.code == 64
    assert "write PATH#BRANCH:FOLDER, such as fleet#main:sites" in ran.err


@pytest.mark.journey
def test_a_new_state_is_made_in_the_folder_of_one_that_was_used_and_lost(desk: Desk):
    repository = GitRepository(root=desk.folder)
    repository.git("init", "--quiet", "--initial-branch", "main")
    (desk.folder / ".gitignore").write_text(f"{STATE}/\n", encoding="utf-8")
    repository.commit()
    with running(desk, "--new-state", "--source", ".#main:sites") as run:
        logged(run, "applied")
    for file in (desk.folder / STATE).glob("state.sqlite3*"):
        file.unlink()
    assert {"token", "git", "api.json", "mark"} <= {one.name for one in (desk.folder / STATE).iterdir()}
    refused = desk.bgo("run", "--new-state", *FREE)
    (setback,) = re.findall(r"`bgo run --new-state --accept-older (\w+)` begins anew", refused.err)
    with running(desk, "--new-state", "--accept-older", setback) as run:
        assert desk.bgo("ledger").out.startswith("0 events")
        assert run.end()[0] == 0


def test_a_crash_leaves_no_dump():
    told = "import resource; print(resource.getrlimit(resource.RLIMIT_CORE)); print(ctypes.CDLL(None).prctl(3, 0, 0, 0, 0))"
    script = f"import ctypes; from butterfly_gitops.wiring import _keep_no_dumps; _keep_no_dumps(); {told}"
    ran = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert ran.stdout == "(0, 0)\n0\n"


@pytest.mark.parametrize("number", [signal.SIGTERM, pytest.param(signal.SIGINT, marks=pytest.mark.soak)])
def test_verbs_speak_to_the_one_that_runs(desk: Desk, number: int):
    with practice_ehr(desk.folder) as port:
        small_sites(desk.folder / "sites", port=port)
        with running(desk, "--new-state", "--source", "sites") as run:
            assert logged(run, "applied")["site"] == "fleet"
            assert logged(run, "applied")["site"] == "st-elsewhere"

            ran = desk.bgo("study", "submit", "--as-now", EFAST)
            assert (ran.code, ran.err) == (0, "1 accepted, on disk\n")
            attempt = logged(run, "attempt ended")
            assert (attempt["endpoint"], attempt["outcome"], attempt["code"]) == (EPIC, "delivered", "AA")

            # An endpoint is told after it is logged: the ledger is asked when that is over.
            assert desk.json("ledger", "--format", "json")["deliveries"] == {"delivered": 1}
            shown = desk.bgo("delivery", "show", "1", "--content").out
            assert "Muster^Erika" in shown
            assert "MSA|AA|" in shown
            assert desk.bgo("status").out.partition("\n")[0].endswith(": follows sites")
            resumed = desk.bgo("endpoint", "resume", EPIC, "--reason", "CHG-1")
            assert (resumed.code, resumed.out) == (1, "")
            refused = desk.bgo("status", "--as", "nobody@example.org")
            assert (refused.code, refused.out) == (1, "")

            desk.edit("st-elsewhere/site.yaml", "St. Elsewhere", "Saint Elsewhere")
            assert desk.bgo("plan").code == 0
            code, out, _ = run.end(number)
            assert (code, out) == (0, "")
    assert not (desk.folder / STATE / "api.json").exists()
    assert desk.bgo("ledger").out.startswith("1 event x its rules = 1 decision: 1 delivered")


@pytest.mark.soak
@pytest.mark.journey
def test_while_a_source_is_followed_apply_is_refused(desk: Desk):
    with running(desk, "--new-state", "--source", "sites", "--interval", "24h") as run:
        logged(run, "condition")
        desk.edit("st-elsewhere/site.yaml", "St. Elsewhere", "Saint Elsewhere")
        ran = desk.bgo("apply", "--yes")
    assert ran.code == 1
    assert ran.err.startswith("bgo: the running controller follows sites and is the only writer")


@pytest.mark.soak
@pytest.mark.journey
def test_without_a_source_apply_writes_and_waits_until_it_is_reported(applied: Desk):
    applied.edit("st-elsewhere/ehr-endpoints.yaml", "port: 6661", "port: 6662")
    with running(applied):
        ran = applied.bgo("apply", "--yes", "--wait", "60s")
    assert (ran.code, ran.err) == (0, "")
    assert ran.out.endswith("applied  st-elsewhere#2\n")


@pytest.mark.soak
@pytest.mark.journey
def test_a_source_that_goes_away_is_told_once_and_what_runs_goes_on(desk: Desk):
    with running(desk, "--new-state", "--source", "sites", "--interval", "100ms") as run:
        logged(run, "applied")
        (desk.folder / "sites").rename(desk.folder / "gone")
        told = logged(run, "condition")
        while told["reason"] != "SourceAway":
            told = logged(run, "condition")
        assert (told["site"], told["state"]) == ("fleet", "Stalled")
        (desk.folder / "gone").rename(desk.folder / "sites")
        told = logged(run, "condition")
        assert (told["site"], told["state"], told["reason"]) == ("fleet", "Ready", "Applied")


@pytest.mark.soak
@pytest.mark.journey
def test_a_commit_on_the_branch_takes_effect_and_a_forced_push_does_not(desk: Desk):
    repository = GitRepository(root=desk.folder)
    repository.git("init", "--quiet", "--initial-branch", "main")
    (desk.folder / ".gitignore").write_text(f"{STATE}/\n", encoding="utf-8")
    first = repository.commit()
    with running(desk, "--new-state", "--source", ".#main:sites", "--interval", "100ms") as run:
        assert logged(run, "applied")["site"] == "fleet"
        assert desk.bgo("status", "--wait", first).code == 0
        desk.edit("st-elsewhere/ehr-endpoints.yaml", "port: 6661", "port: 6662")
        second = repository.commit()
        assert desk.bgo("status", "--wait", second).code == 0
        assert desk.bgo("status").out.partition("\n")[0].endswith(f": follows {desk.folder}#main:sites")
        repository.git("reset", "--quiet", "--hard", first)
        desk.edit("st-elsewhere/ehr-endpoints.yaml", "port: 6661", "port: 6663")
        repository.commit()
        told = logged(run, "condition")
        while told["reason"] != "NotForward":
            told = logged(run, "condition")
        shown = desk.json("status", "--format", "json")
    assert [site["commit"] for site in shown["sites"]] == [second]
    assert desk.bgo("plan").out.count("6662 -> 6663") == 1
