"""The sample endpoint, the sample studies, and the golden cases as they lie on disk."""

import json
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from butterfly_gitops.hl7.form import Form
from butterfly_gitops.hl7.message import visible
from butterfly_gitops.hl7.render import KnownReport, Rendered, render
from butterfly_gitops.model.delivery import ResultStatus
from butterfly_gitops.model.endpoint import EhrEndpoint
from butterfly_gitops.model.study import StudyEvent

TESTS = Path(__file__).parents[1]
CASES = Path(__file__).parent / "cases"
GOLDEN = TESTS / "golden"

CONTROL_ID = "K7Q2M4ZP0V9T3XNB6RWC"
FALLBACK = "BF0123456789ABCD"
AT = datetime.fromisoformat("2026-11-24T14:03:15Z")

EPIC_PROD: dict[str, Any] = {
    "display_name": "Epic Bridges (production)",
    "link": "server-room",
    "host": "10.20.30.40",
    "port": 6661,
    "receiving_application": "EPIC",
    "sending_facility": "STE",
    "receiving_facility": "STE",
    "time_zone": "America/New_York",
    "preliminary_results": "when_attestation_requested",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """One golden message: `cases/NAME.json` says what is rendered, `golden/message-NAME.hl7` what comes out.

    A case may change its study (`changes`, a JSON Merge Patch, RFC 7396), for a name in another script, say.
    """

    name: str
    event: StudyEvent
    endpoint: EhrEndpoint
    status: ResultStatus
    rendered: Rendered

    @property
    def text(self) -> str:
        return visible(self.rendered.data, self.endpoint.encoding)


def endpoint(**overrides: Any) -> EhrEndpoint:
    return EhrEndpoint.model_validate_json(json.dumps({**EPIC_PROD, **overrides}))


def study(name: str, **changes: Any) -> StudyEvent:
    event = json.loads((TESTS / "studies" / name).read_text(encoding="utf-8"))
    return StudyEvent.model_validate_json(json.dumps(merged(event, changes)))


def merged(whole: Any, changes: Any) -> Any:
    """Apply a JSON Merge Patch (RFC 7396)."""
    if not isinstance(changes, dict) or not isinstance(whole, dict):
        return changes
    kept = {name: value for name, value in whole.items() if name not in changes}
    new = {name: merged(whole.get(name), value) for name, value in changes.items() if value is not None}
    return {**kept, **new}


def rendered(
    event: StudyEvent,
    to: EhrEndpoint | None = None,
    *,
    status: str = "F",
    known: dict[str, Any] | None = None,
    control_id: str = CONTROL_ID,
    at: datetime = AT,
) -> Rendered:
    return render(
        Form.of(to or endpoint()),
        event,
        report=_known(**(known or {})),
        status=ResultStatus(status),
        control_id=control_id,
        at=at,
    )


def _known(*, taken: list[str] | None = None, **told: Any) -> KnownReport:
    return KnownReport(**{"fallback_filler": FALLBACK, "taken": frozenset(taken or ()), **told})


def lines(message: Rendered) -> list[str]:
    return message.data.decode("utf-8").removesuffix("\r").split("\r")


def field_of(message: Rendered, place: str, *, nth: int = 1) -> str:
    """Look up `OBX-5` of the nth OBX, without the product's own reader."""
    name, _, number = place.partition("-")
    fields = [line for line in lines(message) if line.startswith(name)][nth - 1].split("|")
    index = int(number) - (name == "MSH")
    return fields[index] if index < len(fields) else ""


def read_case(name: str) -> Case:
    case = json.loads((CASES / f"{name}.json").read_text(encoding="utf-8"))
    to = endpoint(**case.get("endpoint", {}))
    event = study(case["study"], **case.get("changes", {}))
    return Case(
        name=name,
        event=event,
        endpoint=to,
        status=ResultStatus(case["status"]),
        rendered=rendered(
            event,
            to,
            status=case["status"],
            known=case.get("known"),
            control_id=case.get("control_id", CONTROL_ID),
            at=datetime.fromisoformat(case["at"]),
        ),
    )


def golden_names() -> list[str]:
    return sorted(path.stem.removeprefix("message-") for path in GOLDEN.glob("message-*.hl7"))
