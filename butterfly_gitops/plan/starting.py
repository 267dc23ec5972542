"""Results that go to one more place, in sentences: a new site, endpoint or forwarding rule."""

from butterfly_gitops.model.address import Address
from butterfly_gitops.model.host import is_public
from butterfly_gitops.plan.bucket import Bucket, Said, receivers
from butterfly_gitops.plan.change import Change
from butterfly_gitops.plan.effective_from import print_moment
from butterfly_gitops.plan.renaming import no_rename
from butterfly_gitops.plan.sides import Comparison
from butterfly_gitops.plan.wording import agreed, all_of, many


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
