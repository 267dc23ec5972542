"""The bare pipeline's store: SQLite with one writer thread, up to 500 operations to a commit, and each is an fsync."""

import asyncio
import queue
import threading
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

import apsw

_MAX_BATCH = 500
_SCHEMA = """
    PRAGMA journal_mode = WAL;
    PRAGMA synchronous = FULL;
    PRAGMA cache_size = -65536;
    CREATE TABLE event (number INTEGER PRIMARY KEY, event_id TEXT NOT NULL UNIQUE, body TEXT NOT NULL) STRICT;
    CREATE TABLE delivery (
        id INTEGER PRIMARY KEY, lane INTEGER NOT NULL, state INTEGER NOT NULL, accepted_at REAL NOT NULL,
        settled_at REAL, reply BLOB
    ) STRICT;
    CREATE INDEX waiting ON delivery (lane) WHERE state < 2;
    CREATE TABLE message (
        delivery INTEGER PRIMARY KEY, control_id TEXT NOT NULL, started_at REAL NOT NULL, data BLOB NOT NULL
    ) STRICT;
"""
_ADD_EVENT = "INSERT INTO event VALUES (?, ?, ?)"
_ADD_DELIVERY = "INSERT INTO delivery VALUES (?, ?, 0, ?, NULL, NULL)"
_SETTLE = "UPDATE delivery SET state = 2, settled_at = ?, reply = ? WHERE id = ? AND state = 1"
_CLAIM = "UPDATE delivery SET state = 1 WHERE id = ? AND state = 0"
_ADD_MESSAGE = "INSERT INTO message VALUES (?, ?, ?, ?)"
_HEAD = """
    SELECT delivery.id, event.body FROM delivery JOIN event ON event.number = delivery.id
    WHERE lane = ? AND state < 2 AND state = 0 ORDER BY delivery.id LIMIT 1
"""


class Head(NamedTuple):
    """The first message of a lane that waits."""

    delivery: int
    body: str


class Claim(NamedTuple):
    """A message that may leave once this is stored."""

    delivery: int
    control_id: str
    data: bytes


class Settled(NamedTuple):
    """A message that has been acknowledged."""

    delivery: int
    reply: bytes


class _Step(NamedTuple):
    lane: int
    settled: Settled | None
    claim: Claim | None


_Events = Sequence[tuple[str, int, str]]
_Job = tuple[_Step | _Events, asyncio.Future[Any]]


class Store:
    """Takes events and steps; each is answered once it is durable. `batches` counts commits."""

    def __init__(self, path: Path) -> None:
        self._connection = apsw.Connection(str(path))
        self._connection.execute(_SCHEMA).fetchall()
        self._loop = asyncio.get_running_loop()
        self._jobs: queue.SimpleQueue[_Job] = queue.SimpleQueue()
        self._last = 0
        self.batches = 0
        threading.Thread(target=self._work, name="bare-writer", daemon=True).start()

    async def accept(self, events: _Events) -> None:
        """Take event id, lane and body of each."""
        await self._do(events)

    async def step(self, lane: int, settled: Settled | None, claim: Claim | None) -> Head | None:
        """Settle one and claim another at once; return what waits behind."""
        head: Head | None = await self._do(_Step(lane, settled, claim))
        return head

    def _do(self, what: _Step | _Events) -> asyncio.Future[Any]:
        future = self._loop.create_future()
        self._jobs.put((what, future))
        return future

    def _work(self) -> None:
        while True:
            batch = [self._jobs.get()]
            while len(batch) < _MAX_BATCH and not self._jobs.empty():
                batch.append(self._jobs.get())
            try:
                answers = self._commit(batch)
            except BaseException:
                self._loop.call_soon_threadsafe(_fail, batch)
                raise
            self.batches += 1
            self._loop.call_soon_threadsafe(_answer, answers)

    def _commit(self, batch: Sequence[_Job]) -> list[tuple[asyncio.Future[Any], Head | None]]:
        steps = [what for what, _ in batch if isinstance(what, _Step)]
        events = [event for what, _ in batch if not isinstance(what, _Step) for event in what]
        self._connection.execute("BEGIN IMMEDIATE")
        self._add(events)
        self._advance(steps)
        heads = {step.lane: self._head(step.lane) for step in steps}
        self._connection.execute("COMMIT")
        return [(future, heads[what.lane] if isinstance(what, _Step) else None) for what, future in batch]

    def _add(self, events: _Events) -> None:
        if not events:
            return
        now, first = time.time(), self._last + 1
        self._last += len(events)
        many = self._connection.executemany
        many(_ADD_EVENT, [(at, name, body) for at, (name, _, body) in enumerate(events, first)])
        many(_ADD_DELIVERY, [(at, lane, now) for at, (_, lane, _) in enumerate(events, first)])

    def _advance(self, steps: Sequence[_Step]) -> None:
        now, many = time.time(), self._connection.executemany
        settled = [step.settled for step in steps if step.settled]
        claims = [step.claim for step in steps if step.claim]
        if settled:
            many(_SETTLE, [(now, one.reply, one.delivery) for one in settled])
        if claims:
            many(_CLAIM, [(one.delivery,) for one in claims])
            many(_ADD_MESSAGE, [(one.delivery, one.control_id, now, one.data) for one in claims])

    def _head(self, lane: int) -> Head | None:
        row = self._connection.execute(_HEAD, (lane,)).fetchone()
        return Head(*row) if row else None


def _answer(answers: Sequence[tuple[asyncio.Future[Any], Head | None]]) -> None:
    for future, head in answers:
        if not future.done():
            future.set_result(head)


def _fail(batch: Sequence[_Job]) -> None:
    for _, future in batch:
        future.cancel()
