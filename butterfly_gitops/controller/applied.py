"""The state of a store as a plan needs it: the applied side, what is observed, and holds."""

from collections.abc import Collection
from datetime import datetime

from butterfly_gitops.model.address import parse_address
from butterfly_gitops.model.delivery import State
from butterfly_gitops.model.fleet import Fleet
from butterfly_gitops.plan.canonical import digest
from butterfly_gitops.plan.document import Plan
from butterfly_gitops.plan.sides import ClosedPair, LaneCount, Observed, PlannedHold, PlanNote, Side
from butterfly_gitops.source.interface import Snapshot
from butterfly_gitops.store.interface import Hold, LaneCounts, StateView

DESCRIBED = "what is applied"
CONTROLLER = "controller"
"""The actor of all that is applied from a source."""

# What a commit's hold has in place of changes: the commits that it leaves, and the one that it takes.
_LEAVES, _TAKES = "leaves ", "takes "


def applied_side(observation: StateView) -> Side:
    """Return what is applied as one side of a plan; its fleet is None in a new state."""
    running = observation.running
    if running.settings is None:
        return Side(fleet=None, described=DESCRIBED)
    return Side(fleet=Fleet(settings=running.settings, sites=dict(running.sites)), described=DESCRIBED)


def observed(observation: StateView, *, at: datetime) -> Observed:
    """Return what the state says that files cannot."""
    generations = {site: one.number for site, one in observation.generations.items()}
    if observation.settings:
        generations["fleet"] = observation.settings.number
    newest = max(observation.applied, key=lambda one: one.applied_at, default=None)
    return Observed(
        as_of=at,
        commits=frozenset(one.commit for one in observation.applied),
        by_controller=newest is not None and newest.actor == CONTROLLER,
        commit_held=" ".join(
            f"{one.what}: bgo approve {one.id[:6]} --reason …"
            for one in observation.holds
            if not one.site and one.approved is None
        ),
        lanes={_name(one): _count(one) for one in observation.lanes if not one.lane.leaving},
        closed={
            f"{pair.site}/{pair.archive}.forward_to.{pair.endpoint}": ClosedPair(
                absent_since=pair.closed_at, finalized=pair.finalized_since
            )
            for pair in observation.closed_pairs
        },
        notes=(
            *(
                PlanNote(subject=_name(one), says=f"stopped: {one.lane.stopped}")
                for one in observation.lanes
                if one.lane.stopped
            ),
            *(
                PlanNote(
                    subject=f"{one.site}/{one.endpoint}", says=f"drifted: {one.what}; bgo run repairs it"
                )
                for one in observation.drift
            ),
        ),
        generations=generations,
        # A released one stands too, should its changes become others before they are applied.
        holds={
            one.site: PlannedHold(
                id=one.id,
                site=one.site,
                changes=tuple(sorted(one.changes)),
                endpoints=tuple(map(parse_address, sorted(one.endpoints))),
                what=one.what,
            )
            for one in observation.holds
            if one.site
        },
        approved=frozenset(one.id for one in observation.holds if one.approved is not None),
    )


def holds_of(plan: Plan, *, at: datetime) -> tuple[Hold, ...]:
    """Return the holds of a plan, as the store lets them stand."""
    return tuple(
        Hold(
            id=hold.id,
            site=hold.site,
            what=hold.what,
            changes=frozenset(hold.changes),
            endpoints=frozenset(map(str, hold.endpoints)),
            since=at,
        )
        for hold in plan.guard.holds
    )


def hold_of_commit(applied: Collection[str], wanted: Snapshot, *, at: datetime) -> Hold:
    """Return the hold of a commit that does not descend from what is applied."""
    return Hold(
        id=digest(["not forward", sorted(applied), wanted.commit]),
        site="",
        what=f"{wanted.described} does not descend from what is applied",
        changes=frozenset({*(f"{_LEAVES}{one}" for one in applied), f"{_TAKES}{wanted.commit}"}),
        since=at,
    )


def to_descend_from(applied: Collection[str], holds: Collection[Hold]) -> frozenset[str]:
    """Return the commits that a newer one must descend from: what is applied, as people have let it part since.

    Otherwise, sites still on an abandoned commit would hold every later commit again.
    """
    agreed = frozenset[str]().union(
        *(one.changes for one in holds if not one.site and one.approved is not None)
    )
    left = {one.removeprefix(_LEAVES) for one in agreed if one.startswith(_LEAVES)}
    taken = {one.removeprefix(_TAKES) for one in agreed if one.startswith(_TAKES)}
    return frozenset(applied) - left | taken


def _name(counted: LaneCounts) -> str:
    return f"{counted.lane.site}/{counted.lane.endpoint}"


def _count(counted: LaneCounts) -> LaneCount:
    counts = counted.counts
    waiting = sum(counts.get(state, 0) for state in (State.QUEUED, State.UNCERTAIN, State.SET_ASIDE))
    return LaneCount(
        waiting=waiting,
        in_flight=counts.get(State.SENDING, 0),
        maybe_received=counts.get(State.UNCERTAIN, 0),
        set_aside=counts.get(State.SET_ASIDE, 0),
    )
