"""Any text survives the wire, and nothing in it can end a field, a segment or a block."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from butterfly_gitops.hl7.escape import escape, escape_text, unescape
from tests.table import in_one_test

LINE_END = re.compile("\r\n|[\r\n\x85\u2028\u2029]")
# Hostile more often than chance would have it.
TEXTS = st.text(
    st.one_of(st.sampled_from("\\|^~&\r\n\x0b\x1c\x00EFSTRX.br\x85"), st.characters(codec="utf-8"))
)
MUST_NOT_LEAVE = re.compile("[|^~&\x00-\x1f\x7f-\x9f]")


@given(TEXTS)
def test_unescape_gives_back_what_escape_took(text: str):
    assert unescape(escape(text)) == text


@given(TEXTS)
def test_text_for_display_comes_back_with_line_feeds_and_without_tabs(text: str):
    without_tabs = text.replace("\r\n", "\n").expandtabs()
    assert unescape(escape_text(text)) == LINE_END.sub("\n", without_tabs)


@given(TEXTS)
def test_no_delimiter_and_no_control_character_is_left(text: str):
    assert not MUST_NOT_LEAVE.search(escape(text))
    assert not MUST_NOT_LEAVE.search(escape_text(text))


@in_one_test(
    ("plain", "escaped"),
    [
        pytest.param("No free fluid.", "No free fluid.", id="nothing to do"),
        pytest.param("a|b^c&d~e", r"a\F\b\S\c\T\d\R\e", id="delimiters"),
        pytest.param(r"\F\ ".strip(), r"\E\F\E" + "\\", id="what looks escaped already"),
        pytest.param("one\r\ntwo", r"one\X0D\\X0A\two", id="line end in a value"),
        pytest.param("\x0b\x1c", r"\X0B\\X1C" + "\\", id="the bytes of a block"),
        pytest.param("#", "#", id="truncation is no delimiter before 2.7"),
        pytest.param('""', r"\X2222" + "\\", id="quotes that would delete a value"),
    ],
)
def test_values(plain: str, escaped: str):
    assert escape(plain) == escaped


def test_quotes_that_would_delete_a_text_are_written_by_their_numbers():
    assert escape_text('""') == r"\X2222" + "\\"


@in_one_test("end", ["\n", "\r", "\r\n", "\x85", "\u2028", "\u2029"], ids=ascii)
def test_every_kind_of_line_end_breaks_a_line_of_text(end: str):
    assert escape_text(f"one{end}two") == r"one\.br\two"


@pytest.mark.parametrize(
    ("escaped", "plain"),
    [
        pytest.param(r"\H\bold\N" + "\\", r"\H\bold\N" + "\\", id="unknown sequences survive"),
        pytest.param(r"a \ b", r"a \ b", id="a lone escape character survives"),
        pytest.param(r"\X0D0A" + "\\", "\r\n", id="several bytes in one sequence"),
        pytest.param(r"\XZZ" + "\\", r"\XZZ" + "\\", id="no hexadecimal"),
    ],
)
def test_reading_what_others_write(escaped: str, plain: str):
    assert unescape(escaped) == plain
