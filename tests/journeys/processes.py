"""Processes of the product under test: started, listened to, asked over HTTP, and always ended."""

import asyncio
import contextlib
import json
import re
import sys

import httpx

from butterfly_gitops.practice_ehr.journal import JournalKind, read_journal
from butterfly_gitops.store.state_folder import API_FILE
from butterfly_gitops.store.token_file import read_token

PATIENCE_S = 60
BGO = ("-m", "butterfly_gitops")
RUN = (*BGO, "run", "--listen", "127.0.0.1:0", "--state")


class Process:
    """A process, and the lines of its standard error as they come."""

    def __init__(self, process):
        self.process = process
        self.lines = []
        self._heard = asyncio.Condition()
        self._listening = asyncio.create_task(self._listen())

    async def _listen(self):
        while line := await self.process.stderr.readline():
            async with self._heard:
                self.lines.append(line.decode().rstrip("\n"))
                self._heard.notify_all()
        async with self._heard:
            self._heard.notify_all()

    async def says(self, pattern):
        """Wait for a line that fits. Fails when the process ends without one."""
        async with asyncio.timeout(PATIENCE_S), self._heard:
            seen = 0
            while True:
                for line in self.lines[seen:]:
                    if found := re.search(pattern, line):
                        return found
                seen = len(self.lines)
                assert not self._listening.done(), f"it ended without {pattern!r}: {self.lines}"
                await self._heard.wait()

    async def ended(self):
        """Wait for the end that comes by itself; all that it said is in `lines` then."""
        async with asyncio.timeout(PATIENCE_S):
            # A wait that is given up must not end the listening.
            await asyncio.shield(self._listening)
            return await self.process.wait()

    async def kill(self):
        with contextlib.suppress(ProcessLookupError):
            self.process.kill()
        await self._listening
        await self.process.wait()


@contextlib.asynccontextmanager
async def started(*command):
    process = Process(
        await asyncio.create_subprocess_exec(
            sys.executable,
            *map(str, command),
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.DEVNULL,
            stderr=asyncio.subprocess.PIPE,
        )
    )
    try:
        yield process
    finally:
        await process.kill()


class Api:
    """The API of a state, as whoever holds the state announces it."""

    def __init__(self, state):
        url = json.loads((state / API_FILE).read_text())["url"]
        self.http = httpx.AsyncClient(
            base_url=url,
            headers={"Authorization": f"Bearer {read_token(state)}"},
            trust_env=False,
            timeout=PATIENCE_S,
        )

    async def submit(self, *events):
        """Hand events in, as an array, and return the decisions of all."""
        response = await self.http.post("/v1/study-events", json=list(events))
        assert response.status_code == 202, response.text
        return [decision for one in response.json() for decision in one["decisions"]]

    async def deliveries(self):
        """All there are, in the order of acceptance."""
        response = await self.http.post("/v1/deliveries/search", json={"limit": 1000})
        return sorted(response.json()["deliveries"], key=lambda one: one["id"])

    async def shown(self, delivery):
        return (await self.http.get(f"/v1/deliveries/{delivery}", params={"content": True})).json()

    async def ledger(self):
        return (await self.http.get("/v1/ledger")).json()

    async def status(self):
        return (await self.http.get("/v1/status")).json()

    async def all_in(self, state, *, count):
        """Wait until there are that many deliveries, all in one state; return them."""

        async def are_there():
            found = await self.deliveries()
            return found if [one["state"] for one in found] == [state] * count else None

        return await until(are_there)

    async def generation_of(self, site):
        found = [one for one in (await self.status())["sites"] if one["site"] == site]
        return found[0]["generation"] if found else None

    async def runs(self, site, generation):
        """Wait until this generation of a site is applied."""

        async def does():
            return await self.generation_of(site) == generation

        await until(does)

    async def stands(self, site, condition):
        """Wait until a site's condition, kind and reason, is this one."""

        async def does():
            return await self.condition_of(site) == [condition]

        await until(does)

    async def condition_of(self, site):
        (found,) = [one for one in (await self.status())["sites"] if one["site"] == site]
        return [(one["kind"], one["reason"]) for one in found["conditions"]]


@contextlib.asynccontextmanager
async def running(state, *arguments, command=RUN):
    """`bgo run`, or a script of ours in its place, once its API answers."""
    async with started(*command, state, *arguments) as process:
        await process.says(r"^API at ")
        api = Api(state)
        async with api.http:
            yield process, api


@contextlib.asynccontextmanager
async def practising(journal, label, *, scenario=None):
    """`bgo practice-ehr`; yields its port."""
    options = ["--scenario", scenario] if scenario else []
    listening = ("--listen", "127.0.0.1:0", "--journal", journal, "--endpoint", label)
    async with started(*BGO, "practice-ehr", *listening, *options) as process:
        yield int((await process.says(r"listens on 127\.0\.0\.1:(\d+)"))[1])


async def until(question):
    """Ask again and again until the answer is yes, and return it."""
    async with asyncio.timeout(PATIENCE_S):
        while not (answer := await question()):  # noqa: ASYNC110 - another process is asked
            # A breath for the processes that are asked, on a machine with few cores.
            await asyncio.sleep(0.01)
        return answer


def arrivals(journal):
    """The messages that a practice EHR saw, in their order."""
    if not journal.exists():
        return []
    return [entry for entry in read_journal(journal) if entry.kind is JournalKind.MESSAGE]


def control_ids(journal, label=None):
    return [one.control_id for one in arrivals(journal) if label in (None, one.endpoint)]
