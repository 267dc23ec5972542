"""`bgo delivery`: lists, shows and actions, with patient identifiers from standard input alone."""

import io
import json
import sys

import pytest

from butterfly_gitops.cli.delivery import answers_of
from butterfly_gitops.cli.output import strays_of
from tests.cli.state_commands import EFAST, EPIC, Desk


@pytest.fixture
def one(applied: Desk) -> Desk:
    """One result waits."""
    assert applied.bgo("study", "submit", "--as-now", EFAST).code == 0
    return applied


def test_a_list_has_a_line_each_and_the_count_beside_it(one: Desk):
    ran = one.bgo("delivery", "list")
    assert (ran.code, ran.err) == (0, "1 delivery\n")
    head, row = ran.out.splitlines()
    assert head.split() == ["ID", "STUDY", "RESULT", "ENDPOINT", "STATE", "ACCEPTED", "OUTCOME"]
    assert row.split()[:5] == ["1", "A4711", "final", EPIC, "queued"]


def test_json_stands_alone(one: Desk):
    (found,) = one.json("delivery", "list", "--format", "json")
    assert (found["id"], found["endpoint"], found["state"]) == (1, EPIC, "queued")


@pytest.mark.parametrize(
    ("arguments", "count"),
    [
        (["--endpoint", EPIC], 1),
        (["--endpoint", "st-elsewhere/registry"], 0),
        (["--study", "A4711"], 1),
        (["--only", "delivered"], 0),
        (["--only", "delivered", "--only", "queued"], 1),
        (["--waiting"], 1),
    ],
    ids=str,
)
def test_a_list_can_be_narrowed(one: Desk, arguments: list[str], count: int):
    assert len(one.json("delivery", "list", "--format", "json", *arguments)) == count


@pytest.mark.parametrize(
    ("typed", "count"),
    [("MRN0042^^^STE^MR\n", 1), ("MRN0043^^^STE^MR\n", 0), ("X\n\nMRN0042^^^STE^MR", 1), ("MRN0042\n", 0)],
    ids=["this", "another", "several", "without its authority"],
)
def test_a_patient_is_named_on_standard_input(
    one: Desk, monkeypatch: pytest.MonkeyPatch, typed: str, count: int
):
    monkeypatch.setattr(sys, "stdin", io.StringIO(typed))
    assert len(one.json("delivery", "list", "--format", "json", "--patient", "-")) == count


def test_no_identifier_on_standard_input_finds_nobody(one: Desk, monkeypatch: pytest.MonkeyPatch):
    """An empty list must not mean everybody."""
    monkeypatch.setattr(sys, "stdin", io.StringIO("\n"))
    ran = one.bgo("delivery", "list", "--patient", "-")
    assert (ran.code, ran.out) == (64, "")
    assert "no identifier" in ran.err


@pytest.mark.parametrize(
    "arguments",
    [
        ["list", "--patient", "MRN0042"],
        ["list", "--limit", "0"],
        ["list", "--only", "lost"],
        ["list", "--endpoint", "epic"],
        ["show"],
        ["show", "x"],
        ["resend", "1"],
        ["resend", "--reason", "x"],
        ["explode", "1"],
    ],
    ids=" ".join,
)
def test_wrong_usage_is_64(one: Desk, arguments: list[str]):
    ran = one.bgo("delivery", *arguments)
    assert (ran.code, ran.out) == (64, "")


def test_a_show_tells_its_story_without_content(one: Desk):
    ran = one.bgo("delivery", "show", "1")
    assert (ran.code, ran.err) == (0, "")
    assert ran.out.splitlines()[:2] == [f"delivery 1: A4711, final, revision 3, to {EPIC}", "  queued"]
    assert "Muster" not in ran.out


def test_a_show_as_json_stands_alone(one: Desk):
    assert one.json("delivery", "show", "1", "--format", "json")["replies"] is None


def test_content_needs_its_own_ability(one: Desk):
    assert one.bgo("delivery", "show", "1", "--as", "bob@example.org").code == 0
    ran = one.bgo("delivery", "show", "1", "--content", "--as", "bob@example.org")
    assert (ran.code, ran.out) == (1, "")
    assert "may not see content" in ran.err


@pytest.mark.parametrize(
    ("number", "code", "says"),
    [
        ("99", 1, "bgo: there is no delivery 99\n"),
        (str(10**30), 1, "less than"),
        ("-1", 64, "No such option"),
    ],
    ids=["unknown", "huge", "negative"],
)
def test_an_unknown_delivery_says_so(one: Desk, number: str, code: int, says: str):
    ran = one.bgo("delivery", "show", number)
    assert (ran.code, ran.out) == (code, "")
    assert says in ran.err


def test_actions_say_what_they_did_and_are_audited(one: Desk):
    because = ["--reason", "CHG-1"]
    assert one.bgo("delivery", "set-aside", "1", *because).out == "delivery 1: set aside\n"
    assert one.bgo("delivery", "resend", "1", *because).out == "delivery 1: back in its lane\n"
    assert one.bgo("delivery", "cancel", "1", *because).out == "delivery 1: cancelled\n"
    shown = one.bgo("delivery", "show", "1").out
    actions = [
        line.split()[1]
        for line in shown.splitlines()
        if line.endswith(" by local administrator, claiming ada: CHG-1")
    ]
    assert actions == ["set_aside", "resend", "cancel"]


def test_one_that_cannot_be_acted_on_is_1_and_the_others_are_done(one: Desk):
    ran = one.bgo("delivery", "set-aside", "99", "1", "--reason", "CHG-1")
    assert (ran.code, ran.out) == (1, "delivery 1: set aside\n")
    assert ran.err == "delivery 99: there is no delivery 99\n"


def test_a_reason_of_blanks_is_refused(one: Desk):
    ran = one.bgo("delivery", "cancel", "1", "--reason", " ")
    assert ran.code == 1
    assert json.loads(one.bgo("delivery", "list", "--format", "json").out)[0]["state"] == "queued"


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["--endpoint", "st-elsewhere/nope"], "bgo: no such endpoint is applied: st-elsewhere/nope\n"),
        (["--endpoint", "nope/epic-prod"], "bgo: no such site is applied: nope\n"),
        (["--site", "nope"], "bgo: no such site is applied: nope\n"),
    ],
    ids=["endpoint", "site of an endpoint", "site"],
)
def test_a_list_of_what_there_is_not_is_1(one: Desk, arguments: list[str], says: str):
    ran = one.bgo("delivery", "list", *arguments)
    assert (ran.code, ran.out, ran.err) == (1, "", says)


@pytest.mark.parametrize("line", ["^^^OTH^MR", "PID|1||MRN0042", "^" * 10, "1" + "^" * 10], ids=ascii)
def test_a_line_that_is_no_identifier_is_named_by_its_number(
    one: Desk, monkeypatch: pytest.MonkeyPatch, line: str
):
    monkeypatch.setattr(sys, "stdin", io.StringIO(f"MRN0042^^^STE^MR\n{line}\n"))
    ran = one.bgo("delivery", "list", "--patient", "-")
    assert (ran.code, ran.out) == (64, "")
    assert "line 2 is no identifier" in ran.err
    assert line not in ran.err


ANOTHER = ("uncertain", "AA", "acknowledges another message")
COMMIT = ("uncertain", "CA", "CA in original mode: set acknowledgement mode commit?")
NONE = ("uncertain", "", "no answer")
AE = ("refused", "AE", "")
AA = ("delivered", "AA", "no final CR")

STORIES = {
    "equal ones in a row are counted": (
        [NONE, NONE, AE, AE, AE, NONE, AA],
        "no answer (2 times), then AE (3 times), then no answer, then AA",
    ),
    "a yes to another message is none": ([ANOTHER, AA], "acknowledges another message, then AA"),
    "the hint stands for the code": ([COMMIT, COMMIT], f"{COMMIT[2]} (2 times)"),
    "a refusal says its errors": ([("refused", "AE", "error 204"), AE], "AE: error 204, then AE"),
    "the last is under way": ([NONE, (None, "", "")], "no answer, then in flight"),
    "none": ([], ""),
}


@pytest.mark.parametrize(("came", "told"), STORIES.values(), ids=STORIES)
def test_a_line_tells_what_each_attempt_came_to(came, told: str):
    attempts = [{"outcome": outcome, "code": code, "detail": detail} for outcome, code, detail in came]
    assert answers_of({"attempts": attempts}) == told


@pytest.mark.parametrize(
    ("late", "unasked", "said"),
    [
        (0, 0, ""),
        (None, None, ""),
        (1, 0, "1 late answer"),
        (2, 1, "2 late answers, 1 connection closed for unasked bytes"),
    ],
)
def test_what_nobody_waited_for_is_said_where_there_is_any(late: int | None, unasked: int | None, said: str):
    assert strays_of({"late_answers": late, "unasked": unasked}) == said
