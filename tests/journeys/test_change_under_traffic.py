"""5,000 events with 200 reconfigurations among them, and kills: the EHRs' journal and the state must bear each other out."""

import asyncio
import contextlib
import random
import signal
from collections import Counter

import httpx
import pytest

from butterfly_gitops.practice_ehr.journal import read_journal
from butterfly_gitops.practice_ehr.scenario import Match, Scenario, ScenarioRule, ScriptedAnswer
from butterfly_gitops.practice_ehr.server import PracticeEhr
from butterfly_gitops.store.state_folder import DATABASE
from tests.journeys.account import read_account
from tests.journeys.branch import SITE, Branch
from tests.journeys.checker import check
from tests.journeys.processes import running, until
from tests.journeys.source_of_events import SourceOfEvents

pytestmark = [pytest.mark.journey, pytest.mark.soak, pytest.mark.timeout(240)]

SEED = 4711
EVENTS, MOVES, LISTENERS = 5_000, 200, 6
KILLS = frozenset({30, 71, 90, 133, 171})
FORCED = frozenset({25, 77, 118, 160, 190})
UNSOUND = frozenset({15, 45, 85, 125, 150, 180})
KINDS = {
    "retarget": 5, "change_identity": 2, "pause": 3, "resume": 4, "remove_rule": 3, "add_rule": 4, "rename": 3,
    "drain": 2, "set_aside": 1, "add": 4, "change_preset": 2, "pause_by_hand": 2, "pause_for_a_while": 1,
    "resume_by_hand": 3,
}  # fmt: skip
BY_HAND = frozenset({"pause_by_hand", "pause_for_a_while", "resume_by_hand"})
BECAUSE = {"reason": "a rehearsal"}


def misbehaving(chance):
    """Mostly AA; refusals, silence, broken connections and wrong ids here and there, and once so many that lanes stop."""
    answers = (
        [ScriptedAnswer(code="AE")] * 12
        + [ScriptedAnswer(code="AR")] * 3
        + [ScriptedAnswer(then="reset")] * 3
    )
    answers += (
        [ScriptedAnswer(then="close")] * 5
        + [ScriptedAnswer(then="silence")] * 2
        + [ScriptedAnswer(msa2="NOBODYS")] * 2
    )
    places = chance.sample(range(5, 1200), len(answers))
    single = [
        ScenarioRule(match=Match(nth=nth), answer=one) for nth, one in zip(places, answers, strict=True)
    ]
    start = chance.randrange(100, 600)
    row = [
        ScenarioRule(match=Match(nth=nth), answer=ScriptedAnswer(code="AE"))
        for nth in range(start, start + 14)
    ]
    return Scenario(rules=(*row, *single))


class Storm:
    """The run under test, and all that is done to it. `api` is the newest process'; posts wait while there is none."""

    def __init__(self, tmp_path, branch, chance):
        self._state = tmp_path / "state"
        self._branch = branch
        self._chance = chance
        self._up = asyncio.Event()
        self._process = None
        self._stack = contextlib.AsyncExitStack()
        self.api = None
        self.done = Counter()

    async def start(self, *options):
        address = f"{self._branch.repository.root}#main:sites"
        arguments = ("--source", address, "--interval", "100ms", *options)
        self._process, self.api = await self._stack.enter_async_context(running(self._state, *arguments))
        self._up.set()

    async def __aenter__(self):
        return self

    async def __aexit__(self, *_):
        await self._stack.aclose()

    async def end(self, number):
        self._up.clear()
        self._process.process.send_signal(number)
        await self._process.ended()
        await self._stack.aclose()

    async def post(self, events):
        """Hand events in until they are answered, whatever happens to the process meanwhile."""
        while True:
            await self._up.wait()
            with contextlib.suppress(httpx.TransportError):
                response = await self.api.http.post("/v1/study-events", json=events)
                if response.status_code in (200, 202):
                    return
                assert response.status_code == 503, response.text
            await asyncio.sleep(0)

    async def traffic(self, source, submitted):
        for _ in range(MOVES):
            events = source.take(EVENTS // MOVES)
            half = self._chance.randrange(1, len(events))
            await self.post(events[:half])
            await self.post(events[half:])
            submitted.update(one["event_id"] for one in events)
            yield

    async def move(self, number):
        if number in KILLS:
            self.done["kill"] += 1
            await self.end(signal.SIGKILL)
            await self.start()
            return
        if number in UNSOUND:
            self.done["unsound"] += 1
            await self._commit(is_sound=False)
        elif number in FORCED:
            self.done["forced"] += 1
            await asyncio.to_thread(self._branch.rewrite)
        kind = self._kind()
        self.done[kind] += 1
        if kind in BY_HAND:
            await self._act(kind)
        await self._commit()

    async def _act(self, kind):
        """What an operator does to some endpoint; the branch knows nothing of it."""
        shown = (await self.api.status())["endpoints"]
        endpoint = self._chance.choice([one for one in shown if one["condition"] != "ended"])
        verb = "resume" if kind == "resume_by_hand" else "pause"
        lasts = {"lasts": "1s"} if kind == "pause_for_a_while" else {}
        path = f"/v1/endpoints/{endpoint['endpoint']}/{verb}"
        response = await self.api.http.post(path, json={**BECAUSE, **lasts})
        # It may have ended since it was shown.
        assert response.status_code in (200, 404, 409), response.text

    def _kind(self):
        while True:
            kind = self._chance.choices(list(KINDS), weights=list(KINDS.values()))[0]
            if kind in BY_HAND or getattr(self._branch, kind)():
                return kind

    async def _commit(self, *, is_sound=True):
        commit = await asyncio.to_thread(self._branch.commit, is_sound=is_sound)
        await until(lambda: self._is_considered(commit))

    async def _is_considered(self, commit):
        """Whether a pass has seen the commit, and held nothing of it; what is held is approved."""
        status = (await self.api.http.get("/v1/status", params={"commit": commit})).json()
        for hold in status["holds"]:
            if hold["approved"] is None:
                self.done["approval"] += 1
                await self.api.http.post(f"/v1/holds/{hold['id']}/approve", json=BECAUSE)
        # What was agreed on a commit stays on record.
        return status["considered"] and not any(one["site"] for one in status["holds"])

    async def quiesce(self):
        """Let everything go on that somebody or something holds, until all that is left waits for a person."""
        self._branch.resume_all()
        await self._commit()
        refused = set()

        async def is_quiet():
            for one in (await self.api.status())["endpoints"]:
                # What drains and was paused in git is held too: only a person can let it go on.
                if one["condition"] in ("paused", "stopped"):
                    await self.api.http.post(f"/v1/endpoints/{one['endpoint']}/resume", json=BECAUSE)
            moving = await self._in_states("queued", "sending", "uncertain")
            aside = {one["id"] for one in await self._in_states("set_aside")} - refused
            for delivery in sorted(aside):
                response = await self.api.http.post(f"/v1/deliveries/{delivery}/resend", json=BECAUSE)
                if response.status_code != 200:
                    refused.add(delivery)
            return not moving and not aside

        await until(is_quiet)

    async def _in_states(self, *states):
        search = {"site": SITE, "states": states, "limit": 1000}
        return (await self.api.http.post("/v1/deliveries/search", json=search)).json()["deliveries"]


async def test_nothing_is_lost_reordered_misled_or_repeated_unmarked(tmp_path):
    chance = random.Random(SEED)
    journal, submitted = tmp_path / "journal.jsonl", set()
    async with contextlib.AsyncExitStack() as stack:
        ports = {}
        for number in range(LISTENERS):
            ehr = PracticeEhr(misbehaving(chance), journal=journal, label=f"L{number}")
            ports[f"L{number}"] = (await stack.enter_async_context(ehr)).port
        branch = Branch(tmp_path / "fleet", ports=list(ports.values()), chance=chance)
        branch.commit()
        storm = await stack.enter_async_context(Storm(tmp_path, branch, chance))
        await storm.start("--new-state")
        await storm.api.runs(SITE, 1)
        traffic = storm.traffic(SourceOfEvents(random.Random(SEED + 1)), submitted)
        for number in range(MOVES):
            await asyncio.gather(anext(traffic), storm.move(number))
        await storm.quiesce()
        ledger = await storm.api.ledger()
        await storm.end(signal.SIGTERM)
    account = read_account(tmp_path / "state" / DATABASE)
    findings = check(account, read_journal(journal), ports=ports, submitted=submitted)
    assert [f"{one.kind}: {one.says}" for one in findings] == []
    assert ledger["adds_up"]
    assert (ledger["events"], len(submitted)) == (EVENTS, EVENTS)
    _was_a_storm(storm.done, account)


def _was_a_storm(done, account):
    """Every kind of move was made, most of them took effect, and the EHRs were no angels."""
    assert done.keys() >= {*KINDS, "kill", "unsound", "forced", "approval"}
    assert sum(one.action == "apply" for one in account.deeds) > MOVES / 2
    assert {one.outcome for one in account.attempts} >= {"delivered", "refused", "uncertain"}
    assert {one.state for one in account.deliveries.values()} == {"delivered", "superseded", "set_aside"}
