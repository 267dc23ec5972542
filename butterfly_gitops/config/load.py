"""The whole way from the bytes of a configuration folder to its sound sites, all problems and every origin.

It orders the steps; reading text, merging layers and the rules stand beside it.
"""

import functools
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import date
from types import MappingProxyType
from typing import TypeVar

from butterfly_gitops.config import provenance, secrets_by_value, yaml_text
from butterfly_gitops.config.abridging import abridged
from butterfly_gitops.config.context import Context, Sound
from butterfly_gitops.config.deferred import Deferred
from butterfly_gitops.config.parts import Parts, SitePart, TextPart
from butterfly_gitops.config.reach import with_reach
from butterfly_gitops.config.reading import FleetReading
from butterfly_gitops.config.report import one_by_position, shown
from butterfly_gitops.config.rules.checks import CHECKS
from butterfly_gitops.config.rules.files import FLEET_FILES, SITE_FILES, check_files, is_yaml, site_names
from butterfly_gitops.config.rules.unread import Unread, check_unread
from butterfly_gitops.config.site_text import check_shared_layer, read_file, read_site
from butterfly_gitops.config.sound_fleet import fleet_of
from butterfly_gitops.config.tree import Source, mapping_at
from butterfly_gitops.config.versions import OLDER, TODAY, Older, brought_up_to_date
from butterfly_gitops.model.fleet import Fleet, FleetFile, GrantsFile
from butterfly_gitops.model.problem import Origin, Problem, Severity

Value = TypeVar("Value")


@dataclass(frozen=True, slots=True, kw_only=True)
class Loaded:
    """What a configuration folder says.

    `fleet` holds the sound sites only; it is None when the problems are the whole fleet's, so that everything
    stays as it runs. `problems` are to fix; `silenced` are the warnings that a comment answers, with its reason.
    `unsound_sites` are those that errors name, and that keep what they run. `origins` says by printed address where
    a value stands, `layers` which layer an endpoint's setting comes from. `parts` make the next load of almost the
    same files quick.
    """

    fleet: Fleet | None
    problems: tuple[Problem, ...]
    silenced: tuple[Problem, ...]
    origins: Mapping[str, Origin]
    layers: Mapping[str, str]
    unsound_sites: frozenset[str]
    file_count: int
    site_count: int
    endpoint_count: int
    parts: Parts = field(default_factory=Parts, repr=False, compare=False)


def load(
    files: Mapping[str, bytes],
    *,
    root: str = "sites",
    events: yaml_text.Events = yaml_text.fastest_events,
    before: Loaded | None = None,
    older: Older = OLDER,
    today: date | None = None,
    unread: Mapping[str, Unread] = MappingProxyType({}),
) -> Loaded:
    """Load a configuration from its files, by path below the sites folder; `root` is printed before each path.

    Whatever is wrong becomes a problem, all at once and sorted; nothing is raised. What an earlier load made of the
    same bytes is taken from there: the outcome is the same. Of files that are no YAML only PEM is looked at; its
    certificates are judged by `today`, and where that is None they are not.
    `older` are the versions that are still read beside today's; they are the same at each load of a process.
    `unread` is what lies in the folder and could not be read, by its path: a problem each, and none follows from it.
    """
    known = before.parts if before else Parts()
    texts = dict(_texts(files, root=root, events=events, known=known, older=older))
    others = {path: content for path, content in files.items() if not is_yaml(path)}
    paths = frozenset((*files, *unread))
    parts = Parts(texts=texts, paths=paths, others=others, unread=unread, today=today)
    if before is not None and before.parts.are_of(parts):
        return before
    reading, sites, found = _read(
        {path.removeprefix(f"{root}/"): part.text for path, part in texts.items()},
        parts,
        root=root,
        known=known,
    )
    found = _judged(reading, files, parts, root=root, within=found)
    problems, silenced = (
        one_by_position(each for each in found if bool(each.silenced) is answered)
        for answered in (False, True)
    )
    errors = [problem for problem in problems if problem.severity is Severity.ERROR]
    unsound = frozenset(problem.site for problem in errors if problem.site is not None)
    is_fleet_sound = all(problem.site is not None for problem in errors)
    return Loaded(
        fleet=fleet_of(reading, unsound) if is_fleet_sound else None,
        problems=with_reach(shown(abridged(problems), found), reading),
        silenced=with_reach(shown(silenced, found), reading),
        origins=Deferred(
            lambda: _joined(provenance.origins_of_fleet(reading), *(site.origins for site in sites))
        ),
        layers=Deferred(lambda: _joined(*(site.layers for site in sites))),
        unsound_sites=unsound,
        file_count=sum(map(is_yaml, paths)),
        site_count=len(reading.sites),
        endpoint_count=len(reading.endpoints),
        parts=replace(parts, sites={site.reading.name: site for site in sites}),
    )


def _judged(
    reading: FleetReading, files: Mapping[str, bytes], parts: Parts, *, root: str, within: list[Problem]
) -> list[Problem]:
    """All problems, those of each site `within` itself among them, with the reason in those that a comment answers."""
    found = [
        *check_files(files, root=root, unread=parts.unread),
        *check_unread(parts.unread, root=root),
        *(problem for part in parts.texts.values() for problem in part.text.problems),
        *within,
    ]
    said = {(each.origin.file, each.origin.line) for each in found if each.rule == "secret-by-value"}
    for part in parts.texts.values():
        found.extend(secrets_by_value.in_text(part.text.source, said=said))
    for check in CHECKS:
        found.extend(check(reading))
    remarks = [remark for part in parts.texts.values() for remark in part.text.remarks]
    if remarks:
        # Few files have such comments, and who judges them imports every rule there is.
        from butterfly_gitops.config.silencing import with_silences  # noqa: PLC0415

        return with_silences(found, remarks)
    return found


def _texts(
    files: Mapping[str, bytes], *, root: str, events: yaml_text.Events, known: Parts, older: Older
) -> Iterator[tuple[str, TextPart]]:
    sites = site_names(files)
    for site, path in (
        *((None, name) for name in FLEET_FILES),
        *((site, f"{site}/{name}") for site in sites for name in SITE_FILES),
    ):
        if path in files:
            file, content = f"{root}/{path}", files[path]
            text = known.text(file, content)
            if text is None:
                kind = path.rpartition("/")[2].removesuffix(".yaml")
                text = yaml_text.read_text(content, file=file, site=site, events=events)
                text = brought_up_to_date(text, kind=kind, older=older.get(kind, {}), today=TODAY[kind])
            yield file, TextPart(content=content, text=text)


def _read(
    texts: Mapping[str, yaml_text.Text], parts: Parts, *, root: str, known: Parts
) -> tuple[FleetReading, tuple[SitePart, ...], list[Problem]]:
    """Read the fleet's files and each site, and say what is wrong within each."""
    problems: list[Problem] = []
    context = Context(problems=problems)
    trees = {name: texts[name].root if name in texts else None for name in FLEET_FILES}
    fleet = FleetReading(
        fleet_tree=mapping_at(trees["fleet.yaml"]),
        grants_tree=mapping_at(trees["grants.yaml"]),
        fleet_file=read_file(FleetFile, trees["fleet.yaml"], context),
        grants_file=read_file(GrantsFile, trees["grants.yaml"], context),
        sites=(),
        paths=parts.paths,
        others=parts.others,
        unread=frozenset(parts.unread),
        today=parts.today,
    )
    for entry in fleet.presets.entries.values() if fleet.presets else ():
        check_shared_layer(entry, context)
    read_one = functools.partial(
        _site_part, texts=texts, fleet=fleet, root=root, known=known, sound=context.sound
    )
    sites = tuple(read_one(name) for name in site_names(parts.paths))
    problems += [problem for site in sites for problem in site.problems]
    return replace(fleet, sites=tuple(site.reading for site in sites)), sites, problems


def _site_part(
    name: str,
    *,
    texts: Mapping[str, yaml_text.Text],
    fleet: FleetReading,
    root: str,
    known: Parts,
    sound: Sound,
) -> SitePart:
    own = {file: texts.get(f"{name}/{file}") for file in SITE_FILES}
    of = (texts.get("fleet.yaml"), *own.values())
    if part := known.site(name, of):
        return part
    problems: list[Problem] = []
    reading = read_site(
        Source(file=f"{root}/{name}", site=name, lines=()),
        {file: text.root if text else None for file, text in own.items()},
        presets=fleet.presets,
        context=Context(problems=problems, sound=sound),
    )
    return SitePart(
        texts=of,
        reading=reading,
        problems=tuple(problems),
        origins=Deferred(lambda: provenance.origins_of_site(reading)),
        layers=Deferred(lambda: provenance.layers_of_site(reading)),
    )


def _joined(*parts: Mapping[str, Value]) -> dict[str, Value]:
    joined: dict[str, Value] = {}
    for part in parts:
        joined.update(part)
    return joined
