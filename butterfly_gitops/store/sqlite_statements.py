"""The statements of `sql/statements.sql` by name, ready to run; what they mean is known to the rows."""

import re
from collections.abc import Mapping
from functools import lru_cache
from importlib.resources import files

_HEAD = re.compile(r"^-- (name|columns): (\w+)\n", re.MULTILINE)


def _read() -> tuple[Mapping[str, str], Mapping[str, str]]:
    text = files("butterfly_gitops.store").joinpath("sql/statements.sql").read_text("utf-8")
    _, *parts = _HEAD.split(text)
    found: dict[str, dict[str, str]] = {"name": {}, "columns": {}}
    for kind, name, body in zip(parts[0::3], parts[1::3], parts[2::3], strict=True):
        found[kind][name] = body.strip()
    for name, body in found["name"].items():
        for table, columns in found["columns"].items():
            body = body.replace(f"{{{table}}}", columns)  # noqa: PLW2901 - one text, filled in step by step
        found["name"][name] = body
    return found["name"], found["columns"]


STATEMENTS, _FRAGMENTS = _read()


@lru_cache
def with_many(name: str, count: int) -> str:
    """Return a statement that takes `count` values where it says `{many}`."""
    return STATEMENTS[name].replace("{many}", ", ".join("?" * count))


@lru_cache
def find_among(candidates: str) -> str:
    """Return `find` over the candidates that a fragment names."""
    return STATEMENTS["find"].replace("{candidates}", _FRAGMENTS[candidates])
