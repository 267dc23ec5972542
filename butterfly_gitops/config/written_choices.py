"""What somebody meant who wrote something else for one of a few words, where that is surely a misspelling of one.

Two choices are often opposites, so a word that is merely like one of them says nothing: `inactive` is not `active`.
"""

import re
from collections.abc import Iterable, Mapping

from butterfly_gitops.config.written_names import in_latin_letters

_NEGATIONS = r"not?|non|never|dont|donot|without|un|in|de|dis"
_NEGATED = re.compile(rf"(?:{_NEGATIONS})(?P<rest>.+)")
_NEGATION_ALONE = re.compile(r"(?:^|[^a-z])(?:not?|non|never|dont|don't|without)(?=[^a-z]|$)")
_MOST_CHARACTERS = 220
_BEGINS_AS_A_SENTENCE = re.compile(r"[A-Z](?=[a-z ])")


def choice_meant(written: str, choices: Iterable[str]) -> str | None:
    """The one choice of which the text is surely a misspelling."""
    bare = _bare(written)
    same = [choice for choice in choices if _bare(choice) == bare]
    if same:
        return same[0] if len(same) == 1 else None
    near = [choice for choice in choices if _is_misspelt(bare, _bare(choice))]
    if len(near) != 1 or (_NEGATION_ALONE.search(written.lower()) and not _NEGATION_ALONE.search(near[0])):
        return None
    return near[0]


def listed_choices(choices: Iterable[str], meanings: Mapping[str, str]) -> str:
    """All choices, each with what it means unless that makes too long a line: `drain (they are sent) or …`."""
    bare = list(choices)
    # Some mean what they say: that 2.4 is HL7 v2.4 helps nobody.
    told = [
        f"{choice} ({_within_a_sentence(meanings[choice])})"
        for choice in bare
        if choice in meanings and not meanings[choice].endswith(f"{choice}.")
    ]
    listed = one_of(told if len(told) == len(bare) else bare)
    return listed if len(listed) <= _MOST_CHARACTERS else one_of(bare)


def one_of(words: list[str]) -> str:
    """`a, b or c`."""
    return words[0] if len(words) == 1 else f"{', '.join(words[:-1])} or {words[-1]}"


def _bare(text: str) -> str:
    """What is left of a text without capitals, look-alike letters and what stands between words."""
    return re.sub(r"[\s_.-]+", "", in_latin_letters(text[:_MOST_CHARACTERS].lower()))


def _is_misspelt(written: str, choice: str) -> bool:
    negated = _NEGATED.fullmatch(written)
    if written[:1] != choice[:1] or (negated and _differ_by(negated["rest"], choice, at_most=1)):
        return False
    # Of two short words of a table each letter may make another one.
    allowed = 0 if len(choice) < 4 else 1 if len(choice) < 7 else 2
    return _differ_by(written, choice, at_most=allowed)


def _differ_by(one: str, other: str, *, at_most: int) -> bool:
    """Whether so few letters are wrong, missing, too many, or changed places with the next one."""
    if abs(len(one) - len(other)) > at_most:
        return False
    before: list[int] = []
    row = list(range(len(other) + 1))
    for i, letter in enumerate(one, start=1):
        before, above, row = row, before, [i]
        for j, wanted in enumerate(other, start=1):
            cost = min(before[j] + 1, row[j - 1] + 1, before[j - 1] + (letter != wanted))
            if i > 1 and j > 1 and letter == other[j - 2] and one[i - 2] == wanted:
                cost = min(cost, above[j - 2] + 1)
            row.append(cost)
    return row[-1] <= at_most


def _within_a_sentence(meaning: str) -> str:
    text = meaning.removesuffix(".")
    return text[:1].lower() + text[1:] if _BEGINS_AS_A_SENTENCE.match(text) else text
