"""Events in: whose archive they name, and what became of it since."""

from dataclasses import replace
from datetime import timedelta

import pytest

from butterfly_gitops.dispatcher.intake import EventsRefused, Intake
from butterfly_gitops.model.fleet import FleetSettings
from tests.store.memory import MemoryStore
from tests.store.play import FLEET, T0, Play, a_site, an_event


async def entitled(site):
    """A site that is applied, in a fleet that may forward."""
    play = await Play.start(MemoryStore(), site)
    await play.store.apply(replace(play.application(site, expected=0), content=FleetSettings(name=FLEET)))
    return play


def intake_of(play):
    return Intake(play.store, wake=lambda _: None, now=lambda: play.now)


async def test_what_occurred_before_its_archive_left_is_delivered():
    play = await entitled(a_site(archives={"ed": ["epic"], "icu": ["epic"]}))
    play.wait(60)
    await play.apply(a_site(archives={"icu": ["epic"]}))
    play.wait(60)
    events = [
        an_event("e-1", occurred_at=T0 + timedelta(seconds=30)),
        an_event("e-2", study="s-2", occurred_at=T0 + timedelta(seconds=90)),
    ]
    answers = await intake_of(play).accept(events, pointers=["/0", "/1"])
    assert [[one.verdict for one in answer.decisions] for answer in answers] == [["deliver"], []]
    assert (await play.store.ledger()).adds_up


async def test_an_archive_that_never_was_is_refused():
    play = await entitled(a_site())
    with pytest.raises(EventsRefused) as raised:
        await intake_of(play).accept([an_event("e-1", archive="edd")], pointers=[""])
    assert [one.rule for one in raised.value.problems] == ["unknown-archive"]


@pytest.mark.parametrize(
    ("seconds_before", "alerts"),
    [(42, 1), (300, 1), (301, 0), (0, 0)],
    ids=["shortly before", "just within", "long before", "at the start"],
)
async def test_an_exclusion_near_a_rules_start_alerts(seconds_before, alerts):
    play = await entitled(a_site())
    intake = intake_of(play)
    (rule,) = (await play.store.running()).rules
    event = an_event("e-1", occurred_at=rule.start - timedelta(seconds=seconds_before))
    await intake.accept([event], pointers=[""])
    await intake.accept([event], pointers=[""])
    assert intake.near_starts == alerts


async def test_a_rule_that_had_ended_does_not_alert():
    play = await entitled(a_site())
    (rule,) = (await play.store.running()).rules
    play.wait(60)
    await play.apply(a_site(archives={"ed": []}))
    intake = intake_of(play)
    await intake.accept([an_event("e-1", occurred_at=rule.start - timedelta(seconds=42))], pointers=[""])
    assert intake.near_starts == 0


HOUR_S = 3600


@pytest.mark.parametrize(
    ("ahead_s", "received_s", "occurred_s", "verdict"),
    [
        pytest.param(HOUR_S, 60, 55, "deliver", id="clock set back: it occurred a moment ago"),
        pytest.param(HOUR_S, 60, 2, "deliver", id="clock set back: on its way for a minute"),
        pytest.param(
            HOUR_S, 60, -HOUR_S, "before-effective-from by 56m", id="clock set back: long before the apply"
        ),
        pytest.param(0, 60, -5, "before-effective-from by 5s", id="clock right: before the apply"),
        pytest.param(0, 60, 0, "deliver", id="clock right: since the apply"),
        pytest.param(HOUR_S, 2 * HOUR_S, 10, "before-effective-from by 59m 50s", id="nothing shows the step"),
    ],
)
async def test_no_rule_starts_later_than_an_event_that_comes_after_it(
    ahead_s, received_s, occurred_s, verdict
):
    play = await entitled(a_site(archives={"ed": []}))
    intake = intake_of(play)
    early = an_event("e-0", study="s-0", occurred_at=T0)
    play.now = T0 + timedelta(seconds=ahead_s)
    await play.apply(a_site())
    intake.forget_rules()
    await intake.accept([early], pointers=[""])
    play.now = T0 + timedelta(seconds=received_s)
    event = an_event("e-1", occurred_at=T0 + timedelta(seconds=occurred_s))
    (answer,) = await intake.accept([event], pointers=[""])
    assert [one.verdict for one in answer.decisions] == [verdict]
    ledger = await play.store.ledger()
    assert ledger.adds_up
