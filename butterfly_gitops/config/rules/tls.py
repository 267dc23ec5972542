"""Transport security says what it means."""

from collections.abc import Iterator

from butterfly_gitops.config.reading import FleetReading
from butterfly_gitops.config.rules.documentation import Rule
from butterfly_gitops.config.secrets_by_value import refused_value
from butterfly_gitops.config.tree import mapping_at, problem_at, text_at
from butterfly_gitops.model.problem import Problem

RULES = (
    Rule(
        id="tls-off",
        says="trust, certificate and key do nothing while tls.mode is off, and look as if they did.",
        wrong="tls: {trust: {file: certs/epic-ca.pem}}",
        right="tls: {mode: server, trust: {file: certs/epic-ca.pem}}",
    ),
)


def check_tls(reading: FleetReading) -> Iterator[Problem]:
    """All rules of this module, and secret-by-value for a key that lies in the repository."""
    for site in reading.sites:
        for endpoint in site.endpoints.values():
            tls = mapping_at(endpoint.merged.tree, "tls")
            if tls is None:
                continue
            if file := text_at(tls, "key", "file"):
                yield refused_value(file, name="a key in the repository")
            mode = text_at(tls, "mode")
            if mode is not None and mode.text != "off":
                continue
            for name in ("trust", "certificate", "key"):
                if entry := tls.entry(name):
                    message = f"tls.{name} does nothing while tls.mode is off"
                    mend = "write mode: server or mutual, or take it out"
                    yield problem_at(entry.key.place, rule="tls-off", message=message, mend=mend)
