"""What a verb prints is lines of its own, and nothing in them acts on a terminal."""

import re
from pathlib import Path

import pytest

import butterfly_gitops.cli
from butterfly_gitops.cli.output import print_table, say, say_lines

STEERS = "A\x1b[2J\x9b1m\u202e\u2028B\nC\rD"
SHOWN = r"A\x1b[2J\x9b1m\u202e\u2028B\nC\rD"


def test_a_line_stays_one(capsys: pytest.CaptureFixture[str]):
    say(STEERS)
    say(STEERS, err=True)
    assert capsys.readouterr() == (f"{SHOWN}\n", f"{SHOWN}\n")


def test_lines_are_ended_once(capsys: pytest.CaptureFixture[str]):
    for text in ("", "one", "one\ntwo\n", "\x07\n\n"):
        say_lines(text)
    assert capsys.readouterr().out == "one\none\ntwo\n\\x07\n\n"


@pytest.mark.parametrize("variables", [{}, {"FORCE_COLOR": "1", "COLUMNS": "120"}], ids=["file", "terminal"])
def test_a_row_of_a_table_stays_one(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, variables: dict[str, str]
):
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    print_table(("STUDY",), [(STEERS,)])
    head, row = capsys.readouterr().out.splitlines()
    assert "STUDY" in head
    assert row == SHOWN


def test_no_verb_prints_otherwise():
    folder = Path(butterfly_gitops.cli.__file__).parent
    prints = re.compile(r"click\.echo|click\.secho|(?<![\w.])print\(|sys\.std(out|err)\.write")
    assert [path.name for path in folder.glob("*.py") if prints.search(path.read_text("utf-8"))] == [
        "output.py"
    ]
