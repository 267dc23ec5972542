"""The import contracts hold, each of them fails on a planted breach, and the verbs keep what they promise."""

import os
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest
from importlinter.api import read_configuration

from tests.rules.shape import ROOT
from tests.table import in_one_test

SERVER_PACKAGES = ("apsw", "fastapi", "httpx", "prometheus_client", "starlette", "structlog", "uvicorn")
STATELESS_VERBS = ("main", "init", "validate", "fmt", "explain", "schema", "diff")


@dataclass(frozen=True, slots=True, kw_only=True)
class Breach:
    """An import that a contract forbids: the module that gets it, the module it names, and what is reported."""

    importer: str
    imported: str
    reported: str = ""

    @property
    def line(self) -> str:
        return self.reported or f"butterfly_gitops.{self.importer} -> {self.imported}"


def upward(importer: str, imported: str) -> Breach:
    return Breach(importer=f"{importer}.planted", imported=f"butterfly_gitops.{imported}")


def outward(importer: str, imported: str) -> Breach:
    return Breach(importer=f"{importer}.planted", imported=imported)


BREACHES = {
    "layers": [
        upward("model", "hl7"),
        upward("mllp", "hl7"),
        upward("hl7", "config"),
        upward("plan", "config"),
        upward("delivery", "plan"),
        upward("config", "source"),
        upward("store", "source"),
        upward("source", "controller"),
        upward("scaffold", "source"),
        upward("dispatcher", "controller"),
        upward("practice_ehr", "dispatcher"),
        upward("controller", "web"),
        upward("web", "wiring"),
        upward("cli", "__main__"),
        Breach(importer="surprise", imported="math", reported="- butterfly_gitops.surprise"),
    ],
    "deciders": [
        outward("model", "logging"),
        outward("config", "pathlib"),
        outward("plan", "time"),
        outward("hl7", "random"),
        outward("mllp", "asyncio"),
        outward("delivery", "secrets"),
    ],
    "stores": [
        upward("cli", "store.sqlite"),
        upward("controller", "store.sqlite"),
        upward("dispatcher", "store.sqlite"),
        upward("store", "store.sqlite"),
        upward("web", "store.sqlite"),
    ],
    "stateless-verbs": [
        *(Breach(importer=f"cli.{verb}", imported="httpx") for verb in STATELESS_VERBS),
        # By way of another module of ours counts as well.
        Breach(importer="cli.diff", imported="butterfly_gitops.source.planted"),
        outward("source", "apsw"),
    ],
}


def lint(folder: Path, *options: str) -> subprocess.CompletedProcess[str]:
    """Check the contracts of the package in this folder, not of the installed one."""
    command = [Path(sys.executable).with_name("lint-imports"), "--no-logo", "--no-cache", *options]
    environment = os.environ | {"COLUMNS": "200"}
    return subprocess.run(command, cwd=folder, env=environment, text=True, capture_output=True, check=False)


def plant(folder: Path, breach: Breach) -> None:
    module = folder / "butterfly_gitops" / f"{breach.importer.replace('.', '/')}.py"
    with module.open("a", encoding="utf-8") as file:
        file.write(f"\nimport {breach.imported}\n")


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    """A copy of the package and its contracts, to spoil."""
    shutil.copy(ROOT / ".importlinter", tmp_path)
    unread = shutil.ignore_patterns("__pycache__")
    shutil.copytree(ROOT / "butterfly_gitops", tmp_path / "butterfly_gitops", ignore=unread)
    return tmp_path


def test_our_imports_keep_every_contract() -> None:
    run = lint(ROOT)
    assert run.returncode == 0, run.stdout


@pytest.mark.soak
@pytest.mark.parametrize("contract", BREACHES)
def test_planted_breaches_break_the_contract(contract: str, copy: Path) -> None:
    for breach in BREACHES[contract]:
        plant(copy, breach)
    run = lint(copy, "--contract", contract)
    assert run.returncode == 1
    assert [breach.line for breach in BREACHES[contract] if breach.line not in run.stdout] == [], run.stdout


def test_every_contract_has_planted_breaches() -> None:
    contracts = read_configuration(str(ROOT / ".importlinter"))["contracts_options"]
    assert {contract["id"] for contract in contracts} == set(BREACHES)


@in_one_test("verb", STATELESS_VERBS)
def test_a_verb_that_needs_no_state_loads_no_server_package(verb: str) -> None:
    # What the contract cannot see: an import by name, or one by the package that the verb lies in.
    program = f"import sys, butterfly_gitops.cli.{verb}; print(*sys.modules)"
    run = subprocess.run(
        [sys.executable, "-c", program], cwd=ROOT, text=True, capture_output=True, check=True
    )
    assert set(run.stdout.split()).isdisjoint(SERVER_PACKAGES)
