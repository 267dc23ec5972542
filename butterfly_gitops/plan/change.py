"""A change: one address, what it says now and what it will say; its id depends on nothing else.

Values are JSON as the models write it, with None for what is not there.
"""

from collections.abc import Iterable
from typing import Annotated, Any, Literal, Self

from pydantic import JsonValue, PlainSerializer, PlainValidator, WithJsonSchema, model_validator

from butterfly_gitops.model.address import Address, parse_address
from butterfly_gitops.model.frozen import Frozen
from butterfly_gitops.plan.canonical import digest

RENAMED_FROM = "renamed_from"
"""The field of an endpoint's change of name; its new value is the old name."""

Kind = Literal["fleet", "grants", "access_role", "site", "link", "ehr_endpoint", "archive", "forwarding_rule"]


def _address(value: Any) -> Address:
    if isinstance(value, Address):
        return value
    if not isinstance(value, str):
        raise ValueError("an address is text")  # noqa: TRY004 - pydantic makes a problem of a ValueError only
    # A field may hold any character: exam type codes are the customer's.
    entity, _, field = value.partition(".")
    named = parse_address(entity)
    return Address(site=named.site, name=named.name, field=field or None)


AddressText = Annotated[
    Address,
    PlainValidator(_address),
    PlainSerializer(str, return_type=str),
    WithJsonSchema({"type": "string", "examples": ["st-elsewhere/epic-prod.port"]}),
]


class Change(Frozen):
    """One leaf of the configuration that differs, or one entity that is added or removed."""

    id: str
    """SHA-256 over address, old and new value: the same in a pull request and in production."""
    kind: Kind
    """The kind of what the address names, or has a field of."""
    address: AddressText
    """The place that differs."""
    old: JsonValue
    """The value now; null for nothing."""
    new: JsonValue
    """The value to be; null for nothing."""

    @model_validator(mode="after")
    def _id_is_of_these_values(self) -> Self:
        if self.id != _change_id(self.address, self.old, self.new):
            raise ValueError(f"the change at {self.address} does not belong to its id")
        return self

    @property
    def owner(self) -> Address:
        """The entity that changes: a site, a Link, an endpoint, an archive, a forwarding rule, a role."""
        address, field = self.address, self.address.field or ""
        if field.startswith("forward_to."):
            return address
        if address.site == "grants" and field.startswith("access_roles."):
            return Address(site="grants", field=".".join(field.split(".")[:2]))
        return Address(site=address.site, name=address.name)

    @property
    def is_whole(self) -> bool:
        """Whether an entity as such is added or removed."""
        return self.owner == self.address

    @property
    def is_added(self) -> bool:
        """Whether an entity is there that was not."""
        return self.is_whole and self.old is None

    @property
    def is_removed(self) -> bool:
        """Whether an entity leaves."""
        return self.is_whole and self.old is not None

    @property
    def receiver(self) -> str:
        """The endpoint that a forwarding rule leads to."""
        return (self.address.field or "").removeprefix("forward_to.")

    @property
    def setting(self) -> str:
        """The dotted path of the setting within its entity; empty for the entity itself."""
        if self.is_whole:
            return ""
        own = self.owner.field
        field = self.address.field or ""
        return field.removeprefix(f"{own}.") if own else field


def change_of(*, kind: Kind, address: Address, old: JsonValue, new: JsonValue) -> Change:
    """A change with its id."""
    return Change(id=_change_id(address, old, new), kind=kind, address=address, old=old, new=new)


def id_of_all(changes: Iterable[str]) -> str:
    """The id of a set of changes, from their ids: of a plan, or of a hold."""
    return digest(sorted(changes))


def _change_id(address: Address, old: JsonValue, new: JsonValue) -> str:
    return digest([str(address), old, new])
