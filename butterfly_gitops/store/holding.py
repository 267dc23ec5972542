"""The transactions of holds: which stand, and who releases one."""

from collections.abc import Collection, Sequence
from dataclasses import replace

from butterfly_gitops.store.interface import Hold
from butterfly_gitops.store.people import Approval, AuditEntry, NotFound
from butterfly_gitops.store.rows import Rows


def stand(rows: Rows, holds: Sequence[Hold], *, released: Collection[str]) -> None:
    """See `Store.stand`."""
    known = {one.id: one for one in rows.holds()}
    wanted = {one.id: one for one in holds}
    for one in known.values():
        # What was agreed of a commit stays: it says what later ones must descend from.
        is_agreed = one.approved is not None and (not one.site or one.id in released)
        if one.id not in wanted and not is_agreed:
            rows.delete_hold(one.id)
    for one in wanted.values():
        before = known.get(one.id)
        standing = replace(one, since=before.since, approved=before.approved) if before else one
        if standing != before:
            rows.put(standing)


def approve(rows: Rows, approval: Approval) -> Hold:
    """See `Store.approve`."""
    found = [one for one in rows.holds() if one.id.startswith(approval.hold)] if approval.hold else []
    if len(found) != 1:
        raise NotFound(f"{len(found) or 'no'} holds begin with {approval.hold!r}: bgo status shows them")
    approved = replace(found[0], approved=approval.actor)
    if not approved.site:
        # The newest agreement says what the branch must descend from; those before it are history.
        for one in rows.holds():
            if not one.site and one.id != approved.id:
                rows.delete_hold(one.id)
    rows.put(approved)
    rows.put(
        AuditEntry(
            at=approval.at,
            actor=approval.actor,
            action="approve",
            subject=f"hold {approved.id} of {approved.site or 'a commit'}",
            reason=approval.reason,
        )
    )
    return approved


def release(rows: Rows, site: str) -> None:
    """Forget the holds of a site, or of the fleet's settings, that have been applied: an approval is for once.

    A commit's stays, for some of what it left may stay applied.
    """
    for one in rows.holds():
        if one.site == site:
            rows.delete_hold(one.id)
