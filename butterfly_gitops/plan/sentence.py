"""What an effect means, in sentences that a clinician understands, and in a few words for a table.

A sentence says what is known: with the state's counts where there are some, and without them from files alone.
"""

from collections.abc import Iterable

from butterfly_gitops.model.endpoint import EhrEndpoint
from butterfly_gitops.model.host import is_public
from butterfly_gitops.plan.bucket import Bucket, Said
from butterfly_gitops.plan.change import RENAMED_FROM, Change
from butterfly_gitops.plan.consequence import Consequence
from butterfly_gitops.plan.message_words import arrive_with, set_aside
from butterfly_gitops.plan.sides import Comparison, LaneCount
from butterfly_gitops.plan.starting import say_start
from butterfly_gitops.plan.stopping import say_stop
from butterfly_gitops.plan.waiting import changing, first_sent, kept, lane_count, moving
from butterfly_gitops.plan.wording import all_of


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
