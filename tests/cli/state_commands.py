"""Command lines in a folder with a small fleet; sample events; and `bgo run` as a real process."""

import contextlib
import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.cli.command_line import ROOT, Ran, run

STUDIES = ROOT / "tests" / "studies"
EFAST = str(STUDIES / "efast.json")
EPIC = "st-elsewhere/epic-prod"
STATE = ".butterfly-gitops"

_FILES = {
    "fleet.yaml": "version: 1\nname: mercy-health\nguard: {max_endpoints: 1}\n",
    "grants.yaml": """\
version: 1
subscription: enterprise
entitlements: {preliminary_results: true}
access_roles:
  looks: {connectivity_management: read, results: read, members: [bob@example.org]}
  sends: {results: send, members: [cleo@example.org]}
""",
    "st-elsewhere/site.yaml": """\
version: 1
display_name: St. Elsewhere Hospital
time_zone: America/New_York
links: {server-room: {display_name: Server room}}
endpoint_defaults: {link: server-room, host: 127.0.0.1, sending_facility: STE, receiving_facility: STE}
""",
    "st-elsewhere/ehr-endpoints.yaml": """\
version: 1
ehr_endpoints:
  epic-prod: {display_name: Epic Bridges, port: PORT, preliminary_results: when_attestation_requested}
  registry: {display_name: Registry, port: 2575, processing_id: T}
""",
    "st-elsewhere/archives.yaml": """\
version: 1
archives:
  emergency: {display_name: Emergency Department, forward_to: [epic-prod]}
""",
}


def small_sites(folder: Path, *, port: int) -> Path:
    for name, text in _FILES.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text.replace("PORT", str(port)), encoding="utf-8")
    return folder


@dataclass(frozen=True, slots=True, kw_only=True)
class Desk:
    """A working folder in which command lines are typed."""

    capfd: pytest.CaptureFixture[str]
    folder: Path

    def bgo(self, *arguments: str) -> Ran:
        return run(self.capfd, *arguments)

    def json(self, *arguments: str) -> Any:
        """Standard output of a command that must be done, read whole as JSON."""
        ran = self.bgo(*arguments)
        assert ran.code == 0, ran.err
        return json.loads(ran.out)

    def edit(self, path: str, old: str, new: str) -> None:
        file = self.folder / "sites" / path
        text = file.read_text(encoding="utf-8")
        assert old in text
        file.write_text(text.replace(old, new), encoding="utf-8")

    def file(self, name: str, content: str | bytes) -> str:
        data = content.encode() if isinstance(content, str) else content
        (self.folder / name).write_bytes(data)
        return name


@dataclass(frozen=True, slots=True, kw_only=True)
class Process:
    """A `bgo` process whose standard error is read line by line."""

    popen: subprocess.Popen[str]

    def line(self, part: str) -> str:
        """The next line that holds a text; all lines before are passed over."""
        assert self.popen.stderr is not None
        seen = []
        for line in self.popen.stderr:
            seen.append(line)
            if part in line:
                return line
        raise AssertionError(f"it ended without {part!r}: {seen}")

    def end(self, number: int = signal.SIGTERM) -> tuple[int, str, str]:
        """Exit code, standard output and what is left of standard error."""
        self.popen.send_signal(number)
        out, err = self.popen.communicate()
        return self.popen.returncode, out, err


@contextlib.contextmanager
def process(folder: Path, *arguments: str) -> Iterator[Process]:
    popen = subprocess.Popen(
        [sys.executable, "-m", "butterfly_gitops", *arguments],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        yield Process(popen=popen)
    finally:
        popen.kill()
        popen.communicate()


@contextlib.contextmanager
def practice_ehr(folder: Path, *arguments: str) -> Iterator[int]:
    """A practice EHR as a process; its port."""
    with process(folder, "practice-ehr", "--listen", "127.0.0.1:0", *arguments) as ehr:
        yield int(ehr.line("listens on").rpartition(":")[2])
