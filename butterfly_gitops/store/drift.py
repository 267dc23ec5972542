"""The rows that an applied configuration means, and drift: what somebody changed of them behind the store's back."""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache

from butterfly_gitops.delivery.target import text_of, wire_of
from butterfly_gitops.model.delivery import Lane, LaneId, Rule, Target
from butterfly_gitops.model.endpoint import EhrEndpoint
from butterfly_gitops.model.site import Site
from butterfly_gitops.store.interface import Drift, Generation


@dataclass(frozen=True, slots=True, kw_only=True)
class SiteRows:
    """A generation's content as rows: the site, (wire, text) of each endpoint's target, and each (archive, endpoint)."""

    site: Site
    targets: Mapping[str, tuple[str, str]]
    pairs: frozenset[tuple[str, str]]


@lru_cache(maxsize=4096)
def meaning_of(content: str) -> SiteRows:
    """Read a generation's content once: it is frozen, and asked for in every pass."""
    site = Site.model_validate_json(content)
    return SiteRows(
        site=site,
        targets={name: (wire_of(one), text_of(one)) for name, one in site.ehr_endpoints.items()},
        pairs=pairs_of(site),
    )


def pairs_of(site: Site) -> frozenset[tuple[str, str]]:
    """Return which archive forwards to which endpoint."""
    return frozenset(
        (name, endpoint)
        for name, archive in site.archives.items()
        if archive.purpose == "clinical"
        for endpoint in archive.forward_to
    )


Stored = tuple[Lane, Target]
"""A lane that has not ended, with its target."""


def drift_of(
    generations: Sequence[tuple[Generation, str]],
    lanes: Sequence[Stored],
    rules: Sequence[Rule],
    *,
    applies: int,
) -> Iterator[Drift]:
    """Compare the rows of every site with its newest generation; what has no generation is for a plan to say."""
    lanes_of, rules_of = defaultdict[str, list[Stored]](list), defaultdict[str, list[Rule]](list)
    for stored in lanes:
        lanes_of[stored[0].site].append(stored)
    for rule in rules:
        rules_of[rule.site].append(rule)
    for generation, content in generations:
        if generation.site:
            site = generation.site
            yield from drift_of_site(
                meaning_of(content),
                lanes_of[site],
                rules_of[site],
                since=generation.applied_at,
                applies=applies,
            )


def drift_of_site(
    meaning: SiteRows, lanes: Sequence[Stored], rules: Sequence[Rule], *, since: datetime, applies: int
) -> Iterator[Drift]:
    """Compare one site's rows with the generation that was applied at `since`."""
    site = meaning.site
    standing = defaultdict[str, list[Stored]](list)
    for stored in lanes:
        if not stored[0].leaving:
            standing[stored[0].endpoint].append(stored)
    found = [
        (name, what)
        for name, endpoint in site.ehr_endpoints.items()
        for what in _of_endpoint(standing[name], endpoint, meaning.targets[name])
    ]
    found += [(name, "it has a lane, and is not applied") for name in standing.keys() - site.ehr_endpoints]
    ids = {name: own[0][0].id for name, own in standing.items() if own}
    found += _of_rules(meaning, ids, rules, since=since, applies=applies)
    for name, what in sorted(found):
        yield Drift(site=site.name, endpoint=name, what=what)


def _of_endpoint(own: Sequence[Stored], endpoint: EhrEndpoint, meant: tuple[str, str]) -> Iterator[str]:
    if len(own) != 1:
        yield f"it has {len(own)} lanes" if own else "it has no lane"
        return
    lane, target = own[0]
    if lane.paused != (endpoint.status == "paused"):
        yield (
            "its lane is paused, and it is active" if lane.paused else "its lane is active, and it is paused"
        )
    if lane.on_retarget != endpoint.on_retarget:
        yield f"its lane has on_retarget {lane.on_retarget}, and it says {endpoint.on_retarget}"
    if (target.wire, target.text) != meant:
        yield "the target of its lane is not what is applied"


def _of_rules(
    meaning: SiteRows, lanes: Mapping[str, LaneId], rules: Sequence[Rule], *, since: datetime, applies: int
) -> Iterator[tuple[str, str]]:
    in_force = set[tuple[str, str]]()
    for rule in rules:
        pair = rule.archive, rule.endpoint
        if rule.until is not None:
            continue
        if pair not in meaning.pairs or pair in in_force or rule.lane != lanes.get(rule.endpoint):
            yield rule.endpoint, f"a rule from {rule.archive} is in force that is not applied"
            continue
        in_force.add(pair)
        if is_late(rule, since=since, applies=applies):
            yield rule.endpoint, f"the rule from {rule.archive} starts later than it was applied"
    for archive, endpoint in meaning.pairs - in_force:
        yield endpoint, f"the rule from {archive} is not in force"


def is_late(rule: Rule, *, since: datetime, applies: int) -> bool:
    """Tell whether a rule in force starts later than the generation, applied at `since`, that has it."""
    return rule.start > since or rule.started_by > applies
