"""Runs one command line in this process and keeps what it said, on which stream, and its exit code."""

from dataclasses import dataclass
from pathlib import Path

import pytest

from butterfly_gitops.cli.main import main

ROOT = Path(__file__).parents[2]


@dataclass(frozen=True, slots=True, kw_only=True)
class Ran:
    """What came of a command line."""

    code: int
    out: str
    err: str


def run(capfd: pytest.CaptureFixture[str], *arguments: str) -> Ran:
    capfd.readouterr()
    code = main(arguments)
    out, err = capfd.readouterr()
    return Ran(code=code, out=out, err=err)
