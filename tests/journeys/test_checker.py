"""The checker of runs: it finds nothing in a sound one, and each defect that is planted into its accounts."""

import asyncio
from dataclasses import replace

import pytest

from butterfly_gitops.practice_ehr.journal import JournalKind, read_journal
from butterfly_gitops.practice_ehr.scenario import Match, Scenario, ScenarioRule, ScriptedAnswer
from butterfly_gitops.practice_ehr.server import PracticeEhr
from butterfly_gitops.store.state_folder import DATABASE
from tests.journeys.account import Attempt, read_account
from tests.journeys.checker import check
from tests.journeys.fleet_files import an_endpoint, an_event, write_fleet, write_site
from tests.journeys.processes import running, until

pytestmark = [pytest.mark.journey, pytest.mark.soak]

REFUSES_ONE = Scenario(rules=(ScenarioRule(match=Match(nth=2), answer=ScriptedAnswer(code="AE")),))


class Run:
    """The accounts of a run; to plant a defect is to change one of them."""

    def __init__(self, account, entries, ports, submitted):
        self.account = account
        self.entries = entries
        self.ports = ports
        self.submitted = submitted

    def kinds(self):
        findings = check(self.account, self.entries, ports=self.ports, submitted=self.submitted)
        return {one.kind for one in findings}

    def change(self, **changes):
        self.account = replace(self.account, **changes)

    def set_row(self, table, key, **changes):
        rows = dict(getattr(self.account, table))
        self.change(**{table: {**rows, key: replace(rows[key], **changes)}})

    def set_where(self, table, is_it, **changes):
        """Change the rows of a table that has no keys."""
        rows = getattr(self.account, table)
        assert any(map(is_it, rows))
        self.change(**{table: tuple(replace(one, **changes) if is_it(one) else one for one in rows)})

    def first_of(self, study, revision=1):
        """The delivery of one revision of a study, in the lane that had it first."""
        return min(
            one.id
            for one in self.account.deliveries.values()
            if (self.account.events[one.event].study, self.account.events[one.event].revision)
            == (study, revision)
        )

    def event_of(self, study, revision=1):
        return self.account.deliveries[self.first_of(study, revision)].event

    def message_of(self, study, revision=1):
        delivery = self.first_of(study, revision)
        return next(one for one in self.account.messages if one.delivery == delivery)

    def arrivals_of(self, study, revision=1):
        control_id = self.message_of(study, revision).control_id
        return [
            place
            for place, one in enumerate(self.entries)
            if one.kind is JournalKind.MESSAGE and one.control_id == control_id
        ]

    def swap(self, one, other):
        self.entries[one], self.entries[other] = self.entries[other], self.entries[one]

    def rewrite(self, study, old, new):
        """Change the bytes of a message wherever they stand."""
        message = self.message_of(study)
        assert old in message.data
        data = message.data.replace(old, new)
        self.set_where("messages", lambda one: one.control_id == message.control_id, data=data)
        for place in self.arrivals_of(study):
            self.entries[place] = replace(self.entries[place], data=data)


async def _make(folder):
    journal = folder / "journal.jsonl"

    def ehr(label, scenario=Scenario()):  # noqa: B008 - it is frozen
        return PracticeEhr(scenario, journal=journal, label=label)

    def events(*studies, **changes):
        made = [an_event(one, **changes) for one in studies]
        for one in made:
            one["study"]["accession_number"] = one["study"]["id"]
        return made

    submitted = []
    async with ehr("old", REFUSES_ONE) as old, ehr("new") as new, ehr("other") as other:
        ports = {"old": old.port, "new": new.port, "other": other.port}
        sites, state = write_fleet(folder / "sites"), folder / "state"
        epic = an_endpoint(
            old.port, receiving_application="EPIC", preliminary_results="when_attestation_requested"
        )
        cerner = an_endpoint(other.port, receiving_application="CERNER")
        endpoints = {"epic": epic, "cerner": cerner}
        write_site(sites, endpoints=endpoints, archives={"emergency": ["epic"]})
        options = ("--source", sites, "--new-state", "--interval", "100ms")
        async with running(state, *options) as (process, api):
            await api.runs("st-elsewhere", 1)
            batches = [
                events("S1", kind="attestation_requested"),
                [*events("S2"), *events("S1", revision=2)],
                [*events("S3"), *events("S3", revision=2)],
            ]
            late = events("S5")
            for count, batch in zip((1, 3, 5), batches, strict=True):
                await api.submit(*batch)
                submitted += [one["event_id"] for one in batch]
                await _all_ended(api, count)
            endpoints["epic"] = epic | {"port": new.port}
            write_site(sites, endpoints=endpoints, archives={"emergency": ["epic", "cerner"]})
            await api.runs("st-elsewhere", 2)
            last = [*late, *events("S6"), *events("S2", revision=2)]
            await api.submit(*last)
            submitted += [one["event_id"] for one in last]
            await _all_ended(api, 10)
            process.process.terminate()
            assert await process.ended() == 0
    return read_account(state / DATABASE), read_journal(journal), ports, submitted


async def _all_ended(api, count):
    async def have():
        states = [one["state"] for one in await api.deliveries()]
        return len(states) == count and set(states) <= {"delivered", "superseded"}

    await until(have)


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    return asyncio.run(_make(tmp_path_factory.mktemp("sound")))


@pytest.fixture
def run(made):
    account, entries, ports, submitted = made
    return Run(account, list(entries), ports, set(submitted))


def test_a_sound_run_has_no_findings(run):
    assert run.kinds() == set()
    states = [one.state for one in run.account.deliveries.values()]
    assert (states.count("delivered"), states.count("superseded")) == (9, 1)
    assert len(run.arrivals_of("S2")) == 2


def event_that_nobody_stored(run):
    run.submitted.add("nobody's")


def event_without_a_decision(run):
    run.change(decisions=run.account.decisions[1:])


def decision_without_its_delivery(run):
    run.set_where("decisions", lambda one: one.event == run.event_of("S6"), delivery=None)


def final_called_a_preliminary(run):
    event = run.event_of("S6")
    changes = {"verdict": "preliminary-off", "delivers": False, "delivery": None}
    run.set_where("decisions", lambda one: one.event == event, **changes)


def delivered_and_never_arrived(run):
    for place in reversed(run.arrivals_of("S6")):
        del run.entries[place]


def delivered_and_refused(run):
    control_id = run.message_of("S6").control_id
    run.entries = [
        replace(one, code="AE") if (one.kind, one.control_id) == (JournalKind.ANSWER, control_id) else one
        for one in run.entries
    ]


def superseded_by_nothing(run):
    run.set_row("deliveries", run.first_of("S6"), state="superseded")


def cancelled_by_nobody(run):
    run.set_row("deliveries", run.first_of("S6"), state="cancelled")


def set_aside_without_a_word(run):
    run.set_row("deliveries", run.first_of("S6"), state="set_aside", reason="")


def later_one_first(run):
    run.swap(run.arrivals_of("S2")[0], run.arrivals_of("S3", 2)[0])


def older_result_last(run):
    place = run.arrivals_of("S2")[-1]
    run.entries.append(run.entries[place])


def preliminary_last(run):
    run.entries.append(run.entries[run.arrivals_of("S1")[0]])


def at_the_old_listener(run):
    (place,) = run.arrivals_of("S6")
    run.entries[place] = replace(run.entries[place], endpoint="old")


def attempt_that_names_another_target(run):
    delivery = run.first_of("S6")
    run.set_where("attempts", lambda one: one.delivery == delivery, target=1)


def target_that_leads_elsewhere(run):
    run.set_row("targets", (run.account.deliveries[run.first_of("S6")].lane, 2), port=run.ports["other"])


def rendered_for_another_target(run):
    lane = run.account.deliveries[run.first_of("S6")].lane
    run.set_row("targets", (lane, 2), text="{}")


def addressed_to_another(run):
    run.rewrite("S6", b"|EPIC|", b"|CERNER|")


def arrived_once_too_often(run):
    (place,) = run.arrivals_of("S6")
    run.entries.append(run.entries[place])


def attempt_that_nobody_recorded(run):
    first = (run.first_of("S2"), 2)
    run.change(attempts=tuple(one for one in run.account.attempts if (one.delivery, one.number) != first))


def new_id_for_the_same_bytes(run):
    """The repeat of what was refused goes out under an id of its own."""
    old, place = run.message_of("S2"), run.arrivals_of("S2")[1]
    data = old.data.replace(old.control_id.encode(), b"ANOTHER")
    anew = replace(old, number=2, control_id="ANOTHER", data=data)
    repeats = run.entries[place:]
    run.entries[place:] = [
        replace(one, control_id="ANOTHER", data=data if one.kind is JournalKind.MESSAGE else one.data)
        if one.control_id == old.control_id
        else one
        for one in repeats
    ]
    messages = sorted([*run.account.messages, anew], key=lambda one: (one.delivery, one.number))
    run.change(messages=tuple(messages))
    second = (run.first_of("S2"), 2)
    changes = {"message": 2, "control_id": "ANOTHER"}
    run.set_where("attempts", lambda one: (one.delivery, one.number) == second, **changes)


def sent_after_its_acknowledgement(run):
    last = next(one for one in run.account.attempts if one.delivery == run.first_of("S6"))
    again: Attempt = replace(last, number=2, started_at=last.started_at + 1, outcome="uncertain")
    run.change(attempts=(*run.account.attempts, again))


def unknown_id(run):
    (place,) = run.arrivals_of("S6")
    run.entries[place] = replace(run.entries[place], control_id="NOBODYS")


def other_bytes(run):
    (place,) = run.arrivals_of("S6")
    run.entries[place] = replace(run.entries[place], data=run.entries[place].data + b"X")


def same_event_twice_in_a_lane(run):
    delivery = run.account.deliveries[run.first_of("S6")]
    again = replace(delivery, id=999)
    run.change(deliveries={**run.account.deliveries, 999: again})


def rule_that_started_later(run):
    event = run.account.events[run.event_of("S6")]
    for rule in run.account.rules:
        run.set_row("rules", rule, start=event.occurred_at + 1)


def rule_that_did_not_exist_yet(run):
    for rule in run.account.rules:
        run.set_row("rules", rule, started_by=run.account.events[run.event_of("S6")].applies + 1)


def sent_though_it_was_excluded(run):
    changes = {"verdict": "deliver", "delivers": True, "delivery": run.first_of("S5")}
    run.set_where("decisions", lambda one: one.verdict.startswith("before-effective-from"), **changes)


def delivery_that_no_rule_decided(run):
    event = run.event_of("S6")
    run.set_where("decisions", lambda one: one.event == event, delivers=False, delivery=None)


def other_patient(run):
    run.rewrite("S6", b"MRN-S6", b"MRN-S2")


def other_study(run):
    run.rewrite("S6", b"|S6|", b"|S2|")


PLANTED = {
    "loss": (
        event_that_nobody_stored,
        event_without_a_decision,
        decision_without_its_delivery,
        final_called_a_preliminary,
        delivered_and_never_arrived,
        delivered_and_refused,
        superseded_by_nothing,
        cancelled_by_nobody,
        set_aside_without_a_word,
    ),
    "reorder": (later_one_first, older_result_last),
    "preliminary": (preliminary_last,),
    "wrong target": (
        at_the_old_listener,
        attempt_that_names_another_target,
        target_that_leads_elsewhere,
        rendered_for_another_target,
        addressed_to_another,
    ),
    "unmarked": (
        arrived_once_too_often,
        attempt_that_nobody_recorded,
        new_id_for_the_same_bytes,
        sent_after_its_acknowledgement,
        unknown_id,
        other_bytes,
        same_event_twice_in_a_lane,
    ),
    "retroactive": (
        rule_that_started_later,
        rule_that_did_not_exist_yet,
        sent_though_it_was_excluded,
        delivery_that_no_rule_decided,
    ),
    "wrong patient": (other_patient, other_study),
}


@pytest.mark.parametrize(
    ("kind", "plant"),
    [
        pytest.param(kind, plant, id=f"{kind}: {plant.__name__}")
        for kind, plants in PLANTED.items()
        for plant in plants
    ],
)
def test_a_planted_defect_is_found(kind, plant, run):
    plant(run)
    assert kind in run.kinds()
