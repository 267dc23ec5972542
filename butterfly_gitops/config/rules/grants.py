"""What the subscription and the entitlements allow; these rules warn, and intake decides."""

from collections.abc import Iterator

from butterfly_gitops.config.reading import FleetReading
from butterfly_gitops.config.rules.documentation import Rule
from butterfly_gitops.config.tree import Place, problem_at, text_at
from butterfly_gitops.model.problem import Problem, Severity

RULES = (
    Rule(
        id="not-entitled",
        says="EHR integration needs the enterprise subscription, and preliminary results an entitlement that the "
        "implementation team grants; both stand in grants.yaml. Files may ask for more, since a grant can come "
        "later; until then those results are not sent, with the reason not-entitled.",
        wrong="preliminary_results: when_attestation_requested   (entitlements: {preliminary_results: false})",
        right="preliminary_results: never",
        severity=Severity.WARNING,
    ),
)


def check_grants(reading: FleetReading) -> Iterator[Problem]:
    """All rules of this module."""
    grants = reading.grants_file
    if grants is None:
        return
    endpoints = reading.endpoints
    if grants.subscription != "enterprise":
        subscription = text_at(reading.grants_tree, "subscription")
        if endpoints and subscription:
            message = f"EHR integration needs the enterprise subscription: no result of {len(endpoints)} EHR endpoints"
            hint = "have the subscription changed, or take the endpoints out"
            yield _warning(subscription.place, message=f"{message} is sent", hint=hint)
        return
    if grants.entitlements.preliminary_results:
        return
    for site, endpoint in endpoints:
        asks = text_at(endpoint.merged.tree, "preliminary_results")
        if asks and asks.text == "when_attestation_requested":
            # Written for several endpoints, it is one wish and one warning.
            who = endpoint.layer("preliminary_results") or f"{site.name}/{endpoint.name}"
            message = f"{who} asks for preliminary results, which have not been granted"
            hint = "ask the implementation team for entitlements.preliminary_results, or write never"
            yield _warning(asks.place, message=message, hint=hint)


def _warning(place: Place, *, message: str, hint: str) -> Problem:
    return problem_at(place, rule="not-entitled", message=message, hint=hint, severity=Severity.WARNING)
