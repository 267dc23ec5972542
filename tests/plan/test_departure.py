"""What leaves the files: what becomes of its results, and who must say so."""

from collections.abc import Mapping

import pytest

from butterfly_gitops.model.archive import Archive
from butterfly_gitops.model.endpoint import EhrEndpoint
from butterfly_gitops.model.fleet import Fleet
from butterfly_gitops.model.site import Removal, Site
from butterfly_gitops.plan.canonical import site_digest
from butterfly_gitops.plan.consequence import Consequence
from butterfly_gitops.plan.departure import Blocked, emptied_site
from butterfly_gitops.plan.document import Plan
from butterfly_gitops.plan.planning import make_diff, make_plan
from butterfly_gitops.plan.sides import LaneCount, Side
from butterfly_gitops.plan.text import headline, print_plan
from tests.plan.fleets import archive, endpoint, fleet, observed, origins, side, site
from tests.table import in_one_test

DRAIN = Removal(waiting="drain", reason="CHG-4411")
ASIDE = Removal(waiting="set_aside", reason="CHG-4411")


def ste(
    endpoints: Mapping[str, EhrEndpoint],
    archives: Mapping[str, Archive],
    links: tuple[str, ...] = ("server-room",),
    **removed: Removal,
) -> Site:
    named = {name.replace("_", "-"): removal for name, removal in removed.items()}
    made = site("ste", endpoints=endpoints, archives=archives, links=links)
    return made.model_copy(update={"removed": named})


TWO = {"epic": endpoint(), "lab": endpoint(port=1)}
ONE = {"epic": endpoint()}
ED = {"ed": archive("epic")}
BEFORE = fleet(ste(TWO, ED))


def plan(new: Fleet, old: Fleet = BEFORE, **seen: object) -> Plan:
    return make_plan(desired=side(new), applied=side(old), observed=observed(**seen), engine="0")


def diff(new: Fleet, old: Fleet = BEFORE) -> Plan:
    return make_diff(desired=side(new), before=side(old), engine="0")


def stopping(of: Plan, place: str) -> str:
    (found,) = (
        effect
        for effect in of.effects
        if effect.consequence is Consequence.RESULTS_STOP and [str(each) for each in effect.places] == [place]
    )
    return found.sentence


STOPS = "It leaves the files, and nothing more is sent to it."


@in_one_test(
    ("removed", "lane", "expected"),
    [
        ({}, LaneCount(), f"{STOPS} 0 results wait."),
        ({"lab": DRAIN}, LaneCount(), f"{STOPS} 0 results wait."),
        ({}, LaneCount(waiting=12), f"{STOPS} 12 results wait, so ste stays as it runs."),
        (
            {"lab": DRAIN},
            LaneCount(waiting=11, in_flight=1),
            "It leaves the files. The 12 waiting results are still sent to it, with its last settings; then it ends.",
        ),
        (
            {"lab": DRAIN},
            LaneCount(waiting=1),
            "It leaves the files. The 1 waiting result is still sent to it, with its last settings; then it ends.",
        ),
        (
            {"lab": DRAIN},
            LaneCount(waiting=12, set_aside=2),
            (
                "It leaves the files. The 10 waiting results are still sent to it, with its last settings; "
                "2 that are set aside wait for a person; then it ends."
            ),
        ),
        (
            {"lab": DRAIN},
            LaneCount(waiting=1, set_aside=1),
            "It leaves the files. 1 that is set aside waits for a person; then it ends.",
        ),
        (
            {"lab": ASIDE},
            LaneCount(waiting=12),
            f"{STOPS} The 12 waiting results are set aside for a person and can then only be cancelled.",
        ),
    ],
    ids=[
        "nothing-waits",
        "needless-word",
        "no-word",
        "drain",
        "drain-one",
        "drain-some",
        "drain-none",
        "set-aside",
    ],
)
def test_an_endpoint_leaves_as_the_files_say(
    removed: Mapping[str, Removal], lane: LaneCount, expected: str
) -> None:
    assert stopping(plan(fleet(ste(ONE, ED, **removed)), lanes={"ste/lab": lane}), "ste/lab") == expected


@pytest.mark.parametrize(
    ("removed", "expected"),
    [
        ({}, f"{STOPS} If results wait at that time, ste stays as it runs."),
        (
            {"lab": DRAIN},
            "It leaves the files. Those that wait at that time are still sent to it, with its last settings; then it ends.",
        ),
        (
            {"lab": ASIDE},
            f"{STOPS} Those that wait at that time are set aside for a person and can then only be cancelled.",
        ),
    ],
    ids=["no-word", "drain", "set-aside"],
)
def test_from_files_alone_nobody_knows_what_waits(removed: Mapping[str, Removal], expected: str) -> None:
    assert stopping(diff(fleet(ste(ONE, ED, **removed))), "ste/lab") == expected


REFUSED = "It leaves the files: its studies reach no EHR from now on."


@pytest.mark.parametrize(
    ("removed", "waiting", "expected"),
    [
        ({}, 0, f"{REFUSED} 0 of its results wait."),
        ({}, 2, f"{REFUSED} If results wait at that time, ste stays as it runs."),
        ({"ed": DRAIN}, 2, f"{REFUSED} Those that wait at that time are still sent."),
        ({"ed": ASIDE}, 2, f"{REFUSED} Those that wait at that time are set aside for a person."),
    ],
    ids=["nothing-waits", "no-word", "drain", "set-aside"],
)
def test_an_archive_leaves_as_the_files_say(
    removed: Mapping[str, Removal], waiting: int, expected: str
) -> None:
    found = plan(fleet(ste(TWO, {}, **removed)), lanes={"ste/epic": LaneCount(waiting=waiting)})
    assert stopping(found, "ste/ed") == expected
    # Whose results wait at an endpoint is only known to the store, which refuses then.
    assert [one.is_certain for one in found.blocked] == ([False] if waiting and not removed else [])


def test_a_rule_that_ends_leaves_the_words_on_its_results_to_the_endpoint_that_leaves() -> None:
    old = fleet(ste(TWO, {"ed": archive("epic", "lab")}))
    found = plan(fleet(ste(ONE, ED, lab=ASIDE)), old, lanes={"ste/lab": LaneCount(waiting=2)})
    assert stopping(found, "ste/ed") == "Studies finalized from now on no longer go to lab."


HINT = "Add `removed: {lab: {waiting: drain, reason: …}}`."


def test_results_that_wait_keep_their_site_and_say_how_to_hint_it() -> None:
    found = plan(fleet(ste(ONE, ED), site("other", endpoints={}, archives={})), lanes={"ste/lab": LaneCount(waiting=12)})  # fmt: skip
    assert found.blocked == (
        Blocked(
            site="ste",
            names=("lab",),
            is_certain=True,
            why=f"`lab` leaves ste/ehr-endpoints.yaml and 12 results wait there. {HINT}",
        ),
    )
    assert found.blocked_sites == {"ste"}
    assert headline(found) == (
        "Results of 1 endpoint stop. 1 site is added. ste stays as it runs, for results wait."
    )
    text = print_plan(found)
    assert (
        "STAYS AS IT RUNS\n  ste\n    `lab` leaves ste/ehr-endpoints.yaml and 12 results wait there." in text
    )


def test_a_diff_says_that_results_may_wait() -> None:
    found = diff(fleet(ste(ONE, ED)))
    assert [each.why for each in found.blocked] == [
        f"`lab` leaves ste/ehr-endpoints.yaml and results may wait there. {HINT}"
    ]
    assert found.blocked_sites == frozenset()
    assert (
        headline(found) == "Results of 1 endpoint stop. ste stays as it runs if results wait at what leaves."
    )
    assert "STAYS AS IT RUNS IF RESULTS WAIT\n  ste\n" in print_plan(found)


@in_one_test(
    ("new", "seen"),
    [
        (ste(ONE, ED, lab=DRAIN), {"lanes": {"ste/lab": LaneCount(waiting=1)}}),
        (ste(ONE, ED), {"lanes": {"ste/epic": LaneCount(waiting=1)}}),
        (ste(ONE, ED), {}),
        (ste(TWO, {}), {}),
    ],
    ids=["a-word", "others-wait", "nothing-waits", "archive-of-nothing"],
)
def test_a_site_is_not_blocked_without_need(new: Site, seen: dict[str, object]) -> None:
    found = plan(fleet(new), **seen)
    assert found.blocked == ()
    assert headline(found).endswith("No approval needed.")


def test_what_waits_at_a_site_may_be_of_an_archive_that_leaves() -> None:
    found = plan(fleet(ste(TWO, {})), lanes={"ste/epic": LaneCount(waiting=1)})
    assert [(each.names, each.is_certain) for each in found.blocked] == [(("ed",), False)]


def test_what_leaves_one_file_is_told_together() -> None:
    lanes = {"ste/lab": LaneCount(waiting=1), "ste/epic": LaneCount(waiting=1)}
    (one, *_) = (each for each in plan(fleet(ste({}, {})), lanes=lanes).blocked if "lab" in each.names)
    assert one.why == (
        "`epic` and `lab` leave ste/ehr-endpoints.yaml and 2 results wait there. "
        "Add `removed: {epic: {waiting: drain, reason: …}, lab: {waiting: drain, reason: …}}`."
    )


LINKS = ("server-room", "clinic-pc")
THROUGH_BOTH = fleet(ste({**ONE, "lab": endpoint(link="clinic-pc")}, ED, LINKS))


@pytest.mark.parametrize(
    ("new", "names"),
    [
        (ste({**ONE, "lab": endpoint()}, ED), []),
        (ste(ONE, ED, lab=DRAIN), [("clinic-pc",)]),
        (ste(ONE, ED, lab=DRAIN, clinic_pc=DRAIN), []),
    ],
    ids=["its-endpoint-moves", "its-endpoint-leaves", "both-are-said"],
)
def test_a_link_waits_for_what_still_needs_it(new: Site, names: list[tuple[str, ...]]) -> None:
    found = plan(fleet(new), THROUGH_BOTH, lanes={"ste/lab": LaneCount(waiting=1)})
    assert [each.names for each in found.blocked] == names


def test_a_word_alone_changes_nothing() -> None:
    said = fleet(ste(TWO, ED, old_epic=ASIDE))
    assert plan(said).is_empty
    assert plan(BEFORE, said).is_empty
    assert site_digest(said.sites["ste"]) == site_digest(BEFORE.sites["ste"])


def gone(new: Fleet = fleet(), **removed: Removal) -> Fleet:  # noqa: B008 - it is frozen
    return new.model_copy(update={"removed_sites": removed})


def test_a_site_that_is_gone_on_purpose_is_emptied() -> None:
    found = plan(gone(ste=ASIDE), lanes={"ste/lab": LaneCount(waiting=2)})
    assert (found.kept, found.blocked) == ((), ())
    assert [str(change.address) for change in found.changes] == [
        "ste/ed", "ste/ed.forward_to.epic", "ste/epic", "ste/lab", "ste/server-room",
    ]  # fmt: skip
    emptied = found.content.sites["ste"]
    assert emptied == emptied_site(BEFORE.sites["ste"], ASIDE)
    assert emptied.removed == dict.fromkeys(("ed", "epic", "lab", "server-room"), ASIDE)
    assert stopping(found, "ste/lab").endswith("2 waiting results are set aside for a person and can then only be cancelled.")  # fmt: skip
    assert (
        headline(found)
        == "Results of 1 archive and 2 endpoints stop. 1 site is removed. ste waits for approval."
    )


def test_a_site_that_has_been_emptied_is_no_longer_there() -> None:
    emptied = fleet(emptied_site(BEFORE.sites["ste"], DRAIN))
    for wanted in (gone(ste=DRAIN), gone()):
        found = plan(wanted, emptied)
        assert (found.is_empty, found.kept, found.content.sites) == (True, (), {})


def test_a_site_comes_back_as_it_is_written() -> None:
    found = plan(BEFORE, fleet(emptied_site(BEFORE.sites["ste"], DRAIN)))
    assert found.content.sites == {"ste": BEFORE.sites["ste"]}
    assert [str(start.pair) for start in found.starts] == ["ste/ed.forward_to.epic"]


@pytest.mark.parametrize(
    ("desired", "reason"),
    [
        (side(gone()), "is gone from the files, and stays as it runs until removed_sites in fleet.yaml names it"),
        (side(gone(other=DRAIN)), "is gone from the files, and stays as it runs until removed_sites in fleet.yaml names it"),
        (side(gone(ste=DRAIN), unsound=frozenset({"ste"})), "has problems in its files, and stays as it runs"),
    ],
    ids=["no-word", "a-word-on-another", "a-contradiction"],
)  # fmt: skip
def test_an_empty_checkout_is_no_wish(desired: Side, reason: str) -> None:
    found = make_plan(desired=desired, applied=side(BEFORE), observed=observed(), engine="0")
    assert found.is_empty
    assert [(kept.site, kept.reason) for kept in found.kept] == [("ste", reason)]


def test_the_guard_counts_a_site_that_goes() -> None:
    before = fleet(ste(TWO, ED), max_endpoints=1)
    found = plan(gone(fleet(max_endpoints=1), ste=DRAIN), before)
    assert [(hold.site, len(hold.endpoints)) for hold in found.guard.holds] == [("ste", 2)]


@pytest.mark.parametrize(
    ("wanted", "lines", "expected"),
    [
        (gone(ste=DRAIN), "fleet.removed_sites.ste sites/fleet.yaml:9", ("sites/fleet.yaml", 9)),
        (
            fleet(ste(ONE, ED, lab=DRAIN)),
            "ste.removed.lab sites/ste/ehr-endpoints.yaml:2",
            ("sites/ste/ehr-endpoints.yaml", 2),
        ),
    ],
    ids=["site", "endpoint"],
)
def test_what_leaves_shows_the_line_that_says_so(
    wanted: Fleet, lines: str, expected: tuple[str, int]
) -> None:
    found = make_plan(
        desired=side(wanted, origins=origins(lines)), applied=side(BEFORE), observed=observed(), engine="0"
    )
    (setting,) = (setting for effect in found.effects for setting in effect.settings if setting.old == "lab")
    assert (setting.file, setting.line) == expected
