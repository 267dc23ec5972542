"""`bgo study render`: a message as text, tree, data and bytes, as every status, and whatever a file holds."""

import json
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from butterfly_gitops.cli.study_files import read_events
from butterfly_gitops.dispatcher.intake import EventsRefused
from butterfly_gitops.web.events import read_events as read_body
from tests.cli.command_line import ROOT
from tests.cli.state_commands import EFAST, EPIC, STUDIES, Desk
from tests.table import in_one_test

GOLDEN = ROOT / "tests" / "golden" / "study-tree.txt"
REVERTED = str(STUDIES / "efast-reverted.json")


def event(**changes: Any) -> dict[str, Any]:
    """The sample with parts of its patient or study replaced."""
    sample: dict[str, Any] = json.loads(Path(EFAST).read_text(encoding="utf-8"))
    for part, values in changes.items():
        sample[part] = {**sample[part], **values} if isinstance(values, dict) else values
    return sample


def render(desk: Desk, content: Any, *arguments: str, name: str = "x.json") -> Any:
    text = content if isinstance(content, str | bytes) else json.dumps(content)
    return desk.bgo("study", "render", desk.file(name, text), "--endpoint", EPIC, *arguments)


def test_a_tree_reads_as_the_golden_file_shows(desk: Desk):
    ran = desk.bgo("study", "render", EFAST, "--endpoint", EPIC, "--format", "tree")
    shown = re.sub(r"(MSH-7 .*)  \d{14}\n", r"\1  20261124090315\n", ran.out)
    shown = re.sub(r"(MSH-10 .*)  \w{20}\n", r"\1  K7Q2M4ZP0V9T3XNB6RWC\n", shown)
    assert (ran.code, ran.err) == (0, "")
    assert shown == GOLDEN.read_text(encoding="utf-8")


def test_the_lines_of_a_text_stand_below_each_other_and_steer_nothing(desk: Desk):
    report = [{"section": "findings", "text": "No free fluid.\n[bold]\x1b[2JLung"}]
    out = render(desk, event(study={"report": report}), "--format", "tree").out
    first, second = (line for line in out.split("\n") if "No free fluid" in line or "Lung" in line)
    assert second.strip() == "[bold]\\x1b[2JLung"
    assert first.index("No free") == second.index("[bold]")


def test_on_a_terminal_the_tree_has_branches_and_takes_no_markup(desk: Desk, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("FORCE_COLOR", "1")
    monkeypatch.setenv("COLUMNS", "100")
    report = [{"section": "findings", "text": "[red]No[/red]\nfree :smile: fluid"}]
    out = render(desk, event(study={"report": report}), "--format", "tree").out
    plain = re.sub(r"\x1b\[[0-9;]*m", "", out)
    assert "├── PID-5 Patient Name\n│   ├── PID-5.1 Family Name  Muster\n" in plain
    assert "[red]No[/red]" in plain
    assert "free :smile: fluid" in plain


def test_a_document_is_counted_in_a_tree_and_whole_in_json(desk: Desk):
    desk.edit("st-elsewhere/ehr-endpoints.yaml", "port: 6661,", "port: 6661, message: {layout: pdf},")
    tree = desk.bgo("study", "render", EFAST, "--endpoint", EPIC, "--format", "tree").out
    assert "(20 characters of base64)" in tree
    assert "JVBER" not in tree
    assert (
        "JVBERi0xLjQKJSVFT0YK"
        in desk.bgo("study", "render", EFAST, "--endpoint", EPIC, "--format", "json").out
    )


def test_json_is_the_tree_as_data(desk: Desk):
    document = desk.json("study", "render", EFAST, "--endpoint", EPIC, "--format", "json")
    (message,) = document["messages"]
    assert (document["endpoint"], message["event_id"], message["status"]) == (EPIC, "01JDG7Q0W8", "F")
    (pid,) = (one for one in message["segments"] if one["segment"] == "PID")
    (name,) = (one for one in pid["fields"] if one["place"] == "PID-5")
    assert (pid["title"], name["name"]) == ("Patient identification", "Patient Name")
    assert name["parts"][0] == {"place": "PID-5.1", "name": "Family Name", "text": "Muster"}


@pytest.mark.parametrize(
    ("status", "obr_25", "obx_11", "note"),
    [
        ("P", "P", "P", ""),
        ("F", "F", "F", ""),
        ("C", "C", "C", f"bgo: as if {EPIC} had acknowledged a final result of it with OBR-22 20261123090311\n"),
        ("W", "C", "W", f"bgo: as if {EPIC} had acknowledged a final result of it with OBR-22 20261123090311\n"),
    ],
)  # fmt: skip
def test_each_status_can_be_asked_for(desk: Desk, status: str, obr_25: str, obx_11: str, note: str):
    ran = desk.bgo("study", "render", EFAST, "--endpoint", EPIC, "--status", status)
    segments = [line.split("|") for line in ran.out.splitlines()]
    assert (ran.code, ran.err) == (0, note)
    assert {one[25] for one in segments if one[0] == "OBR"} == {obr_25}
    assert {one[11] for one in segments if one[0] == "OBX"} == {obx_11}


@pytest.mark.parametrize(
    ("archive", "endpoint", "says"),
    [
        ("st-elsewhere/emergency", EPIC, ""),
        (
            "st-elsewhere/emergncy",
            EPIC,
            "no archive of the files goes by the name that it says; did you mean st-elsewhere/emergency?",
        ),
        ("x", EPIC, "no archive of the files goes by the name that it says"),
        ("st-elsewhere/simulation", EPIC, "st-elsewhere/simulation does not forward to epic-prod"),
        (
            "st-elsewhere/emergency",
            "seaside/meditech",
            "its archive is of st-elsewhere, and nothing of another site is sent to seaside/meditech",
        ),
    ],
)
def test_it_is_said_where_the_study_would_not_be_sent_there(
    desk: Desk, archive: str, endpoint: str, says: str
):
    file = desk.file("x.json", json.dumps(event(archive=archive)))
    ran = desk.bgo("study", "render", file, "--endpoint", endpoint, "--sites", str(ROOT / "sites"))
    assert ran.out.startswith("MSH|")
    assert (ran.code, ran.err) == (0, f"bgo: {says}\n" if says else "")


def test_an_endpoint_that_is_not_there_is_asked_for_by_the_nearest_name(desk: Desk):
    ran = desk.bgo("study", "render", EFAST, "--endpoint", "st-elsewhere/epic-prd")
    assert (ran.code, ran.err) == (
        1,
        f"bgo: st-elsewhere/epic-prd: the files have no such endpoint; did you mean {EPIC}?\n",
    )


@pytest.mark.parametrize(
    ("setting", "changes", "says"),
    [
        (
            "encoding: US-ASCII",
            {"patient": {"family": "Müster"}},
            (
                "PID-5: holds a character that US-ASCII cannot express; message.unencodable or encoding decide that: "
                f"bgo explain {EPIC}"
            ),
        ),
        (
            "message: {when_missing: {accession_number: set_aside}}",
            {"study": {"accession_number": None}},
            (
                "OBR-18: the study has no accession number; message.when_missing.accession_number decides that: "
                f"bgo explain {EPIC}"
            ),
        ),
        (
            "encoding: UTF-8",
            {"patient": {"family": "M" * 300}},
            (
                "PID-5: is longer than the 250 characters that v2.5.1 allows; message.too_long decides that: "
                f"bgo explain {EPIC}"
            ),
        ),
        (
            "message: {max_message_bytes: 1000}",
            {"study": {"report": [{"section": "findings", "text": "x" * 1000}]}},
            None,
        ),
        (
            "message: {patient_id: {authority: NHS}}",
            {},
            (f"PID-3: the patient has no identifier as message.patient_id wants it: bgo explain {EPIC}"),
        ),
    ],
    ids=["encoding", "missing", "long", "large", "identifier"],
)
def test_a_refusal_names_the_field_and_the_setting(
    desk: Desk, setting: str, changes: dict[str, Any], says: str | None
):
    desk.edit("st-elsewhere/ehr-endpoints.yaml", "port: 6661,", f"port: 6661, {setting},")
    ran = render(desk, event(**changes))
    assert (ran.code, ran.out) == (1, "")
    if says is None:
        assert re.fullmatch(
            rf"bgo: MSH: the message has \d+ bytes; message.max_message_bytes allows 1000: bgo explain {EPIC}\n",
            ran.err,
        )
    else:
        assert ran.err == f"bgo: {says}\n"


def several(*events: dict[str, Any] | str) -> str:
    return "\n".join(one if isinstance(one, str) else json.dumps(one) for one in events)


ONE, OTHER = event(), event(event_id="OTHER")
BROKEN = {key: value for key, value in ONE.items() if key != "patient"}


@in_one_test(
    ("content", "messages", "code", "says"),
    [
        (several(ONE, "", OTHER), 2, 0, ""),
        (json.dumps([ONE, OTHER]), 2, 0, ""),
        (json.dumps([ONE]), 1, 0, ""),
        (several(ONE, BROKEN), 1, 1, "x.json:2#/patient: error[missing-field]: this field is required; add it\nbgo: x.json:2: no study event\n"),
        (json.dumps([BROKEN, ONE]), 1, 1, "x.json#/0/patient: error[missing-field]: this field is required; add it\nbgo: x.json[0]: no study event\n"),
        (several(ONE, "{"), 1, 1, "x.json:2#: error[not-json]: "),
        ("[]", 0, 1, "x.json#: error[empty-array]: there is no event in it"),
        ("", 0, 1, "x.json#: error[not-json]: "),
        ("{", 0, 1, "x.json#: error[not-json]: "),
        ("[" * 100_000, 0, 1, "x.json#: error[not-json]: nested too deeply\n"),
        (b"\xff\xfe{}", 0, 1, "x.json#: error[not-json]: "),
        (b"\xef\xbb\xbf{}", 0, 1, "x.json#/event_id: error[missing-field]: "),
        ('"text"', 0, 1, "x.json#: error[wrong-value]: "),
        (several(ONE, event(event="deleted")), 1, 1, "bgo: x.json:2: a study that is deleted makes no message"),
    ],
    ids=["lines", "array", "one-in-array", "line", "item", "line-json", "none", "empty", "cut", "deep", "utf-16", "mark", "text", "deleted"],
)  # fmt: skip
def test_whatever_a_file_holds_is_told(desk: Desk, content: str | bytes, messages: int, code: int, says: str):
    ran = render(desk, content)
    assert (ran.code, ran.out.count("MSH|")) == (code, messages)
    assert ran.err.startswith(says)
    assert bool(ran.err) is bool(says)


def test_several_messages_have_a_line_between_them_and_their_bytes_none(desk: Desk):
    assert "\n\nMSH|" in render(desk, [ONE, OTHER]).out
    assert "\n\nMSH  Message header\n" in render(desk, [ONE, OTHER], "--format", "tree").out
    data = render(desk, [ONE, OTHER], "--format", "bytes").out
    assert (data.count("\rMSH|"), data.count("\n")) == (1, 0)


@pytest.mark.parametrize("style", ["text", "tree", "bytes"])
def test_where_there_is_no_message_nothing_is_printed(desk: Desk, style: str):
    ran = desk.bgo("study", "render", REVERTED, "--endpoint", EPIC, "--format", style)
    assert (ran.code, ran.out) == (1, "")


def test_bytes_are_those_of_the_encoding(desk: Desk):
    desk.edit("st-elsewhere/ehr-endpoints.yaml", "port: 6661,", "port: 6661, encoding: ISO-8859-1,")
    desk.file("x.json", json.dumps(event(patient={"family": "Müster"})))
    done = subprocess.run(
        [sys.executable, "-m", "butterfly_gitops", "study", "render", "x.json", "--endpoint", EPIC, "--format", "bytes"],
        cwd=desk.folder, check=True, capture_output=True, env={"PYTHONPATH": str(ROOT)},
    )  # fmt: skip
    assert b"|M\xfcster^Erika" in done.stdout
    assert done.stdout.endswith(b"\r")


@pytest.mark.parametrize(
    "content",
    [
        event(event="signed", occurred_at="2026-11-24T14:03:11"),
        event(patient={"sex": "X", "birth_date": "1.2.1980"}),
        event(study={"documents": [{"media_type": "application/pdf", "base64": "%"}], "id": ""}),
        "{",
        '{"event_id": "A", "event_id": "B"}',
        [],
    ],
    ids=["time", "patient", "document", "cut", "twice", "none"],
)
def test_a_bad_event_is_told_in_the_words_that_submitting_has(desk: Desk, content: Any):
    text = content if isinstance(content, str) else json.dumps(content)
    ran = render(desk, content if isinstance(content, str) else text)
    with pytest.raises(EventsRefused) as refused:
        read_body(text.encode())
    expected = [
        f"x.json#{one.pointer}: error[{one.rule}]: {one.message}{f'; {one.hint}' if one.hint else ''}"
        for one in refused.value.problems
    ]
    assert ran.err.splitlines() == [*expected, "bgo: x.json: no study event"]


@pytest.mark.parametrize(
    ("study", "told"),
    [
        (
            {"documents": [{"media_type": "pdf", "base64": "JVBERi0="}]},
            (
                "x.json#/study/documents/0/media_type: error[wrong-value]: this is no media type (RFC 6838), so nobody "
                "could tell what the document is; write application/pdf for a PDF"
            ),
        ),
        (
            {"observations": [{"type": "numeric", "code": "EF", "value": "5,5"}]},
            (
                "x.json#/study/observations/0/value: error[wrong-value]: a numeric observation's value must be a number, "
                "as HL7 writes them (NM); write digits such as 55 or -0.5, or make its type text"
            ),
        ),
    ],
    ids=["media type", "number"],
)
def test_what_no_message_could_say_is_told_where_it_stands(desk: Desk, study: dict[str, Any], told: str):
    ran = render(desk, event(study=study))
    assert (ran.code, ran.out) == (1, "")
    assert ran.err.splitlines() == [told, "bgo: x.json: no study event"]


@settings(deadline=None)
@given(st.binary() | st.text().map(str.encode) | st.from_regex(rb'[\[{"}\]:,\n0-9a]*', fullmatch=True))
def test_no_content_of_a_file_is_a_defect(content: bytes):
    for found in read_events(content):
        assert (found.event is None) == bool(found.problems)
