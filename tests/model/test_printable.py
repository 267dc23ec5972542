"""Nothing of other people's text acts on a terminal, hides on it, or begins a line there."""

import re
import unicodedata

from hypothesis import example, given
from hypothesis import strategies as st

from butterfly_gitops.model.printable import HIDDEN, printable, printable_lines
from tests.table import in_one_test


@in_one_test(
    ("text", "shown"),
    [
        ("\x1b]0;title\x07", r"\x1b]0;title\x07"),
        ("\x9b2J", r"\x9b2J"),
        ("a\r\nb\tc\x7f", r"a\r\nb\tc\x7f"),
        ("a\u2028b\u2029c\x85d", r"a\u2028b\u2029c\x85d"),
        ("\u202eEPIC\u202c \u2066x\u2069 \u200f \u061c", r"\u202eEPIC\u202c \u2066x\u2069 \u200f \u061c"),
        ("MRN\u200b0042\xa0\xad\ufeff", r"MRN\u200b0042\xa0\xad\ufeff"),
        ("\ufe0f \u115f", r"\ufe0f \u115f"),
        ("\U000e0041\ud800", r"\U000e0041\ud800"),
        ("Müller, Łódź, 漢字 שלום", "Müller, Łódź, 漢字 שלום"),
        ("", ""),
    ],
)
def test_what_acts_or_hides_is_shown_by_its_number(text: str, shown: str):
    assert printable(text) == shown


@given(st.text())
@example("\ud800")
def test_all_that_is_left_can_be_seen(text: str):
    shown = printable(text)
    assert all(unicodedata.category(one) not in ("Cc", "Cf", "Cs", "Zl", "Zp") for one in shown)
    assert not re.search(f"[{HIDDEN}]", shown)
    assert printable(shown) == shown


@given(st.lists(st.text()))
def test_lines_stay_those_that_were_made(lines: list[str]):
    made = "\n".join(map(printable, lines))
    assert printable_lines(made) == made
    assert made.count("\n") == max(0, len(lines) - 1)
