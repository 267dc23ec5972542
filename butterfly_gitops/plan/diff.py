"""Two configurations become the changes between them, one for each leaf that differs."""

from collections.abc import Iterator

from butterfly_gitops.model.address import Address
from butterfly_gitops.model.fleet import Fleet
from butterfly_gitops.model.site import Site
from butterfly_gitops.plan.change import Change, change_of
from butterfly_gitops.plan.renaming import new_names, rename_changes, renamed_site
from butterfly_gitops.plan.thing import Thing, Things, settings_of, things_of_settings, things_of_site


def changes_between(old: Fleet | None, new: Fleet | None) -> tuple[Change, ...]:
    """Every change that leads from one fleet to the other, in the order of addresses."""
    found = _between(
        things_of_settings(old.settings if old else None), things_of_settings(new.settings if new else None)
    )
    old_sites: dict[str, Site] = old.sites if old else {}
    new_sites: dict[str, Site] = new.sites if new else {}
    for name in old_sites.keys() | new_sites.keys():
        before, after = old_sites.get(name), new_sites.get(name)
        # Most sites are as they were; comparing them whole spares taking them apart.
        if before != after:
            found += _of_site(before, after)
    return tuple(sorted(found, key=lambda change: (str(change.address), change.is_added)))


def _of_site(before: Site | None, after: Site | None) -> list[Change]:
    if before is None or after is None:
        return _between(things_of_site(before), things_of_site(after))
    names = new_names(before, after)
    others = _between(things_of_site(renamed_site(before, names)), things_of_site(after))
    return [*rename_changes(after.name, names), *others]


def _between(old: Things, new: Things) -> list[Change]:
    return [
        change
        for address in old.keys() | new.keys()
        for change in _of_thing(address, old.get(address), new.get(address))
    ]


def _of_thing(address: Address, old: Thing | None, new: Thing | None) -> Iterator[Change]:
    match old, new:
        case (None, None):
            return
        case (Thing(kind=kind), None):
            yield change_of(kind=kind, address=address, old=old.value, new=None)
        case (None, Thing(kind=kind)):
            yield change_of(kind=kind, address=address, old=None, new=new.value)
        case (Thing(), Thing()) if old.kind != new.kind:
            # A name that becomes another kind of thing: the one leaves, the other is new.
            yield from _of_thing(address, old, None)
            yield from _of_thing(address, None, new)
        case (Thing(), Thing()):
            yield from _of_settings(address, old, new)


def _of_settings(address: Address, old: Thing, new: Thing) -> Iterator[Change]:
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
