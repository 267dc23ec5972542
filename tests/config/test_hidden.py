"""What nobody sees is refused in each value, however it is written, and allowed in comments."""

import sys
import unicodedata

from butterfly_gitops.config.text.yaml_text import read_text
from tests.table import in_one_test

ALL = [chr(code) for code in range(sys.maxunicode + 1) if not 0xD800 <= code <= 0xDFFF]
HIDDEN = [one for one in ALL if unicodedata.category(one) in ("Cf", "Zs", "Zl", "Zp") and one != " "]
SHOW_NOTHING = "\u034f\u115f\u1160\u180b\u2800\u3164\ufe00\ufe0f\uffa0\U000e0100"
# What some parsers take for a line end or a byte order mark.
NOT_IN_COMMENTS = "\u2028\u2029\ufeff"


def rules(site: str) -> set[str]:
    return {problem.rule for problem in read_text(site.encode(), file="site.yaml", site=None).problems}


def test_each_is_refused_in_a_value():
    for one in (*HIDDEN, *SHOW_NOTHING):
        assert rules(f"a: S{one}TE") == {"hidden-character"}, hex(ord(one))
        assert rules(f'a: "S\\U{ord(one):08X}TE"') == {"hidden-character"}, hex(ord(one))
        assert rules(f"# S{one}TE\na: 1") == (set() if one not in NOT_IN_COMMENTS else {"hidden-character"})


@in_one_test("text", ["é", "Ж", "ü", "北", "ع", "א", "e\u0301", "🏥", "한"])
def test_what_people_write_is_taken(text: str):
    assert rules(f"a: {text}") == set()
