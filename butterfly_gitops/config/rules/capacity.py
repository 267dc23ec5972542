"""How much one fleet may hold."""

from collections.abc import Iterator

from butterfly_gitops.config.reading import FleetReading
from butterfly_gitops.config.rules.documentation import Rule
from butterfly_gitops.config.tree import Scalar, problem_at
from butterfly_gitops.model.archive import MAX_ARCHIVES_PER_FLEET
from butterfly_gitops.model.problem import Problem

RULES = (
    Rule(
        id="too-many-archives",
        says="A fleet has at most 100 archives, educational ones too: the source of events knows no more of one "
        "organization. They are counted in the order of the sites' names; a site with one that is too many keeps "
        "what it runs, and the sites before it go on.",
        wrong="archives: {…}   (60 in one site, 41 in another)",
        right="archives: {…}   (60 in one site, 40 in another)",
    ),
)


def check_capacity(reading: FleetReading) -> Iterator[Problem]:
    """All rules of this module."""
    keys = [archive.key for site in reading.sites for archive in site.archives.values()]
    said: set[str | None] = set()
    for key in keys[MAX_ARCHIVES_PER_FLEET:]:
        # Every site beyond the limit must stay as it runs, and hear of it once.
        if key.place.source.site not in said:
            said.add(key.place.source.site)
            yield _too_many(key, len(keys))


def _too_many(key: Scalar, count: int) -> Problem:
    return problem_at(
        key.place,
        rule="too-many-archives",
        message=f"{key.text} is one archive too many: the fleet has {count}, at most {MAX_ARCHIVES_PER_FLEET}",
        hint=f"take out {count - MAX_ARCHIVES_PER_FLEET} of them, in this site or another",
    )
