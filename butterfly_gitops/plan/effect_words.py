"""The meaning of an effect, in sentences that a clinician understands, and in a few words for a table.

A sentence says what is known: with the state's counts where there are some, and without them from files alone.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import NamedTuple

from butterfly_gitops.model.address import Address
from butterfly_gitops.model.endpoint import EhrEndpoint
from butterfly_gitops.model.host import is_public
from butterfly_gitops.plan.change import RENAMED_FROM, Change, Kind
from butterfly_gitops.plan.consequence import Consequence
from butterfly_gitops.plan.departure import removal_of
from butterfly_gitops.plan.message_words import arrive_with, results_set_aside
from butterfly_gitops.plan.renaming import likely_heir, no_rename
from butterfly_gitops.plan.sides import Comparison, LaneCount
from butterfly_gitops.plan.waiting import (
    changing,
    lane_count,
    leaving,
    leaving_archive,
    moving,
    open_count,
    still_sent,
)
from butterfly_gitops.plan.wording import agreed, all_of, many, print_moment


class EffectWords(NamedTuple):
    """The meaning of an effect, long and short."""

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

    def change_of(self, setting: str) -> Change | None:
        """The change of this setting, or of one below it."""
        return next((each for each in self.changes if each.setting.split(".")[0] == setting), None)

    @property
    def receivers(self) -> tuple[str, ...]:
        """The endpoints of those changes that are forwarding rules."""
        return tuple(change.receiver for change in self.changes if change.kind == "forwarding_rule")


def words_of(bucket: Bucket, comparison: Comparison) -> EffectWords:
    """Put the meaning of a bucket of changes in words."""
    match bucket.consequence:
        case Consequence.NOTHING_APPLIED:
            name = bucket.changes[0].old
            what = f"Nothing is applied any more until the name is {name} again"
            return EffectWords(f"{what}: what runs belongs to fleet {name}, and goes on as it is.", what)
        case Consequence.RESULTS_STOP:
            return _stop(bucket, comparison)
        case Consequence.GO_ELSEWHERE:
            return _elsewhere(bucket, comparison)
        case Consequence.IDENTITY_CHANGES:
            return _identity(bucket, comparison)
        case Consequence.ONE_MORE_PLACE:
            return _start(bucket, comparison)
        case Consequence.TIMING:
            return _timing(bucket, comparison)
        case Consequence.COSMETIC:
            return _cosmetic(bucket)


def _stop(bucket: Bucket, comparison: Comparison) -> EffectWords:
    place = bucket.places[0]
    match bucket.kind:
        case "archive":
            return _archive_stops(bucket, comparison)
        case "ehr_endpoint":
            count, removal = lane_count(bucket.places, comparison), removal_of(bucket.changes[0], comparison)
            fate = "nothing more is sent to it"
            if removal and removal.waiting == "drain":
                fate = "what waits is still sent to it"
            heir = "" if removal else likely_heir(place, comparison)
            other = (
                f" If {heir} is the same endpoint under another name, write renamed_from: {place.name} there."
            )
            return EffectWords(
                f"{leaving(count, place.site, removal)}{other if heir else ''}",
                f"It leaves the files; {fate}",
            )
        case "grants":
            why = "EHR integration needs the Enterprise subscription"
            return EffectWords(
                f"No study finalized from now on is sent anywhere: {why}.",
                f"No study finalized is sent anywhere: {why}",
            )
        case _:
            return EffectWords(f"{place} leaves, and its results with it.", f"{place} leaves")


def _archive_stops(bucket: Bucket, comparison: Comparison) -> EffectWords:
    place, ended = bucket.places[0], bucket.receivers
    for change in bucket.changes:
        if change.kind == "archive" and change.is_removed:
            what = "It leaves the files: its studies reach no EHR"
            count = open_count(change, comparison)
            waiting = leaving_archive(count, place.site, removal_of(change, comparison))
            return EffectWords(f"{what} from now on. {waiting}", what)
    renamed = _other_cloud_id(bucket)
    if not ended:
        return renamed
    also = f" {renamed.sentence}" if renamed.sentence else ""
    fate = f"no longer go to {all_of(ended)}" if comparison.desired.forward_to(place) else "reach no EHR"
    waiting = _still_sent(place, ended, comparison)
    return EffectWords(f"Studies finalized from now on {fate}.{waiting}{also}", f"Studies finalized {fate}")


def _still_sent(place: Address, ended: tuple[str, ...], comparison: Comparison) -> str:
    """Say that results are still sent where rules end; of an endpoint that leaves as well, its own effect says it."""
    site = comparison.desired.site(place)
    staying = [name for name in ended if site and name in site.ehr_endpoints]
    if not staying:
        return ""
    lanes = lane_count((Address(site=place.site, name=name) for name in staying), comparison)
    return f" {still_sent(lanes, staying)}"


def _other_cloud_id(bucket: Bucket) -> EffectWords:
    if (change := bucket.change_of("cloud_id")) is None:
        return EffectWords()
    now = f"; those that call it {change.new} are taken" if change.new else ""
    what = f"Events that call it {change.old} are refused"
    return EffectWords(f"{what} from now on{now}.", what)


def _elsewhere(bucket: Bucket, comparison: Comparison) -> EffectWords:
    if bucket.kind == "link":
        runs = bucket.change_of("runs")
        who = "the agent at the site" if runs and runs.new == "agent" else "the dispatcher"
        return EffectWords(
            f"From now on {who} opens its connections, and addresses are as seen from there.",
            f"{who[0].upper()}{who[1:]} opens its connections",
        )
    if bucket.changes[0].is_added:
        return _start(bucket, comparison)
    place = bucket.places[0]
    before, after = comparison.applied.endpoint(place), comparison.desired.endpoint(place)
    move = _move(before, after)
    waiting = moving(lane_count(bucket.places, comparison), resends=after.on_retarget == "resend")
    return EffectWords(f"{move}. {waiting}", f"{move.split(' instead')[0]}, waiting ones too")


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


def _identity(bucket: Bucket, comparison: Comparison) -> EffectWords:
    parts = arrive_with(bucket.changes)
    # What is set aside first: somebody must act on it.
    whats = [*results_set_aside(bucket.changes), *([f"Results arrive with {all_of(parts)}"] if parts else [])]
    waiting = changing(lane_count(bucket.places, comparison))
    return EffectWords(
        " ".join((*(f"{what}." for what in whats), waiting)), f"{'. '.join(whats)}, waiting ones too"
    )


def _start(bucket: Bucket, comparison: Comparison) -> EffectWords:
    place = bucket.places[0]
    match bucket.kind:
        case "site":
            return _new_site(bucket, comparison)
        case "archive":
            is_one_of_several = set(comparison.applied.forward_to(place)) & set(
                comparison.desired.forward_to(place)
            )
            go = f"{'also ' if is_one_of_several else ''}go to {all_of(bucket.receivers)}"
            return EffectWords(
                f"Studies finalized from now on {go}. {_earlier(bucket.changes, comparison)}",
                f"Studies finalized {go}",
            )
        case "ehr_endpoint":
            endpoint = comparison.desired.endpoint(place)
            paused = ", paused" if endpoint.status == "paused" else ""
            public = ", a public host" if is_public(endpoint.host) else ""
            where = f"A new EHR endpoint at {endpoint.host}:{endpoint.port}{public}{paused}"
            in_vain = no_rename(place, comparison)
            anew = _starts_anew(place, in_vain) if in_vain else ""
            return EffectWords(
                f"{where}. It receives what archives forward to it from now on.{anew}",
                f"{where}; {in_vain}" if in_vain else where,
            )
        case _:
            return EffectWords(
                "Studies finalized from now on are sent as the forwarding rules say. Earlier ones are not sent.",
                "Studies finalized are sent as the forwarding rules say",
            )


def _new_site(bucket: Bucket, comparison: Comparison) -> EffectWords:
    site = comparison.desired.sites[bucket.places[0].site]
    archives = many(len(site.archives), "archive", "archives")
    endpoints = many(len(site.ehr_endpoints), "EHR endpoint", "EHR endpoints")
    what = f"A new site: {archives}, {endpoints} and {many(len(site.links), 'Link', 'Links')}"
    added = [change.address for change in bucket.changes if change.kind == "ehr_endpoint"]
    in_vain = [(address, said) for address in added if (said := no_rename(address, comparison))]
    return EffectWords(
        f"{what}. Studies finalized earlier are not sent.{''.join(_starts_anew(*each) for each in in_vain)}",
        "; ".join((what, *(said for _, said in in_vain))),
    )


def _starts_anew(added: Address, in_vain: str) -> str:
    return f" {in_vain}: {added.name} starts as a new endpoint."


def _earlier(changes: tuple[Change, ...], comparison: Comparison) -> str:
    parts = []
    for change in changes:
        closed = comparison.observed.closed.get(str(change.address))
        if closed is None:
            continue
        since = print_moment(closed.absent_since, today=comparison.observed.as_of)
        was = agreed(closed.finalized, "was", "were")
        pair = "this pair" if len(changes) == 1 else f"the pair with {change.receiver}"
        parts.append(f"{closed.finalized} {was} finalized since {since}, when {pair} was removed")
    return f"Earlier ones are not sent: {'; '.join(parts)}." if parts else "Earlier ones are not sent."


def _timing(bucket: Bucket, comparison: Comparison) -> EffectWords:
    if bucket.kind == "grants":
        entitlements = bucket.change_of("entitlements")
        are = "may be" if entitlements and entitlements.new else "are not"
        what = f"Preliminary results {are} sent; final ones are"
        return EffectWords(f"{what}.", what)
    status = bucket.change_of("status")
    return _pause(status, lane_count(bucket.places, comparison)) if status else EffectWords()


def _pause(status: Change, count: LaneCount | None) -> EffectWords:
    if status.new == "paused":
        what = "Results are kept and wait until this endpoint is active again"
        now = f" {count.waiting} {agreed(count.waiting, 'waits', 'wait')} now." if count else ""
        return EffectWords(f"{what}; none is sent.{now}", what)
    first = f"{count.waiting} that wait" if count else "those that wait at that time"
    return EffectWords(
        f"Results are sent from now on, {first} first.", "Results are sent, waiting ones first"
    )


def _cosmetic(bucket: Bucket) -> EffectWords:
    kinds = {change.kind for change in bucket.changes}
    match bucket.kind:
        case "fleet":
            return _fleet(bucket.changes)
        case "grants" if "grants" in kinds:
            return EffectWords("What it may do, and who may do it.", "What it may do, and who may do it")
        case "grants" if "access_role" in kinds:
            return EffectWords("Who may do what changes; results go as before.", "Who may do what changes")
        case "ehr_endpoint" if change := bucket.change_of(RENAMED_FROM):
            known = f"Known as {change.new} until now"
            return EffectWords(f"{known}; it keeps its lane, its rules and what waits.", known)
        case "archive" if change := bucket.change_of("cloud_id"):
            return EffectWords(f"Events may call it {change.new}.", f"Events may call it {change.new}")
        case _:
            return EffectWords()


def _fleet(changes: Iterable[Change]) -> EffectWords:
    for change in changes:
        if change.is_added:
            return EffectWords("A new fleet.", "A new fleet")
        if change.setting.startswith("guard"):
            wait = f"ore than {change.new} endpoints wait for approval"
            return EffectWords(f"From the next plan on, m{wait}.", f"M{wait}")
    return EffectWords()
