"""What every backend's rows must do: written once, run over the reference and over SQLite."""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from butterfly_gitops.model.delivery import (
    Attempt,
    Cause,
    Content,
    Decision,
    Delivery,
    DeliveryId,
    Epoch,
    EventNumber,
    Lane,
    LaneId,
    Outcome,
    Rank,
    Report,
    ReportId,
    ResultStatus,
    Rule,
    RuleId,
    State,
    StoredMessage,
    Target,
    TargetNumber,
    Verdict,
)
from butterfly_gitops.store.body import Body
from butterfly_gitops.store.interface import Condition, Generation, Withheld
from butterfly_gitops.store.people import AuditEntry, Query
from butterfly_gitops.store.rows import DoneAction, EventRow, Rows
from tests.law_examples import up_to

T0 = datetime(2026, 3, 1, 8, 0, 0, 123456, tzinfo=UTC)
OPEN = (State.QUEUED, State.SENDING, State.UNCERTAIN, State.SET_ASIDE)
FINALIZED = ("finalized",)
ENDING = ("reverted", "deleted")


def minutes(count: float) -> datetime:
    return T0 + timedelta(minutes=count)


BODY = Body('{"ä": "\\u0000"}')


def an_event(number: int = 1, **changes: object) -> EventRow:
    row = EventRow(
        number=EventNumber(number),
        event_id=f"evt-{number}",
        digest="d" * 64,
        kind="finalized",
        occurred_at=minutes(number),
        received_at=minutes(number + 0.5),
        applies=1,
        site="st-elsewhere",
        archive="ed",
        study="study-1",
        revision=1,
        accession="A1",
        patient=frozenset({"key-b", "key-a"}),
    )
    return replace(row, **changes)


def a_lane(number: int = 1, **changes: object) -> Lane:
    lane = Lane(
        id=LaneId(number),
        site="st-elsewhere",
        endpoint=f"epic-{number}",
        incarnation=1,
        target=TargetNumber(1),
    )
    return replace(lane, **changes)


def a_report(number: int = 1, **changes: object) -> Report:
    report = Report(
        id=ReportId(number),
        lane=LaneId(1),
        study="study-1",
        patient=frozenset({"key-a"}),
        newest=Rank(revision=1, occurred_at=T0),
    )
    return replace(report, **changes)


def a_delivery(number: int = 1, **changes: object) -> Delivery:
    delivery = Delivery(
        id=DeliveryId(number),
        lane=LaneId(1),
        event=EventNumber(1),
        body=EventNumber(1),
        report=ReportId(1),
        content=Content.FINAL,
        cause=Cause.RULE,
        rank=Rank(revision=1, occurred_at=T0),
        accepted_at=minutes(number),
    )
    return replace(delivery, **changes)


def a_rule(number: int = 1, **changes: object) -> Rule:
    rule = Rule(
        id=RuleId(number),
        site="st-elsewhere",
        archive="ed",
        endpoint="epic-1",
        lane=LaneId(1),
        start=T0,
        started_by=1,
    )
    return replace(rule, **changes)


def with_parents(rows: Rows, *, lanes: int = 1, events: int = 1, reports: int = 1) -> Rows:
    """Store what deliveries and decisions refer to."""
    for number in range(1, lanes + 1):
        rows.put(a_lane(number))
    for number in range(1, events + 1):
        rows.add_event(an_event(number), BODY)
    for number in range(1, reports + 1):
        rows.put(a_report(number))
    return rows


def test_a_setting_is_empty_until_it_is_set(rows: Rows) -> None:
    assert rows.setting("fleet") == ""
    rows.put_setting("fleet", "mercy")
    rows.put_setting("fleet", "mercy-health")
    assert rows.setting("fleet") == "mercy-health"


NEXT = {
    "event": (Rows.next_event, lambda rows, number: rows.add_event(an_event(number), BODY)),
    "report": (Rows.next_report, lambda rows, number: rows.put(a_report(number))),
    "delivery": (Rows.next_delivery, lambda rows, number: rows.put(a_delivery(number))),
    "lane": (Rows.next_lane, lambda rows, number: rows.put(a_lane(number))),
    "rule": (Rows.next_rule, lambda rows, number: rows.put(a_rule(number))),
}


@pytest.mark.parametrize("noun", NEXT)
def test_the_next_number_is_one_above_the_highest(rows: Rows, noun: str) -> None:
    take_next, add = NEXT[noun][0].__name__, NEXT[noun][1]
    with_parents(rows) if noun in ("delivery", "rule", "report") else None
    first = getattr(rows, take_next)()
    assert getattr(rows, take_next)() == first
    add(rows, first)
    assert getattr(rows, take_next)() == first + 1
    add(rows, first + 1)
    assert getattr(rows, take_next)() == first + 2


def test_an_event_is_found_by_number_and_by_id(rows: Rows) -> None:
    rows.add_event(an_event(1), BODY)
    rows.add_event(an_event(2, accession="", patient=frozenset()), BODY)
    assert rows.event(EventNumber(2)) == an_event(2, accession="", patient=frozenset())
    assert rows.event_by_id("evt-1") == an_event(1)
    assert rows.event_by_id("evt-3") is None


LATEST = {
    "revision before time": ([{"revision": 2}, {"revision": 1}], FINALIZED, 1),
    "time within a revision": ([{"occurred_at": minutes(9)}, {"occurred_at": minutes(8)}], FINALIZED, 1),
    "number among equals": ([{"occurred_at": T0}, {"occurred_at": T0}], FINALIZED, 2),
    "of these kinds only": ([{"kind": "deleted"}, {"kind": "finalized"}], ENDING, 1),
    "several kinds": ([{"kind": "reverted"}, {"kind": "deleted"}], ENDING, 2),
    "of this study only": ([{}, {"study": "study-2"}], FINALIZED, 1),
    "none": ([{}], ENDING, None),
}


@pytest.mark.parametrize("case", LATEST)
def test_a_studys_latest_event_has_the_highest_rank(rows: Rows, case: str) -> None:
    changes, kinds, expected = LATEST[case]
    for number, change in enumerate(changes, 1):
        rows.add_event(an_event(number, **change), BODY)
    latest = rows.latest_of_study("study-1", kinds)
    assert (latest.number if latest else None) == expected


def test_decisions_come_in_the_order_of_their_rules(rows: Rows) -> None:
    with_parents(rows)
    rows.put(a_rule(1))
    rows.put(a_rule(2))
    rows.put(a_delivery(1))
    second = Decision(rule=RuleId(2), lane=LaneId(1), verdict="preliminary-off")
    first = Decision(rule=RuleId(1), lane=LaneId(1), verdict="deliver", delivers=True)
    rows.add_decision(EventNumber(1), second, None)
    rows.add_decision(EventNumber(1), first, DeliveryId(1))
    assert list(rows.decisions_of(EventNumber(1))) == [(first, DeliveryId(1)), (second, None)]
    assert list(rows.decisions_of(EventNumber(2))) == []


def test_a_report_is_written_whole_and_found_by_its_study(rows: Rows) -> None:
    with_parents(rows, reports=2)
    rows.put(a_report(3, study="study-2"))
    known = replace(
        a_report(1),
        patient=frozenset({"key-a", "key-b"}),
        newest=Rank(revision=3, occurred_at=minutes(5)),
        acknowledged=ResultStatus.C,
        acknowledged_revision=2,
        maybe_received=True,
        maybe_final=True,
        maybe_event=EventNumber(1),
        filler="F-1",
        last_status_time="20260301080000+0000",
        printed_revision=3,
        version=7,
    )
    rows.put(known)
    assert rows.report(ReportId(1)) == known
    assert list(rows.reports_of_study("study-1")) == [known, a_report(2)]


def test_a_delivery_is_written_whole(rows: Rows) -> None:
    with_parents(rows)
    rows.put(a_delivery(1))
    moved = replace(
        a_delivery(1),
        state=State.SENDING,
        then=State.SUPERSEDED,
        then_reason="newer",
        reason="because",
        by_policy=True,
        attempts=2,
        refusals=3,
        silences=4,
        maybe_received=True,
        message=5,
        control_id="C-1",
        target=TargetNumber(6),
        settled_at=minutes(7),
    )
    rows.put(moved)
    assert rows.delivery(DeliveryId(1)) == moved
    assert rows.delivery(DeliveryId(2)) is None


def one_in_each_state(rows: Rows) -> dict[State, Delivery]:
    with_parents(rows, lanes=2)
    states = dict(zip(State, range(1, 8), strict=True))
    made = {state: a_delivery(number, state=state) for state, number in states.items()}
    for delivery in made.values():
        rows.put(delivery)
    rows.put(a_delivery(8, lane=LaneId(2)))
    return made


def test_what_is_open_is_found_by_its_report(rows: Rows) -> None:
    made = one_in_each_state(rows)
    rows.put(a_report(2))
    rows.put(a_delivery(9, report=ReportId(2)))
    found = rows.open_of_reports([ReportId(2), ReportId(1)])
    expected = [
        *(made[state] for state in OPEN),
        a_delivery(8, lane=LaneId(2)),
        a_delivery(9, report=ReportId(2)),
    ]
    assert list(found) == sorted(expected, key=lambda one: one.id)


@pytest.mark.parametrize(
    "states",
    [(State.UNCERTAIN,), (State.SET_ASIDE, State.QUEUED), OPEN, (State.DELIVERED,), tuple(State), ()],
)
def test_a_lanes_deliveries_are_found_by_state(rows: Rows, states: tuple[State, ...]) -> None:
    made = one_in_each_state(rows)
    expected = [one for state, one in made.items() if state in states]
    assert list(rows.in_lane(LaneId(1), states)) == expected


def test_heads_are_the_first_that_are_in_their_lane(rows: Rows) -> None:
    made = one_in_each_state(rows)
    assert list(rows.heads(LaneId(1), 2)) == [made[State.QUEUED], made[State.SENDING]]
    rows.put(replace(made[State.QUEUED], state=State.SET_ASIDE))
    rows.put(replace(made[State.SENDING], state=State.DELIVERED))
    assert list(rows.heads(LaneId(1), 2)) == [made[State.UNCERTAIN]]
    rows.put(made[State.QUEUED])
    assert list(rows.heads(LaneId(1), 1)) == [made[State.QUEUED]]


def an_attempt(number: int, **changes: object) -> Attempt:
    attempt = Attempt(
        delivery=DeliveryId(1),
        number=number,
        epoch=Epoch(3),
        target=TargetNumber(2),
        message=1,
        control_id="C-1",
        started_at=T0,
    )
    return replace(attempt, **changes)


def test_attempts_are_kept_by_number(rows: Rows) -> None:
    with_parents(rows)
    rows.put(a_delivery(1))
    rows.put(a_delivery(2))
    rows.put(an_attempt(2))
    rows.put(an_attempt(1))
    rows.put(an_attempt(1, delivery=DeliveryId(2)))
    verdict = Verdict(outcome=Outcome.REFUSED, code="AE", detail="error 207")
    ended = an_attempt(2, ended_at=minutes(1), verdict=verdict, reply=b"\x00\xff")
    rows.put(ended)
    assert list(rows.attempts_of(DeliveryId(1))) == [an_attempt(1), ended]
    assert rows.attempt(DeliveryId(1), 2) == ended
    assert rows.attempt(DeliveryId(1), 3) is None


def a_message(number: int, delivery: int = 1) -> StoredMessage:
    return StoredMessage(
        delivery=DeliveryId(delivery),
        number=number,
        target=TargetNumber(1),
        text='{"encoding": "ASCII"}',
        control_id=f"C-{number}",
        status=ResultStatus.F,
        filler="F-1",
        status_time="20260301080000+0000",
        data=b"MSH|\r\x00\xff",
    )


def test_messages_are_kept_by_number(rows: Rows) -> None:
    with_parents(rows)
    rows.put(a_delivery(1))
    rows.put(a_delivery(2))
    for message in (a_message(2), a_message(1), a_message(1, delivery=2)):
        rows.put(message)
    assert list(rows.messages_of(DeliveryId(1))) == [a_message(1), a_message(2)]
    assert rows.message(DeliveryId(2), 1) == a_message(1, delivery=2)
    assert rows.message(DeliveryId(2), 2) is None


def test_lanes_are_those_that_have_not_ended(rows: Rows) -> None:
    rows.put(a_lane(2, site="general"))
    rows.put(a_lane(1, endpoint="epic"))
    changed = a_lane(
        1,
        endpoint="epic",
        target=TargetNumber(2),
        on_retarget="resend",
        due_at=minutes(1),
        failures=2,
        bad_run=(DeliveryId(4), DeliveryId(3)),
        stopped="why",
        paused=True,
    )
    rows.put(changed)
    rows.put(a_lane(3, endpoint="epic", incarnation=2, ended=True))
    assert list(rows.lanes()) == [changed, a_lane(2, site="general")]
    assert list(rows.lanes_of_site("st-elsewhere")) == [changed]
    assert rows.lane(LaneId(3)).ended
    assert rows.incarnations("st-elsewhere", "epic") == 2
    assert rows.incarnations("st-elsewhere", "cerner") == 0


@pytest.mark.parametrize(
    "look",
    [
        lambda rows: rows.event(EventNumber(9)),
        lambda rows: rows.report(ReportId(9)),
        lambda rows: rows.lane(LaneId(9)),
        lambda rows: rows.target(LaneId(9), TargetNumber(1)),
    ],
    ids=["event", "report", "lane", "target"],
)
def test_what_must_be_there_and_is_not_is_a_key_error(rows: Rows, look: Callable[[Rows], object]) -> None:
    with pytest.raises(KeyError):
        look(rows)


def test_targets_are_kept_by_number(rows: Rows) -> None:
    with_parents(rows, lanes=2)
    first, second = (
        Target(lane=LaneId(1), number=TargetNumber(number), wire=f"w{number}", text="t") for number in (1, 2)
    )
    for target in (second, first, replace(first, lane=LaneId(2))):
        rows.put(target)
    assert rows.target(LaneId(1), TargetNumber(2)) == second
    assert list(rows.targets_of(LaneId(1))) == [first, second]


def test_rules_are_kept_in_every_interval(rows: Rows) -> None:
    with_parents(rows)
    rows.put(a_rule(1))
    rows.put(a_rule(2, site="general"))
    rows.put(a_rule(1, until=minutes(3)))
    assert list(rows.rules()) == [a_rule(1, until=minutes(3)), a_rule(2, site="general")]
    assert list(rows.rules_of_site("general")) == [a_rule(2, site="general")]


def test_the_newest_generation_of_each_site_counts(rows: Rows) -> None:
    first = Generation(site="b", number=1, digest="d1", commit="c1", actor="ada", applied_at=T0)
    second = replace(first, number=2, digest="d2")
    fleet = replace(first, site="")
    for generation, content in ((first, "1"), (second, "2"), (fleet, "f")):
        rows.add_generation(generation, content)
    assert list(rows.generations()) == [(fleet, "f"), (second, "2")]
    assert rows.generation("b") == second
    assert rows.generation("c") is None


def test_conditions_are_replaced_together(rows: Rows) -> None:
    site = Condition(site="b", kind="Ready", reason="Applied", message="", since=T0)
    endpoint = replace(site, endpoint="epic", kind="Stalled", reason="Stopped", message="why")
    rows.replace_conditions([site])
    rows.replace_conditions([endpoint, site])
    assert list(rows.conditions()) == [site, endpoint]
    rows.replace_conditions([])
    assert list(rows.conditions()) == []


def test_what_people_did_is_kept(rows: Rows) -> None:
    done = DoneAction(key="k", fingerprint="f", delivery=None)
    rows.put(done)
    assert rows.done("k") == done
    assert rows.done("l") is None
    entry = AuditEntry(at=T0, actor="ada", action="resend", subject="delivery 1", reason="asked")
    for one in (entry, replace(entry, subject="delivery 2"), replace(entry, action="cancel")):
        rows.put(one)
    assert list(rows.audit_of("delivery 1")) == [entry, replace(entry, action="cancel")]


def test_open_deliveries_are_counted_by_the_archive_of_their_event(rows: Rows) -> None:
    one_in_each_state(rows)
    rows.add_event(an_event(2, archive="icu"), BODY)
    rows.put(a_delivery(9, event=EventNumber(2)))
    assert len(rows.open_of_archive("st-elsewhere", "ed")) == 5
    assert len(rows.open_of_archive("st-elsewhere", "icu")) == 1
    assert len(rows.open_of_archive("general", "ed")) == 0


def test_states_are_counted_by_lane_and_cause(rows: Rows) -> None:
    made = one_in_each_state(rows)
    rows.put(replace(made[State.QUEUED], state=State.DELIVERED))
    rows.put(replace(made[State.SENDING], state=State.SET_ASIDE))
    rows.put(replace(made[State.DELIVERED], reason="still delivered"))
    rows.put(a_delivery(9, lane=LaneId(2), cause=Cause.ONE_OFF, state=State.CANCELLED))
    first = {
        State.UNCERTAIN: 1,
        State.SET_ASIDE: 2,
        State.DELIVERED: 2,
        State.SUPERSEDED: 1,
        State.CANCELLED: 1,
    }
    assert rows.state_counts() == {1: first, 2: {State.QUEUED: 1, State.CANCELLED: 1}}
    by_rule = {**first, State.QUEUED: 1}
    assert rows.states_of_causes() == {Cause.RULE: by_rule, Cause.ONE_OFF: {State.CANCELLED: 1}}


def test_the_oldest_is_the_first_accepted_that_its_lane_has_to_send(rows: Rows) -> None:
    made = one_in_each_state(rows)
    assert rows.oldest_in_lane() == {1: minutes(1), 2: minutes(8)}
    rows.put(replace(made[State.QUEUED], state=State.DELIVERED))
    rows.put(replace(made[State.SENDING], state=State.DELIVERED))
    rows.put(a_delivery(8, lane=LaneId(2), state=State.CANCELLED))
    assert rows.oldest_in_lane() == {1: made[State.UNCERTAIN].accepted_at}
    rows.put(replace(made[State.UNCERTAIN], state=State.DELIVERED))
    assert rows.oldest_in_lane() == {}, "what is set aside waits for a person"


def test_studies_of_a_gap_are_counted_once(rows: Rows) -> None:
    events: list[dict[str, object]] = [
        {"occurred_at": minutes(9)},
        {"occurred_at": minutes(10)},
        {"occurred_at": minutes(11)},
        {"occurred_at": minutes(12), "study": "study-2"},
        {"occurred_at": minutes(12), "study": "study-3", "archive": "icu"},
        {"occurred_at": minutes(12), "study": "study-4", "kind": "attestation_requested"},
        {"occurred_at": minutes(12), "study": "study-5", "site": "general"},
    ]
    for number, changes in enumerate(events, 1):
        rows.add_event(an_event(number, **changes), BODY)
    assert rows.finalized_since("st-elsewhere", "ed", minutes(10)) == 2
    assert rows.finalized_since("st-elsewhere", "ed", minutes(13)) == 0


WITHHELD = {
    "reverted, acknowledged": ("reverted", {"acknowledged": ResultStatus.F, "maybe_received": True}, True),
    "deleted, not answered": ("deleted", {"maybe_received": True}, True),
    "not ended": ("finalized", {"acknowledged": ResultStatus.F, "maybe_received": True}, False),
    "nothing received": ("reverted", {}, False),
    "withdrawn": ("reverted", {"acknowledged": ResultStatus.W}, False),
    "sent again after it was withdrawn": (
        "reverted",
        {"acknowledged": ResultStatus.W, "maybe_received": True},
        True,
    ),
}


@pytest.mark.parametrize("case", WITHHELD)
def test_a_result_is_withheld_when_its_study_ended(rows: Rows, case: str) -> None:
    kind, changes, expected = WITHHELD[case]
    with_parents(rows)
    rows.add_event(an_event(2, kind=kind, revision=2), BODY)
    rows.put(a_report(1, maybe_event=EventNumber(1), **changes))
    found = [Withheld(lane=LaneId(1), study="study-1", revision=1)] if expected else []
    assert list(rows.withheld()) == found


def test_a_study_that_goes_on_after_its_revert_withholds_nothing(rows: Rows) -> None:
    with_parents(rows)
    rows.put(a_report(1, maybe_event=EventNumber(1), maybe_received=True))
    rows.add_event(an_event(2, kind="reverted"), BODY)
    rows.add_event(an_event(3, kind="attestation_requested", revision=2), BODY)
    assert list(rows.withheld()) == []


def searchable(rows: Rows) -> None:
    rows.put(a_lane(1))
    rows.put(a_lane(2, site="general", endpoint="epic-1"))
    rows.add_event(an_event(1), BODY)
    rows.add_event(an_event(2, study="study-2", accession=""), BODY)
    rows.add_event(an_event(3, accession="A3", revision=2), BODY)
    rows.put(a_report(1, patient=frozenset({"key-a", "key-b"})))
    rows.put(a_report(2, study="study-2", lane=LaneId(2), patient=frozenset({"key-c"})))
    rows.put(a_delivery(1, state=State.SUPERSEDED))
    rows.put(a_delivery(2, event=EventNumber(2), report=ReportId(2), lane=LaneId(2)))
    rows.put(a_delivery(3, event=EventNumber(3), state=State.SET_ASIDE))


FOUND = {
    "all, newest first": (Query(), [3, 2, 1]),
    "a page": (Query(limit=1), [3]),
    "the next page": (Query(before=DeliveryId(3), limit=1), [2]),
    "site": (Query(site="st-elsewhere"), [3, 1]),
    "endpoint of a site": (Query(site="general", endpoint="epic-1"), [2]),
    "endpoint of every site": (Query(endpoint="epic-1"), [3, 2, 1]),
    "no such endpoint": (Query(endpoint="cerner"), []),
    "study": (Query(study="study-1"), [3, 1]),
    "accession": (Query(study="A3"), [3]),
    "no such study": (Query(study="A9"), []),
    "open states": (Query(states=frozenset({State.QUEUED, State.SET_ASIDE})), [3, 2]),
    "any states": (Query(states=frozenset({State.QUEUED, State.SUPERSEDED})), [2, 1]),
    "patient": (Query(patient=frozenset({"key-b", "key-x"})), [3, 1]),
    "patient and study": (Query(patient=frozenset({"key-c"}), study="study-1"), []),
    "everything at once": (
        Query(
            site="st-elsewhere",
            endpoint="epic-1",
            study="study-1",
            states=frozenset({State.SUPERSEDED}),
            patient=frozenset({"key-a"}),
            before=DeliveryId(3),
        ),
        [1],
    ),
}


@pytest.mark.parametrize("case", FOUND)
def test_deliveries_are_found(rows: Rows, case: str) -> None:
    query, expected = FOUND[case]
    searchable(rows)
    assert [one.id for one in rows.find(query)] == expected


def test_events_and_verdicts_are_counted(rows: Rows) -> None:
    with_parents(rows, events=2)
    for number in (1, 2, 3):
        rows.put(a_rule(number))
    rows.put(a_delivery(1))
    verdicts = ["before-effective-from by 3s", "before-effective-from by 4s", "withdraws"]
    for number, verdict in enumerate(verdicts, 1):
        decision = Decision(rule=RuleId(number), lane=LaneId(1), verdict=verdict)
        rows.add_decision(EventNumber(1), decision, None)
    delivers = Decision(rule=RuleId(1), lane=LaneId(1), verdict="deliver", delivers=True)
    rows.add_decision(EventNumber(2), delivers, DeliveryId(1))
    assert rows.event_count() == 2
    assert rows.verdict_counts() == {"before-effective-from": 2, "withdraws": 1}


INTERVALS = {
    "in force": (a_rule(), True),
    "started by the application before it, by a clock that was ahead": (a_rule(start=minutes(5)), True),
    "started by a later application": (a_rule(started_by=2), False),
    "started by a later application, by a clock that was behind": (
        a_rule(started_by=2, start=minutes(-5)),
        False,
    ),
    "closed by a later application": (a_rule(until=minutes(2), ended_by=2), True),
    "closed by a later application, by a clock that was behind": (
        a_rule(until=minutes(-5), ended_by=2),
        True,
    ),
    "closed before it was routed, in force when it occurred": (a_rule(until=minutes(1.5), ended_by=1), True),
    "closed before it occurred": (a_rule(until=minutes(1), ended_by=1), False),
    "started and closed after it occurred": (a_rule(start=minutes(2), until=minutes(3), ended_by=1), False),
    "another archive": (a_rule(archive="icu"), False),
    "another site": (a_rule(site="general"), False),
}


@pytest.mark.parametrize("case", INTERVALS)
@pytest.mark.parametrize("is_decided", [True, False], ids=["decided", "undecided"])
def test_what_is_considered_is_held_against_what_is_decided(rows: Rows, case: str, is_decided: bool) -> None:
    rule, is_considered = INTERVALS[case]
    with_parents(rows)
    rows.put(rule)
    if is_decided:
        rows.add_decision(EventNumber(1), Decision(rule=rule.id, lane=LaneId(1), verdict="withdraws"), None)
    assert rows.decision_balance() == (
        is_considered,
        is_decided,
        is_considered and not is_decided,
        is_decided and not is_considered,
    )


instants = st.datetimes(
    min_value=datetime(1900, 1, 1),  # noqa: DTZ001 - the strategy adds the zone
    max_value=datetime(2200, 1, 1),  # noqa: DTZ001
    timezones=st.just(UTC),
)
# What UTF-8 can hold: the surrogates cannot stand in JSON that was read as UTF-8 either.
words = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=up_to(50))
@given(body=words, patient=st.frozensets(words), occurred_at=instants, revision=st.integers(0, 2**31 - 1))
def test_an_event_comes_back_as_it_went_in(
    rows: Rows, body: str, patient: frozenset[str], occurred_at: datetime, revision: int
) -> None:
    number = rows.next_event()
    row = an_event(number, patient=patient, occurred_at=occurred_at, revision=revision)
    rows.add_event(row, Body(body))
    assert (rows.event(number), rows.event_body(number)) == (row, Body(body))


def test_what_a_rule_did_not_meet_is_found_by_receipt_and_by_time(rows: Rows) -> None:
    with_parents(rows, lanes=2, events=6)
    rows.put(a_rule())
    rows.put(a_rule(2, lane=LaneId(2)))
    for number, changes in enumerate([{"applies": 0}, {"archive": "icu"}, {"kind": "reverted"}], 7):
        rows.add_event(an_event(number, study=f"study-{number}", **changes), BODY)
    for event, rule, verdict in (
        (1, 1, "deliver"),
        (2, 2, "deliver"),
        (3, 1, "before-effective-from by 2h"),
        (4, 1, "not-entitled"),
    ):
        decision = Decision(rule=RuleId(rule), lane=LaneId(rule), verdict=verdict)
        rows.add_decision(EventNumber(event), decision, None)
    assert [one.number for one in rows.undecided(a_rule())] == [2, 5, 6, 9]
    assert rows.unmet(a_rule()) == ["study-1", "study-7"]
    assert rows.unmet(a_rule(start=minutes(7))) == ["study-7"]
    assert rows.unmet(a_rule(start=minutes(8))) == []
