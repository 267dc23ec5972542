"""A caret stands below the token that is wrong in a terminal too, whatever stands before it."""

import unicodedata

from hypothesis import given
from hypothesis import strategies as st

from butterfly_gitops.config.problem_text import print_problem
from butterfly_gitops.model.problem import Origin, Problem


def columns(text: str) -> int:
    """How wide a terminal shows text of these alphabets."""
    return sum(
        0
        if unicodedata.category(one) in ("Mn", "Me")
        else 2
        if unicodedata.east_asian_width(one) in "WF"
        else 1
        for one in text
    )


WORDS = st.text(alphabet="aé東ｱＡ\u0301\u0e35\u20dd한 ", max_size=12)


@given(WORDS, st.text(alphabet="aé東Ａ한", min_size=1, max_size=6), WORDS)
def test_the_caret_counts_what_a_terminal_shows(before: str, token: str, behind: str):
    problem = Problem(
        rule="unknown-key",
        message="",
        origin=Origin(file="f", line=1, column=len(before) + 1),
        length=len(token),
        excerpt=f"{before}{token}{behind}",
    )
    carets = print_problem(problem).splitlines()[3].removeprefix("  | ")
    assert len(carets) - len(carets.lstrip(" ")) == columns(before)
    assert carets.count("^") == columns(token)
