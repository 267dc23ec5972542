"""Transport security says what it means."""

from collections.abc import Iterator

from butterfly_gitops.config.nearest import nearest
from butterfly_gitops.config.reading import FleetReading
from butterfly_gitops.config.rules.documentation import Rule
from butterfly_gitops.config.tree import Mapping, Scalar, mapping_at, problem_at, text_at
from butterfly_gitops.model.problem import Problem

RULES = (
    Rule(
        id="tls-off",
        says="trust, certificate and key do nothing while tls.mode is off, and look as if they did.",
        wrong="tls: {trust: {file: certs/epic-ca.pem}}",
        right="tls: {mode: server, trust: {file: certs/epic-ca.pem}}",
    ),
    Rule(
        id="bad-reference",
        says="{file: …} names a file below the sites folder, from there, without `..`. It must be there: what is "
        "checked in review is what runs.",
        wrong="trust: {file: ../certs/epic-ca.pem}",
        right="trust: {file: certs/epic-ca.pem}",
    ),
)

_PARTS = ("trust", "certificate", "key")


def check_tls(reading: FleetReading) -> Iterator[Problem]:
    """All rules of this module, and secret-by-value for a key that lies in the repository."""
    for _, endpoint in reading.endpoints:
        tls = mapping_at(endpoint.merged.tree, "tls")
        if tls is None:
            continue
        if file := text_at(tls, "key", "file"):
            message = "a private key lies in the repository, where many people read it for ever"
            mend = "take it out, change the key, and refer to it: {env: BGO_SECRET_…} or {path: /…}"
            yield problem_at(file.place, rule="secret-by-value", message=message, mend=mend)
        for name in _PARTS:
            yield from _bad_reference(text_at(tls, name, "file"), reading.paths)
        mode = text_at(tls, "mode")
        if mode is None or mode.text == "off":
            yield from _idle(tls)


def _idle(tls: Mapping) -> Iterator[Problem]:
    for name in _PARTS:
        if entry := tls.entry(name):
            message = f"tls.{name} does nothing while tls.mode is off"
            mend = "write mode: server or mutual, or take it out"
            yield problem_at(entry.key.place, rule="tls-off", message=message, mend=mend)


def _bad_reference(file: Scalar | None, paths: frozenset[str]) -> Iterator[Problem]:
    if file is None or file.text in paths:
        return
    message, mend = f'there is no file "{file.text}" below the sites folder', "add it, or correct its path"
    if file.text.startswith("/") or ".." in file.text.split("/"):
        message = f'"{file.text}" leads out of the sites folder'
        mend = "write a path from the sites folder, such as certs/epic-ca.pem"
    elif meant := nearest(file.text, paths):
        mend = f'write "{meant}"'
    yield problem_at(file.place, rule="bad-reference", message=message, mend=mend)
