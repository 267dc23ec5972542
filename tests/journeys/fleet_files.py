"""A small fleet in files, and events for it; a file is replaced in one go, so that no reader meets half of it."""

import json
import uuid
from datetime import UTC, datetime

QUICK = {"first": "20ms", "factor": 1, "longest": "20ms"}


def an_endpoint(port, **settings):
    """Leads to a port of this machine, and tries again at once."""
    return {
        "display_name": "EHR",
        "link": "server-room",
        "host": "127.0.0.1",
        "port": port,
        "receiving_facility": "STE",
        "retry": QUICK,
        **settings,
    }


def write_fleet(folder, *, name="mercy-health", preliminary=True):
    put(folder / "fleet.yaml", {"version": 1, "name": name})
    grants = {"subscription": "enterprise", "entitlements": {"preliminary_results": preliminary}}
    put(folder / "grants.yaml", {"version": 1, **grants})
    return folder


def write_site(folder, name="st-elsewhere", *, endpoints, archives=None):
    """All endpoints get what the archive `emergency` has, unless `archives` says which get what."""
    forwards = archives or {"emergency": list(endpoints)}
    site = {
        "display_name": "St. Elsewhere Hospital",
        "time_zone": "America/New_York",
        "links": {"server-room": {"display_name": "Server room"}},
        "endpoint_defaults": {"sending_facility": "STE"},
    }
    put(folder / name / "site.yaml", {"version": 1, **site})
    put(folder / name / "ehr-endpoints.yaml", {"version": 1, "ehr_endpoints": endpoints})
    named = {
        archive: {"display_name": archive, "purpose": "clinical", "forward_to": to}
        for archive, to in forwards.items()
    }
    put(folder / name / "archives.yaml", {"version": 1, "archives": named})


def put(path, document):
    """JSON is YAML."""
    path.parent.mkdir(parents=True, exist_ok=True)
    whole = path.with_suffix(".whole")
    whole.write_text(json.dumps(document, indent=1))
    whole.replace(path)


def an_event(study, *, revision=1, kind="finalized", archive="st-elsewhere/emergency"):
    """Occurs now; everything in it is invented."""
    return {
        "event_id": uuid.uuid4().hex,
        "event": kind,
        "occurred_at": datetime.now(UTC).isoformat(),
        "archive": archive,
        "study": {
            "id": study,
            "revision": revision,
            "exam_type": {"code": "EFAST", "display": "eFAST", "system": "L"},
            "report": [{"section": "findings", "text": f"No free fluid, look {revision}."}],
        },
        "patient": {"identifiers": [{"id": f"MRN-{study}", "authority": "STE", "type": "MR"}]},
    }
