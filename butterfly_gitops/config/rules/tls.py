"""Transport security says what it means, what it refers to in the repository is good for it, and all is built."""

from collections.abc import Iterator
from datetime import date, timedelta

from butterfly_gitops.config.reading import FleetReading
from butterfly_gitops.config.rules.files import IN_THE_REPOSITORY, lies_in
from butterfly_gitops.config.secrets import HINT
from butterfly_gitops.config.text import pem
from butterfly_gitops.config.tree import Mapping, Scalar, mapping_at, problem_at, text_at
from butterfly_gitops.config.typos import typo_of
from butterfly_gitops.model.problem import Problem, Severity

_PARTS = ("trust", "certificate", "key")
_SOON = timedelta(days=30)
_UNBUILT = {"mode": ("server", "mutual"), "runs": ("agent",)}


def is_unbuilt(setting: str, value: str) -> bool:
    """Whether a setting, by the last part of its path, has this value in the format alone."""
    return value in _UNBUILT.get(setting, ())


def check_unbuilt(reading: FleetReading) -> Iterator[Problem]:
    """Refuse what the format has and this version does not do yet, in each layer, used or not."""
    for layer in reading.layers:
        mode = text_at(layer, "tls", "mode")
        if mode and is_unbuilt("mode", mode.text):
            tls = mapping_at(layer, "tls")
            # They would do nothing then, and be refused for it.
            idle = ", ".join(name for name in _PARTS if tls and name in tls.entries)
            hint = 'write "off"' + (f", and take {idle} out" if idle else "")
            yield _not_built(mode, "tls.mode", hint)
    for site in reading.sites:
        for name in site.links.entries if site.links else ():
            runs = text_at(site.links, name, "runs")
            if runs and is_unbuilt("runs", runs.text):
                yield _not_built(runs, "runs", 'write "here"')


def _not_built(value: Scalar, name: str, hint: str) -> Problem:
    message = f"{name}: {value.text} is not built yet"
    return problem_at(value.place, "not-built-yet", message, hint)


def check_tls(reading: FleetReading) -> Iterator[Problem]:
    """Check references and certificates, settings that do nothing, and keys that lie in the repository."""
    for layer in reading.layers:
        tls = mapping_at(layer, "tls")
        if file := text_at(tls, "key", "file"):
            message = f"a private key {IN_THE_REPOSITORY}"
            yield problem_at(file.place, "secret-by-value", message, HINT)
        for part in _PARTS:
            if file := text_at(tls, part, "file"):
                yield from _bad_reference(file, reading)
                # A key has been refused whatever it holds.
                if part != "key" and file.text in reading.paths and file.text not in reading.unread:
                    yield from _bad_content(file, part, reading)
    for _, endpoint in reading.endpoints:
        tls = mapping_at(endpoint.merged.tree, "tls")
        mode = text_at(tls, "mode")
        if tls and (mode is None or mode.text == "off"):
            yield from _idle(tls)


def _idle(tls: Mapping) -> Iterator[Problem]:
    for name in _PARTS:
        if entry := tls.entry(name):
            message = f"tls.{name} does nothing while tls.mode is off"
            # Other modes are refused as not built yet; a hint must not lead there.
            yield problem_at(entry.key.place, "tls-off", message, "take it out")


def _bad_reference(file: Scalar, reading: FleetReading) -> Iterator[Problem]:
    if file.text in reading.paths or lies_in(file.text, reading.unread):
        return
    message, hint = f'there is no file "{file.text}" below the sites folder', "add it, or correct its path"
    if file.text.startswith("/") or ".." in file.text.split("/"):
        message = f'"{file.text}" leads out of the sites folder'
        hint = "write a path from the sites folder, such as certs/epic-ca.pem"
    elif meant := typo_of(file.text, reading.others):
        hint = f'write "{meant}"'
    yield problem_at(file.place, "bad-reference", message, hint)


def _bad_content(file: Scalar, part: str, reading: FleetReading) -> Iterator[Problem]:
    try:
        found = pem.validities(reading.others.get(file.text, b""))
    except pem.NotACertificateError as fault:
        message = f"{file.text} {fault}"
        hint = "put the certificate there as text that starts with -----BEGIN CERTIFICATE-----"
        yield problem_at(file.place, "not-a-certificate", message, hint)
        return
    if reading.today is None:
        return
    validity = _longest(found, reading.today) if part == "trust" else found[0]
    if fault_today := _fault_today(validity, reading.today):
        says, hint = fault_today
        message = f"the certificate in {file.text} {says}"
        warning = Severity.WARNING
        yield problem_at(file.place, "certificate-expires", message, hint, severity=warning)


def _longest(found: tuple[pem.Validity, ...], today: date) -> pem.Validity:
    """The one that is good for longest; one for later does not help as long as none is valid now."""
    valid = [one for one in found if one.first <= today <= one.last]
    return max(valid or found, key=lambda one: one.last)


def _fault_today(validity: pem.Validity, today: date) -> tuple[str, str] | None:
    """Judge a certificate by a day, and say what to do."""
    if today < validity.first:
        says = f"is not valid before {validity.first}"
        return says, "put the one there that is valid now, with this one behind it"
    if today > validity.last:
        return f"expired on {validity.last}", "put its successor there"
    if validity.last - today <= _SOON:
        days = (validity.last - today).days
        when = {0: "today", 1: "tomorrow"}.get(days, f"in {days} days")
        return f"expires on {validity.last}, {when}", "ask for its successor now, and put it there"
    return None
