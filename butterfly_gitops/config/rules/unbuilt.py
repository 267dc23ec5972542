"""What the format has and this version does not do yet: refused, so that nobody relies on it."""

from collections.abc import Iterator

from butterfly_gitops.config.reading import FleetReading
from butterfly_gitops.config.rules.documentation import Rule
from butterfly_gitops.config.tree import Mapping, Place, mapping_at, problem_at, text_at
from butterfly_gitops.model.problem import Problem

RULES = (
    Rule(
        id="not-built-yet",
        says="The format has this setting, and this version of the program cannot act on it. Refused are: tls.mode "
        "other than off, Links that run at an agent, message layouts other than report, HL7 versions other than "
        "2.5.1, image links, renamed_from, removed and removed_sites.",
        wrong="message: {layout: pdf}",
        right="message: {layout: report}",
    ),
)

_BUILT = {
    ("tls", "mode"): ("off", ("server", "mutual")),
    ("message", "layout"): ("report", ("lines", "pdf", "notice")),
    ("message", "hl7_version"): ("2.5.1", ("2.3", "2.3.1", "2.4")),
    ("message", "image_link"): ("none", ("text", "rp")),
}


def check_unbuilt(reading: FleetReading) -> Iterator[Problem]:
    """All rules of this module, in each layer, used or not."""
    presets = reading.presets
    for name in presets.entries if presets else ():
        yield from _settings(mapping_at(presets, name))
    yield from _removals(reading.fleet_tree, "removed_sites")
    for site in reading.sites:
        yield from _settings(mapping_at(site.site_tree, "endpoint_defaults"))
        for endpoint in site.endpoints.values():
            yield from _settings(endpoint.own)
            if entry := endpoint.own.entry("renamed_from"):
                yield _refused(entry.key.place, "renamed_from", mend="add it under its new name without it")
        for tree in (site.site_tree, site.endpoints_tree, site.archives_tree):
            yield from _removals(tree, "removed")
        yield from _agents(site.links)


def _settings(layer: Mapping | None) -> Iterator[Problem]:
    for path, (built, unbuilt) in _BUILT.items():
        value = text_at(layer, *path)
        if value and value.text in unbuilt:
            yield _refused(value.place, f"{'.'.join(path)}: {value.text}", mend=f'write "{built}"')


def _removals(tree: Mapping | None, name: str) -> Iterator[Problem]:
    entry = tree.entry(name) if tree else None
    if entry and not (isinstance(entry.value, Mapping) and not entry.value.entries):
        yield _refused(entry.key.place, name, mend="take it out")


def _agents(links: Mapping | None) -> Iterator[Problem]:
    for name in links.entries if links else ():
        runs = text_at(links, name, "runs")
        if runs and runs.text == "agent":
            yield _refused(runs.place, "runs: agent", mend='write "here"')


def _refused(place: Place, what: str, *, mend: str) -> Problem:
    message = f"{what} is not built yet"
    return problem_at(place, rule="not-built-yet", message=message, mend=mend)
