"""What a clinician reads, from files alone and with the counts of the state."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

import pytest

from butterfly_gitops.model.archive import Archive
from butterfly_gitops.model.endpoint import EhrEndpoint, Tls
from butterfly_gitops.model.fleet import Fleet
from butterfly_gitops.model.message import Message
from butterfly_gitops.plan.consequence import Consequence
from butterfly_gitops.plan.document import Plan
from butterfly_gitops.plan.effect import Effect
from butterfly_gitops.plan.planning import make_diff, make_plan
from butterfly_gitops.plan.sides import ClosedPair, LaneCount
from butterfly_gitops.plan.text import headline, print_plan
from tests.plan.fleets import archive, endpoint, fleet, observed, origins, side, site
from tests.table import in_one_test

STOP, ELSEWHERE, IDENTITY = Consequence.RESULTS_STOP, Consequence.GO_ELSEWHERE, Consequence.IDENTITY_CHANGES
ONE_MORE, TIMING, COSMETIC = Consequence.ONE_MORE_PLACE, Consequence.TIMING, Consequence.COSMETIC
LINKS = ("server-room", "clinic-pc")


def one_site(endpoints: Mapping[str, EhrEndpoint], archives: Mapping[str, Archive]) -> Fleet:
    return fleet(site("ste", endpoints=endpoints, archives=archives, links=LINKS))


def with_endpoint(**settings: Any) -> Fleet:
    return one_site({"epic": endpoint(**settings)}, {"ed": archive("epic")})


def plan(old: Fleet | None, new: Fleet, **seen: Any) -> Plan:
    return make_plan(desired=side(new), applied=side(old), observed=observed(**seen), engine="0")


def effect_in(of: Plan, consequence: Consequence) -> Effect:
    (found,) = (effect for effect in of.effects if effect.consequence is consequence)
    return found


def from_files(old: Fleet, new: Fleet, consequence: Consequence) -> str:
    return effect_in(make_diff(desired=side(new), before=side(old), engine="0"), consequence).sentence


MOVES = "Results go to 10.20.30.40:6662 instead of 10.20.30.40:6661."


@in_one_test(
    ("lane", "expected"),
    [
        (LaneCount(), f"{MOVES} 0 results wait."),
        (LaneCount(waiting=1), f"{MOVES} 1 waiting result moves too."),
        (LaneCount(waiting=12), f"{MOVES} 12 waiting results move too."),
        (LaneCount(in_flight=1), f"{MOVES} 0 results wait; the one in flight ends on the old connection."),
        (
            LaneCount(waiting=2, maybe_received=1),
            f"{MOVES} 2 waiting results move too. 1 that may have been received is set aside for a person.",
        ),
    ],
    ids=["empty", "one", "many", "in-flight", "maybe-received"],
)
def test_what_waits_is_counted(lane: LaneCount, expected: str) -> None:
    found = plan(with_endpoint(), with_endpoint(port=6662), lanes={"ste/epic": lane})
    assert effect_in(found, ELSEWHERE).sentence == expected


def test_what_may_have_been_received_follows_the_new_policy() -> None:
    found = plan(
        with_endpoint(),
        with_endpoint(port=6662, on_retarget="resend"),
        lanes={"ste/epic": LaneCount(maybe_received=2)},
    )
    assert effect_in(found, ELSEWHERE).sentence.endswith(
        "2 that may have been received are sent again there."
    )


@in_one_test(
    ("settings", "consequence", "expected"),
    [
        ({"port": 6662}, ELSEWHERE, f"{MOVES} Those that wait at that time move too."),
        (
            {"link": "clinic-pc"},
            ELSEWHERE,
            "Results go through Link clinic-pc instead of server-room. Those that wait at that time move too.",
        ),
        (
            {"link": "clinic-pc", "host": "h"},
            ELSEWHERE,
            (
                "Results go to h:6661 through Link clinic-pc instead of 10.20.30.40:6661 through server-room. "
                "Those that wait at that time move too."
            ),
        ),
        (
            {"tls": Tls(mode="server")},
            ELSEWHERE,
            "Results go to 10.20.30.40:6661 with other TLS settings. Those that wait at that time move too.",
        ),
        (
            {"receiving_facility": "X", "sending_application": "Y", "encoding": "US-ASCII"},
            IDENTITY,
            (
                "Results arrive with another sender, another receiver and another encoding. "
                "Those that wait at that time change too."
            ),
        ),
        (
            {"message": Message(corrected_as="F"), "time_zone": "UTC"},
            IDENTITY,
            "Results arrive with times of another zone and another mark of corrections. Those that wait at that time change too.",
        ),
        (
            {"status": "paused"},
            TIMING,
            "Results are kept and wait until this endpoint is active again; none is sent.",
        ),
    ],
    ids=["port", "link", "link-and-host", "tls", "identity", "form", "paused"],
)
def test_from_files_alone(settings: dict[str, Any], consequence: Consequence, expected: str) -> None:
    assert from_files(with_endpoint(), with_endpoint(**settings), consequence) == expected


def test_a_pause_and_its_end_say_what_waits() -> None:
    active, paused = with_endpoint(), with_endpoint(status="paused")
    lanes = {"ste/epic": LaneCount(waiting=3)}
    assert effect_in(plan(active, paused, lanes=lanes), TIMING).sentence.endswith("none is sent. 3 wait now.")
    resumed = effect_in(plan(paused, active, lanes=lanes), TIMING)
    assert resumed.sentence == "Results are sent from now on, 3 that wait first."


TWO = {"epic": endpoint(), "lab": endpoint(port=1)}
BOTH, EPIC, LAB, NONE = (
    one_site(TWO, {"ed": archive(*rules)}) for rules in (["epic", "lab"], ["epic"], ["lab"], [])
)


@in_one_test(
    ("old", "new", "consequence", "expected"),
    [
        (BOTH, EPIC, STOP, "Studies finalized from now on no longer go to lab. Those that wait at that time are still sent."),
        (BOTH, NONE, STOP, "Studies finalized from now on reach no EHR. Those that wait at that time are still sent."),
        (EPIC, BOTH, ONE_MORE, "Studies finalized from now on also go to lab. Earlier ones are not sent."),
        (NONE, BOTH, ONE_MORE, "Studies finalized from now on go to epic and lab. Earlier ones are not sent."),
        (EPIC, LAB, ONE_MORE, "Studies finalized from now on go to lab. Earlier ones are not sent."),
        (
            BOTH,
            one_site({"epic": endpoint()}, {"ed": archive("epic")}),
            STOP,
            "It leaves the files, and nothing more is sent to it. If results wait at that time, ste stays as it runs.",
        ),
    ],
    ids=["one-less", "none-left", "one-more", "first", "instead", "endpoint-leaves"],
)  # fmt: skip
def test_rules_start_and_end(old: Fleet, new: Fleet, consequence: Consequence, expected: str) -> None:
    found = make_diff(desired=side(new), before=side(old), engine="0")
    assert expected in [effect.sentence for effect in found.effects if effect.consequence is consequence]


def test_results_that_wait_where_a_rule_ends_are_still_sent() -> None:
    found = plan(BOTH, EPIC, lanes={"ste/lab": LaneCount(waiting=1), "ste/epic": LaneCount(waiting=9)})
    assert effect_in(found, STOP).sentence.endswith("1 result waits at lab and is still sent.")


def test_an_archive_may_lose_a_rule_and_its_name_at_the_source() -> None:
    old, new = (
        one_site(TWO, {"ed": archive(*rules, cloud_id=cloud_id)})
        for rules, cloud_id in ((["epic"], "a-1"), ([], "a-2"))
    )
    assert from_files(old, new, STOP) == (
        "Studies finalized from now on reach no EHR. Those that wait at that time are still sent. "
        "Events that call it a-1 are refused from now on; those that call it a-2 are taken."
    )


def test_an_archive_that_leaves_is_told_once() -> None:
    found = plan(BOTH, one_site(TWO, {}))
    sentence = "It leaves the files: its studies reach no EHR from now on. 0 of its results wait."
    assert effect_in(found, STOP).sentence == sentence
    assert headline(found) == "Results of 1 archive stop. No approval needed."


@pytest.mark.parametrize(
    ("since", "expected"),
    [
        (
            datetime(2026, 11, 24, 13, 10, tzinfo=UTC),
            "27 were finalized since 13:10Z, when this pair was removed.",
        ),
        (
            datetime(2026, 11, 20, 13, 10, tzinfo=UTC),
            "27 were finalized since 2026-11-20 13:10Z, when this pair was removed.",
        ),
    ],
    ids=["today", "earlier"],
)
def test_a_pair_that_comes_back_says_what_it_missed(since: datetime, expected: str) -> None:
    pair = "ste/ed.forward_to.lab"
    found = plan(EPIC, BOTH, closed={pair: ClosedPair(absent_since=since, finalized=27)})
    assert effect_in(found, ONE_MORE).sentence.endswith(f"Earlier ones are not sent: {expected}")
    (start,) = found.starts
    assert (str(start.pair), start.absent_since, start.finalized) == (pair, since, 27)


def test_pairs_start_and_end() -> None:
    found = plan(EPIC, LAB)
    assert [str(start.pair) for start in found.starts] == ["ste/ed.forward_to.lab"]
    assert [str(pair) for pair in found.ends] == ["ste/ed.forward_to.epic"]


def test_a_new_site_is_told_in_one_place() -> None:
    found = plan(fleet(), BOTH)
    effect = effect_in(found, ONE_MORE)
    assert [str(place) for place in effect.places] == ["ste"]
    assert (
        effect.sentence
        == "A new site: 1 archive, 2 EHR endpoints and 2 Links. Studies finalized earlier are not sent."
    )
    assert headline(found) == "No results stop. 1 site is added. No approval needed."


PRESET = "preset registry"


def by_preset(lines: str, ports: tuple[int, ...], **parts: Any) -> Plan:
    old, new = (
        fleet(
            *(
                site(f"s{n}", endpoints={"r": endpoint(port=port)}, archives={"ed": archive("r")})
                for n, port in enumerate(chosen)
            )
        )
        for chosen in ((1,) * len(ports), ports)
    )
    layers = {f"s{n}/r.port": PRESET for n in range(len(ports))}
    return make_plan(
        desired=side(new, layers=layers, origins=origins(lines)),
        applied=side(old),
        observed=observed(**parts),
        engine="0",
    )


SAME_LINE = "s0/r.port sites/fleet.yaml:9\ns1/r.port sites/fleet.yaml:9"


def test_places_that_one_line_changes_are_told_together_and_counted_together() -> None:
    lanes = {"s0/r": LaneCount(waiting=1), "s1/r": LaneCount(waiting=2)}
    effect = effect_in(by_preset(SAME_LINE, (7, 7), lanes=lanes), ELSEWHERE)
    assert [str(place) for place in effect.places] == ["s0/r", "s1/r"]
    assert effect.layer == PRESET
    assert effect.sentence.endswith("3 waiting results move too.")
    (setting,) = effect.settings
    assert (len(setting.changes), setting.file, setting.line) == (2, "sites/fleet.yaml", 9)


@pytest.mark.parametrize(
    ("lines", "ports"),
    [(SAME_LINE, (7, 8)), ("s0/r.port sites/fleet.yaml:9\ns1/r.port sites/fleet.yaml:11", (7, 7))],
    ids=["other-values", "other-lines"],
)
def test_places_that_change_otherwise_are_told_apart(lines: str, ports: tuple[int, ...]) -> None:
    effects = by_preset(lines, ports).effects
    assert [len(effect.places) for effect in effects] == [1, 1]
    assert {effect.layer for effect in effects} == {""}


def test_one_place_is_told_once_whichever_layers_change_it() -> None:
    new = with_endpoint(retry={"factor": 3}, connection="per_message")
    layers = {"ste/epic.connection": PRESET}
    found = make_diff(desired=side(new, layers=layers), before=side(with_endpoint()), engine="0")
    assert [setting.name for setting in effect_in(found, TIMING).settings] == ["connection", "retry.factor"]


@pytest.mark.parametrize(
    ("lines", "expected"),
    [
        ("ste/ed.forward_to.lab a:1\nste/ed.forward_to a:2\nste/ed a:3", ("a", 1)),
        ("ste/ed.forward_to a:2\nste/ed a:3", ("a", 2)),
        ("ste/ed a:3", ("a", 3)),
        ("ste a:4", (None, None)),
    ],
    ids=["own-line", "list", "thing", "not-its-site"],
)
def test_a_line_is_the_nearest_that_is_known(lines: str, expected: tuple[str | None, int | None]) -> None:
    found = make_diff(desired=side(EPIC, origins=origins(lines)), before=side(BOTH), engine="0")
    (setting,) = effect_in(found, STOP).settings
    assert (setting.file, setting.line) == expected


def test_what_is_gone_stands_where_it_stood() -> None:
    found = make_diff(
        desired=side(EPIC), before=side(BOTH, origins=origins("ste/ed.forward_to.lab old:1")), engine="0"
    )
    (setting,) = effect_in(found, STOP).settings
    assert (setting.file, setting.line) == ("old", 1)


def test_an_unsound_or_gone_site_stays_as_it_runs() -> None:
    three = fleet(*(site(name, endpoints={}, archives={}) for name in ("a", "b", "c")))
    only_a = fleet(site("a", endpoints={}, archives={}))
    found = make_plan(
        desired=side(only_a, unsound=frozenset({"b"})), applied=side(three), observed=observed(), engine="0"
    )
    assert found.is_empty
    assert [(kept.site, kept.reason) for kept in found.kept] == [
        ("b", "has problems in its files, and stays as it runs"),
        ("c", "is gone from the files, and stays as it runs until removed_sites in fleet.yaml names it"),
    ]
    assert "  b   has problems in its files" in print_plan(found)


def test_no_changes_are_said_in_a_line() -> None:
    text = print_plan(plan(with_endpoint(), with_endpoint()))
    assert text == "No changes.\nsites/ against sites/; counts as of 2026-11-24 14:03Z\n"


def test_nothing_in_a_file_steers_a_terminal() -> None:
    text = print_plan(plan(with_endpoint(), with_endpoint(display_name="Epic\x1b[2J\nNo approval needed")))
    assert "\x1b" not in text
    assert "Epic\\x1b[2J\\nNo approval needed" in text


def test_long_values_stand_below_each_other() -> None:
    old, new = ("a" * 40 + suffix for suffix in (".example.org", ".example.net"))
    lines = print_plan(plan(with_endpoint(host=old), with_endpoint(host=new))).split("\n")
    where = lines.index(f"      host  {old}")
    assert lines[where + 1] == f"         -> {new}"


@pytest.mark.parametrize(
    ("changed", "expected"),
    [
        ({"max_endpoints": 3}, "From the next plan on, more than 3 endpoints wait for approval."),
        ({"entitlements": {"preliminary_results": True}}, "Preliminary results may be sent; final ones are."),
        ({"access_roles": {"nurse": {"results": "read"}}}, "Who may do what changes; results go as before."),
        (
            {"subscription": "basic"},
            "No study finalized from now on is sent anywhere: EHR integration needs the Enterprise subscription.",
        ),
    ],
    ids=["guard", "entitlement", "role", "subscription"],
)
def test_fleet_and_grants_are_told_too(changed: dict[str, Any], expected: str) -> None:
    found = plan(fleet(), fleet(**changed))
    assert [effect.sentence for effect in found.effects] == [expected]
