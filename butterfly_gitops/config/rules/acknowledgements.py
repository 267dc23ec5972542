"""Answers to a refusal that an EHR gives in another mode of acknowledgement alone."""

from collections.abc import Iterator

from butterfly_gitops.config.reading import FleetReading
from butterfly_gitops.config.rules.documentation import Rule
from butterfly_gitops.config.tree import problem_at
from butterfly_gitops.model.problem import Problem, Severity

RULES = (
    Rule(
        id="code-of-another-mode",
        says="CE and CR refuse to take a message, which an EHR says where MSH-15 asks for it: with acknowledgement.mode "
        "commit alone (HL7 v2.5.1, 2.9.3). In original mode it answers AE and AR, so what stands for CE or CR does "
        "nothing. AE and AR may stand in either mode: where AA delivers, an EHR refuses with them.",
        wrong="acknowledgement: {mode: original, on_refusal: {CE: {retries: 5}}}",
        right="acknowledgement: {mode: original, on_refusal: {AE: {retries: 5}}}",
        severity=Severity.WARNING,
    ),
)

_OF_ORIGINAL_MODE = {"CE": "AE", "CR": "AR"}


def check_acknowledgements(reading: FleetReading) -> Iterator[Problem]:
    """All rules of this module, for each endpoint with all its layers."""
    for _, endpoint in reading.endpoints:
        if endpoint.value is None or endpoint.value.acknowledgement.mode != "original":
            continue
        for code, meant in _OF_ORIGINAL_MODE.items():
            path = ("acknowledgement", "on_refusal", code)
            if getattr(endpoint.value.acknowledgement.on_refusal, code) is None:
                continue
            own = endpoint.own.entry(*path)
            yield problem_at(
                own.key.place if own else endpoint.key.place,
                rule="code-of-another-mode",
                message=f"{endpoint.name} has the mode original, in which no EHR answers {code}",
                mend=f"write {meant}, or mode: commit",
                related=() if own else endpoint.provenance(*path),
                severity=Severity.WARNING,
            )
