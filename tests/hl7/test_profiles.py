"""Every golden message of a layout keeps the rules of its IHE profile, and each rule notices its breach."""

import pytest

from tests.hl7.profiles import PROFILES, Rule
from tests.hl7.samples import Case, golden_names, read_case
from tests.hl7.wire import Wire
from tests.table import in_one_test

CASES = {name: read_case(name) for name in golden_names()}
RULES = [(layout, rule) for layout, rules in PROFILES.items() for rule in rules]


def of_layout(layout: str) -> list[Case]:
    return [case for case in CASES.values() if case.endpoint.message.layout == layout]


def of_profile(rule: Rule, layout: str) -> list[Case]:
    return [case for case in of_layout(layout) if rule.concerns(case)]


ids = [f"{layout}: {rule.says}" for layout, rule in RULES]


@in_one_test(("layout", "rule"), RULES, ids=ids)
def test_every_golden_message_of_the_layout_keeps_it(layout: str, rule: Rule):
    concerned = of_profile(rule, layout)
    assert concerned
    assert not [case.name for case in concerned if not rule.holds(Wire.read(case.text), case)]


@in_one_test(("layout", "rule"), RULES, ids=ids)
def test_a_broken_copy_of_each_message_is_noticed(layout: str, rule: Rule):
    for case in of_profile(rule, layout):
        wire = Wire.read(case.text)
        broken = rule.broken_by(wire)
        assert broken != wire
        assert not rule.holds(broken, case), case.name


def test_every_layout_but_the_plain_lines_follows_a_profile():
    assert {case.endpoint.message.layout for case in CASES.values()} - PROFILES.keys() == {"lines"}


@pytest.mark.parametrize("layout", PROFILES)
def test_a_rule_is_stated_once(layout: str):
    says = [rule.says for rule in PROFILES[layout]]
    assert len(set(says)) == len(says)
