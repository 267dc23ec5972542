"""The OpenAPI document that is committed is the one that the application has."""

import json
from pathlib import Path

from butterfly_gitops.web.application import make_application

FILE = Path(__file__).parents[2] / "schemas" / "openapi.v1.json"


def print_openapi() -> str:
    return json.dumps(make_application(None).openapi(), indent=2, sort_keys=True) + "\n"


def test_the_committed_document_is_fresh():
    """To write it anew: python tests/web/test_openapi.py."""
    assert FILE.read_text(encoding="utf-8") == print_openapi(), "stale: python tests/web/test_openapi.py"


def test_every_path_says_what_it_is_for():
    paths = make_application(None).openapi()["paths"]
    silent = [
        f"{verb} {path}"
        for path, verbs in paths.items()
        for verb, one in verbs.items()
        if not one["description"]
    ]
    assert silent == []


if __name__ == "__main__":
    FILE.write_text(print_openapi(), encoding="utf-8")
