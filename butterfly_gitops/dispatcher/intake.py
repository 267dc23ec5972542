"""Study events in: checked, routed with the rules in force, and durable before anybody is answered."""

import asyncio
import hashlib
from collections.abc import AsyncIterator, Callable, Iterable, Sequence
from datetime import UTC, datetime
from typing import TypeVar

import structlog

from butterfly_gitops.config.typos import typo_of
from butterfly_gitops.delivery.patient import identifier_keys
from butterfly_gitops.delivery.routing import Entitled, Route, is_near_start, is_too_far_ahead, route
from butterfly_gitops.model.delivery import LaneId
from butterfly_gitops.model.error import GitopsError
from butterfly_gitops.model.event_problems import event_problem, problems_of_values
from butterfly_gitops.model.printable import short_digest
from butterfly_gitops.model.problem import Problem
from butterfly_gitops.model.site import archives_by_name
from butterfly_gitops.model.study import StudyEvent, canonical_text
from butterfly_gitops.store.intake import Accepted, EventConflict, NewEvent, RoutedWithOldRules
from butterfly_gitops.store.interface import Running, Store

_MOST_ROUTINGS = 20
_LONG_AGO = datetime.min.replace(tzinfo=UTC)
_SLICE = 20
Item = TypeVar("Item")

_log = structlog.get_logger()


class EventsRefused(GitopsError):  # noqa: N818 - it says what happened
    """Events that cannot be taken; `problems` point into what was handed in."""

    def __init__(self, problems: Sequence[Problem]) -> None:
        super().__init__(
            "; ".join(f"{one.pointer}: {one.message}" if one.pointer else one.message for one in problems)
        )
        self.problems = tuple(problems)


class Intake:
    """Takes events.

    `near_starts` counts exclusions that a slow clock at the source may explain, `conflicts` the events whose id was
    known with other content; both alert.
    """

    def __init__(
        self,
        store: Store,
        *,
        wake: Callable[[Iterable[LaneId]], None],
        now: Callable[[], datetime],
    ) -> None:
        self._store = store
        self._wake = wake
        self._now = now
        self._routing: _Routing | None = None
        self.near_starts = 0
        self.conflicts = 0

    def forget_rules(self) -> None:
        """Read the rules again at the next event: something was applied."""
        self._routing = None

    async def accept(self, events: Sequence[StudyEvent], *, pointers: Sequence[str]) -> tuple[Accepted, ...]:
        """Take events, all or none; `pointers` say where each was handed in.

        Raises EventsRefused, EventConflict, StoreUnavailable.
        """
        for _ in range(_MOST_ROUTINGS):
            routing, at = await self._current()
            await _refuse_unacceptable(events, pointers, routing, at)
            routed = [routing.route(one) async for one in _in_slices(events)]
            try:
                accepted = await self._store.accept(routed, routed_with=routing.applies, at=at)
            except RoutedWithOldRules:
                self._routing = None
                await asyncio.sleep(0)
                continue
            except EventConflict as conflict:
                self.conflicts += 1
                # An id may be made of a patient's.
                digest, place = short_digest(conflict.event_id), pointers[conflict.position]
                _log.warning("event id known with other content", digest=digest, detail=place)
                raise
            self._tell(accepted, routed, routing)
            self._wake({lane for one in accepted for lane in one.lanes})
            return accepted
        raise RoutedWithOldRules("configurations are applied faster than events can be routed")

    async def _current(self) -> tuple["_Routing", datetime]:
        """Return the rules, and when events are received that they route: never before one of them starts."""
        routing = self._routing or _Routing(await self._store.running())
        at = self._now()
        if at < routing.newest_start:
            corrected = await self._store.correct_starts(at=at)
            _log.warning("clock was set back: starts of rules corrected", count=len(corrected))
            routing = _Routing(await self._store.running())
        self._routing = routing
        return routing, at

    def _tell(self, accepted: Sequence[Accepted], routed: Sequence[NewEvent], routing: "_Routing") -> None:
        new = [event for event, one in zip(routed, accepted, strict=True) if not one.is_known]
        if new:
            _log.info("events accepted", count=len(new))
        if near_starts := sum(map(routing.is_near_a_start, new)):
            self.near_starts += near_starts
            _log.warning("excluded near a rule's start: a clock at the source may be slow", count=near_starts)


class _Routing:
    """The rules of one state of what is applied, by archive; `newest_start` is the last start of those in force."""

    def __init__(self, running: Running) -> None:
        self.applies = running.applies
        self.newest_start = max((one.start for one in running.rules if one.until is None), default=_LONG_AGO)
        settings = running.settings
        self._entitled = Entitled(
            enterprise=settings is not None and settings.subscription == "enterprise",
            preliminary_results=settings is not None and settings.entitlements.preliminary_results,
        )
        self._archives = {
            called: (archive.site, archive.name or "")
            for called, archive in archives_by_name(running.sites.values()).items()
        }
        self._routes: dict[tuple[str, str], list[Route]] = {}
        for rule in running.rules:
            site = running.sites.get(rule.site)
            endpoint = site.ehr_endpoints.get(rule.endpoint) if site else None
            preliminary = endpoint is not None and endpoint.preliminary_results != "never"
            # An archive that has left is known for what was on its way: its closed rules say what becomes of it.
            self._archives.setdefault(f"{rule.site}/{rule.archive}", (rule.site, rule.archive))
            self._routes.setdefault((rule.site, rule.archive), []).append(
                Route(rule=rule, preliminary=preliminary)
            )

    def knows(self, archive: str) -> bool:
        return archive in self._archives

    def hint_of(self, archive: str) -> str:
        """Name the archive that was probably meant: what is configured is no patient's data, what came in may be."""
        if meant := typo_of(archive, self._archives):
            return f"write {meant}, if that is meant"
        if not self._archives:
            return "apply a configuration with archives first"
        return "write SITE/NAME of an archive that is applied, or its cloud_id"

    def route(self, event: StudyEvent) -> NewEvent:
        site, archive = self._archives[event.archive]
        body = canonical_text(event)
        return NewEvent(
            event=event,
            body=body,
            digest=hashlib.sha256(body.encode()).hexdigest(),
            site=site,
            archive=archive,
            patient=identifier_keys(event.patient.identifiers),
            merged_from=identifier_keys(event.patient.merged_from),
            decisions=route(
                self._routes.get((site, archive), ()),
                kind=event.event,
                occurred_at=event.occurred_at,
                applies=self.applies,
                entitled=self._entitled,
            ),
        )

    def is_near_a_start(self, new: NewEvent) -> bool:
        """Tell whether a rule that met the event, and excluded it, started shortly after it occurred."""
        met = {one.rule for one in new.decisions if not one.delivers}
        routes = self._routes.get((new.site, new.archive), ())
        return any(one.rule.id in met and is_near_start(one.rule, new.event.occurred_at) for one in routes)


async def _in_slices(items: Iterable[Item]) -> AsyncIterator[Item]:
    """Yield the items; between slices everybody else on the loop has a turn."""
    for number, item in enumerate(items, start=1):
        yield item
        if number % _SLICE == 0:
            await asyncio.sleep(0)


async def _refuse_unacceptable(
    events: Sequence[StudyEvent], pointers: Sequence[str], routing: _Routing, at: datetime
) -> None:
    problems = [
        problem
        async for event, pointer in _in_slices(zip(events, pointers, strict=True))
        for problem in _problems_of(event, pointer, routing, at)
    ]
    if problems:
        raise EventsRefused(problems)


def _problems_of(event: StudyEvent, pointer: str, routing: _Routing, at: datetime) -> Iterable[Problem]:
    if not routing.knows(event.archive):
        yield event_problem(
            "unknown-archive",
            "no archive of this fleet goes by this name",
            f"{pointer}/archive",
            hint=routing.hint_of(event.archive),
        )
    if is_too_far_ahead(event.occurred_at, at):
        yield event_problem(
            "from-the-future",
            "it occurred more than 5 minutes from now",
            f"{pointer}/occurred_at",
            hint="set the clock of the source",
        )
    yield from problems_of_values(event.study, f"{pointer}/study")
