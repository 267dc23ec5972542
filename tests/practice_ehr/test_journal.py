"""The journal gives back what was written, and says where it cannot."""

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from butterfly_gitops.practice_ehr.journal import (
    BadJournal,
    Direction,
    Journal,
    JournalEntry,
    JournalKind,
    read_journal,
)

AT = datetime(2026, 11, 24, 14, 3, 15, 123456, tzinfo=UTC)

entries = st.builds(
    JournalEntry,
    at=st.datetimes(timezones=st.just(UTC)),
    endpoint=st.text(),
    connection=st.integers(1, 10**6),
    kind=st.sampled_from(JournalKind),
    direction=st.sampled_from(Direction),
    control_id=st.text(),
    code=st.text(),
    data=st.binary(),
)


@given(written=st.lists(entries, max_size=5))
def test_what_is_written_is_read_back(written, tmp_path_factory):
    path = tmp_path_factory.mktemp("journal") / "j"
    with Journal(path) as journal:
        for entry in written:
            journal.write(entry)
    assert read_journal(path) == written
    assert path.read_bytes().count(b"\n") == len(written)


def an_entry(**fields):
    return JournalEntry(
        at=AT, endpoint="", connection=1, kind=JournalKind.MESSAGE, direction=Direction.IN, **fields
    )


def test_a_line_holds_only_what_says_something(tmp_path):
    with Journal(tmp_path / "j") as journal:
        journal.write(an_entry(data=b"\xfcber\r"))
    assert (tmp_path / "j").read_text() == (
        '{"at": "2026-11-24T14:03:15.123456+00:00", "endpoint": "", "connection": 1, "kind": "message",'
        ' "direction": "in", "data": "\\u00fcber\\r"}\n'
    )


def test_a_line_that_is_still_being_written_is_left_alone(tmp_path):
    with Journal(tmp_path / "j") as journal:
        journal.write(an_entry())
    with (tmp_path / "j").open("a") as file:
        file.write('{"at": "2026-')
    assert read_journal(tmp_path / "j") == [an_entry()]


@pytest.mark.parametrize("line", ["Muster", "[]", "{}", '{"at": 5}', '"at"', "\x00"])
def test_a_line_that_is_no_entry_is_named_and_not_shown(line, tmp_path):
    with Journal(tmp_path / "j") as journal:
        journal.write(an_entry())
    with (tmp_path / "j").open("a") as file:
        file.write(f"{line}\n")
    with pytest.raises(BadJournal) as caught:
        read_journal(tmp_path / "j")
    assert str(caught.value) == f"{tmp_path / 'j'}:2: this line is no journal entry"


def test_a_journal_that_is_not_there_is_told(tmp_path):
    with pytest.raises(BadJournal, match="no such file or directory"):
        read_journal(tmp_path / "j")


def test_a_closed_journal_takes_nothing(tmp_path):
    with Journal(tmp_path / "j") as journal:
        pass
    with pytest.raises(BadJournal, match="is closed"):
        journal.write(an_entry())
