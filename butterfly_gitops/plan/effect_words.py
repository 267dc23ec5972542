"""The meaning of an effect, in sentences that a clinician understands, and in a few words for a table.

A sentence says what is known: with the state's counts where there are some, and without them from files alone.
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Self

from butterfly_gitops.model.address import Address
from butterfly_gitops.model.endpoint import EhrEndpoint
from butterfly_gitops.model.host import is_public
from butterfly_gitops.plan.change import RENAMED_FROM, Change, Kind
from butterfly_gitops.plan.consequence import Consequence
from butterfly_gitops.plan.departure import removal_of
from butterfly_gitops.plan.effective_from import print_moment
from butterfly_gitops.plan.message_words import arrive_with, set_aside
from butterfly_gitops.plan.renaming import likely_heir, no_rename
from butterfly_gitops.plan.sides import Comparison, LaneCount
from butterfly_gitops.plan.waiting import (
    changing,
    first_sent,
    kept,
    lane_count,
    leaving,
    leaving_archive,
    moving,
    open_count,
    still_sent,
)
from butterfly_gitops.plan.wording import agreed, all_of, many


@dataclass(frozen=True, slots=True, kw_only=True)
class Said:
    """One meaning, long and short."""

    sentence: str = ""
    brief: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Bucket:
    """The changes of one class at one place, or at several places that change alike.

    `layer` is the shared layer that they all come from, if there is one. `changes` are the first place's.
    """

    consequence: Consequence
    places: tuple[Address, ...]
    kind: Kind
    changes: tuple[Change, ...]
    layer: str = ""

    def with_layer(self, layer: str, changes: tuple[Change, ...]) -> Self:
        """Those changes of it that come from one layer."""
        return replace(self, layer=layer, changes=changes)

    def with_places(self, places: tuple[Address, ...]) -> Self:
        """The same at several places."""
        return replace(self, places=places)


def receivers(changes: Iterable[Change]) -> tuple[str, ...]:
    """The endpoints of those changes that are forwarding rules."""
    rules = (change.address.field or "" for change in changes if change.kind == "forwarding_rule")
    return tuple(field.removeprefix("forward_to.") for field in rules)


def say_start(bucket: Bucket, comparison: Comparison) -> Said:
    """What goes to one more place, and from when on."""
    match bucket.kind:
        case "site":
            return _new_site(bucket, comparison)
        case "archive":
            return _pairs_start(bucket, comparison)
        case "ehr_endpoint":
            endpoint = comparison.desired.endpoint(bucket.places[0])
            paused = ", paused" if endpoint.status == "paused" else ""
            public = ", a public host" if is_public(endpoint.host) else ""
            where = f"A new EHR endpoint at {endpoint.host}:{endpoint.port}{public}{paused}"
            in_vain = no_rename(bucket.places[0], comparison)
            return Said(
                sentence=f"{where}. It receives what archives forward to it from now on."
                f"{_starts_anew(bucket.places[0], in_vain)}",
                brief=f"{where}; {in_vain}" if in_vain else where,
            )
        case _:
            return Said(
                sentence="Studies finalized from now on are sent as the forwarding rules say. Earlier ones are not sent.",
                brief="Studies finalized are sent as the forwarding rules say",
            )


def _new_site(bucket: Bucket, comparison: Comparison) -> Said:
    site = comparison.desired.fleet.sites[bucket.places[0].site] if comparison.desired.fleet else None
    parts = (
        (
            many(len(site.archives), "archive", "archives"),
            many(len(site.ehr_endpoints), "EHR endpoint", "EHR endpoints"),
            many(len(site.links), "Link", "Links"),
        )
        if site
        else ()
    )
    what = f"A new site: {all_of(parts)}"
    added = [change.address for change in bucket.changes if change.kind == "ehr_endpoint"]
    in_vain = [(address, said) for address in added if (said := no_rename(address, comparison))]
    return Said(
        sentence=f"{what}. Studies finalized earlier are not sent."
        f"{''.join(_starts_anew(address, said) for address, said in in_vain)}",
        brief="; ".join((what, *(said for _, said in in_vain))),
    )


def _starts_anew(added: Address, in_vain: str) -> str:
    return f" {in_vain}: {added.name} starts as a new endpoint." if in_vain else ""


def _pairs_start(bucket: Bucket, comparison: Comparison) -> Said:
    place = bucket.places[0]
    also = (
        "also "
        if set(comparison.applied.forward_to(place)) & set(comparison.desired.forward_to(place))
        else ""
    )
    names = all_of(receivers(bucket.changes))
    return Said(
        sentence=f"Studies finalized from now on {also}go to {names}. {_earlier(bucket.changes, comparison)}",
        brief=f"Studies finalized {also}go to {names}",
    )


def _earlier(changes: tuple[Change, ...], comparison: Comparison) -> str:
    observed = comparison.observed
    parts = []
    for change in changes:
        closed = observed.closed.get(str(change.address)) if observed else None
        if closed is None or observed is None:
            continue
        since = print_moment(closed.absent_since, today=observed.as_of)
        was = agreed(closed.finalized, "was", "were")
        endpoint = (change.address.field or "").removeprefix("forward_to.")
        pair = "this pair" if len(changes) == 1 else f"the pair with {endpoint}"
        parts.append(f"{closed.finalized} {was} finalized since {since}, when {pair} was removed")
    return f"Earlier ones are not sent: {'; '.join(parts)}." if parts else "Earlier ones are not sent."


def say_stop(bucket: Bucket, comparison: Comparison) -> Said:
    """What is sent no more, and what becomes of what waits."""
    site, place = bucket.places[0].site, bucket.places[0]
    match bucket.kind:
        case "archive":
            return _archive_stops(bucket, comparison)
        case "ehr_endpoint":
            count, removal = lane_count(bucket.places, comparison), removal_of(bucket.changes[0], comparison)
            still = "; what waits is still sent to it" if removal and removal.waiting == "drain" else ""
            return Said(
                sentence=f"{leaving(count, site, removal)}{_other_name(bucket, comparison)}",
                brief=f"It leaves the files{still or '; nothing more is sent to it'}",
            )
        case "grants":
            return Said(
                sentence="No study finalized from now on is sent anywhere: EHR integration needs the Enterprise "
                "subscription.",
                brief="No study finalized is sent anywhere: EHR integration needs the Enterprise subscription",
            )
        case _:
            return Said(sentence=f"{place} leaves, and its results with it.", brief=f"{place} leaves")


def _other_name(bucket: Bucket, comparison: Comparison) -> str:
    """How to say that what leaves comes back under another name, where it looks so."""
    old = bucket.places[0]
    if removal_of(bucket.changes[0], comparison) or not (new := likely_heir(old, comparison)):
        return ""
    return f" If {new} is the same endpoint under another name, write renamed_from: {old.name} there."


def _archive_stops(bucket: Bucket, comparison: Comparison) -> Said:
    place, ended = bucket.places[0], receivers(bucket.changes)
    for change in bucket.changes:
        if change.kind == "archive" and change.is_removed:
            what = "It leaves the files: its studies reach no EHR"
            count = open_count(change, comparison)
            waiting = leaving_archive(count, place.site, removal_of(change, comparison))
            return Said(sentence=f"{what} from now on. {waiting}", brief=what)
    waiting = _still_sent(place, ended, comparison)
    renamed = _other_cloud_id(bucket.changes)
    if not ended:
        return renamed
    also = f" {renamed.sentence}" if renamed.sentence else ""
    fate = f"no longer go to {all_of(ended)}" if comparison.desired.forward_to(place) else "reach no EHR"
    return Said(
        sentence=f"Studies finalized from now on {fate}.{waiting}{also}", brief=f"Studies finalized {fate}"
    )


def _still_sent(place: Address, ended: tuple[str, ...], comparison: Comparison) -> str:
    """What becomes of results where rules end; of an endpoint that leaves as well, its own effect says it."""
    site = comparison.desired.site(place)
    staying = [name for name in ended if site and name in site.ehr_endpoints]
    if not staying:
        return ""
    lanes = lane_count((Address(site=place.site, name=name) for name in staying), comparison)
    return f" {still_sent(lanes, staying)}"


def _other_cloud_id(changes: Iterable[Change]) -> Said:
    for change in changes:
        if change.setting == "cloud_id":
            now = f"; those that call it {change.new} are taken" if change.new else ""
            what = f"Events that call it {change.old} are refused"
            return Said(sentence=f"{what} from now on{now}.", brief=what)
    return Said()


def say(bucket: Bucket, comparison: Comparison) -> Said:
    """What a bucket of changes means."""
    match bucket.consequence:
        case Consequence.NOTHING_APPLIED:
            return _nothing_applied(bucket.changes[0])
        case Consequence.RESULTS_STOP:
            return say_stop(bucket, comparison)
        case Consequence.GO_ELSEWHERE:
            return _elsewhere(bucket, comparison)
        case Consequence.IDENTITY_CHANGES:
            return _identity(bucket, comparison)
        case Consequence.ONE_MORE_PLACE:
            return say_start(bucket, comparison)
        case Consequence.TIMING:
            return _timing(bucket, comparison)
        case Consequence.COSMETIC:
            return _cosmetic(bucket)


def _nothing_applied(change: Change) -> Said:
    what = f"Nothing is applied any more until the name is {change.old} again"
    return Said(
        sentence=f"{what}: what runs belongs to fleet {change.old}, and goes on as it is.", brief=what
    )


def _elsewhere(bucket: Bucket, comparison: Comparison) -> Said:
    if bucket.kind == "link":
        change = next(change for change in bucket.changes if change.setting == "runs")
        who = "the agent at the site" if change.new == "agent" else "the dispatcher"
        return Said(
            sentence=f"From now on {who} opens its connections, and addresses are as seen from there.",
            brief=f"{who[0].upper()}{who[1:]} opens its connections",
        )
    if bucket.changes[0].is_added:
        return say_start(bucket, comparison)
    place = bucket.places[0]
    before, after = comparison.applied.endpoint(place), comparison.desired.endpoint(place)
    move = _move(before, after)
    waiting = moving(lane_count(bucket.places, comparison), resends=after.on_retarget == "resend")
    return Said(sentence=f"{move}. {waiting}", brief=f"{move.split(' instead')[0]}, waiting ones too")


def _move(before: EhrEndpoint, after: EhrEndpoint) -> str:
    old, new = f"{before.host}:{before.port}", f"{after.host}:{after.port}"
    if is_public(after.host):
        new += ", a public host,"
    is_other_link = before.link != after.link
    is_same_place = (before.host, before.port) == (after.host, after.port)
    if is_same_place and not is_other_link:
        return f"Results go to {new} with other TLS settings"
    if not is_other_link:
        return f"Results go to {new} instead of {old}"
    if is_same_place:
        return f"Results go through Link {after.link} instead of {before.link}"
    return f"Results go to {new} through Link {after.link} instead of {old} through {before.link}"


def _identity(bucket: Bucket, comparison: Comparison) -> Said:
    parts = arrive_with(bucket.changes)
    # What is set aside first: somebody must act on it.
    whats = [*set_aside(bucket.changes), *([f"Results arrive with {all_of(parts)}"] if parts else [])]
    waiting = changing(lane_count(bucket.places, comparison))
    return Said(
        sentence=" ".join((*(f"{what}." for what in whats), waiting)),
        brief=f"{'. '.join(whats)}, waiting ones too",
    )


def _timing(bucket: Bucket, comparison: Comparison) -> Said:
    if bucket.kind == "grants":
        change = next(change for change in bucket.changes if change.setting.startswith("entitlements"))
        are = "may be" if change.new else "are not"
        what = f"Preliminary results {are} sent; final ones are"
        return Said(sentence=f"{what}.", brief=what)
    for change in bucket.changes:
        if change.setting == "status":
            return _pause(change, lane_count(bucket.places, comparison))
    return Said()


def _pause(change: Change, count: LaneCount | None) -> Said:
    if change.new == "paused":
        what = "Results are kept and wait until this endpoint is active again"
        return Said(sentence=f"{what}; none is sent.{kept(count)}", brief=what)
    return Said(
        sentence=f"Results are sent from now on, {first_sent(count)}.",
        brief="Results are sent, waiting ones first",
    )


def _cosmetic(bucket: Bucket) -> Said:
    match bucket.kind:
        case "fleet":
            return _fleet(bucket.changes)
        case "grants" if any(change.kind == "grants" for change in bucket.changes):
            return Said(
                sentence="What it may do, and who may do it.", brief="What it may do, and who may do it"
            )
        case "grants" if any(change.kind == "access_role" for change in bucket.changes):
            return Said(
                sentence="Who may do what changes; results go as before.", brief="Who may do what changes"
            )
        case "ehr_endpoint" if any(change.setting == RENAMED_FROM for change in bucket.changes):
            change = next(change for change in bucket.changes if change.setting == RENAMED_FROM)
            return Said(
                sentence=f"Known as {change.new} until now; it keeps its lane, its rules and what waits.",
                brief=f"Known as {change.new} until now",
            )
        case "archive" if any(change.setting == "cloud_id" for change in bucket.changes):
            change = next(change for change in bucket.changes if change.setting == "cloud_id")
            return Said(
                sentence=f"Events may call it {change.new}.", brief=f"Events may call it {change.new}"
            )
        case _:
            return Said()


def _fleet(changes: Iterable[Change]) -> Said:
    for change in changes:
        if change.is_added:
            return Said(sentence="A new fleet.", brief="A new fleet")
        if change.setting.startswith("guard"):
            return Said(
                sentence=f"From the next plan on, more than {change.new} endpoints wait for approval.",
                brief=f"More than {change.new} endpoints wait for approval",
            )
    return Said()
