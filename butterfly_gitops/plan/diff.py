"""Compare two configurations, entity by entity, into one change for each setting that differs."""

import functools
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from pydantic import BaseModel, JsonValue

from butterfly_gitops.model.address import Address
from butterfly_gitops.model.archive import Archive
from butterfly_gitops.model.endpoint import EhrEndpoint
from butterfly_gitops.model.fleet import AccessRole, Fleet, FleetSettings
from butterfly_gitops.model.site import Link, Site
from butterfly_gitops.plan.canonical import canonical_settings, canonical_site
from butterfly_gitops.plan.change import Change, Kind, change_of
from butterfly_gitops.plan.renaming import new_names, rename_changes, renamed_site

FLEET = Address(site="fleet")
GRANTS = Address(site="grants")

# The fields of a model that are entities of their own, or say what becomes of such, and so no settings of it.
PARTS: Mapping[type[BaseModel], frozenset[str]] = {
    Site: frozenset({"name", "links", "ehr_endpoints", "archives", "removed", "renamed"}),
    Archive: frozenset({"forward_to"}),
}
FLEET_FIELDS = frozenset({"name", "guard"})
GRANTS_FIELDS = frozenset({"subscription", "entitlements"})
MODEL_OF: Mapping[Kind, type[BaseModel]] = {
    "fleet": FleetSettings,
    "grants": FleetSettings,
    "access_role": AccessRole,
    "site": Site,
    "link": Link,
    "ehr_endpoint": EhrEndpoint,
    "archive": Archive,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Entity:
    """A part of a fleet that has an address; `value` is its JSON, with its kind and without the entities in it."""

    kind: Kind
    value: dict[str, JsonValue]


Entities = dict[Address, Entity]


def changes_between(old: Fleet | None, new: Fleet | None) -> tuple[Change, ...]:
    """Every change that leads from one fleet to the other, in the order of addresses."""
    found = list(
        _between(
            entities_of_settings(old.settings if old else None),
            entities_of_settings(new.settings if new else None),
        )
    )
    old_sites: dict[str, Site] = old.sites if old else {}
    new_sites: dict[str, Site] = new.sites if new else {}
    for name in old_sites.keys() | new_sites.keys():
        before, after = old_sites.get(name), new_sites.get(name)
        # Most sites are as they were; comparing them whole spares taking them apart.
        if before != after:
            found += _of_site(before, after)
    return tuple(sorted(found, key=lambda change: (str(change.address), change.is_added)))


def entities_of_settings(settings: FleetSettings | None) -> Entities:
    """All that holds for the whole fleet: `fleet`, `grants` and each access role."""
    if settings is None:
        return {}
    ordered = canonical_settings(settings)
    roles = {
        Address(site="grants", field=f"access_roles.{name}"): _entity("access_role", role)
        for name, role in ordered.access_roles.items()
    }
    return {
        FLEET: _entity("fleet", ordered, only=FLEET_FIELDS),
        GRANTS: _entity("grants", ordered, only=GRANTS_FIELDS),
        **roles,
    }


def entities_of_site(site: Site | None) -> Entities:
    """A site, its Links, endpoints and archives, and each forwarding rule."""
    if site is None:
        return {}
    ordered = canonical_site(site)
    found = {Address(site=site.name): _entity("site", ordered)}
    named: dict[Kind, Mapping[str, BaseModel]] = {
        "link": ordered.links,
        "ehr_endpoint": ordered.ehr_endpoints,
        "archive": ordered.archives,
    }
    for kind, models in named.items():
        for name, model in models.items():
            found[Address(site=site.name, name=name)] = _entity(kind, model)
    for name, archive in ordered.archives.items():
        for endpoint in archive.forward_to:
            rule = Address(site=site.name, name=name, field=f"forward_to.{endpoint}")
            found[rule] = Entity(kind="forwarding_rule", value={"kind": "forwarding_rule"})
    return found


def _entity(kind: Kind, model: BaseModel, *, only: frozenset[str] | None = None) -> Entity:
    fields = only or type(model).model_fields.keys() - PARTS.get(type(model), frozenset())
    return Entity(kind=kind, value={"kind": kind, **model.model_dump(mode="json", include=set(fields))})


def settings_of(entity: Entity) -> dict[str, JsonValue]:
    """Each leaf setting of an entity by its dotted path.

    A setting that takes one of several shapes (text or a mapping, a reference, none) is one leaf.
    """
    model = MODEL_OF.get(entity.kind)
    branches = branches_of(model) if model else frozenset()
    value = {name: part for name, part in entity.value.items() if name != "kind"}
    return dict(_leaves(value, branches, prefix=""))


def _leaves(
    value: Mapping[str, JsonValue], branches: frozenset[str], *, prefix: str
) -> Iterator[tuple[str, JsonValue]]:
    for name, part in value.items():
        path = f"{prefix}{name}"
        if path in branches and isinstance(part, dict):
            yield from _leaves(part, branches, prefix=f"{path}.")
        else:
            yield path, part


@functools.cache
def branches_of(model: type[BaseModel]) -> frozenset[str]:
    """The paths below which a model has settings of their own: always a mapping, never one shape of several."""
    found = set()
    for name, info in model.model_fields.items():
        annotation = info.annotation
        if isinstance(annotation, type) and issubclass(annotation, BaseModel):
            found.add(name)
            found |= {f"{name}.{path}" for path in branches_of(annotation)}
        elif getattr(annotation, "__origin__", None) is dict:
            found.add(name)
    return frozenset(found)


def _of_site(before: Site | None, after: Site | None) -> Iterator[Change]:
    names = new_names(before, after)
    if after is not None:
        yield from rename_changes(after.name, names)
    yield from _between(
        entities_of_site(renamed_site(before, names) if before else None), entities_of_site(after)
    )


def _between(old: Entities, new: Entities) -> Iterator[Change]:
    for address in old.keys() | new.keys():
        before, after = old.get(address), new.get(address)
        if before and after and before.kind == after.kind:
            yield from _of_settings(address, before, after)
            continue
        # Where a name becomes another kind of entity, the one leaves and the other is new.
        if before:
            yield change_of(kind=before.kind, address=address, old=before.value, new=None)
        if after:
            yield change_of(kind=after.kind, address=address, old=None, new=after.value)


def _of_settings(address: Address, old: Entity, new: Entity) -> Iterator[Change]:
    before, after = settings_of(old), settings_of(new)
    for path in before.keys() | after.keys():
        if before.get(path) != after.get(path):
            field = f"{address.field}.{path}" if address.field else path
            yield change_of(
                kind=old.kind,
                address=Address(site=address.site, name=address.name, field=field),
                old=before.get(path),
                new=after.get(path),
            )
