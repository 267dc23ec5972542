"""Bringing a state to the schema of this code: numbered files in order, all or none."""

import re
from collections.abc import Sequence
from functools import cache
from importlib.resources import files

import apsw

from butterfly_gitops.model.error import GitopsError

_NUMBERED = re.compile(r"(\d{4})_\w+\.sql")


class StateTooNew(GitopsError):  # noqa: N818 - it says what happened
    """The state was written by newer code; this code would not understand it."""


@cache
def migrations() -> Sequence[str]:
    """Return the text of every migration, oldest first; the nth leads to version n."""
    folder = files("butterfly_gitops.store").joinpath("sql")
    named = sorted(
        (one for one in folder.iterdir() if _NUMBERED.fullmatch(one.name)), key=lambda one: one.name
    )
    return tuple(one.read_text("utf-8") for one in named)


def migrate(connection: apsw.Connection, known: Sequence[str]) -> None:
    """Apply what the state lacks of all known migrations, in one transaction. Raises StateTooNew."""
    version = _version(connection)
    if version > len(known):
        raise StateTooNew(
            f"the state is of version {version}, this program knows {len(known)}: run a newer one on it"
        )
    if version == len(known):
        return
    with connection:
        for text in known[version:]:
            connection.execute(text)
        connection.pragma("user_version", len(known))


def _version(connection: apsw.Connection) -> int:
    return int(connection.pragma("user_version") or 0)
