"""What SQLite adds to the rows: one commit for many, nothing by accident, one holder, and a disk that fails."""

import asyncio
import os
import re
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime
from importlib.resources import files
from pathlib import Path

import apsw
import pytest

from butterfly_gitops.model.delivery import EventNumber, LaneId
from butterfly_gitops.model.error import GitopsError
from butterfly_gitops.store import observing
from butterfly_gitops.store.body import Body
from butterfly_gitops.store.interface import Condition, NotMarked, StoreUnavailable
from butterfly_gitops.store.migration import StateTooNew, migrate, migrations
from butterfly_gitops.store.people import NotFound, Query
from butterfly_gitops.store.rows import Rows
from butterfly_gitops.store.sqlite import SqliteStore
from butterfly_gitops.store.sqlite_session import SqliteSession
from butterfly_gitops.store.state_folder import (
    DATABASE,
    StateExists,
    StateHeld,
    StateMissing,
    StateUnusable,
    hold,
)
from butterfly_gitops.store.tables import STATEMENTS, with_many
from butterfly_gitops.store.writer import MAX_BATCH, Operation, Raised, Result, Returned, Worker
from tests.store.full_disk import Disk, disk_under
from tests.store.test_rows import BODY, a_delivery, an_event, with_parents

T0 = datetime(2026, 3, 1, 8, 0, tzinfo=UTC)


def setter(name: str, value: str) -> Callable[[Rows], str]:
    def put(rows: Rows) -> str:
        rows.put_setting(name, value)
        return value

    return put


def refuse(rows: Rows) -> None:
    rows.put_setting("refused", "yes")
    raise NotFound("there is none")


def duplicate(rows: Rows) -> None:
    rows.add_event(an_event(1), Body("Grace Hopper"))


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "state"


@pytest.fixture
def session(path: Path) -> Iterator[SqliteSession]:
    folder = hold(path, create=True)
    made = SqliteSession(folder.database, is_writer=True)
    yield made
    made.close()
    folder.release()


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Disk]:
    with disk_under(tmp_path) as made:
        yield made


# One transaction for many operations.


def test_a_batch_is_one_commit(session: SqliteSession) -> None:
    commits: list[bool] = []
    connection = session._connection
    assert connection is not None
    connection.set_commit_hook(lambda: bool(commits.append(True)))
    results = session.run([setter("a", "1"), setter("b", "2"), lambda rows: rows.setting("a")])
    assert list(results) == [Returned(value="1"), Returned(value="2"), Returned(value="1")]
    assert len(commits) == 1


@pytest.mark.parametrize(("bad", "kind"), [(refuse, NotFound), (duplicate, apsw.ConstraintError)])
def test_an_operation_that_raises_takes_back_only_itself(
    session: SqliteSession, bad: Operation, kind: type[Exception]
) -> None:
    session.run([lambda rows: rows.add_event(an_event(1), BODY)])
    before, failed, after = session.run([setter("a", "1"), bad, setter("b", "2")])
    assert isinstance(failed, Raised)
    assert isinstance(failed.error, kind)
    assert (before, after) == (Returned(value="1"), Returned(value="2"))
    settings = [lambda rows, name=name: rows.setting(name) for name in ("a", "b", "refused")]
    assert [one.value for one in session.run(settings)] == ["1", "2", ""]


def test_numbers_of_a_refused_operation_are_given_again(session: SqliteSession) -> None:
    def add_and_refuse(rows: Rows) -> None:
        rows.add_event(an_event(rows.next_event()), BODY)
        refuse(rows)

    results = session.run([add_and_refuse, lambda rows: rows.next_event()])
    assert results[1] == Returned(value=1)


def test_an_error_quotes_no_value(session: SqliteSession) -> None:
    session.run([lambda rows: rows.add_event(an_event(1), BODY)])
    (failed,) = session.run([duplicate])
    assert isinstance(failed, Raised)
    assert "Hopper" not in f"{failed.error!r} {failed.error}"


# Documents lie in bodies and messages.


def bodies_refused(code: int, table: str | None, column: str | None, _schema: object, _by: object) -> int:
    """An authorizer of SQLite, which is asked for each column of a statement (sqlite3_set_authorizer)."""
    is_large = (table, column) in {("event", "body"), ("message", "data")}
    return apsw.SQLITE_DENY if code == apsw.SQLITE_READ and is_large else apsw.SQLITE_OK


LOOKS: dict[str, Operation] = {
    "a list of deliveries": lambda rows: observing.find(rows, Query()),
    "the ledger": observing.ledger,
    "an event": lambda rows: rows.event(EventNumber(1)),
    "a repeated event": lambda rows: rows.event_by_id("evt-1"),
    "the latest of a study": lambda rows: rows.latest_of_study("study-1", ("finalized",)),
    "the heads of a lane": lambda rows: rows.heads(LaneId(1), 10),
    "counts": lambda rows: rows.state_counts(),
}


@pytest.mark.parametrize("look", LOOKS.values(), ids=LOOKS.keys())
def test_no_list_reads_what_may_hold_a_document(session: SqliteSession, look: Operation) -> None:
    session.run([with_parents, lambda rows: rows.put(a_delivery())])
    connection = session._connection
    assert connection is not None
    connection.authorizer = bodies_refused
    (found,) = session.run([look])
    assert isinstance(found, Returned)


def test_the_authorizer_would_have_seen_it(session: SqliteSession) -> None:
    session.run([with_parents])
    connection = session._connection
    assert connection is not None
    connection.authorizer = bodies_refused
    with pytest.raises(apsw.AuthError):
        connection.execute("SELECT * FROM event")


class RecordingSession:
    """Notes the size of each batch; the first waits until it is let go."""

    def __init__(self) -> None:
        self.sizes: list[int] = []
        self.began = threading.Event()
        self.goes_on = threading.Event()
        self.is_closed = False

    def run(self, operations: Sequence[Operation]) -> Sequence[Result]:
        self.began.set()
        self.goes_on.wait()
        self.sizes.append(len(operations))
        return [Returned(value=None)] * len(operations)

    def follow(self) -> None:
        pass

    def close(self) -> None:
        self.is_closed = True


def nothing(rows: Rows) -> None:
    pass


async def blocked(session: RecordingSession, worker: Worker, count: int) -> "list[asyncio.Task[None]]":
    """Queue so many operations behind one that is under way."""
    tasks = [asyncio.ensure_future(worker.do(nothing))]
    await asyncio.to_thread(session.began.wait)
    tasks += [asyncio.ensure_future(worker.do(nothing)) for _ in range(count)]
    await asyncio.sleep(0)
    return tasks


async def test_what_waits_is_done_together_up_to_a_limit() -> None:
    session = RecordingSession()
    worker = Worker(session, name="test")
    tasks = await blocked(session, worker, MAX_BATCH + 3)
    session.goes_on.set()
    await asyncio.gather(*tasks)
    await worker.close()
    assert session.sizes == [1, MAX_BATCH, 3]


async def test_closing_finishes_what_is_queued_and_takes_nothing_more() -> None:
    session = RecordingSession()
    worker = Worker(session, name="test")
    tasks = await blocked(session, worker, 3)
    closing = asyncio.ensure_future(worker.close())
    await asyncio.sleep(0)
    with pytest.raises(StoreUnavailable):
        await worker.do(nothing)
    session.goes_on.set()
    await asyncio.gather(closing, *tasks)
    await worker.close()
    assert session.sizes == [1, 3]
    assert session.is_closed


async def test_a_caller_that_gave_up_harms_nobody() -> None:
    session = RecordingSession()
    worker = Worker(session, name="test")
    tasks = await blocked(session, worker, 2)
    tasks[1].cancel()
    session.goes_on.set()
    results = await asyncio.gather(*tasks, return_exceptions=True)
    await worker.close()
    assert [type(one) for one in results] == [type(None), asyncio.CancelledError, type(None)]


async def test_a_defect_of_a_session_reaches_its_callers_and_the_thread_lives_on() -> None:
    class Broken(RecordingSession):
        def run(self, operations: Sequence[Operation]) -> Sequence[Result]:
            if not self.sizes:
                self.sizes.append(0)
                raise ZeroDivisionError
            return super().run(operations)

    session = Broken()
    session.goes_on.set()
    worker = Worker(session, name="test")
    with pytest.raises(ZeroDivisionError):
        await worker.do(nothing)
    assert await worker.do(nothing) is None
    await worker.close()


class Unmarked(RecordingSession):
    """Its mark follows at the third try of a batch, or not at all; the second try waits until it is let go."""

    def __init__(self, *, follows: bool) -> None:
        super().__init__()
        self.goes_on.set()
        self.follows = follows
        self.tries = 0
        self.tries_again = threading.Event()
        self.may_try = threading.Event()

    def follow(self) -> None:
        self.tries += 1
        if self.tries == 2:
            self.tries_again.set()
            self.may_try.wait()
        if not self.follows or self.tries < 3:
            raise NotMarked("the mark cannot be written")


@pytest.mark.parametrize("follows", [True, False])
async def test_until_its_mark_has_followed_a_batch_is_not_answered_and_none_is_begun(follows: bool) -> None:
    session = Unmarked(follows=follows)
    worker = Worker(session, name="test")
    waiting = asyncio.ensure_future(worker.do(nothing))
    await asyncio.to_thread(session.tries_again.wait)
    with pytest.raises(StoreUnavailable) as refused:
        await worker.do(nothing)
    assert type(refused.value) is StoreUnavailable, "it has no effect"
    assert (waiting.done(), session.sizes, worker.is_sound) == (False, [1], False)
    session.may_try.set()
    if follows:
        assert await waiting is None
    else:
        with pytest.raises(NotMarked):
            await waiting
    session.follows = True
    assert await worker.do(nothing) is None
    assert (session.sizes, worker.is_sound) == ([1, 1], True)
    await worker.close()


async def test_a_read_sees_every_write_that_returned(path: Path) -> None:
    store = SqliteStore.open(path, create=True)
    for number in range(20):
        condition = Condition(site="a", kind="Ready", reason=str(number), message="", since=T0)
        await store.record([condition], at=T0)
        assert (await store.observe()).conditions == (condition,)
    await store.close()


async def test_what_was_written_is_there_after_reopening(path: Path) -> None:
    store = SqliteStore.open(path, create=True)
    first = await store.own(node="n", boot="b", at=T0)
    await store.close()
    store = SqliteStore.open(path, create=False)
    second = await store.own(node="n", boot="b", at=T0)
    await store.close()
    assert (first, second) == (1, 2)


async def test_durability_is_asked_for(path: Path) -> None:
    store = SqliteStore.open(path, create=True)
    for worker in (store._writer, store._reader):
        session = worker._session
        assert isinstance(session, SqliteSession)
        assert session._connection is not None
        asked = [session._connection.pragma(name) for name in ("journal_mode", "synchronous", "foreign_keys")]
        assert asked == ["wal", 2, 1]
    await store.close()


async def test_a_reader_writes_nothing(path: Path) -> None:
    store = SqliteStore.open(path, create=True)
    with pytest.raises(StoreUnavailable):
        await store._reader.do(setter("a", "1"))
    assert await store._reader.do(lambda rows: rows.setting("a")) == ""
    await store.close()


# Nothing by accident, and nobody else.


def test_a_missing_state_is_not_made(path: Path) -> None:
    with pytest.raises(StateMissing, match="--new-state"):
        SqliteStore.open(path, create=False)
    assert not path.exists()


async def test_a_state_is_not_made_anew(path: Path) -> None:
    await SqliteStore.open(path, create=True).close()
    with pytest.raises(StateExists, match="already"):
        SqliteStore.open(path, create=True)
    await SqliteStore.open(path, create=False).close()


async def test_a_state_whose_making_was_cut_short_can_be_made(path: Path) -> None:
    hold(path, create=True).release()
    with pytest.raises(StateMissing):
        SqliteStore.open(path, create=False)
    await SqliteStore.open(path, create=True).close()


def test_a_folder_that_cannot_be_made_is_one_line(path: Path) -> None:
    path.write_text("a file")
    with pytest.raises(StateUnusable, match="File exists"):
        SqliteStore.open(path, create=True)


def modes(path: Path) -> dict[str, int]:
    return {one.name: one.stat().st_mode & 0o777 for one in (path, *path.iterdir())}


async def test_only_its_owner_can_read_a_state(path: Path) -> None:
    before = os.umask(0)
    try:
        store = SqliteStore.open(path, create=True)
        await store.own(node="n", boot="b", at=T0)
    finally:
        os.umask(before)
    found = modes(path)
    assert set(found) >= {DATABASE, f"{DATABASE}-wal", "lock"}
    assert found.pop(path.name) == 0o700
    assert set(found.values()) == {0o600}
    await store.close()


def test_a_state_that_others_could_read_is_closed_to_them(path: Path) -> None:
    asyncio.run(SqliteStore.open(path, create=True).close())
    path.chmod(0o755)
    (path / DATABASE).chmod(0o644)
    asyncio.run(SqliteStore.open(path, create=False).close())
    found = modes(path)
    assert (found[path.name], found[DATABASE]) == (0o700, 0o600)


async def test_another_process_is_told_who_holds_the_state(path: Path) -> None:
    store = SqliteStore.open(path, create=True)
    with pytest.raises(StateHeld) as held:
        SqliteStore.open(path, create=False)
    assert held.value.pid == os.getpid()
    await store.close()


HOLDER = """
import sys
from pathlib import Path
from butterfly_gitops.store.state_folder import hold
folder = hold(Path(sys.argv[1]), create=True)
print("holds", flush=True)
sys.stdin.read()
"""


def test_a_holder_that_was_killed_holds_nothing(path: Path) -> None:
    arguments = [sys.executable, "-c", HOLDER, str(path)]
    with subprocess.Popen(arguments, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as holder:
        assert holder.stdout is not None
        assert holder.stdout.readline() == b"holds\n"
        with pytest.raises(StateHeld) as held:
            hold(path, create=True)
        assert held.value.pid == holder.pid
        holder.kill()
    hold(path, create=True).release()


# Migrations.


def test_each_migration_bears_the_number_of_the_version_that_it_leads_to() -> None:
    folder = files("butterfly_gitops.store").joinpath("sql")
    numbers = sorted(int(one.name[:4]) for one in folder.iterdir() if one.name[:4].isdigit())
    assert numbers == list(range(1, len(migrations()) + 1))


def test_a_new_state_gets_every_migration() -> None:
    connection = apsw.Connection(":memory:")
    migrate(connection, migrations()[:0])
    migrate(connection, migrations())
    migrate(connection, migrations())
    assert connection.pragma("user_version") == len(migrations())
    assert connection.pragma("integrity_check") == "ok"


async def test_a_newer_state_is_refused_and_let_go(path: Path) -> None:
    await SqliteStore.open(path, create=True).close()
    connection = apsw.Connection(str(path / DATABASE))
    connection.pragma("user_version", len(migrations()) + 1)
    connection.close()
    with pytest.raises(StateTooNew, match="newer") as refused:
        SqliteStore.open(path, create=False)
    assert isinstance(refused.value, GitopsError)
    hold(path, create=False).release()


def test_a_migration_that_fails_leaves_nothing() -> None:
    connection = apsw.Connection(":memory:")
    with pytest.raises(apsw.SQLError):
        migrate(connection, [*migrations(), "CREATE TABLE half (a); CREATE TABLE setting (a)"])
    assert connection.pragma("user_version") == 0
    assert connection.execute("SELECT count(*) FROM sqlite_schema").get == 0


def test_what_is_no_database_is_one_line(path: Path) -> None:
    path.mkdir()
    (path / DATABASE).write_bytes(b"not a database, but long enough to be one" * 100)
    with pytest.raises(StoreUnavailable, match="not a database"):
        SqliteStore.open(path, create=False)


# A disk that fails.


async def test_a_full_disk_refuses_every_operation_and_later_goes_on(path: Path, disk: Disk) -> None:
    store = SqliteStore.open(path, create=True)
    await store.own(node="n", boot="b", at=T0)
    disk.has_room = False
    owning = [store.own(node="n", boot="b", at=T0) for _ in range(3)]
    refused = await asyncio.gather(*owning, return_exceptions=True)
    assert [type(one) for one in refused] == [StoreUnavailable] * 3
    assert (await store.observe()).fleet == ""
    disk.has_room = True
    assert await store.own(node="n", boot="b", at=T0) == 2
    await store.close()


@pytest.mark.parametrize("breaks", ["has_room", "syncs"])
async def test_nothing_of_a_failed_commit_comes_back(path: Path, disk: Disk, breaks: str) -> None:
    # A commit that was written but never synced stands whole in the journal; no recovery may find it there.
    store = SqliteStore.open(path, create=True)
    await store.own(node="n", boot="b", at=T0)
    setattr(disk, breaks, False)
    for _ in range(2):
        with pytest.raises(StoreUnavailable):
            await store.own(node="n", boot="b", at=T0)
    setattr(disk, breaks, True)
    assert await store.own(node="n", boot="b", at=T0) == 2
    await store.close()


async def test_a_database_that_cannot_be_reopened_is_tried_again(path: Path, disk: Disk) -> None:
    store = SqliteStore.open(path, create=True)
    disk.has_room = disk.opens = False
    for _ in range(3):
        with pytest.raises(StoreUnavailable):
            await store.own(node="n", boot="b", at=T0)
    disk.has_room = disk.opens = True
    assert await store.own(node="n", boot="b", at=T0) == 1
    await store.close()


def test_numbers_of_a_lost_batch_are_given_again(path: Path, disk: Disk) -> None:
    folder = hold(path, create=True)
    session = SqliteSession(folder.database, is_writer=True)
    disk.has_room = False
    with pytest.raises(StoreUnavailable):
        session.run([lambda rows: rows.add_event(an_event(1), BODY)])
    disk.has_room = True
    assert session.run([lambda rows: rows.next_event()]) == [Returned(value=1)]
    session.close()
    folder.release()


def test_a_full_page_limit_in_the_middle_of_an_operation_undoes_the_batch(session: SqliteSession) -> None:
    assert session._connection is not None
    session._connection.pragma("max_page_count", 60)
    big = [setter("small", "1"), lambda rows: rows.add_event(an_event(1), Body("x" * 10**6))]
    with pytest.raises(StoreUnavailable, match="full"):
        session.run(big)
    # Reopened, it has its room again, and nothing of the batch.
    assert session.run([lambda rows: rows.setting("small"), *big])[0] == Returned(value="")


async def test_closing_with_a_full_disk_keeps_what_is_committed(path: Path, disk: Disk) -> None:
    store = SqliteStore.open(path, create=True)
    await store.own(node="n", boot="b", at=T0)
    disk.has_room = False
    await store.close()
    disk.has_room = True
    store = SqliteStore.open(path, create=False)
    assert await store.own(node="n", boot="b", at=T0) == 2
    await store.close()


# What a backlog or a long history must not slow down.

NEVER_ALL = (
    "heads",
    "open_of_reports",
    "state_counts",
    "oldest_in_lane",
    "finalized_since",
    "unmet",
    "gap_of",
    "withheld_of_ended",
    "withheld_of_others",
)


@pytest.mark.parametrize("name", NEVER_ALL)
def test_no_table_that_grows_is_read_from_end_to_end(session: SqliteSession, name: str) -> None:
    connection = session._connection
    assert connection is not None
    sql = with_many(name, 1)
    steps = connection.execute(f"EXPLAIN QUERY PLAN {sql}", (None,) * sql.count("?"))
    scanned = [step for *_, step in steps if step.startswith("SCAN")]
    grows = re.compile(
        r"SCAN (event|report|delivery|decision|message|attempt)( USING INDEX delivery_report)?$"
    )
    assert [step for step in scanned if grows.match(step)] == []


def test_no_statement_is_planned_anew_for_other_values(session: SqliteSession) -> None:
    connection = session._connection
    assert connection is not None
    planned: list[str] = []

    def note(code: int, *_: object) -> int:
        if code == apsw.SQLITE_SELECT:
            planned.append(name)
        return apsw.SQLITE_OK

    connection.authorizer = note
    for name in sorted(STATEMENTS):
        sql = with_many(name, 1)
        # What people look for is found by statements with named values, made for each query.
        if sql.startswith("SELECT") and not re.search(r"\?\d|:\w", sql):
            connection.execute(sql, (1,) * sql.count("?")).fetchall()
            planned.clear()
            connection.execute(sql, (2,) * sql.count("?")).fetchall()
            assert planned == []
