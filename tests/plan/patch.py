"""Apply changes to a fleet: what shows that a plan's changes leave nothing out."""

import json
from collections.abc import Iterable
from typing import Any

from butterfly_gitops.model.address import Address
from butterfly_gitops.model.fleet import Fleet
from butterfly_gitops.plan.change import RENAMED_FROM, Change
from butterfly_gitops.plan.diff import Entities, Entity, entities_of_settings, entities_of_site

NAMED = {"link": "links", "ehr_endpoint": "ehr_endpoints", "archive": "archives"}
FREE_KEYS = ("message.exam_codes",)


def patched(of: Fleet, changes: Iterable[Change]) -> Fleet:
    """The fleet after these changes."""
    entities = entities_of_settings(of.settings)
    for each in of.sites.values():
        entities |= entities_of_site(each)
    changes = list(changes)
    for change in changes:
        if change.setting == RENAMED_FROM:
            entities = _renamed(entities, change.owner, old=change.new)
    for change in changes:
        if change.setting == RENAMED_FROM:
            continue
        if change.is_whole and change.new is None:
            del entities[change.address]
        elif change.is_whole:
            entities[change.address] = Entity(kind=change.new["kind"], value=change.new)
        else:
            _set(entities[change.owner].value, change.setting, change.new)
    return _fleet(entities)


def _renamed(entities: Entities, new: Address, *, old: str) -> Entities:
    """The endpoint and its rules under the new name."""
    rule = f"forward_to.{old}"
    moved = {
        Address(site=new.site, name=old): new,
        **{
            address: Address(site=new.site, name=address.name, field=f"forward_to.{new.name}")
            for address in entities
            if (address.site, address.field) == (new.site, rule)
        },
    }
    return {moved.get(address, address): entity for address, entity in entities.items()}


def _set(value: dict[str, Any], path: str, new: Any) -> None:
    free = next((prefix for prefix in FREE_KEYS if path.startswith(f"{prefix}.")), None)
    steps = [*free.split("."), path.removeprefix(f"{free}.")] if free else path.split(".")
    for step in steps[:-1]:
        value = value[step]
    if free and new is None:
        del value[steps[-1]]
    else:
        value[steps[-1]] = new


def _fleet(entities: Entities) -> Fleet:
    settings = _bare(entities[Address(site="fleet")]) | _bare(entities[Address(site="grants")])
    document: dict[str, Any] = {"settings": settings | {"access_roles": {}}, "sites": {}}
    for address, entity in sorted(entities.items(), key=lambda item: str(item[0])):
        if entity.kind == "site":
            document["sites"][address.site] = (
                _bare(entity) | {"name": address.site} | {k: {} for k in NAMED.values()}
            )
    for address, entity in entities.items():
        if entity.kind == "access_role":
            document["settings"]["access_roles"][address.field.removeprefix("access_roles.")] = _bare(entity)
        elif entity.kind in NAMED:
            extra = {"forward_to": []} if entity.kind == "archive" else {}
            document["sites"][address.site][NAMED[entity.kind]][address.name] = _bare(entity) | extra
    for address, entity in sorted(entities.items(), key=lambda item: str(item[0])):
        if entity.kind == "forwarding_rule":
            rules = document["sites"][address.site]["archives"][address.name]["forward_to"]
            rules.append(address.field.removeprefix("forward_to."))
    return Fleet.model_validate_json(json.dumps(document))


def _bare(entity: Entity) -> dict[str, Any]:
    return {name: part for name, part in entity.value.items() if name != "kind"}
