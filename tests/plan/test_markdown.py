"""The comment of a pull request: letter by letter, and whatever people write in files."""

import re
from datetime import timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from butterfly_gitops.model.problem import Origin
from butterfly_gitops.model.site import Removal
from butterfly_gitops.plan.document import Plan
from butterfly_gitops.plan.markdown import marker, print_markdown
from butterfly_gitops.plan.markdown_text import LONGEST, code, plain, value
from butterfly_gitops.plan.planning import make_diff, make_plan
from tests.plan.fleets import archive, endpoint, fleet, observed, side, site
from tests.plan.test_golden_plan import _after, _before
from tests.table import in_one_test

GOLDEN = Path(__file__).parents[1] / "golden" / "pull-request-comment.md"


def diff(before, after, **parts) -> Plan:
    return make_diff(
        desired=side(after, "sites/ at 4be21f0", **parts),
        before=side(before, "main at 9c0d3aa"),
        engine="0.1.0",
    )


def printed(plan: Plan, **parts) -> str:
    return print_markdown(plan, folder="sites", **parts)


def one_site(name="st-elsewhere", **settings):
    return site(
        name, endpoints={"epic-prod": endpoint(**settings)}, archives={"emergency": archive("epic-prod")}
    )


def held(count: int, **settings) -> Plan:
    before = [one_site(f"site-{number:03}") for number in range(count)]
    after = [one_site(f"site-{number:03}", **settings) for number in range(count)]
    return diff(fleet(*before), fleet(*after))


def test_a_reviewer_reads_exactly_this() -> None:
    before = _before()
    plan = make_diff(desired=_after(), before=side(before.fleet, "main at 9c0d3aa"), engine="0.1.0")
    assert printed(plan, link=lambda _: "LINK") == GOLDEN.read_text(encoding="utf-8")


def test_no_change_is_short() -> None:
    plan = diff(fleet(one_site()), fleet(one_site()))
    assert printed(plan) == (
        "<!-- butterfly-gitops:diff sites/ -->\n### No changes\n\n"
        "<sub>0 of 1 site change · `4be21f0` against `main` at `9c0d3aa` · from files alone: `bgo plan` counts what "
        "waits · butterfly-gitops 0.1.0</sub>\n"
    )


def test_where_each_line_leads_is_asked_of_its_origin() -> None:
    asked = []
    origins = {"st-elsewhere/epic-prod.port": Origin(file="sites/st-elsewhere/ehr-endpoints.yaml", line=9)}
    plan = diff(fleet(one_site()), fleet(one_site(port=1)), origins=origins)
    text = printed(plan, link=lambda origin: asked.append(origin) or "https://forge/x#L9")
    assert asked == [Origin(file="sites/st-elsewhere/ehr-endpoints.yaml", line=9)]
    assert "[ehr-endpoints.yaml:9](https://forge/x#L9)" in text
    assert "| ehr-endpoints.yaml:9 |" in printed(plan)


@pytest.mark.parametrize(
    ("settings", "says"),
    [
        ({"receiving_facility": "X"}, "14 endpoints change identity, the limit is 10."),
        ({"port": 1}, "results of 14 endpoints go elsewhere, the limit is 10."),
        ({"port": 1, "encoding": "US-ASCII"}, "results of 14 endpoints go elsewhere or change identity, the limit is 10."),
    ],
    ids=["identity", "elsewhere", "both"],
)  # fmt: skip
def test_what_will_wait_is_said_with_the_way_out(settings, says: str) -> None:
    plan = held(14, **settings)
    text = printed(plan)
    paragraph = text.split("\n\n")[1]
    base = "`main` at `9c0d3aa`"
    assert paragraph.startswith(
        f"**Will wait after the merge** if {base} is what is applied: {says} Release with `bgo approve "
    )
    hold = plan.guard.holds[0]
    assert f"`bgo approve {hold.id[:6]} --reason …` ({hold.site})" in paragraph
    assert paragraph.endswith(", and 4 more")
    assert "No approval needed" not in text


def leaves(**stated: Removal) -> str:
    both = site("st-elsewhere", endpoints={"epic-prod": endpoint(), "old-epic": endpoint()}, archives={})
    rest = site("st-elsewhere", endpoints={"epic-prod": endpoint()}, archives={})
    return printed(diff(fleet(both), fleet(rest.model_copy(update={"removed": stated}))))


def test_what_leaves_without_a_word_is_told_how_to_say_it() -> None:
    assert (
        "**Will wait after the merge:** `old-epic` leaves st-elsewhere/ehr-endpoints.yaml and results may wait there. "
        "Add `removed: {old-epic: {waiting: drain, reason: …}}`."
    ) in leaves()


def test_what_leaves_on_purpose_waits_for_nothing() -> None:
    text = leaves(**{"old-epic": Removal(waiting="drain", reason="CHG-4411")})
    assert "Will wait" not in text
    assert "No approval needed" in text


def test_sites_that_stay_are_named() -> None:
    text = printed(diff(fleet(one_site(), one_site("seaside")), fleet(one_site())))
    assert "**Not part of this:** seaside is gone from the files, and stays as it runs" in text


def test_counts_of_a_state_are_dated() -> None:
    plan = make_plan(
        desired=side(fleet(one_site(port=1))), applied=side(fleet(one_site()), "what is applied"),
        observed=observed(), engine="0.1.0",
    )  # fmt: skip
    assert "· sites/ against what is applied · counts as of 2026-11-24 14:03Z ·" in printed(plan)


def test_a_pause_says_in_the_details_what_it_does() -> None:
    text = printed(diff(fleet(one_site()), fleet(one_site(status="paused"))))
    assert "<details><summary>Timing: 1 change at 1 endpoint of 1 site</summary>" in text
    assert "| Where | After the merge | Setting | Line |" in text
    assert (
        "| st-elsewhere / epic-prod | Results are kept and wait until this endpoint is active again |" in text
    )


def test_cosmetic_changes_are_details() -> None:
    text = printed(diff(fleet(one_site()), fleet(one_site(display_name="Epic"), max_endpoints=11)))
    assert "### No results stop\n" in text
    assert "<details><summary>Cosmetic: 2 changes at 2 places of 1 site</summary>" in text


def test_a_comment_has_an_end() -> None:
    long = "x" * 200
    before = [one_site(f"site-{number:03}") for number in range(300)]
    after = [
        one_site(f"site-{number:03}", host=f"h{number}.example.org", display_name=long)
        for number in range(300)
    ]
    text = printed(
        diff(fleet(*before), fleet(*after)), link=lambda _: "https://forge.example.org/" + "y" * 100
    )
    assert len(text) < 60_000
    assert re.search(r"\n\n\d+ rows more: `bgo diff` shows all.\n", text)


FORGED = (
    "a|b</details><script>`x` [y](https://evil.example.org) @team #12 **z** <!-- www.evil.org -->\n| c \\| d"
)


def test_nothing_in_the_files_is_markup() -> None:
    plan = diff(
        fleet(one_site()),
        fleet(
            one_site(display_name=FORGED, sending_facility="a`@team<b>#1", ack_timeout=timedelta(seconds=1))
        ),
    )
    text = printed(plan)
    assert text.count("</details>") == text.count("<details>") == 2
    for line in text.split("\n"):
        outside = re.sub(r"(`+)(?!`).*?(?<!`)\1(?!`)|<code>.*?</code>", "", line)
        assert "evil" not in outside
        assert "<script>" not in outside
        assert "@team" not in outside
    rows = [line for line in text.split("\n") if line.startswith("| st-elsewhere")]
    assert {row.count("|") for row in rows} == {4}


def test_a_folder_cannot_end_the_marker() -> None:
    assert marker("sites") == marker("sites/") == "<!-- butterfly-gitops:diff sites/ -->"
    assert marker("a-->b c") == "<!-- butterfly-gitops:diff a--%3Eb%20c/ -->"


@in_one_test(
    ("text", "expected"),
    [
        ("10.20.30.41:6662", "10.20.30.41:6662"),
        ("Erika & <b>", "Erika &amp; &lt;b&gt;"),
        ("a_b*c", r"a\_b\*c"),
        ("a|b", "a&#124;b"),
        ("@team", "@<!-- -->team"),
        ("see #12", "see #<!-- -->12"),
        ("https://a.b", "https:<!-- -->//a.b"),
        ("www.a.b", "www.<!-- -->a.b"),
        ("a\nb\u202ec", r"a\\nb\\u202ec"),
        ("a\u115fb", r"a\\u115fb"),
    ],
)
def test_plain_text(text: str, expected: str) -> None:
    assert plain(text) == expected


@in_one_test(
    ("text", "expected"),
    [
        ("epic-prod", "`epic-prod`"),
        ("a`b", "``a`b``"),
        ("``a", "``` ``a ```"),
        ("", '`""`'),
        (" ", '`" "`'),
        (r"a\|b", r"<code>a\\&#124;b</code>"),
        ("x" * 999, f"`{'x' * (LONGEST - 1)}…`"),
    ],
)
def test_code(text: str, expected: str) -> None:
    assert code(text) == expected


@in_one_test("text", ["10.20.30.41", "30s", "America", "Epic Bridges", "6661", "none"])
def test_a_simple_value_is_as_it_is(text: str) -> None:
    assert value(text) == text


@in_one_test("text", ["www.evil.org", "a@b.org", "America/New_York", "{a: b}", "x ", "-", "https://a"])
def test_any_other_value_is_code(text: str) -> None:
    assert value(text).startswith("`")


@given(st.text())
def test_no_text_breaks_a_row(text: str) -> None:
    for shown in (plain(text), code(text), value(text)):
        assert "\n" not in shown
        assert "\r" not in shown
        assert "|" not in shown
