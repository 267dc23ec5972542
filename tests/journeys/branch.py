"""A fleet of one site on a branch, and seeded moves of it, as people would make them by pull request."""

from pathlib import Path

from tests.cli.git_repository import GitRepository, empty_repository
from tests.journeys.fleet_files import QUICK, put

SITE = "st-elsewhere"
ARCHIVES = ("emergency", "icu", "labour", "wards")
_REASON = "CHG-4411"
_FEWEST, _MOST = 4, 7
_MOST_TO = 3


class Branch:
    """What the branch wants; a move changes it, `commit` writes it. A move returns False where it cannot be made."""

    def __init__(self, root: Path, *, ports, chance, guard=4):
        self.repository: GitRepository = empty_repository(root)
        self._ports = ports
        self._chance = chance
        self._guard = guard
        self._count = 0
        self.preset = {
            "receiving_facility": "STE",
            "ack_timeout": "1s",
            "retry": QUICK,
            "acknowledgement": {"on_no_reply": {"resends": 20}},
        }
        self.endpoints = {}
        self.removed = {}
        for _ in range(_FEWEST + 2):
            self._new_endpoint(f"ehr-{self._count}")
        names = list(self.endpoints)
        self.archives = {one: names[place : place + 3] for place, one in enumerate(ARCHIVES)}

    def _new_endpoint(self, name):
        self._count += 1
        self.removed.pop(name, None)
        self.endpoints[name] = {
            "display_name": "EHR",
            "preset": "ehr",
            "link": "server-room",
            "host": "127.0.0.1",
            "port": self._chance.choice(self._ports),
            # Endpoints may share a listener: it tells them apart by this.
            "receiving_application": f"APP{self._count}",
            "preliminary_results": self._chance.choice(["never", "when_attestation_requested"]),
            "on_retarget": self._chance.choice(["set_aside", "resend"]),
        }

    def _any_endpoint(self):
        return self._chance.choice(sorted(self.endpoints))

    def retarget(self):
        self.endpoints[self._any_endpoint()]["port"] = self._chance.choice(self._ports)
        return True

    def change_identity(self):
        endpoint = self.endpoints[self._any_endpoint()]
        self._count += 1
        endpoint["receiving_application"] = f"APP{self._count}"
        return True

    def pause(self):
        active = [one for one in self.endpoints.values() if "status" not in one]
        if len(active) < _FEWEST:
            return False
        self._chance.choice(active)["status"] = "paused"
        return True

    def resume(self):
        paused = [one for one in self.endpoints.values() if "status" in one]
        if paused:
            del self._chance.choice(paused)["status"]
        return bool(paused)

    def resume_all(self):
        for one in self.endpoints.values():
            one.pop("status", None)

    def remove_rule(self):
        to = self.archives[self._chance.choice(ARCHIVES)]
        if to:
            to.remove(self._chance.choice(to))
        return True

    def add_rule(self):
        to = self.archives[self._chance.choice(ARCHIVES)]
        others = sorted(self.endpoints.keys() - set(to))
        if len(to) < _MOST_TO and others:
            to.append(self._chance.choice(others))
            return True
        return False

    def rename(self):
        old = self._any_endpoint()
        self._count += 1
        new = f"ehr-{self._count}"
        endpoint = self.endpoints.pop(old)
        self.endpoints[new] = {**endpoint, "renamed_from": old}
        self.archives = {
            name: [new if one == old else one for one in to] for name, to in self.archives.items()
        }
        return True

    def drain(self):
        return self._remove("drain")

    def set_aside(self):
        return self._remove("set_aside")

    def _remove(self, waiting):
        if len(self.endpoints) <= _FEWEST:
            return False
        name = self._any_endpoint()
        del self.endpoints[name]
        self.archives = {archive: [one for one in to if one != name] for archive, to in self.archives.items()}
        self.removed[name] = {"waiting": waiting, "reason": _REASON}
        return True

    def add(self):
        """Add an endpoint, under the name of one that was there before if there is any; and a rule that leads there."""
        if len(self.endpoints) >= _MOST:
            return False
        name = self._chance.choice(sorted(self.removed) or [f"ehr-{self._count}"])
        self._new_endpoint(name)
        for archive in self._chance.sample(ARCHIVES, 2):
            if len(self.archives[archive]) < _MOST_TO:
                self.archives[archive].append(name)
        return True

    def change_preset(self):
        """Change what all endpoints start from: a time-out, or a name that is in every message."""
        if self._chance.random() < 0.5:
            self.preset["ack_timeout"] = self._chance.choice(["1s", "2s"])
        else:
            self.preset["receiving_facility"] = self._chance.choice(["STE", "STW", "STN"])
        return True

    def commit(self, *, is_sound=True):
        """Write everything, and return the commit's id."""
        folder = self.repository.root / "sites"
        put(
            folder / "fleet.yaml",
            {
                "version": 1,
                "name": "mercy-health",
                "presets": {"ehr": self.preset},
                "guard": {"max_endpoints": self._guard},
            },
        )
        put(
            folder / "grants.yaml",
            {
                "version": 1,
                "subscription": "enterprise",
                "entitlements": {"preliminary_results": True},
            },
        )
        put(
            folder / SITE / "site.yaml",
            {
                "version": 1,
                "display_name": "St. Elsewhere Hospital",
                "time_zone": "America/New_York",
                "links": {"server-room": {"display_name": "Server room"}},
                "endpoint_defaults": {"sending_facility": "STE"},
            },
        )
        endpoints = {"version": 1, "ehr_endpoints": self.endpoints}
        if self.removed:
            endpoints["removed"] = self.removed
        if not is_sound:
            name = self._any_endpoint()
            endpoints["ehr_endpoints"] = {**self.endpoints, name: {**self.endpoints[name], "port": 70_000}}
        put(folder / SITE / "ehr-endpoints.yaml", endpoints)
        archives = {
            name: {"display_name": name, "purpose": "clinical", "forward_to": to}
            for name, to in self.archives.items()
        }
        put(folder / SITE / "archives.yaml", {"version": 1, "archives": archives})
        return self.repository.commit()

    def rewrite(self):
        """Take the newest commit off the branch, as a forced push does; what it wanted stays wanted."""
        self.repository.git("reset", "--quiet", "--soft", "HEAD~1")
