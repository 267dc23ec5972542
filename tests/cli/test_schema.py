"""`bgo schema`: fresh, stale, written."""

from pathlib import Path

import pytest

from butterfly_gitops.cli.schema import published
from tests.cli.command_line import ROOT, run


def test_every_committed_schema_is_published():
    """The OpenAPI document is the server's: tests/web/test_openapi.py."""
    assert {path.name for path in (ROOT / "schemas").glob("*.schema.json")} == published().keys()


def test_what_is_committed_is_fresh(capfd, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.chdir(ROOT)
    ran = run(capfd, "schema", "--check")
    assert (ran.code, ran.out) == (0, "")


def test_what_is_written_is_fresh_until_it_is_touched(capfd, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.chdir(tmp_path)
    assert run(capfd, "schema", "--check").code == 1
    assert run(capfd, "schema").code == 0
    assert run(capfd, "schema", "--check").code == 0
    assert run(capfd, "schema").out == ""
    stale = tmp_path / "schemas" / "site.v1.schema.json"
    stale.write_text("{}\n", encoding="utf-8")
    ran = run(capfd, "schema", "--check")
    assert (ran.code, ran.out) == (1, "schemas/site.v1.schema.json: stale; run `bgo schema`\n")


def test_the_schema_of_an_older_version_is_neither_stale_nor_rewritten(
    capfd, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.chdir(tmp_path)
    run(capfd, "schema")
    older = tmp_path / "schemas" / "site.v0.schema.json"
    older.write_text("{}\n", encoding="utf-8")
    assert run(capfd, "schema", "--check").code == 0
    assert run(capfd, "schema").out == ""
    assert older.read_text(encoding="utf-8") == "{}\n"
