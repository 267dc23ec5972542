"""An EHR keeps one report by an OBR-3, whoever asks for it; a generated one is the same at each EHR (promise 12)."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import timedelta
from typing import Any

import apsw
import pytest

from butterfly_gitops.model.delivery import DeliveryId, Rank, Report, ReportId, Verdict
from butterfly_gitops.model.site import Site
from butterfly_gitops.store.dispatch import Step
from butterfly_gitops.store.interface import Store
from butterfly_gitops.store.migration import migrate, migrations
from butterfly_gitops.store.rows import Rows
from butterfly_gitops.store.sqlite_rows import SqliteRows
from butterfly_gitops.store.tables import STATEMENTS
from tests.store.play import DELIVERED, SILENT, T0, Play, a_site, an_event

GENERATED = re.compile(r"BF[0-9A-HJKMNP-TV-Z]{14}")
APART = {"ed": ("epic",), "icu": ("cerner",)}


async def fillers(store: Store, play: Play) -> dict[int, str | None]:
    """The OBR-3 of each delivery's report."""
    return {
        number: (await store.show(DeliveryId(number))).report.filler for number in sorted(await play.found())
    }


def shared(event_id: str, study: str, **changes: Any) -> Any:
    return an_event(event_id, study=study, **{"accession": "A-1", **changes})


@pytest.mark.parametrize(
    "second",
    [
        pytest.param({"study": "s-2"}, id="another study"),
        pytest.param({"study": "s-2", "patient": "hans"}, id="another study, of another patient"),
        pytest.param({"study": "s-1", "revision": 2, "patient": "hans"}, id="the study, of another patient"),
    ],
)
async def test_a_second_report_under_a_number_gets_a_generated_one(
    store: Store, second: Mapping[str, Any]
) -> None:
    play = await Play.start(store)
    await play.accept(shared("e-1", "s-1"))
    await play.send()
    await play.accept(shared("e-2", **second))
    refused = await play.try_claim(await play.prepare())
    assert (refused.attempt, refused.why_not, refused.is_filler_in_use) == (
        None,
        "its OBR-3 is another report's",
        True,
    )
    await play.send()
    first, *others = (await fillers(store, play)).values()
    (other,) = set(others) - {first}
    assert first == "A-1"
    assert GENERATED.fullmatch(other or "")


async def test_the_history_of_each_delivery_says_that_the_number_was_generated(store: Store) -> None:
    play = await Play.start(store)
    await play.accept(
        shared("e-1", "s-1"), shared("e-2", "s-2"), an_event("e-3", study="s-3", accession=None)
    )
    for _ in range(3):
        await play.send()
    await play.accept(shared("e-4", "s-2", revision=2))
    await play.send()
    told = {
        number: [(one.actor, one.action) for one in (await store.show(DeliveryId(number))).audit]
        for number in (1, 2, 3, 4)
    }
    by_us = [("dispatcher", "OBR-3 generated")]
    assert told == {1: [], 2: by_us, 3: [], 4: by_us}


async def test_a_report_keeps_its_number_whatever_comes(store: Store) -> None:
    play = await Play.start(store)
    await play.accept(shared("e-1", "s-1"), shared("e-2", "s-2"))
    await play.send()
    await play.send(verdict=SILENT)
    await play.send()
    await play.accept(shared("e-3", "s-1", revision=2), shared("e-4", "s-2", revision=2, accession="A-2"))
    await play.send()
    await play.send()
    found = await fillers(store, play)
    assert (found[1], found[2]) == (found[3], found[4])


EHRS = {"epic": {}, "cerner": {}}
ELSEWHERE = {"epic": {}, "cerner": {"host": "10.20.30.41"}}


@pytest.mark.parametrize(
    ("endpoints", "is_shared"),
    [
        pytest.param(EHRS, False, id="one listener and facility under two names"),
        pytest.param({"epic": {"host": "ehr.test"}, "cerner": {"host": "EHR.test."}}, False, id="one host in two spellings"),
        pytest.param(ELSEWHERE, True, id="another host"),
        pytest.param({"epic": {}, "cerner": {"port": 6662}}, True, id="another port"),
        pytest.param({"epic": {}, "cerner": {"receiving_facility": "OTHER"}}, True, id="another facility"),
        pytest.param({"epic": {}, "cerner": {"receiving_application": "LAB"}}, True, id="another application"),
    ],
)  # fmt: skip
async def test_two_lanes_of_one_ehr_share_no_number(
    store: Store, endpoints: Mapping[str, Mapping[str, Any]], is_shared: bool
) -> None:
    """Both claims come in one batch, so that only the transaction can tell."""
    play = await Play.start(store, a_site(endpoints=endpoints, archives=APART))
    await play.accept(shared("e-1", "s-1"), shared("e-2", "s-2", archive="icu"))
    steps = [
        Step(lane=one.lane, epoch=play.epoch, at=play.now, claiming=one.claiming)
        for one in (await play.prepare("epic"), await play.prepare("cerner"))
    ]
    first, second = await store.advance(steps)
    assert first.attempt is not None
    assert (second.attempt is not None, second.is_filler_in_use) == (is_shared, not is_shared)


async def test_the_ehr_of_another_site_is_the_same_by_its_listener_and_facility(store: Store) -> None:
    play = await Play.start(store)
    await play.apply(a_site(name="seaside"))
    await play.accept(shared("e-1", "s-1"))
    await play.send()
    moved = shared("e-2", "s-2").model_copy(update={"archive": "seaside/ed"})
    await play.accept(moved)
    lane, target = next(
        one for one in (await store.running()).lanes if (one[0].site, one[0].endpoint) == ("seaside", "epic")
    )
    (view,) = await store.views([lane.id])
    refused = await play.try_claim(play.prepare_head(view.heads[0], target))
    assert refused.is_filler_in_use


def renamed(site: Site, new: str, old: str) -> Site:
    return site.model_copy(update={"renamed": {new: old}})


@pytest.mark.parametrize(
    "steps",
    [
        pytest.param([a_site(endpoints=()), a_site()], id="removed, and added again"),
        pytest.param(
            [a_site(endpoints=()), a_site(endpoints={"epic": {"host": "10.9.9.9"}})],
            id="added again at another address",
        ),
        pytest.param([a_site(endpoints=()), a_site(endpoints=("fresh",))], id="added under another name"),
        pytest.param(
            [
                renamed(a_site(endpoints={"other": {"port": 7000}}), "other", "epic"),
                a_site(endpoints=()),
                a_site(),
            ],
            id="renamed and retargeted before it left",
        ),
    ],
)
async def test_a_new_lane_to_an_ehr_knows_what_the_old_one_sent(store: Store, steps: Sequence[Site]) -> None:
    play = await Play.start(store)
    await play.accept(shared("e-1", "s-1"))
    await play.send()
    for site in steps:
        await play.apply(site)
    (endpoint,) = steps[-1].ehr_endpoints
    play.wait(1)
    await play.accept(shared("e-2", "s-2", occurred_at=play.now))
    assert (await play.try_claim(await play.prepare(endpoint))).is_filler_in_use
    await play.send(endpoint)
    # The study itself keeps the number that the EHR knows it by.
    await play.send_once("s-1", endpoint)
    await play.send(endpoint)
    found = await fillers(store, play)
    assert found[3] == found[1] == "A-1" != found[2]


async def test_a_merge_leaves_a_report_with_a_number_that_one_of_both_had(store: Store) -> None:
    play = await Play.start(store)
    await play.accept(shared("e-1", "s-1"))
    await play.send()
    await play.accept(shared("e-2", "s-1", revision=2, patient="hans"))
    await play.send()
    before = set((await fillers(store, play)).values())
    await play.accept(shared("e-3", "s-1", revision=3, patient="hans", merged_from=("erika",)))
    await play.send()
    after = await fillers(store, play)
    assert len(before) == 2
    assert after[max(after)] in before
    # What either was known by stays theirs.
    for number in before:
        await play.accept(an_event(f"late-{number}", study=f"late-{number}", accession=number))
        assert (await play.try_claim(await play.prepare())).is_filler_in_use
        await play.send()


BESIDE = {"epic": {"host": "10.20.30.41"}, "cerner": {"host": "10.20.30.41"}}


@pytest.mark.parametrize(
    ("verdict", "moves"),
    [
        pytest.param(DELIVERED, [BESIDE], id="with a newer revision"),
        pytest.param(SILENT, [BESIDE], id="with the bytes that it has"),
        pytest.param(DELIVERED, [{**ELSEWHERE, "epic": {"host": "10.20.30.42"}}, BESIDE], id="on its second way"),
    ],
)  # fmt: skip
async def test_a_report_that_moves_to_an_ehr_with_another_by_its_number_waits_for_a_person(
    store: Store, verdict: Verdict, moves: Sequence[Mapping[str, Mapping[str, Any]]]
) -> None:
    resends = {one: {"on_retarget": "resend"} for one in ELSEWHERE}

    def site(endpoints: Mapping[str, Mapping[str, Any]]) -> Site:
        return a_site(
            endpoints={one: {**resends[one], **endpoints[one]} for one in endpoints}, archives=APART
        )

    play = await Play.start(store, site(ELSEWHERE))
    await play.accept(shared("e-1", "s-1"), shared("e-2", "s-2", archive="icu", patient="hans"))
    await play.send("epic", verdict=verdict)
    await play.send("cerner")
    for endpoints in moves:
        await play.apply(site(endpoints))
    if verdict is DELIVERED:
        await play.accept(shared("e-3", "s-1", revision=2))
    refused = await play.try_claim(await play.prepare("epic"))
    assert (refused.attempt, refused.is_set_aside, refused.view.heads) == (None, True, ())
    (aside,) = [one.delivery for one in (await play.found()).values() if one.delivery.state == "set_aside"]
    assert aside.reason.startswith("cannot be written: OBR-3 is that of another report at this EHR")
    # Where it was, it still goes; and so does the other one.
    await play.accept(shared("e-4", "s-2", revision=2, archive="icu", patient="hans"))
    await play.send("cerner")
    await play.apply(site(ELSEWHERE))
    await play.act("resend", aside.id)
    await play.send("epic")
    assert {one.delivery.state for one in (await play.found()).values()} <= {"delivered", "superseded"}


async def test_a_report_that_an_ehr_has_keeps_its_number_there_whatever_moves(store: Store) -> None:
    play = await Play.start(store, a_site(endpoints=ELSEWHERE, archives=APART))
    await play.accept(shared("e-1", "s-1"))
    await play.send("epic")
    await play.apply(a_site(endpoints={**ELSEWHERE, "epic": {"host": "10.20.30.43"}}, archives=APART))
    for revision in (2, 3):
        await play.accept(shared(f"e-{revision}", "s-1", revision=revision))
        await play.send("epic")
    assert set((await fillers(store, play)).values()) == {"A-1"}


# The number of a study that brings none.


async def test_a_generated_number_is_the_same_at_every_endpoint(store: Store) -> None:
    """Of what several lanes take in one batch, and of what one gets later."""
    play = await Play.start(store, a_site(endpoints=ELSEWHERE))
    await play.accept(
        an_event("e-1", study="s-1", accession=None), an_event("e-2", study="s-2", accession=None)
    )
    prepared = [await play.prepare("epic"), await play.prepare("cerner")]
    steps = [Step(lane=one.lane, epoch=play.epoch, at=play.now, claiming=one.claiming) for one in prepared]
    assert all(one.attempt for one in await store.advance(steps))
    await play.apply(a_site(endpoints={**ELSEWHERE, "late": {"host": "10.20.30.42"}}))
    await play.send_once("s-1", "late")
    await play.send("late")
    one, two, *_, late = (await fillers(store, play)).values()
    assert one == two == late
    assert GENERATED.fullmatch(one or "")


async def test_generated_numbers_differ_by_study_patient_and_state(store: Store) -> None:
    play = await Play.start(store)
    await play.accept(an_event("e-1", study="s-1", accession=None))
    await play.send()
    await play.accept(an_event("e-2", study="s-1", revision=2, patient="hans", accession=None))
    await play.send()
    await play.accept(an_event("e-3", study="s-2", accession=None))
    await play.send()
    found = [one for one in (await fillers(store, play)).values() if one]
    # One of them is a withdrawal, under the number of what it takes back.
    assert len(set(found)) == 3


async def test_the_number_of_an_earlier_version_is_taken_over_by_the_other_endpoints(store: Store) -> None:
    """It drew one for each report."""
    play = await Play.start(store, a_site(endpoints=ELSEWHERE))
    await play.accept(an_event("e-1", accession=None))
    prepared = await play.prepare("epic")
    old = "BF0123456789ABCD"
    message = replace(prepared.claiming.message, filler=old)
    claiming = replace(prepared, claiming=replace(prepared.claiming, message=message))
    assert (await play.try_claim(claiming)).attempt is not None
    await play.send("cerner")
    assert set((await fillers(store, play)).values()) == {old}


async def test_a_generated_number_that_somebody_else_has_is_given_up(store: Store) -> None:
    """A study may bring any number, even the one that we would generate."""
    play = await Play.start(store)
    await play.accept(an_event("e-1", study="s-1", accession=None))
    view = await play.view()
    await play.accept(an_event("e-2", study="s-2", accession=view.heads[0].spare))
    await play.act("set_aside", 1)
    await play.send()
    await play.act("resend", 1)
    await play.send()
    found = await fillers(store, play)
    assert found[2] == view.heads[0].spare != found[1] is not None
    assert not [one.action for one in (await store.show(DeliveryId(1))).audit if "OBR-3" in one.action]


# What is stored.


def a_report(number: int, filler: str | None, *, study: str, lane: int = 1) -> Report:
    return Report(
        id=ReportId(number),
        lane=lane,
        study=study,
        patient=frozenset({"p"}),
        newest=Rank(revision=1, occurred_at=T0),
        filler=filler,
    )


async def test_reports_are_found_by_their_number(store: Store, rows: Rows) -> None:
    lane = await (await Play.start(store)).lane()
    rows.put(lane)
    for number, filler in ((1, "A-1"), (2, None), (3, "A-1"), (4, "A-2")):
        rows.put(a_report(number, filler, study=f"s-{number}", lane=lane.id))
    rows.put(replace(rows.report(ReportId(2)), filler="A-1"))
    assert [one.id for one in rows.reports_with_filler("A-1")] == [1, 2, 3]
    assert rows.reports_with_filler("A-3") == []


def test_a_state_in_which_reports_share_a_number_stays_as_it_is() -> None:
    """Earlier versions let them; whoever comes later gets another one."""
    connection = apsw.Connection(":memory:")
    migrate(connection, migrations()[:5])
    connection.execute(
        "INSERT INTO lane (id, site, endpoint, incarnation, target, on_retarget, failures, bad_run, stopped, paused, ended) "
        "VALUES (1, 'st-elsewhere', 'epic', 1, 1, 'set_aside', 0, '[]', '', 0, 0)"
    )
    for number in (1, 2):
        connection.execute(
            "INSERT INTO report VALUES (?, 1, ?, '[]', 1, 1, NULL, NULL, 1, 1, NULL, 'A-1', NULL, NULL, 1)",
            (number, f"s-{number}"),
        )
    migrate(connection, migrations())
    rows = SqliteRows(connection, keeps=True)
    assert [(one.study, one.filler) for one in rows.reports_with_filler("A-1")] == [
        ("s-1", "A-1"),
        ("s-2", "A-1"),
    ]
    sql = STATEMENTS["reports_with_filler"]
    assert "INDEX report_filler" in str(connection.execute(f"EXPLAIN QUERY PLAN {sql}", ("A-1",)).fetchall())
    assert len(rows.setting("order_number_key")) == 64


async def test_a_withdrawal_goes_by_the_number_of_what_it_takes_back(store: Store) -> None:
    play = await Play.start(store)
    await play.accept(shared("e-1", "s-1"), shared("e-2", "s-2"))
    await play.send()
    await play.send()
    play.wait(1)
    await play.accept(shared("e-3", "s-2", revision=2, patient="hans", occurred_at=T0 + timedelta(seconds=1)))
    withdrawal = next(n for n, one in (await play.found()).items() if one.delivery.content == "withdrawal")
    await play.act("resend", withdrawal)
    await play.send(verdict=DELIVERED)
    found = await fillers(store, play)
    assert found[withdrawal] == found[2] != found[1]
