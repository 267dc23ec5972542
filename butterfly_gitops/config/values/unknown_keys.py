"""Keys that no model knows: what each was meant for, where it belongs, and how that is said."""

import functools
import re
from collections import defaultdict
from collections.abc import Collection, Iterator
from typing import get_args

from pydantic import BaseModel

from butterfly_gitops.config import secrets
from butterfly_gitops.config.key_order import FILES, KeyOrder, order_of, setting_names
from butterfly_gitops.config.tree import Entry, Scalar, Sequence
from butterfly_gitops.config.typos import typo_of
from butterfly_gitops.config.values.context import Context, shown
from butterfly_gitops.model.endpoint import ENV_PATTERN, PATH_PATTERN, EhrEndpoint, Reference

_MOST_KNOWN = 8

SETTING_OF_FIELD = {
    "MSH-3": "sending_application", "MSH-4": "sending_facility", "MSH-5": "receiving_application",
    "MSH-6": "receiving_facility", "MSH-11": "processing_id", "MSH-12": "message.hl7_version", "MSH-18": "encoding",
    "PID-3": "message.patient_id", "PID-18": "message.visit_number", "PV1-19": "message.visit_number",
    "OBR-2": "message.placer_fallback", "OBR-4": "message.exam_codes", "OBR-24": "message.diagnostic_service",
    "OBX-2": "message.text_type",
}  # fmt: skip
"""By the HL7 field, the path from an endpoint of the setting that decides it."""
_FIELD = re.compile(r"([A-Za-z][A-Za-z0-9]{2})[-_. ]?([0-9]{1,2})")

_THINGS: dict[tuple[str, ...], str] = {
    ("ehr_endpoints", "*"): "an EHR endpoint",
    ("archives", "*"): "an archive",
    ("links", "*"): "a Link",
    ("access_roles", "*"): "an access role",
}
_ENDPOINT = "an EHR endpoint"
# Layers of an endpoint have its settings, and what left has the same ones in each file.
_NOT_ENTERED = ("presets", "endpoint_defaults", "removed", "removed_sites")
# With more of them, none is surely meant.
_MOST_PLACES = 2
# What bears a setting, in which file, and below which of its settings.
_Level = tuple[str, str, str]


def setting_of(field: str) -> str | None:
    """The setting that decides a field such as MSH-6, however that is written."""
    found = _FIELD.fullmatch(field)
    return SETTING_OF_FIELD.get(f"{found[1].upper()}-{int(found[2])}") if found else None


def has_left_its_name(entry: Entry, settings: Collection[str] = ()) -> bool:
    """Whether what stands among names is rather a setting of one of them: a known word with a text or list behind it.

    `settings` are those that the names have; without them any setting may be one.
    """
    node = entry.value
    is_said = isinstance(node, Sequence) or (isinstance(node, Scalar) and not node.is_null)
    return is_said and entry.key.text in (settings or setting_names())


def meant_by(key: Scalar, model: type[BaseModel]) -> str | None:
    """The setting of a model that a misspelt key is for."""
    known = model.model_fields.keys()
    # `name` is nearer to display_name than its letters tell.
    ending = [name for name in known if name.endswith(f"_{key.text}")]
    if not ending and where_it_belongs(key, model):
        return None
    if (before_colon := key.text.partition(":")[0]) in known:
        return before_colon
    if (decides := setting_of(key.text)) in known:
        return decides
    return ending[0] if len(ending) == 1 else typo_of(key.text, known)


def refuse_key(entry: Entry, model: type[BaseModel], context: Context) -> None:
    """Note the problem of a key that a model does not know."""
    key = entry.key
    if _is_second_reference(entry, model):
        message, hint = "a reference says one of env, path and file alone", "keep the one that holds"
        context.refuse(key.place, "unknown-key", message, hint)
        return
    if secrets.names_secret(key.text) or model in get_args(Reference):
        context.problems.append(secrets.refused_setting(entry))
        return
    meant, decides = meant_by(key, model), setting_of(key.text)
    message = f"no setting is called {shown(key)}"
    if meant and ":" in key.text:
        hint = f"write a space behind the colon of {meant}"
    elif meant:
        hint = f'write "{meant}"'
    elif belongs := where_it_belongs(key, model):
        message, hint = f"{key.text} is no setting here", f"move it {belongs}"
    elif decides:
        hint = f"{key.text} is what the setting {decides} of an EHR endpoint says"
    else:
        names = tuple(model.model_fields)
        more = len(names) - _MOST_KNOWN
        others = f" and {more} more, see docs/configuration.md" if more > 0 else ""
        hint = f"known here: {', '.join(names[:_MOST_KNOWN] if more > 0 else names)}{others}"
    context.refuse(key.place, "unknown-key", message, hint)


def _is_second_reference(entry: Entry, model: type[BaseModel]) -> bool:
    """Whether it says another place for a secret, and surely no secret."""
    if model not in get_args(Reference) or not isinstance(entry.value, Scalar):
        return False
    name, text = entry.key.text, entry.value.text
    pattern = {"env": ENV_PATTERN, "path": PATH_PATTERN, "file": r"^[a-z0-9_./-]{1,200}\.(pem|crt|cer)$"}
    return name in pattern and re.match(pattern[name], text) is not None


def where_it_belongs(key: Scalar, model: type[BaseModel]) -> str | None:
    """`to the top of site.yaml`, for a setting of another place; None where there is none, or there are many."""
    file = key.place.source.file.rpartition("/")[2]
    thing = _ENDPOINT if issubclass(model, EhrEndpoint) else ""
    places = _places().get(key.text, ())
    if len(places) > _MOST_PLACES:
        # What is said at the least deep of them holds for those below.
        own = [place for place in places if thing and place[1] == thing]
        depth = min((below.count(".") for _, _, below in own), default=0)
        places = tuple(place for place in own if place[2].count(".") == depth)
    if not 1 <= len(places) <= _MOST_PLACES:
        return None
    return " or ".join(_told(place, file=file, thing=thing) for place in places)


def _told(place: _Level, *, file: str, thing: str) -> str:
    """Name a place to whoever stands in a file, at a thing."""
    in_file, of, below = place
    if below and of == thing and (thing or in_file == file):
        return f"below {below}"
    if not of:
        return f"to {below} in {in_file}" if below else f"to the top of {in_file}"
    what = f"{below} of {of}" if below else of
    return f"to {what}" if in_file == file else f"to {what} in {in_file}"


@functools.cache
def _places() -> dict[str, tuple[_Level, ...]]:
    found: defaultdict[str, dict[_Level, None]] = defaultdict(dict)
    for file in FILES:
        for path, setting in _settings(order_of(file), ()):
            thing = _THINGS.get(path[:2], "")
            inner = path[2:] if thing else path
            # What has a name of the writer's own, such as an exam's code, is no place that can be told.
            if not (thing and "*" in inner):
                found[setting][file, thing, ".".join(part for part in inner if part != "*")] = None
    return {setting: tuple(places) for setting, places in found.items()}


def _settings(order: KeyOrder, path: tuple[str, ...]) -> Iterator[tuple[tuple[str, ...], str]]:
    for setting, below in order.known.items():
        yield path, setting
        if setting not in _NOT_ENTERED:
            yield from _settings(below, (*path, setting))
    if order.others:
        yield from _settings(order.others, (*path, "*"))
