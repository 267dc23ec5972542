"""A fleet of a few ports in memory, and the controller that follows it."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime

from butterfly_gitops.controller.configuring import Configuring
from butterfly_gitops.controller.reconcile import Candidate, PassOutcome
from butterfly_gitops.source.interface import Snapshot
from butterfly_gitops.store.interface import Hold, Store
from butterfly_gitops.store.people import Approval

NOW = datetime(2026, 11, 24, 14, 3, tzinfo=UTC)
Ports = Mapping[str, int]
LINKS = {"server-room": {"display_name": "Server room"}}


@dataclass(kw_only=True)
class Files:
    """Sites as the ports of their endpoints; `broken` ones cannot be read, and `removed` ones are gone on purpose."""

    limit: int
    sites: dict[str, dict[str, int]]
    broken: set[str] = field(default_factory=set)
    removed: set[str] = field(default_factory=set)
    grants: dict[str, object] = field(default_factory=dict)

    def snapshot(self) -> Snapshot:
        gone = {name: {"waiting": "drain", "reason": "CHG-4411"} for name in sorted(self.removed)}
        documents: dict[str, dict[str, object]] = {
            "fleet.yaml": {
                "name": "mercy-health",
                "guard": {"max_endpoints": self.limit},
                "removed_sites": gone,
            },
            "grants.yaml": {"subscription": "enterprise", **self.grants},
        }
        for name in sorted(self.sites.keys() - self.removed):
            documents |= self._site(name, self.sites[name])
        files = {path: json.dumps({"version": 1, **each}).encode() for path, each in documents.items()}
        return Snapshot(files=files, revision="r", described="sites/", root="sites")

    def _site(self, name: str, ports: Ports) -> dict[str, dict[str, object]]:
        endpoints = {
            each: {
                "display_name": each,
                "link": "server-room",
                "host": "10.0.0.1",
                "port": 6000 + port,
                "receiving_application": each.upper(),
            }
            for each, port in ports.items()
        }
        left = {each: {"waiting": "drain", "reason": "CHG-4411"} for each in ("epic", "registry")}
        removed = {each: removal for each, removal in left.items() if each not in ports}
        zone = "Nowhere/At-All" if name in self.broken else "America/New_York"
        facilities = {"sending_facility": "STE", "receiving_facility": name.upper()}
        ed = {"display_name": "Emergency Department", "forward_to": sorted(ports)}
        return {
            f"{name}/site.yaml": {
                "display_name": name,
                "time_zone": zone,
                "links": LINKS,
                "endpoint_defaults": facilities,
            },
            f"{name}/ehr-endpoints.yaml": {"ehr_endpoints": endpoints, "removed": removed},
            f"{name}/archives.yaml": {"archives": {"ed": ed}},
        }


class Follower:
    """A store, and passes over files."""

    def __init__(self, store: Store) -> None:
        self.store = store
        self._configuring = Configuring(store, now=lambda: NOW)

    async def follow(self, files: Files) -> tuple[Candidate, PassOutcome]:
        return await self._configuring.follow(files.snapshot(), seen=await self.store.observe())

    async def holds(self) -> dict[str, Hold]:
        return {one.site: one for one in (await self.store.observe()).holds}

    async def approve(self, hold: Hold) -> None:
        await self.store.approve(Approval(hold=hold.id, actor="ada@example.org", reason="CHG-4411", at=NOW))

    async def applied(self) -> dict[str, dict[str, int]]:
        sites = (await self.store.running()).sites
        return {
            name: {each: endpoint.port - 6000 for each, endpoint in site.ehr_endpoints.items()}
            for name, site in sites.items()
        }
