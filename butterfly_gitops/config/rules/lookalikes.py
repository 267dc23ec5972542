"""Names that a tired person takes for one another."""

from collections.abc import Iterable, Iterator
from dataclasses import replace

from butterfly_gitops.config.reading import FleetReading, SiteReading
from butterfly_gitops.config.rules.documentation import Rule
from butterfly_gitops.config.rules.names import keys_of
from butterfly_gitops.config.tree import (
    Place,
    Related,
    Scalar,
    mapping_at,
    problem_at,
    problem_of_file,
    text_at,
)
from butterfly_gitops.model.problem import Origin, Problem, Severity

_RULE = "near-identical-name"

RULES = (
    Rule(
        id=_RULE,
        says="Two names of one site that differ only by hyphens are mistaken for each other sooner or later, at night "
        "and by telephone too: results would go to the wrong EHR with every check content. The same holds for two "
        "sites, and for two presets. A name is an identity, so choose well before anything runs under it.",
        wrong="ehr_endpoints: {epic-1: {…}, epic1: {…}}",
        right="ehr_endpoints: {epic-prod: {…}, epic-training: {…}}",
        severity=Severity.WARNING,
    ),
)


def check_lookalikes(reading: FleetReading) -> Iterator[Problem]:
    """All rules of this module."""
    for first, second in _pairs(keys_of(reading.presets)):
        yield _alike(second, first, said="preset")
    for site in reading.sites:
        for first, second in _pairs(_names_of(site)):
            yield _alike(second, first, said="name")
    yield from _sites(reading)


def _names_of(site: SiteReading) -> tuple[Scalar, ...]:
    """All names of a site: whatever it names, a name means one thing there."""
    trees = (
        site.links,
        mapping_at(site.endpoints_tree, "ehr_endpoints"),
        mapping_at(site.archives_tree, "archives"),
    )
    return tuple(key for tree in trees for key in keys_of(tree))


def _pairs(keys: Iterable[Scalar]) -> Iterator[tuple[Scalar, Scalar]]:
    first: dict[str, Scalar] = {}
    for key in keys:
        other = first.setdefault(_heard(key.text), key)
        if other.text != key.text:
            yield other, key


def _heard(name: str) -> str:
    return name.replace("-", "").lower()


def _alike(key: Scalar, other: Scalar, *, said: str) -> Problem:
    return problem_at(
        key.place,
        rule=_RULE,
        message=f'{said} "{key.text}" is easily taken for "{other.text}"',
        hint="give one of them a name of its own",
        related=(("the other one", other.place.origin),),
        severity=Severity.WARNING,
    )


def _sites(reading: FleetReading) -> Iterator[Problem]:
    first: dict[str, SiteReading] = {}
    for site in reading.sites:
        other = first.setdefault(_heard(site.name), site)
        if other is not site:
            yield _of_site(
                site,
                message=f'site "{site.name}" is easily taken for "{other.name}"',
                related=(("the other one", _origin(other)),),
            )


def _of_site(site: SiteReading, *, message: str, related: Related) -> Problem:
    """A folder has no line for a comment that answers; what people call the site stands in its file."""
    hint, place = "give one of them a name of its own", _called(site)
    if place is not None:
        return problem_at(
            place, rule=_RULE, message=message, hint=hint, related=related, severity=Severity.WARNING
        )
    problem = problem_of_file(site.source, rule=_RULE, message=message, hint=hint)
    return replace(problem, related=related, severity=Severity.WARNING)


def _origin(site: SiteReading) -> Origin:
    place = _called(site)
    return place.origin if place else Origin(file=site.source.file, line=0)


def _called(site: SiteReading) -> Place | None:
    """Where the site's display_name stands, or its first key; nowhere where its file could not be read."""
    if name := text_at(site.site_tree, "display_name"):
        return name.place
    keys = keys_of(site.site_tree)
    return keys[0].place if keys else None
