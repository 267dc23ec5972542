"""The outcome of a pass as conditions: one for the fleet, each site and each endpoint."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta

from butterfly_gitops.controller.reconcile import Candidate, PassOutcome
from butterfly_gitops.delivery.pausing import is_paused
from butterfly_gitops.model.address import FLEET_SETTINGS
from butterfly_gitops.model.delivery import IN_LANE, LaneId, Rule, State, TargetNumber
from butterfly_gitops.model.problem import Severity
from butterfly_gitops.plan.departure import was_removed
from butterfly_gitops.plan.wording import many
from butterfly_gitops.store.interface import Condition, ConditionKind, LaneCounts, StateView

_MOST_NAMED = 5
NOT_REPAIRED = "NotRepaired"
CORRECTION_IS_TOLD_FOR = timedelta(days=3)

_Standing = tuple[ConditionKind, str, str]
"""The kind, reason and message of a condition."""


def of_configuration(
    candidate: Candidate, outcome: PassOutcome, observation: StateView, *, at: datetime
) -> Iterator[Condition]:
    """Say how the fleet and each site stand after a pass."""
    names = {*_there(candidate, observation), *candidate.loaded.unsound_sites, *outcome.refused}
    sites = {
        site: _of_site(site, candidate, outcome, observation) for site in sorted(names - {FLEET_SETTINGS})
    }
    for site, (kind, reason, message) in {"": _of_fleet(candidate, outcome, sites), **sites}.items():
        yield Condition(kind=kind, site=site, reason=reason, message=message, since=at)


def standing_since(conditions: Iterable[Condition], observation: StateView) -> Iterator[Condition]:
    """Set `since` of each condition to its last change of reason or message; for Ready, of what is applied."""
    known = {(one.site, one.endpoint, one.kind): one for one in observation.conditions}
    applied = {site: one.applied_at for site, one in observation.generations.items()}
    newest = (one.applied_at for one in observation.applied)
    applied[""] = max(newest, default=datetime.min.replace(tzinfo=UTC))
    for one in conditions:
        before = known.get((one.site, one.endpoint, one.kind))
        if before is None or (before.reason, before.message) != (one.reason, one.message):
            yield one
        elif one.kind == "Ready" and not one.endpoint:
            yield replace(one, since=max(before.since, applied.get(one.site, before.since)))
        else:
            yield replace(one, since=before.since)


def _there(candidate: Candidate, observation: StateView) -> Iterator[str]:
    """Name the sites that are wanted or applied, and those that have left while something of them is."""
    wanted = candidate.loaded.fleet.sites if candidate.loaded.fleet else {}
    with_lanes = {one.lane.site for one in observation.lanes}
    for site in observation.generations:
        if site in wanted or site in with_lanes or not was_removed(observation.running.sites.get(site)):
            yield site


def _of_fleet(candidate: Candidate, outcome: PassOutcome, sites: Mapping[str, _Standing]) -> _Standing:
    if candidate.plan is None:
        errors = _errors(candidate, None)
        return (
            "Stalled",
            "Problems",
            f"{errors}, in what holds for the whole fleet: everything stays as it runs",
        )
    if held := outcome.refused.get(FLEET_SETTINGS):
        return "Stalled", "Held", held
    stalled = [f"{site} ({reason})" for site, (kind, reason, _) in sites.items() if kind == "Stalled"]
    if stalled:
        named = ", ".join(stalled[:_MOST_NAMED]) + (", ..." if len(stalled) > _MOST_NAMED else "")
        return "Stalled", "Sites", f"{len(stalled)} of {many(len(sites), 'site', 'sites')}: {named}"
    return "Ready", "Applied", ""


def _of_site(site: str, candidate: Candidate, outcome: PassOutcome, observation: StateView) -> _Standing:
    plan = candidate.plan
    if site in candidate.loaded.unsound_sites:
        return "Stalled", "Problems", f"{_errors(candidate, site)}: it stays as it runs"
    if plan and (kept := [one.reason for one in plan.kept if one.site == site]):
        return "Stalled", "Kept", f"it {kept[0]}"
    if plan and site in plan.held_sites:
        return "Stalled", "Held", outcome.refused.get(site, "waits for approval")
    if site in outcome.not_repaired:
        return "Stalled", NOT_REPAIRED, outcome.refused[site]
    if refused := outcome.refused.get(site):
        return "Stalled", "NameTaken" if site in outcome.names_taken else "ResultsWait", refused
    if plan is None:
        return "Stalled", "FleetProblems", "the fleet's files have problems: it stays as it runs"
    if was_removed(observation.running.sites.get(site)):
        return "Reconciling", "Leaving", "it was removed, and shows until its last results are gone"
    return "Ready", "Applied", ""


def _errors(candidate: Candidate, site: str | None) -> str:
    """Count the errors of a site or of the fleet, with the place and the rule of the first."""
    errors = [one for one in candidate.loaded.problems if one.severity is Severity.ERROR and one.site == site]
    if not errors:
        return "0 errors"
    first = errors[0]
    line = f":{first.origin.line}" if first.origin.line else ""
    place = f"{first.origin.file}{line} ({first.rule})"
    return f"1 error, at {place}" if len(errors) == 1 else f"{len(errors)} errors, the first at {place}"


def of_drift(observation: StateView, *, at: datetime) -> Iterator[Condition]:
    """Say what is stored otherwise than it is applied, and not repaired yet."""
    failed = {one.site for one in observation.conditions if one.reason == NOT_REPAIRED}
    for one in observation.drift:
        message = f"{one.what}: {'it cannot be repaired' if one.site in failed else 'bgo run repairs it'}"
        place = {"site": one.site, "endpoint": one.endpoint}
        yield Condition(kind="Drifted", **place, reason="Found", message=message, since=at)


def of_failed_repairs(observation: StateView, *, at: datetime) -> Iterator[Condition]:
    """Say which sites' rows a pass could not bring back: what is seen after its repair."""
    first = {one.site: one for one in reversed(observation.drift)}
    for site, drift in sorted(first.items()):
        message = f"{drift.endpoint}: {drift.what}, and it cannot be repaired: the log of bgo run says why"
        yield Condition(kind="Drifted", site=site, reason=NOT_REPAIRED, message=message, since=at)


def of_exclusions(observation: StateView, *, at: datetime) -> Iterator[Condition]:
    """Say which endpoints lack studies that their rules did not send, and where our clock had given a wrong start."""
    corrected = {
        rule.lane: rule
        for rule in observation.running.rules
        if rule.start_was is not None and rule.until is None and at - rule.start < CORRECTION_IS_TOLD_FOR
    }
    for one in observation.lanes:
        rule = corrected.get(one.lane.id)
        said = [_corrected(rule)] if rule else []
        if one.gap:
            studies = many(one.gap, "study was", "studies were")
            name = f"{one.lane.site}/{one.lane.endpoint}"
            said.append(f"{studies} not sent by its rules: bgo study list --gap {name}")
        if said:
            yield Condition(
                kind="Excluding",
                site=one.lane.site,
                endpoint=one.lane.shown_name,
                reason="ClockSetBack" if rule else "BeforeStart",
                message="; ".join(said),
                since=at,
            )


def _corrected(rule: Rule) -> str:
    was = rule.start_was or rule.start
    return (
        f"our clock was set back: its rule from {rule.archive} starts {_time(rule.start)}, not {_time(was)}"
    )


def _time(at: datetime) -> str:
    return at.isoformat(timespec="seconds").replace("+00:00", "Z")


def of_endpoints(
    observation: StateView,
    reported: Mapping[LaneId, TargetNumber],
    troubles: Mapping[LaneId, str],
    *,
    at: datetime,
) -> Iterator[Condition]:
    """Say how each endpoint stands: what its lane reports against what is applied."""
    for one in observation.lanes:
        site, endpoint = one.lane.site, one.lane.shown_name
        kind, reason, message = _of_lane(one, reported.get(one.lane.id), troubles.get(one.lane.id, ""), at=at)
        yield Condition(kind=kind, site=site, endpoint=endpoint, reason=reason, message=message, since=at)


def _of_lane(counted: LaneCounts, reported: TargetNumber | None, trouble: str, *, at: datetime) -> _Standing:
    lane = counted.lane
    if lane.ended:
        return "Ready", "Ended", "its endpoint was removed; what is set aside can only be cancelled"
    if lane.stopped:
        return "Stalled", "Stopped", f"{lane.stopped}: bgo endpoint resume {lane.site}/{lane.endpoint}"
    if reported != lane.target:
        return "Reconciling", "Target", f"target {lane.target} is applied, its lane does not run it yet"
    if trouble:
        return "Stalled", "Unreachable", trouble
    if is_paused(lane, at):
        return "Ready", "Paused", "results wait until it is active again"
    if is_unacknowledged(counted):
        why = f"bgo delivery list --endpoint {lane.site}/{lane.endpoint} --waiting"
        return "Stalled", "Unacknowledged", f"its EHR refuses, or does not answer: {why}"
    return "Ready", "Running", ""


def is_unacknowledged(counted: LaneCounts) -> bool:
    """Tell whether the newest attempts of a lane came to nothing, and something of it waits, for a person perhaps."""
    waits = (*IN_LANE, State.SET_ASIDE)
    return counted.lane.failures > 0 and any(counted.counts.get(state) for state in waits)
