"""The real application on a real SQLite state with the sample sites applied, behind a client that bears its token."""

import base64
import contextlib
import json
import logging
import shutil
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
from fastapi import FastAPI

from butterfly_gitops.source.folder import read_folder
from butterfly_gitops.wiring import opened

ROOT = Path(__file__).parents[2]
GRANTS = """\
version: 1
subscription: enterprise
entitlements: {preliminary_results: true}
access_roles:
  all: {connectivity_management: read_write, results: send, message_content: read, members: [ada@example.org]}
  looks: {connectivity_management: read, results: read, members: [bob@example.org]}
  sends: {results: send, members: [cleo@example.org]}
  reads: {results: read, message_content: read, members: [dan@example.org]}
  seaside: {connectivity_management: read_write, results: send, members: [eve@example.org], sites: [seaside]}
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Served:
    """The application, its state folder, and a client; `sites` is a copy to edit."""

    app: FastAPI
    client: httpx.AsyncClient
    state: Path
    sites: Path

    async def post(self, path: str, body: Any = None, *, who: str = "", key: str = "") -> httpx.Response:
        content = body if isinstance(body, bytes) else json.dumps(body).encode()
        given = {"X-Bgo-As": who, "Idempotency-Key": key, "Content-Type": "application/json"}
        headers = {name: value for name, value in given.items() if value}
        return await self.client.post(path, content=content, headers=headers)

    async def get(self, path: str, *, who: str = "") -> httpx.Response:
        return await self.client.get(path, headers={"X-Bgo-As": who} if who else {})

    async def plan(self, *, who: str = "") -> httpx.Response:
        return await self.post("/v1/plans", wanted(self.sites), who=who)

    async def apply(self) -> None:
        """Bring what is applied to what the sites folder says."""
        plan = (await self.plan()).json()["plan"]
        answer = await self.post("/v1/applications", {"plan": plan, "revision": "r1"})
        assert answer.status_code == 200, answer.text

    async def submit(self, *names: str, who: str = "", **overrides: Any) -> Any:
        """Hand in sample studies that occur now, one by one; the last answer."""
        answer = None
        for name in names:
            answer = await self.post("/v1/study-events", event(name, **overrides), who=who)
            assert answer.status_code == 202, answer.text
        assert answer is not None
        return answer.json()

    async def ledger(self) -> dict[str, Any]:
        ledger: dict[str, Any] = (await self.get("/v1/ledger")).json()
        return ledger


class Lines:
    """Keeps log lines instead of writing them."""

    def __init__(self) -> None:
        self.lines: list[tuple[str, dict[str, Any]]] = []

    def log(self, level: int, says: str, **fields: Any) -> None:
        getattr(self, logging.getLevelName(level).lower())(says, **fields)

    def __getattr__(self, level: str) -> Any:
        return lambda says, **fields: self.lines.append((f"{level} {says}", fields))


def wanted(sites: Path) -> dict[str, Any]:
    files = {path: base64.b64encode(content).decode() for path, content in read_folder(sites).items()}
    return {"files": files, "revision": "r1"}


def event(name: str = "efast.json", *, later: timedelta = timedelta(), **overrides: Any) -> dict[str, Any]:
    """A sample study that occurs now."""
    sample = json.loads((ROOT / "tests" / "studies" / name).read_text(encoding="utf-8"))
    return {**sample, "occurred_at": (datetime.now(UTC) + later).isoformat(), **overrides}


def copy_sites(to: Path, *, grants: str = GRANTS) -> Path:
    shutil.copytree(ROOT / "sites", to)
    (to / "grants.yaml").write_text(grants, encoding="utf-8")
    return to


def edit(sites: Path, path: str, old: str, new: str) -> None:
    file = sites / path
    text = file.read_text(encoding="utf-8")
    assert old in text
    file.write_text(text.replace(old, new), encoding="utf-8")


@contextlib.asynccontextmanager
async def served(folder: Path) -> AsyncIterator[Served]:
    """Open a new state; nothing is applied yet."""
    state = folder / "state"
    async with opened(state, create=True) as app:
        headers = {"Authorization": f"Bearer {(state / 'token').read_text()}"}
        transport = httpx.ASGITransport(app=app)
        async with httpx.AsyncClient(
            transport=transport, base_url="http://localhost", headers=headers
        ) as client:
            yield Served(app=app, client=client, state=state, sites=copy_sites(folder / "sites"))
