"""The whole way from two sides to a plan; what each step decides stands in its own module."""

from collections.abc import Iterable, Iterator

from butterfly_gitops.plan.canonical import canonical_settings, canonical_site
from butterfly_gitops.plan.change import Change, id_of_all
from butterfly_gitops.plan.consequence import Consequence, class_of, is_public_endpoint
from butterfly_gitops.plan.departure import blocked, with_removed_sites
from butterfly_gitops.plan.diff import changes_between
from butterfly_gitops.plan.document import Beside, Counts, KeptSite, PairStart, Plan, PlanContent
from butterfly_gitops.plan.effect import Effect, effects_of
from butterfly_gitops.plan.guard import endpoints_hit, guard
from butterfly_gitops.plan.renaming import new_names, told_in_new_names
from butterfly_gitops.plan.sides import Comparison, Observed, PlanNote, Side

FLEET_SITES = frozenset({"fleet", "grants"})


def make_plan(*, desired: Side, applied: Side, observed: Observed, engine: str) -> Plan:
    """Compare the desired side with the applied one, with what waits and runs.

    `desired.fleet` must be sound as a whole: with problems in fleet.yaml or grants.yaml there is no plan.
    """
    if desired.fleet is None:
        raise ValueError("there is no plan without a sound desired fleet")
    comparison = with_removed_sites(Comparison(desired=desired, applied=applied, observed=observed))
    kept = _kept(comparison)
    kept_sites = frozenset(site.site for site in kept)
    changes = _changes(comparison, kept_sites)
    content = _content(changes, comparison)
    # Everything that is said of the applied side is said in the names that it will have.
    comparison = told_in_new_names(comparison)
    effects = effects_of(changes, comparison)
    return Plan(
        id=id_of_all(change.id for change in changes),
        changes=changes,
        effects=effects,
        counts=_counts(changes, effects, comparison, kept_sites),
        guard=guard(changes, comparison, kept_sites),
        blocked=blocked(changes, comparison),
        starts=tuple(_starts(changes, comparison.observed)),
        ends=tuple(change.address for change in changes if _is_rule(change) and change.is_removed),
        kept=kept,
        content=content,
        beside=_beside(comparison, engine),
    )


def make_diff(*, desired: Side, before: Side, engine: str) -> Plan:
    """Compare the desired side with another revision of the files: the same data, without a state."""
    return make_plan(desired=desired, applied=before, observed=Observed(), engine=engine)


def _kept(comparison: Comparison) -> tuple[KeptSite, ...]:
    """The sites that stay as they run: an empty checkout must never look like a wish."""
    desired, applied = comparison.desired, comparison.applied
    gone = "is gone from the files, and stays as it runs until removed_sites in fleet.yaml names it"
    reasons = {
        **dict.fromkeys(
            applied.unsound, f"has problems in {applied.described}, so its changes are not known"
        ),
        **dict.fromkeys(applied.sites.keys() - desired.sites.keys(), gone),
        **dict.fromkeys(desired.unsound, "has problems in its files, and stays as it runs"),
    }
    return tuple(KeptSite(site=site, reason=reason) for site, reason in sorted(reasons.items()))


def _changes(comparison: Comparison, kept: frozenset[str]) -> tuple[Change, ...]:
    old, new = (
        side.with_sites({name: site for name, site in side.sites.items() if name not in kept}).fleet
        for side in (comparison.applied, comparison.desired)
    )
    return changes_between(old, new)


def _sites_of(changes: Iterable[Change]) -> frozenset[str]:
    return frozenset(change.address.site for change in changes) - FLEET_SITES


def _content(changes: tuple[Change, ...], comparison: Comparison) -> PlanContent:
    fleet, before = comparison.desired.fleet, comparison.applied.sites
    sites = {}
    for name in sorted(_sites_of(changes)):
        site = comparison.desired.sites[name]
        # Renamed is only what the plan says that it renames.
        renamed = {"renamed": new_names(before.get(name), site)}
        sites[name] = canonical_site(site.model_copy(update=renamed))
    has_settings = any(change.address.site in FLEET_SITES for change in changes)
    return PlanContent(
        settings=canonical_settings(fleet.settings) if fleet and has_settings else None, sites=sites
    )


def _is_rule(change: Change) -> bool:
    return change.kind == "forwarding_rule"


def _starts(changes: Iterable[Change], observed: Observed) -> Iterator[PairStart]:
    for change in changes:
        if _is_rule(change) and change.is_added:
            before = observed.closed.get(str(change.address))
            yield PairStart(
                pair=change.address,
                absent_since=before.absent_since if before else None,
                finalized=before.finalized if before else 0,
            )


def _beside(comparison: Comparison, engine: str) -> Beside:
    observed = comparison.observed
    found = (*observed.notes, *_removed_elsewhere(comparison))
    return Beside(
        desired=comparison.desired.described,
        applied=comparison.applied.described,
        as_of=observed.as_of,
        engine=engine,
        generations=dict(sorted(observed.generations.items())),
        notes=tuple(sorted(found, key=lambda note: (note.subject, note.says))),
        commits=tuple(sorted(observed.commits)),
        by_controller=observed.by_controller,
        commit_held=observed.commit_held,
    )


def _removed_elsewhere(comparison: Comparison) -> Iterable[PlanNote]:
    """Sites whose removal is a wish of this revision alone, though their files were gone before."""
    before, after = comparison.applied.fleet, comparison.desired.fleet
    if comparison.observed.as_of or before is None or after is None:
        return
    for site in after.removed_sites.keys() - before.removed_sites.keys() - before.sites.keys():
        says = "is named in removed_sites from now on: where it is still applied, its results stop"
        yield PlanNote(subject=site, says=says)


def _counts(
    changes: tuple[Change, ...], effects: tuple[Effect, ...], comparison: Comparison, kept: frozenset[str]
) -> Counts:
    removed = comparison.desired.fleet.removed_sites if comparison.desired.fleet else {}
    stopping = [effect for effect in effects if effect.consequence is Consequence.RESULTS_STOP]
    more = [
        effect
        for effect in effects
        if effect.consequence is Consequence.ONE_MORE_PLACE and effect.kind == "archive"
    ]
    return Counts(
        nothing_applied=any(effect.consequence is Consequence.NOTHING_APPLIED for effect in effects),
        archives_stopping=sum(effect.kind == "archive" for effect in stopping),
        endpoints_removed=sum(effect.kind == "ehr_endpoint" for effect in stopping),
        everything_stops=any(effect.kind == "grants" for effect in stopping),
        endpoints_elsewhere=_endpoints_with(Consequence.GO_ELSEWHERE, changes, comparison),
        endpoints_public=sum(map(is_public_endpoint, changes)),
        endpoints_identity=_endpoints_with(Consequence.IDENTITY_CHANGES, changes, comparison),
        archives_sending_more=len(more),
        pairs_starting=sum(len(effect.settings) for effect in more),
        sites_added=sum(change.kind == "site" and change.is_added for change in changes),
        sites_removed=len(_sites_of(changes) & removed.keys()),
        sites_changing=len(_sites_of(changes)),
        sites=len(comparison.desired.sites.keys() | kept),
    )


def _endpoints_with(consequence: Consequence, changes: tuple[Change, ...], comparison: Comparison) -> int:
    hits = set()
    for change in changes:
        site = comparison.applied.site(change.address)
        if site and not change.is_added and class_of(change) is consequence:
            hits |= endpoints_hit(change, site)
    return len(hits)
