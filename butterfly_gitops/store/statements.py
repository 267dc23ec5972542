"""The statements of `sql/statements.sql` by name, ready to run; what they mean is known to the rows."""

import re
from collections.abc import Mapping
from functools import lru_cache
from importlib.resources import files

from butterfly_gitops.store.tables import TABLES

_HEAD = re.compile(r"^-- (name|part): (\w+)\n", re.MULTILINE)


def _read() -> tuple[Mapping[str, str], Mapping[str, str]]:
    text = files("butterfly_gitops.store").joinpath("sql/statements.sql").read_text("utf-8")
    for table in TABLES:
        text = text.replace(f"{{{table.name}}}", table.columns)
    _, *pieces = _HEAD.split(text)
    found: dict[str, dict[str, str]] = {"name": {}, "part": {}}
    for kind, name, body in zip(pieces[0::3], pieces[1::3], pieces[2::3], strict=True):
        found[kind][name] = body.strip()
    return found["name"], found["part"]


STATEMENTS, _PARTS = _read()


@lru_cache
def with_many(name: str, count: int) -> str:
    """Return a statement that takes `count` values where it says `{many}`."""
    return STATEMENTS[name].replace("{many}", ", ".join("?" * count))


@lru_cache
def find_among(candidates: str) -> str:
    """Return `find` over the candidates that a part names."""
    return STATEMENTS["find"].replace("{candidates}", _PARTS[candidates])
