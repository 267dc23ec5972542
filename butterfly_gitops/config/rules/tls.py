"""Transport security says what it means, and what it refers to in the repository is good for it."""

from collections.abc import Iterator
from datetime import date, timedelta

from butterfly_gitops.config import pem
from butterfly_gitops.config.nearest import Guesses
from butterfly_gitops.config.reading import FleetReading
from butterfly_gitops.config.rules.documentation import Rule
from butterfly_gitops.config.rules.unread import lies_in
from butterfly_gitops.config.tree import Mapping, Scalar, mapping_at, problem_at, text_at
from butterfly_gitops.model.problem import Problem, Severity

RULES = (
    Rule(
        id="tls-off",
        says="trust, certificate and key do nothing while tls.mode is off, and look as if they did.",
        wrong="tls: {trust: {file: certs/epic-ca.pem}}",
        right="tls: {mode: off}",
    ),
    Rule(
        id="bad-reference",
        says="{file: …} names a file below the sites folder, from there, without `..`. It must be there: what is "
        "checked in review is what runs.",
        wrong="trust: {file: ../certs/epic-ca.pem}",
        right="trust: {file: certs/epic-ca.pem}",
    ),
    Rule(
        id="not-a-certificate",
        says="The file behind trust or certificate holds certificates in PEM, which is text that starts with -----BEGIN "
        "CERTIFICATE-----, and is at most 256 KiB. From a file in DER (often .cer or .der): openssl x509 -inform der "
        "-in FILE. A request for a certificate, or a public key, is none.",
        wrong="trust: {file: certs/epic-ca.csr}",
        right="trust: {file: certs/epic-ca.pem}",
    ),
    Rule(
        id="certificate-expires",
        says="The certificate is not valid yet, no longer valid, or for 30 days at most; the connection fails when it "
        "is not. Of several in trust the one that lasts longest counts, of several in certificate the first. This "
        "only warns: a site must not change because a day has passed.",
        wrong="trust: {file: certs/epic-ca.pem}   (expired on 2026-10-01)",
        right="trust: {file: certs/epic-ca.pem}   (expires on 2031-10-01)",
        severity=Severity.WARNING,
    ),
)

_PARTS = ("trust", "certificate", "key")
_SOON = timedelta(days=30)


def check_tls(reading: FleetReading) -> Iterator[Problem]:
    """All rules of this module, and secret-by-value for a key that lies in the repository."""
    guesses = Guesses()
    for layer in _layers(reading):
        tls = mapping_at(layer, "tls")
        if file := text_at(tls, "key", "file"):
            message = "a private key lies in the repository, where many people read it for ever"
            hint = "take it out, change the key, and refer to it: {env: BGO_SECRET_…} or {path: /…}"
            yield problem_at(file.place, rule="secret-by-value", message=message, hint=hint)
        for part in _PARTS:
            if file := text_at(tls, part, "file"):
                yield from _bad_reference(file, reading, guesses)
                yield from _bad_content(file, part, reading)
    for _, endpoint in reading.endpoints:
        tls = mapping_at(endpoint.merged.tree, "tls")
        mode = text_at(tls, "mode")
        if tls and (mode is None or mode.text == "off"):
            yield from _idle(tls)


def _layers(reading: FleetReading) -> Iterator[Mapping | None]:
    """Each layer of each endpoint, used or not."""
    presets = reading.presets
    for name in presets.entries if presets else ():
        yield mapping_at(presets, name)
    for site in reading.sites:
        yield mapping_at(site.site_tree, "endpoint_defaults")
        for endpoint in site.endpoints.values():
            yield endpoint.own


def _idle(tls: Mapping) -> Iterator[Problem]:
    for name in _PARTS:
        if entry := tls.entry(name):
            message = f"tls.{name} does nothing while tls.mode is off"
            # Other modes are refused as not built yet; a hint must not lead there.
            hint = "take it out"
            yield problem_at(entry.key.place, rule="tls-off", message=message, hint=hint)


def _bad_reference(file: Scalar, reading: FleetReading, guesses: Guesses) -> Iterator[Problem]:
    paths, unread = reading.paths, reading.unread
    if file.text in paths or lies_in(file.text, unread):
        return
    message, hint = f'there is no file "{file.text}" below the sites folder', "add it, or correct its path"
    if file.text.startswith("/") or ".." in file.text.split("/"):
        message = f'"{file.text}" leads out of the sites folder'
        hint = "write a path from the sites folder, such as certs/epic-ca.pem"
    elif meant := guesses.nearest(file, paths):
        hint = f'write "{meant}"'
    yield problem_at(file.place, rule="bad-reference", message=message, hint=hint)


def _bad_content(file: Scalar, part: str, reading: FleetReading) -> Iterator[Problem]:
    """What is wrong with the content of a file that is there; a key has been refused whatever it holds."""
    if part == "key" or file.text not in reading.paths or file.text in reading.unread:
        return
    try:
        found = pem.validities(reading.others.get(file.text, b""))
    except pem.NotACertificateError as fault:
        message = f"{file.text} {fault}"
        hint = "put the certificate there as text that starts with -----BEGIN CERTIFICATE-----"
        yield problem_at(file.place, rule="not-a-certificate", message=message, hint=hint)
        return
    if reading.today is None:
        return
    validity = _longest(found, reading.today) if part == "trust" else found[0]
    if found_today := _fault_today(validity, reading.today):
        says, hint = found_today
        message = f"the certificate in {file.text} {says}"
        yield problem_at(
            file.place, rule="certificate-expires", message=message, hint=hint, severity=Severity.WARNING
        )


def _longest(found: tuple[pem.Validity, ...], today: date) -> pem.Validity:
    """The one that is good for longest; one for later does not help as long as none is valid now."""
    valid = [one for one in found if one.first <= today <= one.last]
    return max(valid or found, key=lambda one: one.last)


def _fault_today(validity: pem.Validity, today: date) -> tuple[str, str] | None:
    """What a day makes of a certificate, and what to do."""
    if today < validity.first:
        return (
            f"is not valid before {validity.first}",
            "put the one there that is valid now, with this one behind it",
        )
    if today > validity.last:
        return f"expired on {validity.last}", "put its successor there"
    if validity.last - today <= _SOON:
        days = (validity.last - today).days
        when = {0: "today", 1: "tomorrow"}.get(days, f"in {days} days")
        return f"expires on {validity.last}, {when}", "ask for its successor now, and put it there"
    return None
