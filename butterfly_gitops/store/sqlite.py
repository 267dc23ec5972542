"""The store in one file: SQLite, written by one thread and read by another."""

from collections.abc import Callable, Collection, Sequence
from datetime import UTC, datetime
from pathlib import Path

from butterfly_gitops.model.delivery import DeliveryId, Epoch, LaneId, Rule
from butterfly_gitops.model.fleet import FleetSettings
from butterfly_gitops.store import (
    accepting,
    acting,
    advancing,
    applying,
    holding,
    observing,
    repairing,
    starting,
)
from butterfly_gitops.store.interface import (
    Accepted,
    Acted,
    Action,
    Application,
    Approval,
    AuditEntry,
    Condition,
    Drift,
    Found,
    Generation,
    Hold,
    LaneView,
    Ledger,
    NewEvent,
    Observation,
    OneOffSend,
    Query,
    Running,
    Shown,
    Step,
    Stepped,
    Unsent,
)
from butterfly_gitops.store.mark import MARK
from butterfly_gitops.store.marking import Marking
from butterfly_gitops.store.setback import Consent
from butterfly_gitops.store.sqlite_session import SqliteSession
from butterfly_gitops.store.state_folder import StateFolder, hold
from butterfly_gitops.store.writer import Worker


def _utc_now() -> datetime:
    return datetime.now(UTC)


class SqliteStore:
    """The `Store` of one process; `open` makes it."""

    def __init__(self, folder: StateFolder, *, writer: Worker, reader: Worker) -> None:
        self._folder = folder
        self._writer = writer
        self._reader = reader

    @classmethod
    def open(
        cls,
        path: Path,
        *,
        create: bool,
        mark: Path | None = None,
        consent: Consent | None = None,
        now: Callable[[], datetime] = _utc_now,
    ) -> "SqliteStore":
        """Open the state in a folder, or make a new one there; it blocks, so call it before the loop runs lanes.

        Its mark stands in the folder, or where `mark` says. One that is behind it is opened only with
        `consent`. Raises StateMissing, StateExists, StateHeld, StateUnusable, StateTooNew, StateBehind,
        StoreUnavailable.
        """
        marking = Marking(mark or path / MARK, path, consent=consent, now=now)
        marking.refuse_lost(create=create)
        folder = hold(path, create=create)
        try:
            writing = SqliteSession(folder.database, is_writer=True, counting=marking.counting)
            try:
                marking.compare(writing)
                reading = SqliteSession(folder.database, is_writer=False)
            except BaseException:
                writing.close()
                raise
        except BaseException:
            folder.release()
            raise
        return cls(
            folder, writer=Worker(writing, name="store-writer"), reader=Worker(reading, name="store-reader")
        )

    async def close(self) -> None:
        """See `Store.close`."""
        # The writer last: only it can move what the journal holds into the database.
        await self._reader.close()
        await self._writer.close()
        self._folder.release()

    async def accept(
        self, events: Sequence[NewEvent], *, routed_with: int, at: datetime
    ) -> tuple[Accepted, ...]:
        return await self._writer.do(
            lambda rows: accepting.accept(rows, events, routed_with=routed_with, at=at)
        )

    async def running(self) -> Running:
        return await self._reader.do(applying.running)

    async def settings(self) -> FleetSettings | None:
        return await self._reader.do(observing.settings)

    async def apply(self, application: Application) -> Generation:
        return await self._writer.do(lambda rows: applying.apply(rows, application))

    async def observe(self) -> Observation:
        return await self._reader.do(observing.observe)

    @property
    def can_commit(self) -> bool:
        return self._writer.is_sound

    async def touch(self, *, at: datetime) -> None:
        await self._writer.do(lambda rows: observing.touch(rows, at=at))

    async def repair(self, *, of_lanes: Sequence[Drift] = (), at: datetime, actor: str) -> tuple[Drift, ...]:
        return await self._writer.do(
            lambda rows: repairing.repair(rows, of_lanes=of_lanes, at=at, actor=actor)
        )

    async def correct_starts(self, *, at: datetime) -> tuple[Rule, ...]:
        return await self._writer.do(lambda rows: starting.correct_starts(rows, at=at))

    async def record(self, conditions: Sequence[Condition], *, at: datetime) -> None:
        await self._writer.do(lambda rows: observing.record(rows, conditions, at=at))

    async def stand(self, holds: Sequence[Hold], *, released: Collection[str]) -> None:
        await self._writer.do(lambda rows: holding.stand(rows, holds, released=released))

    async def approve(self, approval: Approval) -> Hold:
        return await self._writer.do(lambda rows: holding.approve(rows, approval))

    async def own(self, *, node: str, boot: str, at: datetime) -> Epoch:
        return await self._writer.do(lambda rows: advancing.own(rows, node=node, boot=boot, at=at))

    async def recover(self, epoch: Epoch, *, at: datetime) -> int:
        return await self._writer.do(lambda rows: advancing.recover(rows, epoch, at=at))

    async def views(self, lanes: Sequence[LaneId], *, look_ahead: int = 1) -> tuple[LaneView, ...]:
        return await self._writer.do(lambda rows: advancing.views(rows, lanes, look_ahead=look_ahead))

    async def advance(self, steps: Sequence[Step]) -> tuple[Stepped, ...]:
        return await self._writer.do(lambda rows: advancing.advance(rows, steps))

    async def act(self, action: Action) -> Acted:
        return await self._writer.do(lambda rows: acting.act(rows, action))

    async def send_once(self, send: OneOffSend) -> Acted:
        return await self._writer.do(lambda rows: acting.send_once(rows, send))

    async def audit(self, entry: AuditEntry) -> None:
        await self._writer.do(lambda rows: rows.add_audit(entry))

    async def find(self, query: Query) -> tuple[Found, ...]:
        return await self._reader.do(lambda rows: observing.find(rows, query))

    async def show(self, delivery: DeliveryId) -> Shown:
        return await self._reader.do(lambda rows: observing.show(rows, delivery))

    async def gap(self, site: str, endpoint: str, *, limit: int) -> tuple[Unsent, ...]:
        return await self._reader.do(lambda rows: observing.gap(rows, site, endpoint, limit=limit))

    async def ledger(self) -> Ledger:
        return await self._reader.do(observing.ledger)
