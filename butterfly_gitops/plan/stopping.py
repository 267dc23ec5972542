"""Results that stop, in sentences: an endpoint, an archive or a whole subscription leaves."""

from collections.abc import Iterable

from butterfly_gitops.model.address import Address
from butterfly_gitops.plan.bucket import Bucket, Said, receivers
from butterfly_gitops.plan.change import Change
from butterfly_gitops.plan.departure import removal_of
from butterfly_gitops.plan.renaming import likely_heir
from butterfly_gitops.plan.sides import Comparison
from butterfly_gitops.plan.waiting import lane_count, leaving, leaving_archive, open_count, still_sent
from butterfly_gitops.plan.wording import all_of


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
