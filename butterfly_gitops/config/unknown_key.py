"""A key that no model knows: what it was meant for, where it belongs, and how that is said."""

import re
from typing import get_args

from pydantic import BaseModel

from butterfly_gitops.config import secrets_by_value
from butterfly_gitops.config.context import Context, shown
from butterfly_gitops.config.hl7_settings import setting_of
from butterfly_gitops.config.secret_names import names_secret
from butterfly_gitops.config.setting_places import ENDPOINT, where_it_belongs
from butterfly_gitops.config.tree import Entry, Scalar
from butterfly_gitops.model.endpoint import ENV_PATTERN, PATH_PATTERN, EhrEndpoint, Reference

_MOST_KNOWN = 8


def _belongs(key: Scalar, model: type[BaseModel]) -> str | None:
    """Where else a key belongs, unless it is the last word of a setting that is known here."""
    if any(name.endswith(f"_{key.text}") for name in model.model_fields):
        return None
    thing = ENDPOINT if issubclass(model, EhrEndpoint) else ""
    return where_it_belongs(key.text, file=key.place.source.file, thing=thing)


def meant_by(key: Scalar, model: type[BaseModel], context: Context) -> str | None:
    """The setting that a misspelt key is for."""
    known = model.model_fields.keys()
    if _belongs(key, model):
        return None
    if (decides := setting_of(key.text)) in known:
        return decides
    before_colon = key.text.partition(":")[0]
    if before_colon in known:
        return before_colon
    # `name` is nearer to display_name than its letters tell.
    ending = [name for name in known if name.endswith(f"_{key.text}")]
    return ending[0] if len(ending) == 1 else context.guesses.nearest(key, known)


def refuse_key(entry: Entry, model: type[BaseModel], context: Context) -> None:
    """Note the problem of a key that a model does not know."""
    key = entry.key
    if _is_second_reference(entry, model):
        message, hint = "a reference says one of env, path and file alone", "keep the one that holds"
        context.refuse(key.place, rule="unknown-key", message=message, hint=hint)
        return
    if names_secret(key.text) or model in get_args(Reference):
        context.problems.append(secrets_by_value.refused_setting(entry))
        return
    known = model.model_fields.keys()
    meant = meant_by(key, model, context)
    hint = f'write "{meant}"' if meant else _known_here(tuple(known))
    if belongs := _belongs(key, model):
        hint = f"move it {belongs}"
    elif not meant and (decides := setting_of(key.text)):
        hint = f"{key.text} is what the setting {decides} of an EHR endpoint says"
    name, colon, value = key.text.partition(":")
    if colon and name == meant and isinstance(entry.value, Scalar) and not entry.value.text:
        hint = f"write a space behind the colon: {name}: {value}"
    message = f"{key.text} is no setting here" if belongs else f"no setting is called {shown(key)}"
    context.refuse(key.place, rule="unknown-key", message=message, hint=hint)


def _is_second_reference(entry: Entry, model: type[BaseModel]) -> bool:
    """Whether it says another place for a secret, and surely no secret."""
    if model not in get_args(Reference) or not isinstance(entry.value, Scalar):
        return False
    name, text = entry.key.text, entry.value.text
    if name == "env":
        return re.fullmatch(ENV_PATTERN, text) is not None
    if name == "path":
        return re.match(PATH_PATTERN, text) is not None
    return name == "file" and bool(secrets_by_value.kind_of_path(text, name=name))


def _known_here(known: tuple[str, ...]) -> str:
    """The first names, and where the others stand."""
    more = len(known) - _MOST_KNOWN
    listed = ", ".join(known if more <= 0 else known[:_MOST_KNOWN])
    return f"known here: {listed}" + (f" and {more} more, see docs/configuration.md" if more > 0 else "")
