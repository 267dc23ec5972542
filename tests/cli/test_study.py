"""`bgo study`: events handed in from files and standard input, the message of one, and one sent by hand."""

import io
import json
import shutil
import sys
from pathlib import Path
from typing import Any

import pytest

from butterfly_gitops.model.printable import short_digest
from tests.cli.state_commands import EFAST, EPIC, STUDIES, Desk
from tests.table import in_one_test

PRELIMINARY = str(STUDIES / "efast-preliminary.json")


def type_in(monkeypatch: pytest.MonkeyPatch, content: bytes) -> None:
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(content)))


def sample(**overrides: Any) -> dict[str, Any]:
    return {**json.loads(Path(EFAST).read_text(encoding="utf-8")), **overrides}


def test_a_file_is_taken_and_told(applied: Desk):
    ran = applied.bgo("study", "submit", "--as-now", EFAST)
    assert (ran.code, ran.err) == (0, "1 accepted, on disk\n")
    head, row = ran.out.splitlines()
    assert head.split() == ["EVENT", "ENDPOINT", "DECISION", "DELIVERY"]
    assert row.split()[1:] == [EPIC, "deliver", "1", "queued"]


def test_json_stands_alone(applied: Desk):
    (answer,) = applied.json("study", "submit", "--as-now", "--format", "json", EFAST)
    assert answer["decisions"][0]["endpoint"] == EPIC


def test_known_is_0_and_says_so(applied: Desk):
    applied.bgo("study", "submit", EFAST)
    ran = applied.bgo("study", "submit", EFAST)
    assert ran.code == 0
    assert "(known)" in ran.out
    assert ran.err == "1 known already, on disk\n"


def test_as_now_is_another_event_each_time(applied: Desk):
    for _ in range(2):
        assert applied.bgo("study", "submit", "--as-now", EFAST).code == 0
    assert applied.json("ledger", "--format", "json")["events"] == 2


@pytest.mark.parametrize(
    "write",
    [
        json.dumps,
        lambda events: "\n".join(map(json.dumps, events)),
        lambda events: "\n\n".join(map(json.dumps, events)) + "\n",
        lambda events: "\r\n".join(map(json.dumps, events)),
    ],
    ids=["array", "JSON Lines", "JSON Lines with blanks", "JSON Lines of Windows"],
)
def test_arrays_and_lines_are_taken_from_standard_input(
    applied: Desk, monkeypatch: pytest.MonkeyPatch, write: Any
):
    events = [sample(event_id=f"E{number}") for number in range(3)]
    type_in(monkeypatch, write(events).encode())
    ran = applied.bgo("study", "submit", "-")
    assert (ran.code, ran.err) == (0, "3 accepted, on disk\n")


def test_lines_that_are_too_large_together_go_in_parts(applied: Desk):
    """Together they are over what the API takes at once."""
    document = {"media_type": "application/pdf", "base64": "JVBERi0t" * (3 * 2**19)}
    events = [sample(event_id=f"E{number}") for number in range(3)]
    lines = "\n".join(
        json.dumps({**one, "study": {**one["study"], "documents": [document]}}) for one in events
    )
    ran = applied.bgo("study", "submit", applied.file("large.jsonl", lines))
    assert (ran.code, ran.err) == (0, "3 accepted, on disk\n")


def test_many_lines_go_in_parts(applied: Desk):
    lines = "\n".join(json.dumps(sample(event_id=f"E{number}")) for number in range(501))
    ran = applied.bgo("study", "submit", applied.file("many.jsonl", lines))
    assert (ran.code, ran.err) == (0, "501 accepted, on disk\n")


def test_other_content_under_a_known_id_is_1_and_names_the_event(applied: Desk):
    applied.bgo("study", "submit", EFAST)
    other = applied.file("other.json", json.dumps(sample(occurred_at="2026-11-24T14:03:12Z")))
    ran = applied.bgo("study", "submit", other)
    assert (ran.code, ran.out) == (1, "")
    assert ran.err == (
        "bgo: other.json: this event_id is known with other content "
        f"(event 1, SHA-256 of its id: {short_digest(sample()['event_id'])}...): nothing of it is stored\n"
    )


def test_a_refused_event_shows_its_pointer_rule_and_hint(applied: Desk):
    wrong = sample(archive="st-elsewhere/icu")
    del wrong["study"]["id"]
    ran = applied.bgo("study", "submit", applied.file("x.json", json.dumps([sample(), wrong])))
    assert (ran.code, ran.out) == (1, "")
    assert ran.err.splitlines() == [
        "x.json#/1/study/id: error[missing-field]: this field is required; add it",
        "bgo: x.json: 1 problem: nothing of it is stored",
    ]
    assert applied.json("ledger", "--format", "json")["events"] == 0


@in_one_test(
    "content",
    [b"", b"{", b"\xff\xfe", b"<event/>", b"{}\n{", b"[]", b"[" * 100_000],
    ids=["empty", "open", "no UTF-8", "XML", "lines", "none", "deep"],
)
@in_one_test("shift", [[], ["--as-now"]], ids=["", "as now"])
def test_what_is_no_event_is_1(applied: Desk, content: bytes, shift: list[str]):
    ran = applied.bgo("study", "submit", *shift, applied.file("x.json", content))
    assert (ran.code, ran.out) == (1, "")
    assert ran.err.splitlines()[-1].startswith("bgo: x.json: 1 problem: nothing")


@pytest.mark.parametrize(
    ("arguments", "code", "says"),
    [
        (["nowhere.json"], 1, "bgo: nowhere.json: no such file or directory\n"),
        (["sites"], 1, "bgo: sites: is a directory\n"),
        ([], 64, "Missing argument"),
    ],
    ids=["missing", "a folder", "nothing"],
)
def test_what_cannot_be_read_says_so(applied: Desk, arguments: list[str], code: int, says: str):
    ran = applied.bgo("study", "submit", *arguments)
    assert (ran.code, ran.out) == (code, "")
    assert says in ran.err


def test_the_first_file_stays_taken_when_the_second_is_refused(applied: Desk):
    ran = applied.bgo("study", "submit", EFAST, applied.file("x.json", "{"))
    assert ran.code == 1
    assert applied.json("ledger", "--format", "json")["events"] == 1


def test_render_writes_the_message_of_the_files(desk: Desk):
    ran = desk.bgo("study", "render", EFAST, "--endpoint", EPIC)
    assert (ran.code, ran.err) == (0, "")
    lines = ran.out.splitlines()
    assert [line[:3] for line in lines] == ["MSH", "PID", "PV1", "ORC", "OBR", "OBX", "OBX", "OBX"]


def test_render_writes_the_exact_bytes(desk: Desk):
    ran = desk.bgo("study", "render", EFAST, "--endpoint", EPIC, "--format", "bytes")
    assert ran.code == 0
    assert ran.out.count("\r") == 8
    assert "\n" not in ran.out


def test_render_says_that_a_preliminary_would_not_be_sent(desk: Desk):
    ran = desk.bgo("study", "render", PRELIMINARY, "--endpoint", "st-elsewhere/registry")
    assert ran.code == 0
    assert "|P" in ran.out
    assert ran.err == (
        "bgo: st-elsewhere/registry is sent no preliminary results; one would read like this; "
        "st-elsewhere/emergency does not forward to registry\n"
    )


def test_render_takes_a_preliminary(desk: Desk):
    ran = desk.bgo("study", "render", PRELIMINARY, "--endpoint", EPIC)
    assert ran.code == 0
    assert "|P" in ran.out


@pytest.mark.parametrize(
    ("arguments", "code", "says"),
    [
        (
            [EFAST, "--endpoint", "st-elsewhere/epik"],
            1,
            "bgo: st-elsewhere/epik: the files have no such endpoint",
        ),
        ([EFAST, "--endpoint", "epic-prod"], 64, "SITE/NAME"),
        ([EFAST], 64, "--endpoint"),
        (["nowhere.json", "--endpoint", EPIC], 64, "nowhere.json"),
        (
            [str(STUDIES / "efast-reverted.json"), "--endpoint", EPIC],
            1,
            "bgo: a study that is reverted makes no",
        ),
        (["sites/fleet.yaml", "--endpoint", EPIC], 1, "bgo: sites/fleet.yaml: no study event\n"),
        ([EFAST, "--endpoint", EPIC, "--sites", "nowhere"], 1, "bgo: nowhere: there is no such folder"),
    ],
    ids=["unknown endpoint", "no site", "no endpoint", "no file", "reverted", "no event", "no sites"],
)
def test_what_cannot_be_rendered_says_why(desk: Desk, arguments: list[str], code: int, says: str):
    ran = desk.bgo("study", "render", *arguments)
    assert (ran.code, ran.out) == (code, "")
    assert says in ran.err


@pytest.mark.parametrize(
    ("sites", "verb"), [("sites", "bgo validate"), ("my files", "bgo validate 'my files'")]
)
def test_render_says_how_to_see_the_problems_of_these_files(desk: Desk, sites: str, verb: str):
    desk.edit("st-elsewhere/ehr-endpoints.yaml", "port: 6661,", "port: none,")
    if sites != "sites":
        shutil.move(desk.folder / "sites", desk.folder / sites)
    ran = desk.bgo("study", "render", EFAST, "--endpoint", EPIC, "--sites", sites)
    assert (ran.code, ran.out, ran.err) == (1, "", f"bgo: {EPIC}: the files have problems: {verb}\n")


def test_render_names_the_field_that_cannot_be_written(desk: Desk):
    event = sample()
    event["patient"]["identifiers"] = []
    ran = desk.bgo("study", "render", desk.file("x.json", json.dumps(event)), "--endpoint", EPIC)
    assert (ran.code, ran.out, ran.err) == (1, "", "bgo: PID-3: the patient has no identifier\n")


def test_one_study_is_sent_by_hand(applied: Desk):
    applied.bgo("study", "submit", "--as-now", EFAST)
    wish = [
        "study",
        "send",
        "A4711",
        "--endpoint",
        "st-elsewhere/registry",
        "--reason",
        "CHG-1",
        "--key",
        "k",
    ]
    ran = applied.bgo(*wish)
    assert (ran.code, ran.out, ran.err) == (0, "delivery 2: queued\n", "")
    assert applied.bgo(*wish).out == "delivery 2: queued (asked for before)\n"


@pytest.mark.parametrize(
    ("arguments", "code", "says"),
    [
        (["s-0", "--endpoint", EPIC, "--reason", "x"], 1, "bgo: there is no study s-0\n"),
        (["s-4711", "--endpoint", EPIC], 64, "--reason"),
        (["s-4711", "--reason", "x"], 64, "--endpoint"),
        (
            ["s-4711", "--endpoint", "st-elsewhere/no", "--reason", "x"],
            1,
            "there is no endpoint st-elsewhere/no",
        ),
        (
            ["s-4711", "--endpoint", EPIC, "--reason", "x", "--as", "bob@example.org"],
            1,
            "may not send results",
        ),
    ],
    ids=["unknown study", "no reason", "no endpoint", "unknown endpoint", "not allowed"],
)
def test_what_cannot_be_sent_says_why(applied: Desk, arguments: list[str], code: int, says: str):
    applied.bgo("study", "submit", "--as-now", EFAST)
    ran = applied.bgo("study", "send", *arguments)
    assert (ran.code, ran.out) == (code, "")
    assert says in ran.err


def test_a_gap_lists_what_the_rules_of_an_endpoint_did_not_send(applied: Desk):
    assert applied.bgo("study", "submit", EFAST).code == 0
    ran = applied.bgo("study", "list", "--gap", EPIC)
    assert (ran.code, ran.err) == (0, "1 study\n")
    head, line = ran.out.splitlines()
    assert head.split() == ["STUDY", "ACCESSION", "EVENT", "REVISION", "OCCURRED", "RECEIVED", "WHY", "NOT"]
    assert line.split()[:4] == ["s-4711", "A4711", "finalized", "3"]
    assert "before-effective-from by" in line
    (one,) = applied.json("study", "list", "--gap", EPIC, "--format", "json")
    assert one["archive"] == "st-elsewhere/emergency"
    assert applied.bgo("study", "send", "s-4711", "--endpoint", EPIC, "--reason", "asked for").code == 0
    assert applied.json("study", "list", "--gap", EPIC, "--format", "json") == []
    assert applied.bgo("study", "list").code == 64
