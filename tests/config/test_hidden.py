"""What nobody sees is refused in each value, however it is written, and allowed in comments."""

import sys
import unicodedata

import pytest

from butterfly_gitops.config.load import load
from tests.config.examples import sound_files

SOUND = sound_files()
PATH = "st-elsewhere/site.yaml"
SITE = SOUND[PATH].decode()
ALL = [chr(code) for code in range(sys.maxunicode + 1) if not 0xD800 <= code <= 0xDFFF]
HIDDEN = [one for one in ALL if unicodedata.category(one) in ("Cf", "Zs", "Zl", "Zp") and one != " "]
SHOW_NOTHING = "\u034f\u115f\u1160\u180b\u2800\u3164\ufe00\ufe0f\uffa0\U000e0100"
# What some parsers take for a line end or a byte order mark.
NOT_IN_COMMENTS = "\u2028\u2029\ufeff"


def rules(site: str) -> set[str]:
    return {problem.rule for problem in load({**SOUND, PATH: site.encode()}).problems}


@pytest.mark.parametrize("one", [*HIDDEN, *SHOW_NOTHING], ids=lambda one: f"U+{ord(one):04X}")
def test_it_is_refused_in_a_value(one: str):
    assert rules(SITE.replace("facility: STE", f"facility: S{one}TE")) == {"hidden-character"}
    assert rules(SITE.replace("facility: STE", f'facility: "S\\U{ord(one):08X}TE"')) == {"hidden-character"}
    if one not in NOT_IN_COMMENTS:
        assert rules(f"# S{one}TE\n{SITE}") == set()


@pytest.mark.parametrize("text", ["é", "Ж", "ü", "北", "ع", "א", "e\u0301", "🏥", "한"])
def test_what_people_write_is_taken(text: str):
    assert rules(SITE.replace("St. Elsewhere", text)) == set()
