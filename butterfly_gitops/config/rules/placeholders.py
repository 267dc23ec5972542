"""What `bgo init` writes in place of a hospital's own values, where an endpoint sends with it."""

from collections.abc import Iterator

from butterfly_gitops.config.reading import FleetReading
from butterfly_gitops.config.rules.documentation import Rule
from butterfly_gitops.config.tree import problem_at, text_at
from butterfly_gitops.model.problem import Origin, Problem, Severity

RULES = (
    Rule(
        id="placeholder",
        says="bgo init writes host ehr.example.org and facility FACILITY for somebody to replace. An active endpoint "
        "that still has one reaches nobody, or tells the EHR a name that no hospital has. Nothing is said of a "
        "paused one, since every endpoint begins like that.",
        wrong="host: ehr.example.org",
        right="host: 10.20.30.40",
        severity=Severity.WARNING,
    ),
)

_WRITTEN_BY_INIT = {
    "host": "ehr.example.org",
    "sending_facility": "FACILITY",
    "receiving_facility": "FACILITY",
}


def check_placeholders(reading: FleetReading) -> Iterator[Problem]:
    """All rules of this module; a value that several endpoints share is one problem."""
    found: set[Origin] = set()
    for _, endpoint in reading.endpoints:
        status = text_at(endpoint.merged.tree, "status")
        if status is not None and status.text == "paused":
            continue
        for name, placeholder in _WRITTEN_BY_INIT.items():
            value = text_at(endpoint.merged.tree, name)
            if value is None or value.text != placeholder or value.place.origin in found:
                continue
            found.add(value.place.origin)
            yield problem_at(
                value.place,
                rule="placeholder",
                message=f"{name} is still the {placeholder} that bgo init wrote, and {endpoint.name} is active",
                hint="write yours, or status: paused until you know it",
                severity=Severity.WARNING,
            )
