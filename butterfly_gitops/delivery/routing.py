"""Every event × rule becomes one decision: a delivery, or the reason there is none."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from butterfly_gitops.model.delivery import Decision, Rule
from butterfly_gitops.model.study import EventKind

CLOCK_TOLERANCE = timedelta(minutes=5)
RULE_MISSING = "rule-missing"
_EARLY = "before-effective-from"
_SHORT_S = 120
_UNIT_S = (("y", 365 * 86_400), ("d", 86_400), ("h", 3_600), ("m", 60), ("s", 1))


@dataclass(frozen=True, slots=True, kw_only=True)
class Entitled:
    """The grants of the client that routing needs."""

    enterprise: bool
    preliminary_results: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Route:
    """One rule of an archive, and whether its endpoint takes preliminary results."""

    rule: Rule
    preliminary: bool


def is_considered(rule: Rule, *, applies: int, occurred_at: datetime) -> bool:
    """Tell whether an event meets a rule: in force as it was routed, or closed since it occurred.

    `applies` counts the applications that it was routed after; `ledger` counts with the same condition.
    """
    if rule.started_by > applies:
        return False
    if rule.until is None or rule.ended_by is None or rule.ended_by > applies:
        return True
    return rule.start <= occurred_at < rule.until


def true_start(rule: Rule, *, at: datetime) -> Rule:
    """Return a rule in force as it starts, now that our clock reads `at`.

    Whatever comes after an apply by order comes after it in time. So a start that our clock has yet to reach is wrong:
    the clock was ahead at the apply, and has been set back. The apply lies before now; how long before, nothing tells.
    So the rule starts now, less as much again as its start was ahead, at most `CLOCK_TOLERANCE`: what occurred since
    the apply is then not lost on its way, and no rule reaches further back than that. Where our clock only goes
    forward, no start is ever ahead of it, and none moves: what occurred before the apply stays excluded.
    """
    if rule.until is not None or rule.start <= at:
        return rule
    start = at - min(rule.start - at, CLOCK_TOLERANCE)
    return replace(rule, start=start, start_was=rule.start_was or rule.start)


def route(
    routes: Iterable[Route],
    *,
    kind: EventKind,
    occurred_at: datetime,
    applies: int,
    entitled: Entitled,
) -> tuple[Decision, ...]:
    """Decide what each rule of the event's archive makes of it, in the order of the rules."""
    return tuple(
        _decide(one, kind=kind, occurred_at=occurred_at, entitled=entitled)
        for one in sorted(routes, key=lambda one: one.rule.id)
        if is_considered(one.rule, applies=applies, occurred_at=occurred_at)
    )


def decide_unmet(rule: Rule, *, kind: EventKind, occurred_at: datetime) -> Decision:
    """Decide what becomes of an event that a rule should have met, and did not while its row was changed: nothing."""
    anybody = Entitled(enterprise=True, preliminary_results=True)
    route = Route(rule=rule, preliminary=True)
    reason = _reason_against(route, kind=kind, occurred_at=occurred_at, entitled=anybody)
    return Decision(
        rule=rule.id,
        lane=rule.lane,
        verdict=reason or RULE_MISSING,
        leaves_gap=not reason or reason.startswith(_EARLY),
    )


def _decide(one: Route, *, kind: EventKind, occurred_at: datetime, entitled: Entitled) -> Decision:
    rule = one.rule
    reason = _reason_against(one, kind=kind, occurred_at=occurred_at, entitled=entitled)
    return Decision(
        rule=rule.id,
        lane=rule.lane,
        verdict=reason or "deliver",
        delivers=not reason,
        leaves_gap=reason.startswith(_EARLY),
    )


def _reason_against(one: Route, *, kind: EventKind, occurred_at: datetime, entitled: Entitled) -> str:
    if kind in ("reverted", "deleted"):
        return "withdraws"
    if occurred_at < one.rule.start:
        return f"{_EARLY} by {_print_gap(one.rule.start - occurred_at)}"
    if not entitled.enterprise:
        return "not-entitled"
    if kind == "attestation_requested":
        if not one.preliminary:
            return "preliminary-off"
        if not entitled.preliminary_results:
            return "not-entitled"
    return ""


def _print_gap(gap: timedelta) -> str:
    """Print the largest unit, and the next smaller one where there is anything of it: `6y 1d`, `3h 12m`, `90s`."""
    seconds = int(gap.total_seconds())
    if seconds < 1:
        return f"{gap.total_seconds() * 1000:.0f}ms"
    if seconds < _SHORT_S:
        return f"{seconds}s"
    parts = []
    for unit, size in _UNIT_S:
        count, seconds = divmod(seconds, size)
        parts.append(f"{count}{unit}" if count else "")
    first = next(place for place, part in enumerate(parts) if part)
    return " ".join(filter(None, parts[first : first + 2]))


def is_near_start(rule: Rule, occurred_at: datetime) -> bool:
    """Tell whether an exclusion may be the fault of a slow clock at the source, which deserves an alert."""
    return timedelta(0) < rule.start - occurred_at <= CLOCK_TOLERANCE


def is_too_far_ahead(occurred_at: datetime, received_at: datetime) -> bool:
    """Tell whether an event claims to be from a future that no clock error explains."""
    return occurred_at - received_at > CLOCK_TOLERANCE
