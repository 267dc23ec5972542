"""Where a setting belongs, for who writes it in another file or at another level.

Its name is right there, so the nearest name where it stands would be another setting.
"""

import functools
import re
from collections import defaultdict
from collections.abc import Collection, Iterator
from dataclasses import dataclass

from butterfly_gitops.config.key_order import FILE_NAMES, KeyOrder, order_of, setting_names
from butterfly_gitops.config.tree import Entry, Scalar, Sequence

_THINGS: dict[tuple[str, ...], str] = {
    ("ehr_endpoints", "*"): "an EHR endpoint",
    ("archives", "*"): "an archive",
    ("links", "*"): "a Link",
    ("access_roles", "*"): "an access role",
}
ENDPOINT = "an EHR endpoint"
# Layers of an endpoint have its settings, and what left has the same ones in each file.
_NOT_ENTERED = ("presets", "endpoint_defaults", "removed", "removed_sites")
# With more of them, none is surely meant.
_MOST_PLACES = 2
_SETTING = re.compile(r"[a-z_0-9]{2,}")


@dataclass(frozen=True, slots=True, kw_only=True)
class _SettingPlace:
    """A level of a file: what bears the setting, and below which of its settings."""

    file: str
    thing: str
    below: str

    def told(self, *, file: str, thing: str) -> str:
        """The place for who stands in a file, at a thing."""
        if self.below and self.thing == thing and (thing or self.file == file):
            return f"below {self.below}"
        if not self.thing:
            return f"to {self.below} in {self.file}" if self.below else f"to the top of {self.file}"
        of = f"{self.below} of {self.thing}" if self.below else self.thing
        return f"to {of}" if self.file == file else f"to {of} in {self.file}"


def has_left_its_name(entry: Entry, settings: Collection[str] = ()) -> bool:
    """Whether what stands among names is rather a setting of one of them: a known word with a text or list behind it.

    `settings` are those that the names have; without them any setting may be one.
    """
    is_said = isinstance(entry.value, Sequence) or (
        isinstance(entry.value, Scalar) and not entry.value.is_null
    )
    return is_said and entry.key.text in (settings or setting_names())


def where_it_belongs(setting: str, *, file: str, thing: str = "") -> str | None:
    """`to the top of site.yaml`, for a setting of another place; None where there is none, or there are many.

    `file` is the path of the file in which it stands, `thing` what bears it there, in the words of this module.
    """
    places = _places().get(setting, ()) if _SETTING.fullmatch(setting) else ()
    if len(places) > _MOST_PLACES:
        places = _nearest(places, thing)
    if not 1 <= len(places) <= _MOST_PLACES:
        return None
    name = file.rpartition("/")[2]
    return " or ".join(place.told(file=name, thing=thing) for place in places)


def _nearest(places: tuple[_SettingPlace, ...], thing: str) -> tuple[_SettingPlace, ...]:
    """The least deep of the places of one thing: what is said there holds for those below."""
    own = [place for place in places if thing and place.thing == thing]
    depth = min((place.below.count(".") for place in own), default=0)
    return tuple(place for place in own if place.below.count(".") == depth)


@functools.cache
def _places() -> dict[str, tuple[_SettingPlace, ...]]:
    found: defaultdict[str, dict[_SettingPlace, None]] = defaultdict(dict)
    for file in FILE_NAMES:
        for path, setting in _settings(order_of(file), ()):
            thing = _THINGS.get(path[:2], "")
            inner = path[2:] if thing else path
            # What has a name of the writer's own, such as an exam's code, is no place that can be told.
            if thing and "*" in inner:
                continue
            below = ".".join(part for part in inner if part != "*")
            found[setting][_SettingPlace(file=file, thing=thing, below=below)] = None
    return {setting: tuple(places) for setting, places in found.items()}


def _settings(order: KeyOrder, path: tuple[str, ...]) -> Iterator[tuple[tuple[str, ...], str]]:
    for setting, below in order.known.items():
        yield path, setting
        if setting not in _NOT_ENTERED:
            yield from _settings(below, (*path, setting))
    if order.others:
        yield from _settings(order.others, (*path, "*"))
