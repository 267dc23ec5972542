"""Changes of one class at one place, which a plan tells as one; and what it says of them."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Self

from butterfly_gitops.model.address import Address
from butterfly_gitops.plan.change import Change, Kind
from butterfly_gitops.plan.consequence import Consequence


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
