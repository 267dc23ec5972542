"""A branch that a real `run` follows: what a commit does, what holds it, and what people do meanwhile with `bgo`."""

import asyncio
import contextlib
import json
import signal
import sys

import pytest

from butterfly_gitops.practice_ehr.scenario import WELL_BEHAVED
from butterfly_gitops.practice_ehr.server import PracticeEhr
from tests.cli.git_repository import empty_repository
from tests.journeys.fleet_files import an_endpoint, an_event, put, write_fleet, write_site
from tests.journeys.processes import BGO, arrivals, control_ids, running, until

pytestmark = pytest.mark.journey

EPIC = "st-elsewhere/epic"
DONE, FAILED, HELD = 0, 1, 3


class Followed:
    """A repository, the `run` that follows its branch, and the verbs of a person beside it."""

    def __init__(self, tmp_path):
        self.repository = empty_repository(tmp_path / "fleet")
        self.sites = self.repository.root / "sites"
        self.state = tmp_path / "state"
        self._stack = contextlib.AsyncExitStack()
        self._process = None
        self.api = None

    async def __aenter__(self):
        write_fleet(self.sites)
        return self

    async def __aexit__(self, *_):
        await self._stack.aclose()

    def write(self, endpoints, *, archives=None, removed=None):
        write_site(self.sites, endpoints=endpoints, archives=archives)
        if removed:
            document = {"version": 1, "ehr_endpoints": endpoints, "removed": removed}
            put(self.sites / "st-elsewhere" / "ehr-endpoints.yaml", document)

    async def start(self, *options):
        source = f"{self.repository.root}#main:sites"
        arguments = ("--source", source, "--interval", "200ms", *options)
        self._process, self.api = await self._stack.enter_async_context(running(self.state, *arguments))

    async def kill(self):
        self._process.process.send_signal(signal.SIGKILL)
        assert await self._process.ended() == -signal.SIGKILL
        await self._stack.aclose()

    async def bgo(self, *arguments):
        """Run a verb; return its exit code and what it printed."""
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, *BGO, *arguments, "--state", str(self.state)),
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
        )
        out, _ = await process.communicate()
        return process.returncode, out.decode()

    async def becomes(self, code):
        """Commit all that is there, and wait as a pipeline would; return the commit and what was printed."""
        commit = self.repository.commit()
        found, out = await self.bgo("status", "--wait", commit, "--timeout", "50s")
        assert found == code, out
        return commit, out

    async def approve(self):
        """Release the one hold that `status` names, and wait for the commit again."""
        code, out = await self.bgo("status", "--format", "json")
        assert code == DONE
        (hold,) = [one["id"] for one in json.loads(out)["holds"] if one["approved"] is None]
        code, out = await self.bgo("approve", hold, "--reason", "it is meant")
        assert code == DONE, out
        await self.becomes(DONE)

    async def submit(self, *studies):
        await self.api.submit(*map(an_event, studies))

    async def lane(self, name):
        found = [one for one in (await self.api.status())["endpoints"] if one["endpoint"] == name]
        return found[0] if found else None


@pytest.fixture
async def followed(tmp_path):
    async with Followed(tmp_path) as one:
        yield one


@pytest.fixture
async def ehrs(tmp_path):
    """Two EHRs with one journal, and their ports."""
    journal = tmp_path / "journal.jsonl"
    async with (
        PracticeEhr(WELL_BEHAVED, journal=journal, label="old") as old,
        PracticeEhr(WELL_BEHAVED, journal=journal, label="new") as new,
    ):
        yield old.port, new.port


@pytest.fixture
def journal(tmp_path):
    return tmp_path / "journal.jsonl"


async def begin(followed, *ports):
    """Follow a branch whose site has an endpoint for each port, the first of them `epic`."""
    endpoints = dict(zip(("epic", "cerner"), map(an_endpoint, ports), strict=False))
    followed.write(endpoints)
    followed.repository.commit()
    await followed.start("--new-state")
    await followed.becomes(DONE)
    return endpoints


async def test_a_commit_takes_effect(followed, ehrs, journal):
    old, new = ehrs
    endpoints = await begin(followed, old)
    await followed.submit("S1")
    await followed.api.all_in("delivered", count=1)
    followed.write({"epic": endpoints["epic"] | {"port": new}})
    commit, _ = await followed.becomes(DONE)
    await followed.submit("S2")
    await followed.api.all_in("delivered", count=2)
    assert [one.endpoint for one in arrivals(journal)] == ["old", "new"]
    (site,) = (await followed.api.status())["sites"]
    assert (site["generation"], site["commit"]) == (2, commit)


@pytest.mark.soak
async def test_a_commit_with_a_problem_leaves_everything_running(followed, ehrs):
    endpoints = await begin(followed, ehrs[0])
    followed.write({"epic": endpoints["epic"] | {"port": 70_000}})
    _, said = await followed.becomes(FAILED)
    assert "Stalled/Problems" in said
    await followed.submit("S1")
    await followed.api.all_in("delivered", count=1)
    assert await followed.api.generation_of("st-elsewhere") == 1
    followed.write({"epic": endpoints["epic"] | {"port": ehrs[1]}})
    await followed.becomes(DONE)
    assert await followed.api.generation_of("st-elsewhere") == 2


@pytest.mark.soak
async def test_a_forced_push_waits_for_approval_and_what_follows_it_does_not(followed, ehrs, journal):
    old, new = ehrs
    endpoints = await begin(followed, old)
    followed.write({"epic": endpoints["epic"] | {"receiving_application": "X"}})
    await followed.becomes(DONE)
    followed.repository.git("reset", "--quiet", "--hard", "HEAD~1")
    followed.write({"epic": endpoints["epic"] | {"port": new}})
    commit, said = await followed.becomes(HELD)
    assert "Stalled/NotForward" in said
    status = await followed.api.http.get("/v1/status", params={"commit": commit})
    assert status.json()["considered"]
    await followed.submit("S1")
    await followed.api.all_in("delivered", count=1)
    await followed.approve()
    await followed.submit("S2")
    await followed.api.all_in("delivered", count=2)
    assert [one.endpoint for one in arrivals(journal)] == ["old", "new"]
    followed.write(endpoints)
    await followed.becomes(DONE)
    assert await followed.api.generation_of("st-elsewhere") == 4


@pytest.mark.soak
async def test_a_change_over_the_guard_is_held_until_approved(followed, ehrs, journal):
    old, new = ehrs
    guarded = {"version": 1, "name": "mercy-health", "guard": {"max_endpoints": 1}}
    put(followed.sites / "fleet.yaml", guarded)
    identified = [{"receiving_application": one} for one in ("EPIC", "CERNER")]
    endpoints = {
        name: an_endpoint(old, **identity)
        for name, identity in zip(("epic", "cerner"), identified, strict=True)
    }
    followed.write(endpoints)
    followed.repository.commit()
    await followed.start("--new-state")
    await followed.becomes(DONE)
    followed.write({name: one | {"port": new} for name, one in endpoints.items()})
    _, said = await followed.becomes(HELD)
    assert "bgo approve" in said
    await followed.submit("S1")
    await followed.api.all_in("delivered", count=2)
    await followed.approve()
    await followed.submit("S2")
    await followed.api.all_in("delivered", count=4)
    assert [one.endpoint for one in arrivals(journal)] == ["old", "old", "new", "new"]


@pytest.mark.soak
async def test_a_pause_by_hand_survives_a_kill_and_commits(followed, ehrs, journal):
    old, new = ehrs
    endpoints = await begin(followed, old)
    code, _ = await followed.bgo("endpoint", "pause", EPIC, "--until-resumed", "--reason", "upgrade")
    assert code == DONE
    await followed.submit("S1", "S2")
    followed.write({"epic": endpoints["epic"] | {"port": new}})
    await followed.becomes(DONE)
    await followed.kill()
    await followed.start()
    await followed.submit("S3")
    lane = await followed.lane(EPIC)
    assert (lane["condition"], lane["pause"]["reason"], lane["waiting"]) == ("paused", "upgrade", 3)
    assert control_ids(journal) == []
    code, _ = await followed.bgo("endpoint", "resume", EPIC, "--reason", "upgraded")
    assert code == DONE
    deliveries = await followed.api.all_in("delivered", count=3)
    assert control_ids(journal, "new") == [one["control_id"] for one in deliveries]


@pytest.mark.soak
async def test_a_pause_for_a_while_ends_by_itself(followed, ehrs):
    await begin(followed, ehrs[0])
    code, _ = await followed.bgo("endpoint", "pause", EPIC, "--for", "2s", "--reason", "upgrade")
    assert code == DONE
    await followed.submit("S1")
    await followed.api.all_in("delivered", count=1)
    assert (await followed.lane(EPIC))["pause"] is None


@pytest.mark.soak
async def test_an_endpoint_that_leaves_needs_a_word_on_what_waits_and_then_drains(followed, ehrs, journal):
    endpoints = await begin(followed, ehrs[0])
    await followed.bgo("endpoint", "pause", EPIC, "--until-resumed", "--reason", "upgrade")
    await followed.submit("S1", "S2")
    followed.write({}, archives={"emergency": []})
    _, said = await followed.becomes(HELD)
    assert "2 results wait there" in said
    followed.write({}, archives={"emergency": []}, removed={"epic": {"waiting": "drain", "reason": "CHG-1"}})
    await followed.becomes(HELD)
    await followed.approve()
    await followed.becomes(DONE)
    # The same name again is another lane, and what it drains is not its own.
    followed.write(endpoints)
    await followed.becomes(DONE)
    await followed.submit("S3")
    lanes = [one["endpoint"] for one in (await followed.api.status())["endpoints"]]
    assert sorted(lanes) == [EPIC, f"{EPIC}~1"]
    code, said = await followed.bgo("endpoint", "resume", f"{EPIC}~1", "--reason", "upgraded")
    assert code == DONE, said
    await followed.api.all_in("delivered", count=3)
    assert sorted(one["study"] for one in await followed.api.deliveries()) == ["S1", "S2", "S3"]

    async def has_drained():
        lanes = [one["endpoint"] for one in (await followed.api.status())["endpoints"]]
        return lanes == [EPIC]

    await until(has_drained)
    assert len(control_ids(journal)) == len(set(control_ids(journal))) == 3


@pytest.mark.soak
async def test_what_waits_for_an_endpoint_that_leaves_may_be_set_aside(followed, ehrs, journal):
    await begin(followed, ehrs[0])
    await followed.bgo("endpoint", "pause", EPIC, "--until-resumed", "--reason", "upgrade")
    await followed.submit("S1")
    removed = {"epic": {"waiting": "set_aside", "reason": "CHG-1"}}
    followed.write({}, archives={"emergency": []}, removed=removed)
    await followed.becomes(HELD)
    await followed.approve()
    await followed.becomes(DONE)
    (delivery,) = await followed.api.deliveries()
    assert (delivery["state"], delivery["reason"]) == ("set_aside", "its endpoint was removed: CHG-1")
    code, said = await followed.bgo("delivery", "resend", str(delivery["id"]), "--reason", "try")
    assert (code, "it can only be cancelled" in said) == (FAILED, True)
    assert control_ids(journal) == []


@pytest.mark.soak
async def test_a_new_name_keeps_the_lane(followed, ehrs, journal):
    endpoints = await begin(followed, ehrs[0])
    await followed.submit("S1")
    await followed.api.all_in("delivered", count=1)
    await followed.bgo("endpoint", "pause", EPIC, "--until-resumed", "--reason", "upgrade")
    await followed.submit("S2")
    late = an_event("S3")
    followed.write({"bridges": endpoints["epic"] | {"renamed_from": "epic"}})
    await followed.becomes(DONE)
    # The rule goes on with its lane: what occurred before the new name is still its own.
    (decision,) = await followed.api.submit(late)
    assert (decision["endpoint"], decision["verdict"]) == ("st-elsewhere/bridges", "deliver")
    assert (await followed.lane("st-elsewhere/bridges"))["pause"]["reason"] == "upgrade"
    await followed.bgo("endpoint", "resume", "st-elsewhere/bridges", "--reason", "upgraded")
    deliveries = await followed.api.all_in("delivered", count=3)
    assert [one["study"] for one in deliveries] == ["S1", "S2", "S3"]
    assert control_ids(journal) == [one["control_id"] for one in deliveries]
