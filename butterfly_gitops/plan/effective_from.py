"""Which pairs of archive and endpoint start with a plan, which end, and what a pair missed while it was away."""

from collections.abc import Iterable
from datetime import UTC, datetime

from pydantic import AwareDatetime

from butterfly_gitops.model.frozen import Frozen
from butterfly_gitops.plan.change import AddressText, Change
from butterfly_gitops.plan.sides import Observed


class PairStart(Frozen):
    """A pair that starts at the moment of the apply: nothing finalized before goes there."""

    pair: AddressText
    """`SITE/ARCHIVE.forward_to.ENDPOINT`."""
    absent_since: AwareDatetime | None = None
    """When it was removed, if it was there before."""
    finalized: int = 0
    """How many studies were finalized since then."""


def starting(changes: Iterable[Change], observed: Observed | None) -> tuple[PairStart, ...]:
    """The pairs that start."""
    closed = observed.closed if observed else {}
    found = []
    for change in changes:
        if change.kind == "forwarding_rule" and change.is_added:
            before = closed.get(str(change.address))
            found.append(
                PairStart(
                    pair=change.address,
                    absent_since=before.absent_since if before else None,
                    finalized=before.finalized if before else 0,
                )
            )
    return tuple(found)


def ending(changes: Iterable[Change]) -> tuple[AddressText, ...]:
    """The pairs that end; what waits for their endpoint is still sent."""
    return tuple(
        change.address for change in changes if change.kind == "forwarding_rule" and change.is_removed
    )


def print_moment(at: datetime, *, today: datetime | None = None) -> str:
    """`13:10Z`, with the date where that is not today's."""
    moment = at.astimezone(UTC)
    if today is not None and today.astimezone(UTC).date() == moment.date():
        return f"{moment:%H:%MZ}"
    return f"{moment:%Y-%m-%d %H:%MZ}"
