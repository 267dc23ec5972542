"""Operations from a loop, done in a thread of their own: many to a batch, one batch to a transaction.

What a batch is done on is a `Session`'s matter; the loop is woken once per batch.
"""

import asyncio
import queue
import threading
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, Protocol, TypeVar

from butterfly_gitops.store.interface import NotMarked, StoreUnavailable
from butterfly_gitops.store.rows import Rows

T = TypeVar("T")
MAX_BATCH = 500
# A disk that is away for longer keeps nobody waiting for an answer.
_MARK_TRIES = 10
_MARK_PAUSE_S = 0.1


@dataclass(frozen=True, slots=True, kw_only=True)
class Returned:
    """An operation ended with a value."""

    value: Any


@dataclass(frozen=True, slots=True, kw_only=True)
class Raised:
    """An operation had no effect; the others of its batch are unharmed."""

    error: Exception


Operation = Callable[[Rows], Any]
Result = Returned | Raised


class Session(Protocol):
    """One connection to what keeps the rows; used by one thread at a time."""

    def run(self, operations: Sequence[Operation]) -> Sequence[Result]:
        """Do all in one transaction, durable on return. Raises StoreUnavailable, and then nothing took effect."""
        ...

    def follow(self) -> None:
        """Let the mark follow what was done, before anybody hears of it. Raises NotMarked; it may be tried again."""
        ...

    def close(self) -> None: ...


@dataclass(frozen=True, slots=True)
class _Job:
    operation: Operation
    future: asyncio.Future[Any]
    loop: asyncio.AbstractEventLoop


class Worker:
    """A thread that drains its queue into a session, a batch at a time; `is_sound` says whether the newest was done."""

    def __init__(self, session: Session, *, name: str) -> None:
        self._session = session
        self._jobs: queue.SimpleQueue[_Job | None] = queue.SimpleQueue()
        self._is_closing = False
        self._unmarked = ""
        self.is_sound = True
        self._thread = threading.Thread(target=self._work, name=name, daemon=True)
        self._thread.start()

    async def do(self, operation: Callable[[Rows], T]) -> T:
        """Return what the operation returns, once it is durable; raise what it raises, StoreUnavailable or NotMarked.

        An operation whose caller is cancelled takes place all the same.
        """
        if self._is_closing:
            raise StoreUnavailable("the store is closed")
        if self._unmarked:
            # Nothing is begun behind a batch that nobody may hear of yet.
            raise StoreUnavailable(self._unmarked)
        loop = asyncio.get_running_loop()
        future: asyncio.Future[T] = loop.create_future()
        self._jobs.put(_Job(operation, future, loop))
        return await future

    async def close(self) -> None:
        """Do what is queued, close the session and end the thread."""
        if not self._is_closing:
            self._is_closing = True
            self._jobs.put(None)
        await asyncio.to_thread(self._thread.join)

    def _work(self) -> None:
        is_open = True
        while is_open:
            batch, is_open = self._next_batch()
            if batch:
                _wake(batch, self._results(batch))
        self._session.close()

    def _next_batch(self) -> tuple[list[_Job], bool]:
        job = self._jobs.get()
        batch: list[_Job] = []
        while job is not None:
            batch.append(job)
            if len(batch) == MAX_BATCH or self._jobs.empty():
                return batch, True
            job = self._jobs.get()
        return batch, False

    def _results(self, batch: Sequence[_Job]) -> Sequence[Result]:
        try:
            results = self._session.run([job.operation for job in batch])
            self._follow()
            self.is_sound = True
            return results
        except Exception as error:  # noqa: BLE001 - whoever waits must hear of it, and the thread must live on
            self.is_sound = False
            return [Raised(error=error)] * len(batch)

    def _follow(self) -> None:
        for tries_left in reversed(range(_MARK_TRIES)):
            try:
                self._session.follow()
            except NotMarked as error:
                if not tries_left:
                    self._unmarked = ""
                    raise
                self.is_sound, self._unmarked = False, str(error)
                time.sleep(_MARK_PAUSE_S)
            else:
                self._unmarked = ""
                return


def _wake(batch: Sequence[_Job], results: Sequence[Result]) -> None:
    answered: dict[asyncio.AbstractEventLoop, list[tuple[asyncio.Future[Any], Result]]] = {}
    for job, result in zip(batch, results, strict=True):
        answered.setdefault(job.loop, []).append((job.future, result))
    for loop, answers in answered.items():
        # A loop that has closed has nobody left who waits.
        with suppress(RuntimeError):
            loop.call_soon_threadsafe(_answer, answers)


def _answer(answers: Sequence[tuple[asyncio.Future[Any], Result]]) -> None:
    for future, result in answers:
        if future.done():
            continue
        if isinstance(result, Returned):
            future.set_result(result.value)
        else:
            future.set_exception(result.error)
