"""One lane at work: wait until its head may leave, store the attempt, send, judge, store the outcome, and so on.

What is decided is decided by `delivery` inside the store's transactions; the lane only brings bytes, time and chance.
"""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

import structlog

from butterfly_gitops.delivery.claim import Claim, is_due
from butterfly_gitops.delivery.settle import Policy
from butterfly_gitops.delivery.verdict import judge, reply_bytes
from butterfly_gitops.dispatcher.rendering import Renderer
from butterfly_gitops.dispatcher.shared_wire import SharedWire
from butterfly_gitops.dispatcher.wire import Wire
from butterfly_gitops.mllp.exchange import Limits
from butterfly_gitops.model.delivery import (
    Attempt,
    DeliveryId,
    Epoch,
    LaneId,
    Outcome,
    ReportId,
    State,
    Target,
    Verdict,
)
from butterfly_gitops.model.endpoint import EhrEndpoint
from butterfly_gitops.model.error import kind_and_place
from butterfly_gitops.store.dispatch import Head, LaneView, OwnerLost, Refusing, Settling, Step, Stepped
from butterfly_gitops.store.interface import Store, StoreUnavailable

# A step of the wall clock must not keep a lane asleep for longer than this.
_LONGEST_SLEEP_S = 60.0
_STORE_PAUSE_S = 0.5
_REFUSED_PAUSE_S = 0.1
_DEFECT_PAUSE_S = 5.0
# How much longer than its time-out an acknowledgement that has begun may take to end.
_LONGEST_END_S = 10.0

_log = structlog.get_logger()

_STORE_FAILED = Verdict(outcome=Outcome.NOT_SENT, detail="the store failed before a byte left")
_LANE_FAILED = Verdict(outcome=Outcome.UNCERTAIN, detail="the dispatcher failed during the attempt")


@dataclass(frozen=True, slots=True, kw_only=True)
class World:
    """Time and chance."""

    now: Callable[[], datetime]
    draw: Callable[[], float]
    letters: Callable[[int], str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Course:
    """The endpoint of a lane as applied, the target revision of it, and the wire there."""

    endpoint: EhrEndpoint
    target: Target
    wire: SharedWire

    @property
    def policy(self) -> Policy:
        """The endpoint's answers to refusals and silence."""
        return Policy(acknowledgement=self.endpoint.acknowledgement, retry=self.endpoint.retry)

    @property
    def limits(self) -> Limits:
        """The time for an answer: it must begin in time, and then has a little longer to end."""
        begins_s = self.endpoint.ack_timeout.total_seconds()
        return Limits(first_byte_s=begins_s, total_s=begins_s + min(begins_s, _LONGEST_END_S))


class LaneRunner:
    """One lane; `run` is its task. `course` is what it runs now, and what its wire reports.

    `defect` is the kind and place of an exception that nobody expected, empty while there is none.
    """

    def __init__(self, lane: LaneId, course: Course, *, store: Store, epoch: Epoch, world: World) -> None:
        self._id = lane
        self._store = store
        self._epoch = epoch
        self._world = world
        self._wake = asyncio.Event()
        self._is_stopping = False
        self._dialling: asyncio.Timeout | None = None
        self._risked: tuple[DeliveryId, int] | None = None
        self._rendering: tuple[Course, Renderer] | None = None
        self.course = course
        self.defect = ""

    def wake(self) -> None:
        """Look again: something was accepted, resent or applied."""
        self._wake.set()

    def steer(self, course: Course) -> None:
        """Run another course; an attempt in flight ends on the old one."""
        if course != self.course:
            self.course = course
            self._give_up_dialling()
            self.wake()

    def stop(self) -> None:
        """End after the attempt in flight."""
        self._is_stopping = True
        self._give_up_dialling()
        self.wake()

    async def run(self) -> None:
        """Send until stopped. Raises OwnerLost."""
        while not self._is_stopping:
            try:
                await self._work()
            except OwnerLost:
                raise
            except StoreUnavailable as away:
                # Only when it is stopping: an outcome that could not be stored is uncertain to whoever comes next.
                _log.error("lane ended without the store", lane=self._id, error=str(away))
            except Exception as error:  # noqa: BLE001 - one lane's trouble, even a defect of ours, stays its own
                self.defect = f"a defect of ours: {kind_and_place(error)}"
                _log.error("lane failed", lane=self._id, error=self.defect)
                await self._sleep(_DEFECT_PAUSE_S)

    async def _work(self) -> None:
        """Look once, and wait or send."""
        self._wake.clear()
        view = await self._look()
        sleep_s = self._sleep_s(view)
        if sleep_s is None or sleep_s > 0:
            await self._sleep(sleep_s)
        else:
            await self._take_turn(view)
        self.defect = ""

    async def _look(self) -> LaneView:
        while True:
            try:
                return (await self._store.views([self._id]))[0]
            except StoreUnavailable as away:
                await self._wait_for_store(away)

    async def _wait_for_store(self, away: StoreUnavailable) -> None:
        """Pause after a failure, before the next try; when the lane is stopping, raise the failure on."""
        if self._is_stopping:
            raise away
        await asyncio.sleep(_STORE_PAUSE_S)

    def _sleep_s(self, view: LaneView) -> float | None:
        """Return how long the head must wait: 0 for now, None until something changes."""
        lane = view.lane
        pause = lane.pause
        if not view.heads or lane.paused or lane.stopped or lane.ended:
            return None
        if pause is not None and pause.until is None:
            return None
        now = self._world.now()
        due_at = (
            None if is_due(lane, longest_wait=self.course.endpoint.retry.longest, at=now) else lane.due_at
        )
        waits = [at for at in (due_at, pause.until if pause else None) if at is not None]
        due_s = max(((at - now).total_seconds() for at in waits), default=0.0)
        return max(0.0, due_s, self.course.wire.wait_s)

    async def _sleep(self, seconds: float | None) -> None:
        limit_s = None if seconds is None else min(seconds, _LONGEST_SLEEP_S)
        try:
            async with asyncio.timeout(limit_s):
                await self._wake.wait()
        except TimeoutError:
            pass

    async def _take_turn(self, view: LaneView) -> None:
        course = self.course
        async with course.wire.turn() as wire:
            if course is not self.course or course.wire.wait_s > 0 or self._is_stopping:
                return
            refused = await self._dial(course) and await self._send(view, course, wire)
        if refused:
            # Most likely a configuration is being applied, and the lane is steered in a moment.
            await self._sleep(_REFUSED_PAUSE_S)

    async def _dial(self, course: Course) -> bool:
        """Dial, until a stop or another course says that it is not wanted any more: not a byte is at stake."""
        try:
            async with asyncio.timeout(None) as self._dialling:
                return await course.wire.dial(course.endpoint.retry)
        except TimeoutError:
            return False
        finally:
            self._dialling = None

    def _give_up_dialling(self) -> None:
        if self._dialling is not None and not self._dialling.expired():
            self._dialling.reschedule(asyncio.get_running_loop().time())

    async def _send(self, view: LaneView, course: Course, wire: Wire) -> bool:
        """Send the head, and what follows it, until the turn must be given up; tell whether a claim was refused."""
        head = view.heads[0]
        if head.delivery.state is State.SENDING:
            await self._settle_left_over(head, course, wire)
            return False
        wish: Claim | Refusing | None = self._prepare(head, course)
        settling: Settling | None = None
        taken = frozenset[str]()
        while wish is not None:
            stepped = await self._step(settling, wish)
            if isinstance(wish, Refusing):
                return False
            if stepped.is_filler_in_use:
                taken |= {wish.message.filler}
                settling, wish = None, self._prepare(stepped.view.heads[0], course, taken=taken)
                continue
            if stepped.attempt is None:
                return bool(stepped.why_not)
            settling = await self._exchange(stepped.attempt, wish.message.data, course, wire)
            wish = self._following(stepped.view, settling, wish.report, course, wire)
            taken = frozenset()
        await self._step(settling)
        return False

    async def _settle_left_over(self, head: Head, course: Course, wire: Wire) -> None:
        """Settle an attempt that nobody is at: a defect cut it short, or its claim was wrongly said to have failed."""
        attempt = (head.delivery.id, head.delivery.attempts)
        may_have_left = attempt == self._risked
        if may_have_left:
            # Its answer may still come here, and must not be taken for the next message's.
            await wire.close()
        verdict = _LANE_FAILED if may_have_left else _STORE_FAILED
        await self._step(self._settling(*attempt, verdict, b"", course))

    def _prepare(
        self, head: Head, course: Course, *, taken: frozenset[str] = frozenset()
    ) -> Claim | Refusing:
        if self._rendering is None or self._rendering[0] is not course:
            renderer = Renderer(course.endpoint, course.target, letters=self._world.letters)
            self._rendering = course, renderer
        return self._rendering[1].prepare(head, at=self._world.now(), taken=taken)

    async def _exchange(self, attempt: Attempt, data: bytes, course: Course, wire: Wire) -> Settling:
        self._risked = (attempt.delivery, attempt.number)
        answer = await wire.exchange(data, attempt.control_id, course.limits)
        verdict = judge(
            answer,
            control_id=attempt.control_id,
            mode=course.endpoint.acknowledgement.mode,
            encoding=course.endpoint.encoding,
        )
        if verdict.outcome is Outcome.UNCERTAIN:
            # Whatever still comes on this connection must not be taken for the next message's answer.
            await wire.close()
        return self._settling(attempt.delivery, attempt.number, verdict, reply_bytes(answer), course)

    def _settling(
        self, delivery: DeliveryId, attempt: int, verdict: Verdict, reply: bytes, course: Course
    ) -> Settling:
        return Settling(
            delivery=delivery,
            attempt=attempt,
            verdict=verdict,
            reply=reply,
            policy=course.policy,
            jitter=self._world.draw(),
        )

    def _following(
        self, view: LaneView, settling: Settling, sent: ReportId, course: Course, wire: Wire
    ) -> Claim | Refusing | None:
        """Prepare the next one, to be claimed in the commit that settles this one; None gives the turn up."""
        if settling.verdict.outcome is not Outcome.DELIVERED or not view.heads:
            return None
        if self._is_stopping or course is not self.course or course.wire.is_wanted or not wire.is_open:
            return None
        if course.endpoint.minimum_gap:
            # It is waited for before the claim: until then a newer result may take this one's place.
            return None
        if view.heads[0].report.id == sent:
            # What it says depends on how this attempt ended.
            return None
        return self._prepare(view.heads[0], course)

    async def _step(self, settling: Settling | None, wish: Claim | Refusing | None = None) -> Stepped:
        """Store, however long it takes: an outcome must not be lost, and nothing leaves before it is stored."""
        while True:
            step = Step(
                lane=self._id,
                epoch=self._epoch,
                at=self._world.now(),
                settling=settling,
                refusing=wish if isinstance(wish, Refusing) else None,
                claiming=wish if isinstance(wish, Claim) else None,
            )
            try:
                stepped = (await self._store.advance([step]))[0]
            except StoreUnavailable as away:
                await self._wait_for_store(away)
                continue
            _tell(step, stepped)
            return stepped


def _tell(step: Step, stepped: Stepped) -> None:
    """Log what is stored now; patient data is in none of these fields."""
    lane = stepped.view.lane
    endpoint = f"{lane.site}/{lane.endpoint}"
    if settled := step.settling:
        _log.info(
            "attempt ended",
            endpoint=endpoint,
            delivery=settled.delivery,
            attempt=settled.attempt,
            outcome=settled.verdict.outcome.value,
            code=settled.verdict.code,
            detail=settled.verdict.detail,
        )
        if lane.stopped:
            _log.error("lane stopped", endpoint=endpoint, reason=lane.stopped)
    if stepped.is_filler_in_use and (claimed := step.claiming):
        _log.warning("order number in use", endpoint=endpoint, delivery=claimed.delivery)
    if stepped.is_set_aside and (claimed := step.claiming):
        detail = "OBR-3: another report has it at this EHR"
        _log.warning("result cannot be written", endpoint=endpoint, delivery=claimed.delivery, detail=detail)
    refused = step.refusing
    if refused and all(one.delivery.id != refused.delivery for one in stepped.view.heads):
        detail = f"{refused.field}: {refused.why}"
        _log.warning("result cannot be written", endpoint=endpoint, delivery=refused.delivery, detail=detail)
