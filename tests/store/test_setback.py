"""A state that was put back in time: noticed by its mark, refused, and accepted only with a person before each result (promise 13)."""

import shutil
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import apsw
import pytest
from hypothesis import given
from hypothesis import strategies as st

from butterfly_gitops.delivery.act import ActionRefused
from butterfly_gitops.delivery.setback import REASON
from butterfly_gitops.model.delivery import DeliveryId
from butterfly_gitops.model.study import StudyEvent
from butterfly_gitops.store.interface import NotMarked, StoreUnavailable
from butterfly_gitops.store.mark import MARK, Mark, Point, read_point
from butterfly_gitops.store.setback import Consent, StateBehind, setback_of
from butterfly_gitops.store.sqlite import SqliteStore
from butterfly_gitops.store.state_folder import DATABASE, hold
from tests.store.play import SILENT, T0, Play, an_event

WAL = f"{DATABASE}-wal"
ADA = "ada@example.org"
HOUR = timedelta(hours=1)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "state"


class At:
    """A clock that a test sets."""

    def __init__(self) -> None:
        self.now = T0

    def __call__(self):
        return self.now


@pytest.fixture
def clock() -> At:
    return At()


def opened(path: Path, clock: At, *, accepts: str = "", create: bool = False) -> SqliteStore:
    consent = Consent(setback=accepts, actor=ADA) if accepts else None
    return SqliteStore.open(path, create=create, consent=consent, now=clock)


def refused(path: Path, clock: At, **how: Any) -> str:
    """The id of the setback that a state is refused for."""
    with pytest.raises(StateBehind) as refusal:
        opened(path, clock, **how)
    return refusal.value.setback.id


async def put_back(path: Path, clock: At) -> Play:
    """Revision 1 is uncertain as a copy is made; revision 2 is delivered; then the copy is put back."""
    play = await Play.start(opened(path, clock, create=True))
    await play.accept(an_event("e-1"), an_event("e-other", study="s-2"))
    await play.send(verdict=SILENT)
    await play.store.close()
    shutil.copytree(path, path.with_name("copy"))
    clock.now = T0 + HOUR
    play.now = T0 + HOUR
    play.store = opened(path, clock)
    await play.accept(an_event("e-2", revision=2, occurred_at=play.now))
    play.epoch = await play.store.own(node="node-1", boot="boot-2", at=play.now)
    await play.send()
    await play.send()
    await play.store.close()
    shutil.move(path / DATABASE, path.with_name("newest"))
    shutil.copy(path.with_name("copy") / DATABASE, path / DATABASE)
    return play


async def gone_on(play: Play, path: Path, clock: At) -> Play:
    play.wait(60)
    clock.now = play.now
    play.store = opened(path, clock, accepts=refused(path, clock))
    play.epoch = await play.store.own(node="node-1", boot="boot-3", at=play.now)
    return play


# What is compared.

OLD = Point(history="a", commit=100, events=40, deliveries=60, at=T0)
NEW = replace(OLD, commit=150, events=52, deliveries=80, at=T0 + HOUR)


@pytest.mark.parametrize(
    ("database", "mark", "says"),
    [
        pytest.param(None, None, None, id="new, or from before there were marks"),
        pytest.param(None, replace(OLD, commit=0), None, id="new, cut short after its mark was made"),
        pytest.param(OLD, OLD, None, id="the same"),
        pytest.param(replace(OLD, commit=101), OLD, None, id="one ahead: ended before the mark followed"),
        pytest.param(NEW, OLD, None, id="far ahead: an older mark"),
        pytest.param(
            OLD,
            NEW,
            "it ends at 2026-11-24T14:00:00Z, the mark at 2026-11-24T15:00:00Z; missing are accepted events: 12, "
            "new deliveries: 20, and what was sent since",
            id="behind",
        ),
        pytest.param(replace(NEW, commit=149), NEW, "missing are accepted events: 0,", id="one behind"),
        pytest.param(None, OLD, "or empty", id="from before there were marks, or empty, beside a mark"),
        pytest.param(OLD, None, "is missing, so nothing says", id="no mark"),
        pytest.param(replace(NEW, history="b"), OLD, "the mark of another state", id="of another, ahead"),
        pytest.param(replace(OLD, history="b"), NEW, "the mark of another state", id="of another, behind"),
    ],
)
def test_a_database_is_compared_with_its_mark(database: Point | None, mark: Point | None, says: str | None):
    setback = setback_of(database, mark, state="state", file="state/mark")
    assert (setback is None) == (says is None)
    assert says is None or says in str(StateBehind(setback))


points = st.builds(
    Point,
    history=st.text("0123456789abcdef", min_size=16, max_size=16),
    commit=st.integers(0, 2**40),
    events=st.integers(0, 2**40),
    deliveries=st.integers(0, 2**40),
    at=st.integers(0, 10**9).map(lambda seconds: T0 + timedelta(microseconds=seconds)),
)


@given(points)
def test_a_point_is_read_as_it_was_written(point: Point):
    assert read_point(point.text()) == point


@pytest.mark.parametrize("cut", range(0, 512, 73))
def test_a_record_that_was_cut_while_it_was_written_leaves_the_one_before(tmp_path: Path, cut: int):
    mark = Mark(tmp_path / MARK)
    mark.make(replace(OLD, commit=0))
    for commit in (1, 2, 3):
        mark.write(replace(OLD, commit=commit))
    mark.close()
    data = mark.path.read_bytes()
    newest = data.index(b"a 3 ") // 4096 * 4096
    mark.path.write_bytes(
        data[:newest] + data[newest : newest + cut].ljust(512, b"\0") + data[newest + 512 :]
    )
    found = Mark(mark.path).read()
    assert found is not None
    assert found.commit == 2 or (found.commit == 3 and cut > len(b"12345678 " + OLD.text().encode()) - 3)


# What is refused.


async def test_an_older_database_is_refused_and_left_as_it_is(path: Path, clock: At):
    await put_back(path, clock)
    before = (path / DATABASE).read_bytes(), (path / MARK).read_bytes()
    for _ in range(2):
        with pytest.raises(StateBehind, match=r"accepted events: 1, new deliveries: 1, .*--accept-older"):
            opened(path, clock)
    assert ((path / DATABASE).read_bytes(), (path / MARK).read_bytes()) == before
    hold(path, create=False).release()


def lose(keep: float) -> Callable[[Path], None]:
    def cut(path: Path) -> None:
        data = (path / WAL).read_bytes()
        (path / WAL).write_bytes(data[: int(len(data) * keep)])

    return cut


@pytest.mark.parametrize(
    "harm",
    [
        pytest.param(lambda path: (path / WAL).unlink(), id="without its journal"),
        pytest.param(lose(0.0), id="with an empty journal"),
        pytest.param(lose(0.5), id="with half of its journal"),
        pytest.param(lose(0.999), id="without the end of its journal"),
        pytest.param(
            lambda path: [(path / one).unlink() for one in (DATABASE, WAL)], id="without its database"
        ),
        pytest.param(lambda path: (path / MARK).unlink(), id="without its mark"),
    ],
)
async def test_a_copy_that_lacks_something_is_refused(
    tmp_path: Path, path: Path, clock: At, harm: Callable[[Path], object]
):
    play = await Play.start(opened(path, clock, create=True))
    await play.accept(an_event("e-1"))
    await play.accept(an_event("e-2", study="s-2"))
    copy = shutil.copytree(path, tmp_path / "copy")
    await play.store.close()
    harm(copy)
    (copy / f"{DATABASE}-shm").unlink(missing_ok=True)
    with pytest.raises(StateBehind):
        opened(copy, clock, create=not (copy / DATABASE).exists())


async def test_a_mark_of_something_else_is_refused(path: Path, clock: At):
    await opened(path, clock, create=True).close()
    (path / MARK).write_text("not a mark")
    with pytest.raises(StateBehind, match="is no mark of a state"):
        opened(path, clock)
    await opened(path, clock, accepts=refused(path, clock)).close()
    await opened(path, clock).close()


async def test_two_states_cannot_have_one_mark(tmp_path: Path, path: Path, clock: At):
    mark = tmp_path / "elsewhere"
    first = SqliteStore.open(path, create=True, mark=mark, now=clock)
    await first.own(node="n", boot="b", at=T0)
    await first.close()
    with pytest.raises(StateBehind, match="or empty"):
        SqliteStore.open(tmp_path / "second", create=True, mark=mark, now=clock)
    assert not (tmp_path / "second").exists()
    await SqliteStore.open(path, create=False, mark=mark, now=clock).close()


# What is not.


async def test_a_state_from_before_there_were_marks_gets_one(path: Path, clock: At):
    store = opened(path, clock, create=True)
    await store.own(node="n", boot="b", at=T0)
    await store.close()
    connection = apsw.Connection(str(path / DATABASE))
    connection.execute("DELETE FROM setting WHERE name = 'point'")
    connection.close()
    (path / MARK).unlink()
    for epoch in (2, 3):
        store = opened(path, clock)
        assert await store.own(node="n", boot="b", at=T0) == epoch
        await store.close()
    assert (path / MARK).stat().st_mode & 0o777 == 0o600


async def test_what_was_committed_and_not_marked_is_there_after_a_crash(path: Path, clock: At):
    play = await Play.start(opened(path, clock, create=True))
    before = (path / MARK).read_bytes()
    await play.accept(an_event("e-1"))
    await play.store.close()
    (path / MARK).write_bytes(before)
    store = opened(path, clock)
    assert (await store.ledger()).events == 1
    await store.close()


async def test_nobody_is_answered_before_the_mark_has_followed(path: Path, clock: At):
    play = await Play.start(opened(path, clock, create=True))
    seen = [Mark(path / MARK).read()]
    await play.accept(an_event("e-1"))
    seen.append(Mark(path / MARK).read())
    await play.claim()
    seen.append(Mark(path / MARK).read())
    await play.view()
    seen.append(Mark(path / MARK).read())
    found = [one for one in seen if one is not None]
    first = found[0].commit
    assert [one.commit - first for one in found] == [0, 1, 2, 2]
    assert [(one.events, one.deliveries) for one in found] == [(0, 0), (1, 1), (1, 1), (1, 1)]
    await play.store.close()


async def test_a_mark_that_cannot_be_written_is_an_answer_and_follows_later(
    tmp_path: Path, path: Path, clock: At
):
    mark = tmp_path / "elsewhere" / "mark"
    mark.parent.mkdir()
    store = SqliteStore.open(path, create=True, mark=mark, now=clock)
    away = mark.parent.rename(tmp_path / "away")
    raised = []
    for _ in range(2):
        with pytest.raises(StoreUnavailable, match="the mark") as refused:
            await store.own(node="n", boot="b", at=T0)
        raised.append(refused.type)
    assert raised == [NotMarked, StoreUnavailable]
    away.rename(mark.parent)
    # The first of the two stands, the second was not tried.
    assert await store.own(node="n", boot="b", at=T0) == 2
    await store.close()
    await SqliteStore.open(path, create=False, mark=mark, now=clock).close()


# What is accepted all the same.


async def test_every_open_result_waits_for_a_person(path: Path, clock: At):
    play = await gone_on(await put_back(path, clock), path, clock)
    found = (await play.found()).values()
    assert {(str(one.delivery.state), one.delivery.maybe_received) for one in found} == {("set_aside", True)}
    assert all(one.delivery.reason.startswith(REASON) for one in found)
    assert await play.heads() == []
    assert (await play.store.ledger()).adds_up
    await play.store.close()
    await opened(path, clock).close()


async def test_an_attempt_in_flight_ends_first(path: Path, clock: At):
    play = await Play.start(opened(path, clock, create=True))
    await play.accept(an_event("e-1"))
    await play.claim()
    await play.store.close()
    (path / MARK).unlink()
    play = await gone_on(play, path, clock)
    assert await play.states() == {1: "set_aside"}
    (found,) = (await play.found()).values()
    assert [one.verdict is not None for one in found.attempts] == [True]
    await play.store.close()


async def test_a_resend_has_an_msh_10_of_its_own(path: Path, clock: At):
    play = await gone_on(await put_back(path, clock), path, clock)
    before = {number: one.delivery.control_id for number, one in (await play.found()).items()}
    await play.act("resend", 1)
    flight = await play.claim()
    assert flight.attempt.control_id not in before.values()
    await play.store.close()


async def test_what_the_missing_part_may_have_held_waits_as_well(path: Path, clock: At):
    play = await gone_on(await put_back(path, clock), path, clock)
    late = an_event("e-3", study="s-3", occurred_at=T0 + HOUR)
    again = an_event("e-2", revision=2, occurred_at=T0 + HOUR)
    newer = an_event("e-4", revision=3, occurred_at=T0 + 2 * HOUR)
    play.now = T0 + 2 * HOUR
    answers = await play.accept(late, again)
    assert [[one.state for one in answer.decisions] for answer in answers] == [["set_aside"], ["set_aside"]]
    (answer,) = await play.accept(newer)
    assert [one.state for one in answer.decisions] == ["queued"]
    await play.store.close()


async def test_a_send_by_hand_waits_for_a_second_word(path: Path, clock: At):
    play = await put_back(path, clock)
    play = await gone_on(play, path, clock)
    for number in (1, 2):
        await play.act("cancel", number)
    acted = await play.send_once()
    assert acted.state == "set_aside"
    with pytest.raises(ActionRefused, match="bgo delivery resend"):
        await play.send_once()
    await play.act("resend", acted.delivery)
    assert await play.state(acted.delivery or 0) == "queued"
    await play.store.close()


async def test_what_was_missing_is_no_longer_this_state(path: Path, clock: At):
    play = await gone_on(await put_back(path, clock), path, clock)
    await play.store.close()
    # The newest of before turns up: it lacks what came since.
    shutil.move(path.with_name("newest"), path / DATABASE)
    with pytest.raises(StateBehind, match="another state"):
        opened(path, clock)


async def test_a_new_state_in_place_of_a_lost_one_is_a_decision(path: Path, clock: At):
    play = await put_back(path, clock)
    (path / DATABASE).unlink()
    for create in (False, True):
        with pytest.raises(StateBehind, match="or empty"):
            opened(path, clock, create=create)
    play = await Play.start(opened(path, clock, create=True, accepts=refused(path, clock)))
    (answer,) = await play.accept(an_event("e-2", revision=2, occurred_at=T0 + HOUR))
    assert [one.state for one in answer.decisions] == ["set_aside"]
    await play.store.close()


async def test_each_setback_is_accepted_by_itself(path: Path, clock: At):
    """The option may stay in a unit file: it starts what is sound, and refuses the same copy put back again."""
    play = await put_back(path, clock)
    first = refused(path, clock)
    for _ in range(2):
        await opened(path, clock, accepts=first).close()
    shutil.copy(path.with_name("copy") / DATABASE, path / DATABASE)
    with pytest.raises(StateBehind, match=f"not {first}, which is for another state"):
        opened(path, clock, accepts=first)
    second = refused(path, clock)
    play.store = opened(path, clock, accepts=second)
    assert (await play.states())[1] == "set_aside"
    await play.store.close()


async def test_a_generated_number_is_made_again_as_the_ehr_has_it(path: Path, clock: At):
    """Its report is lost, and has another id once its event is submitted again."""
    play = await Play.start(opened(path, clock, create=True))
    await play.store.close()
    copy = shutil.copytree(path, path.with_name("copy"))
    play.store = opened(path, clock)
    play.epoch = await play.store.own(node="node-1", boot="boot-2", at=play.now)
    events = [
        an_event("e-1", study="s-1", accession=None),
        an_event("e-2", study="s-2", accession=None),
        an_event("e-3", study="s-2", patient="hans", revision=2, accession=None),
    ]

    async def sent(*events: StudyEvent) -> dict[tuple[str, str], str | None]:
        for event in events:
            await play.accept(event)
            for number, state in (await play.states()).items():
                if state == "set_aside":
                    await play.act("resend", number)
            while await play.heads():
                await play.send()
        shown = [await play.store.show(DeliveryId(number)) for number in await play.found()]
        return {(one.found.study, *sorted(one.report.patient)): one.report.filler for one in shown}

    before = await sent(*events)
    assert len(set(before.values())) == 3
    await play.store.close()
    shutil.copy(copy / DATABASE, path / DATABASE)
    play = await gone_on(play, path, clock)
    assert await sent(events[1], events[2], events[0]) == before
    await play.store.close()
