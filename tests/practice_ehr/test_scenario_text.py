"""What a scenario may say, and how what it may not say is refused."""

import pytest

from butterfly_gitops.model.error import GitopsError
from butterfly_gitops.practice_ehr.scenario import (
    WELL_BEHAVED,
    BadScenario,
    ScriptedAnswer,
    answer_to,
    arrival,
    load_scenario,
    parse_scenario,
)
from tests.practice_ehr.messages import result

RULES = b"""\
- match: {study: S0007, nth: 1}
  answer: {code: AE}
- match: {endpoint: seaside/athena}
  answer: {after: 250ms, then: close}
- match: {study: "0123"}
  answer: {msa2: OTHER}
- match: {nth: 4}
  answer: {then: silence}
- match: {study: nobody}
"""


def answered(rules, message, *, nth=9, endpoint="other"):
    return answer_to(parse_scenario(rules, file="s.yaml"), arrival(message, nth=nth, endpoint=endpoint))


@pytest.mark.parametrize(
    ("message", "nth", "endpoint", "expected"),
    [
        pytest.param(result("M1", study="S0007"), 1, "other", {"code": "AE"}, id="all that is named fits"),
        pytest.param(result("M1", study="S0007"), 2, "other", {}, id="one does not fit"),
        pytest.param(
            result("M1", study="S0007"), 1, "seaside/athena", {"code": "AE"}, id="the first of two rules"
        ),
        pytest.param(result("M1", study="0123"), 9, "other", {"msa2": "OTHER"}, id="digits stay text"),
        pytest.param(
            result("M1", study="X", accession="0123"), 9, "other", {"msa2": "OTHER"}, id="accession"
        ),
        pytest.param(result("M1", study="0123^STE"), 9, "other", {"msa2": "OTHER"}, id="first component"),
        pytest.param(b"\xff\x00 no message", 4, "other", {"then": "silence"}, id="bytes that are no message"),
        pytest.param(b"", 9, "other", {}, id="nothing"),
    ],
)
def test_the_first_rule_that_fits_decides(message, nth, endpoint, expected):
    assert answered(RULES, message, nth=nth, endpoint=endpoint) == ScriptedAnswer(**expected)


def test_a_study_is_compared_as_it_was_before_it_was_escaped():
    assert answered(
        b"- {match: {study: 'A&B'}, answer: {code: AR}}", result("M1", study=r"A\T\B")
    ) == ScriptedAnswer(code="AR")


def test_without_rules_it_behaves():
    assert parse_scenario(b"[]", file="s.yaml") == WELL_BEHAVED
    assert answer_to(WELL_BEHAVED, arrival(result("M1"), nth=1, endpoint="")).sends == "AA"


BAD = {
    "unknown key": (b"- answer: {cod: AE}", 's.yaml:1:12: no setting is called "cod" (write "code")'),
    "unknown key of a rule": (b"-\n  mach: {}", 's.yaml:2:3: no setting is called "mach" (write "match")'),
    "nth from 1": (b"- match: {nth: 0}", "s.yaml:1:16: nth is 0; it must be at least 1"),
    "nth in quotes": (b"- match: {nth: '2'}", "s.yaml:1:16: nth is a whole number"),
    "bare seconds": (b"- answer: {after: 30}", 's.yaml:1:19: after is "30"; a duration is a whole number'),
    "unknown ending": (
        b"- answer: {then: hang}",
        's.yaml:1:18: then is "hang"; it can be close, reset or silence',
    ),
    "a mapping": (b"match: {nth: 1}", "s.yaml:1:1: a scenario is a list"),
    "a key twice": (b"- answer:\n    code: AA\n    code: AE", 's.yaml:3:5: "code" stands twice'),
    "an alias": (b"- answer: &a {code: AA}\n- answer: *a", "s.yaml:1:11: an anchor"),
    "nothing": (b"", "s.yaml:1:1: the file says nothing"),
    "no YAML": (b"- {", "s.yaml:"),
    "no text": (b"- match: {study: \xff}", "s.yaml:1:18: byte 0xff is not UTF-8"),
    "a null": (b"- answer:", "s.yaml:1:3: answer has no value"),
    "silence with a code": (
        b"- answer: {then: silence, code: AA}",
        "s.yaml:1:27: an answer that is silence has no code",
    ),
    "silence with an id": (
        b"- answer:\n    msa2: X\n    then: silence",
        "s.yaml:2:5: an answer that is silence has no msa2",
    ),
}


@pytest.mark.parametrize(("text", "says"), BAD.values(), ids=BAD)
def test_a_scenario_that_cannot_be_followed_is_refused_where_it_is_wrong(text, says):
    with pytest.raises(BadScenario) as caught:
        parse_scenario(text, file="s.yaml")
    assert str(caught.value).startswith(says)


def test_all_problems_are_told_at_once_in_the_order_of_the_file():
    with pytest.raises(BadScenario) as caught:
        parse_scenario(
            b"- answer: {then: silence, code: AA}\n- match: {nht: 1}\n- answer: {after: 1}", file="s.yaml"
        )
    assert [problem.origin.line for problem in caught.value.problems] == [1, 2, 3]


def test_a_file_that_is_not_there_is_one_line(tmp_path):
    with pytest.raises(GitopsError, match=r"none\.yaml: no such file or directory$"):
        load_scenario(tmp_path / "none.yaml")


def test_a_file_is_named_as_it_was_given(tmp_path):
    (tmp_path / "bad.yaml").write_text("- {x: 1}")
    with pytest.raises(BadScenario) as caught:
        load_scenario(tmp_path / "bad.yaml")
    assert caught.value.problems[0].origin.file == str(tmp_path / "bad.yaml")


@pytest.mark.parametrize(
    ("answer", "sends"),
    [
        ({}, "AA"),
        ({"code": "CE"}, "CE"),
        ({"code": ""}, ""),
        ({"then": "close"}, "AA"),
        ({"then": "reset"}, None),
        ({"then": "reset", "code": "AA"}, "AA"),
        ({"then": "silence"}, None),
    ],
)
def test_what_an_answer_sends(answer, sends):
    assert ScriptedAnswer(**answer).sends == sends


@pytest.mark.parametrize("text", [b"", b"# later\n"], ids=["empty", "a comment"])
def test_an_empty_scenario_is_hinted_by_a_rule(text):
    with pytest.raises(BadScenario) as caught:
        parse_scenario(text, file="scenario.yaml")
    (problem,) = caught.value.problems
    assert problem.hint == "write a rule such as `- answer: {code: AE}`, or name no scenario"
