"""A note, as `bgo validate` prints it in each format: worth knowing, and no failure."""

import json
import shutil
from pathlib import Path

import pytest

from tests.cli.command_line import ROOT, run

SAYS = "seaside has no EHR endpoint, so none of its results is sent"


@pytest.fixture(autouse=True)
def checkout(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The sample sites, in the working folder, where seaside has not got an endpoint yet."""
    shutil.copytree(ROOT / "sites", tmp_path / "sites")
    seaside = tmp_path / "sites" / "seaside"
    (seaside / "ehr-endpoints.yaml").write_text("version: 1\nehr_endpoints: {}\n", encoding="utf-8")
    (seaside / "archives.yaml").write_text("version: 1\narchives: {}\n", encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_text(capfd):
    ran = run(capfd, "validate")
    assert ran.code == 0
    assert ran.out.startswith(f"sites/seaside/ehr-endpoints.yaml:2:1: note[no-endpoint]: {SAYS}\n")
    assert ran.err == "\n1 note in 11 files.\n"


def test_json(capfd):
    ran = run(capfd, "validate", "--format", "json")
    (problem,) = json.loads(ran.out)
    assert (ran.code, problem["severity"], problem["message"]) == (0, "note", SAYS)


def test_annotations(capfd):
    ran = run(capfd, "validate", "--format", "github")
    assert ran.code == 0
    assert ran.out.startswith(
        "::notice file=sites/seaside/ehr-endpoints.yaml,title=no-endpoint,line=2,col=1,"
    )


def test_each_severity_is_counted(capfd, checkout: Path):
    site = checkout / "sites" / "seaside" / "site.yaml"
    site.write_text(site.read_text(encoding="utf-8").replace("Los_Angeles", "Los_Angels"), encoding="utf-8")
    links = checkout / "sites" / "st-elsewhere" / "site.yaml"
    text = links.read_text(encoding="utf-8")
    links.write_text(text.replace("links:\n", "links:\n  spare: {display_name: Spare}\n"), encoding="utf-8")
    ran = run(capfd, "validate")
    assert ran.code == 1
    assert ran.err.startswith("\n1 error, 1 warning and 1 note in 11 files. Until it is fixed, seaside keeps")


def test_a_rule_says_how_much_it_weighs(capfd):
    ran = run(capfd, "explain", "no-endpoint")
    assert ran.code == 0
    assert "note" in ran.out.splitlines()[0]
