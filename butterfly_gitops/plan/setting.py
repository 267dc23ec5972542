"""A changed setting as people read it: its name, both values in words, and the line that says so."""

from collections.abc import Mapping

from pydantic import JsonValue

from butterfly_gitops.model.address import Address
from butterfly_gitops.model.frozen import Frozen
from butterfly_gitops.plan.cause import Cause
from butterfly_gitops.plan.change import RENAMED_FROM, Change


class Setting(Frozen):
    """One line of a plan: `port  6661 -> 6662`, or `forward_to  + registry`."""

    changes: tuple[str, ...]
    """The ids of the changes that this line makes; several where places share it."""
    name: str
    """The setting's dotted path, or what is added or removed."""
    old: str | None
    """The value now; null when something is added."""
    new: str | None
    """The value to be; null when something is removed."""
    file: str | None
    """The file that says so; null where no line does (a default)."""
    line: int | None
    """The line in it, from 1."""
    layer: str = ""
    """The layer that the line belongs to, such as `preset registry`; empty for what the place says itself."""


def print_setting(change: Change, *, ids: tuple[str, ...], cause: Cause, place: Address) -> Setting:
    """A change as a line below its place."""
    name, old, new = _words(change, place)
    origin = cause.origin
    line = origin.line if origin and origin.line else None
    file = origin.file if origin else None
    return Setting(changes=ids, name=name, old=old, new=new, file=file, line=line, layer=cause.layer)


def _words(change: Change, place: Address) -> tuple[str, str | None, str | None]:
    owner = change.owner
    if change.kind == "ehr_endpoint" and change.setting == RENAMED_FROM:
        return "name", print_value(change.new), owner.name
    if not change.is_whole:
        inner = f"{_role(owner)}." if change.kind == "access_role" else ""
        return f"{inner}{change.setting}", *_both(change.old, change.new)
    name, thing = _name_of_thing(change, place)
    return (name, None, thing) if change.is_added else (name, thing, None)


def _both(old: JsonValue, new: JsonValue) -> tuple[str, str]:
    """Both values; a setting that is absent and one that is the word `none` are told apart."""
    absent = "not set" if "none" in (old, new) else print_value(None)
    before, after = (absent if value is None else print_value(value) for value in (old, new))
    return before, after


def _name_of_thing(change: Change, place: Address) -> tuple[str, str]:
    """What is added or removed: a word for its kind, and its name."""
    owner = change.owner
    value = change.new if change.is_added else change.old
    is_of_new_site = place.name is None
    match change.kind, value:
        case "forwarding_rule", _:
            below = f"{owner.name}." if is_of_new_site else ""
            return f"{below}forward_to", (owner.field or "").removeprefix("forward_to.")
        case "access_role", _:
            return "access_roles", _role(owner).removeprefix("access_roles.")
        case "fleet", {"name": name}:
            return "fleet", str(name)
        case "grants", {"subscription": subscription}:
            return "subscription", str(subscription)
        case "ehr_endpoint", {"host": host, "port": port, "status": status} if is_of_new_site:
            paused = ", paused" if status == "paused" else ""
            return "ehr_endpoint", f"{owner.name} at {host}:{port}{paused}"
        case kind, _:
            return kind, owner.name or owner.site


def _role(owner: Address) -> str:
    return owner.field or ""


def print_value(value: JsonValue) -> str:
    """A value in the words of the files."""
    match value:
        case None:
            return "none"
        case bool():
            return "true" if value else "false"
        case Mapping():
            parts = [f"{name}: {print_value(part)}" for name, part in value.items() if part is not None]
            return f"{{{', '.join(parts)}}}"
        case list():
            return f"[{', '.join(map(print_value, value))}]"
        case _:
            return str(value)
