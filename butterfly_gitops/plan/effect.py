"""Changes gathered into effects on one place, or on several that one line changes."""

from collections.abc import Iterable, Iterator
from dataclasses import replace

from butterfly_gitops.model.address import Address
from butterfly_gitops.model.frozen import Frozen
from butterfly_gitops.plan.change import AddressText, Change, Kind
from butterfly_gitops.plan.consequence import Consequence, class_of, is_public_endpoint
from butterfly_gitops.plan.diff import FLEET, GRANTS
from butterfly_gitops.plan.effect_words import Bucket, words_of
from butterfly_gitops.plan.setting import PlanSetting, cause_of, print_setting
from butterfly_gitops.plan.sides import Comparison, Observed, Side

# Whose sentence needs all of an endpoint's changes together.
_TOLD_WHOLE = frozenset({Consequence.GO_ELSEWHERE, Consequence.IDENTITY_CHANGES})


class Effect(Frozen):
    """The effect of changes on one place, or on several alike."""

    consequence: Consequence
    """The class of the effect."""
    kind: Kind
    """The kind of the places."""
    places: tuple[AddressText, ...]
    """The places that notice it."""
    title: str
    """The name of the place for people; empty for several."""
    layer: str
    """The layer that changes several places at once, such as `preset registry`."""
    sentence: str
    """The effect in words, for a person who knows the hospital and not these files."""
    brief: str
    """The same in a few words, for a table."""
    settings: tuple[PlanSetting, ...]
    """The settings that do it, with file and line."""


def effects_of(changes: Iterable[Change], comparison: Comparison) -> tuple[Effect, ...]:
    """All effects, worst first, then by place."""
    buckets = [part for bucket in _by_place(changes) for part in _by_layer(bucket, comparison)]
    alike: dict[tuple[object, ...], list[Bucket]] = {}
    for bucket in buckets:
        alike.setdefault(_shared_key(bucket, comparison), []).append(bucket)
    shared = [group for group in alike.values() if len(group) > 1]
    single = _rejoined(group[0] for group in alike.values() if len(group) == 1)
    effects = [_effect(group, comparison) for group in (*shared, *single)]
    return tuple(
        sorted(effects, key=lambda effect: (effect.consequence.rank, str(effect.places[0]), effect.layer))
    )


def _rejoined(buckets: Iterable[Bucket]) -> Iterator[list[Bucket]]:
    """Join the buckets of a place again that no other place shares."""
    found: dict[tuple[Consequence, Address], Bucket] = {}
    for bucket in buckets:
        key = (bucket.consequence, bucket.places[0])
        before = found[key].changes if key in found else ()
        changes = sorted((*before, *bucket.changes), key=lambda change: str(change.address))
        found[key] = replace(bucket, layer="", changes=tuple(changes))
    for bucket in found.values():
        yield [bucket]


def _by_place(changes: Iterable[Change]) -> list[Bucket]:
    changes = tuple(changes)
    added_sites = {change.address.site for change in changes if change.kind == "site" and change.is_added}
    found: dict[tuple[Consequence, Address], list[Change]] = {}
    for change in changes:
        if change.address.site in added_sites and not is_public_endpoint(change):
            key = (Consequence.ONE_MORE_PLACE, Address(site=change.address.site))
        else:
            key = (class_of(change), Address(site=change.address.site, name=change.address.name))
        found.setdefault(key, []).append(change)
    return [
        Bucket(consequence=consequence, places=(place,), kind=_kind_of(place, group), changes=tuple(group))
        for (consequence, place), group in found.items()
    ]


def _kind_of(place: Address, changes: list[Change]) -> Kind:
    if place == FLEET:
        return "fleet"
    if place == GRANTS:
        return "grants"
    if place.name is None:
        return "site"
    kinds = {change.kind for change in changes}
    return "archive" if "forwarding_rule" in kinds else changes[0].kind


def _by_layer(bucket: Bucket, comparison: Comparison) -> list[Bucket]:
    """Part a bucket by the shared layer that made its changes, where the sentence doesn't need them together."""
    if bucket.kind != "ehr_endpoint":
        return [bucket]
    by_layer: dict[str, list[Change]] = {}
    for change in bucket.changes:
        layer = "" if change.is_whole else cause_of(change, comparison).layer
        by_layer.setdefault(layer, []).append(change)
    if bucket.consequence in _TOLD_WHOLE and len(by_layer) > 1:
        return [bucket]
    return [replace(bucket, layer=layer, changes=tuple(changes)) for layer, changes in by_layer.items()]


def _shared_key(bucket: Bucket, comparison: Comparison) -> tuple[object, ...]:
    """Equal for endpoints that the same lines change in the same way; otherwise the place itself."""
    if not bucket.layer:
        return (bucket.consequence, bucket.places)
    lines = tuple(
        (change.setting, str(change.old), str(change.new), cause_of(change, comparison).origin)
        for change in bucket.changes
    )
    # Counts are summed over the places, so only the words from files alone must agree.
    words = words_of(bucket, replace(comparison, observed=Observed()))
    return (bucket.consequence, bucket.layer, lines, words)


def _effect(group: list[Bucket], comparison: Comparison) -> Effect:
    group = sorted(group, key=lambda bucket: str(bucket.places[0]))
    first = group[0]
    whole = replace(first, places=tuple(bucket.places[0] for bucket in group))
    said = words_of(whole, comparison)
    settings = []
    for alike in zip(*(bucket.changes for bucket in group), strict=True):
        ids = tuple(change.id for change in alike)
        cause = cause_of(alike[0], comparison)
        settings.append(print_setting(alike[0], ids=ids, cause=cause, place=first.places[0]))
    return Effect(
        consequence=first.consequence,
        kind=first.kind,
        places=whole.places,
        title=_title(first.places[0], comparison.desired, comparison.applied) if len(group) == 1 else "",
        layer=first.layer if len(group) > 1 else "",
        sentence=said.sentence,
        brief=said.brief,
        settings=tuple(settings),
    )


def _title(place: Address, *sides: Side) -> str:
    for side in sides:
        site = side.site(place)
        if side.fleet and place == FLEET:
            return side.fleet.settings.name
        if site and place.name is None:
            return site.display_name
        for named in (site.ehr_endpoints, site.archives, site.links) if site else ():
            if entity := named.get(place.name or ""):
                return str(entity.display_name)
    return ""
