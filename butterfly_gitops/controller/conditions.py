"""How the outcome of a pass is told: one condition for the fleet, each site and each endpoint."""

from collections.abc import Iterator, Mapping
from datetime import datetime

from butterfly_gitops.controller.reconcile import Candidate, Outcome
from butterfly_gitops.delivery.pausing import is_paused
from butterfly_gitops.model.address import FLEET_SETTINGS
from butterfly_gitops.model.delivery import LaneId, TargetNumber
from butterfly_gitops.model.problem import Severity
from butterfly_gitops.plan.document import Plan
from butterfly_gitops.store.interface import Condition, ConditionKind, LaneCounts, Observation


def fleet_stalled(reason: str, message: str, *, at: datetime) -> Condition:
    """Say why nothing of the source can be taken; everything stays as it runs."""
    return Condition(kind="Stalled", site="", reason=reason, message=message, since=at)


def of_configuration(
    candidate: Candidate, outcome: Outcome, observation: Observation, *, at: datetime
) -> Iterator[Condition]:
    """Say how the fleet and each site stand after a pass."""
    yield _of_fleet(candidate, outcome, at)
    plan = candidate.plan
    kept = {one.site: one.reason for one in plan.kept} if plan else {}
    sites = {*observation.generations, *candidate.loaded.unsound_sites, *outcome.refused}
    for site in sorted(sites - {FLEET_SETTINGS}):
        yield _of_site(site, candidate, outcome, kept, plan, at)


def _of_fleet(candidate: Candidate, outcome: Outcome, at: datetime) -> Condition:
    if candidate.plan is None:
        errors = _errors(candidate, None)
        message = f"{errors} in fleet.yaml, grants.yaml or the folder: everything stays as it runs"
        return Condition(kind="Stalled", site="", reason="Problems", message=message, since=at)
    if held := outcome.refused.get(FLEET_SETTINGS):
        return Condition(kind="Stalled", site="", reason="Held", message=held, since=at)
    return Condition(kind="Ready", site="", reason="Applied", message="", since=at)


def _of_site(
    site: str,
    candidate: Candidate,
    outcome: Outcome,
    kept: Mapping[str, str],
    plan: Plan | None,
    at: datetime,
) -> Condition:
    kind: ConditionKind = "Stalled"
    if site in candidate.loaded.unsound_sites:
        reason, message = "Problems", f"{_errors(candidate, site)} in its files: it stays as it runs"
    elif site in kept:
        reason, message = "Kept", f"it {kept[site]}"
    elif plan is not None and site in plan.held_sites:
        reason, message = "Held", outcome.refused.get(site, "waits for approval")
    elif site in outcome.refused:
        reason = "NameTaken" if site in outcome.names_taken else "ResultsWait"
        message = outcome.refused[site]
    elif plan is None:
        reason, message = "FleetProblems", "the fleet's files have problems: it stays as it runs"
    else:
        kind, reason, message = "Ready", "Applied", ""
    return Condition(kind=kind, site=site, reason=reason, message=message, since=at)


def _errors(candidate: Candidate, site: str | None) -> str:
    count = sum(
        problem.severity is Severity.ERROR and problem.site == site for problem in candidate.loaded.problems
    )
    return "1 error" if count == 1 else f"{count} errors"


def of_drift(observation: Observation, *, at: datetime) -> Iterator[Condition]:
    """Say what is stored otherwise than it is applied, and not repaired yet."""
    for one in observation.drift:
        message = f"{one.what}: bgo run repairs it"
        yield Condition(
            kind="Drifted", site=one.site, endpoint=one.endpoint, reason="Found", message=message, since=at
        )


def of_endpoints(
    observation: Observation,
    reported: Mapping[LaneId, TargetNumber],
    troubles: Mapping[LaneId, str],
    *,
    at: datetime,
) -> Iterator[Condition]:
    """Say how each endpoint stands: what its lane reports against what is applied."""
    for one in observation.lanes:
        kind, reason, message = _of_lane(one, reported.get(one.lane.id), troubles.get(one.lane.id, ""), at=at)
        yield Condition(
            kind=kind,
            site=one.lane.site,
            endpoint=one.lane.shown_name,
            reason=reason,
            message=message,
            since=at,
        )


def _of_lane(
    counted: LaneCounts, reported: TargetNumber | None, trouble: str, *, at: datetime
) -> tuple[ConditionKind, str, str]:
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
    return "Ready", "Running", ""
