"""The whole way from the bytes of a configuration folder to its sound sites, all problems and every origin.

It orders the steps; reading text, merging layers and the rules stand beside it.
"""

import functools
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import date
from types import MappingProxyType
from typing import TypeVar, get_args

from butterfly_gitops.config import provenance, secrets
from butterfly_gitops.config.key_order import FILES
from butterfly_gitops.config.layers import Deferred
from butterfly_gitops.config.reading import FleetReading, SiteReading, fleet_of
from butterfly_gitops.config.report import abridged, one_by_position, with_reach
from butterfly_gitops.config.rules.checks import CHECKS, check_comments
from butterfly_gitops.config.rules.files import (
    FLEET_FILES,
    SITE_FILES,
    Unread,
    check_files,
    is_yaml,
    site_names,
)
from butterfly_gitops.config.site_text import check_shared_layer, read_file, read_site
from butterfly_gitops.config.text.yaml_events import Events, fastest_events
from butterfly_gitops.config.text.yaml_text import Text, read_text
from butterfly_gitops.config.tree import SourceFile, mapping_at, problem_at, text_at
from butterfly_gitops.config.values.context import Context, Sound
from butterfly_gitops.model.fleet import Fleet, FleetFile, GrantsFile
from butterfly_gitops.model.problem import Origin, Problem, Severity


@dataclass(frozen=True, slots=True, kw_only=True)
class SitePart:
    """A site, and the texts that it was read from; the fleet's is the first."""

    texts: tuple[Text | None, ...]
    reading: SiteReading
    problems: tuple[Problem, ...]
    origins: Mapping[str, Origin]
    layers: Mapping[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Parts:
    """All files by the path that problems print, all sites by name; beside them what only some rules look at.

    `others` is what files hold that are no YAML, by their paths below the sites folder; `unread` are those that could
    not be read; `today` judges certificates.
    """

    texts: Mapping[str, Text] = field(default_factory=dict)
    sites: Mapping[str, SitePart] = field(default_factory=dict)
    paths: frozenset[str] = frozenset()
    others: Mapping[str, bytes] = field(default_factory=dict)
    unread: Mapping[str, Unread] = field(default_factory=dict)
    today: date | None = None

    def text(self, file: str, content: bytes) -> Text | None:
        """The text of a file, if it still holds the same."""
        text = self.texts.get(file)
        return text if text is not None and text.content == content else None

    def site(self, name: str, texts: tuple[Text | None, ...]) -> SitePart | None:
        """The results of a site, if it is still read from these very texts."""
        part = self.sites.get(name)
        if part and all(mine is other for mine, other in zip(part.texts, texts, strict=True)):
            return part
        return None

    def are_of(self, other: "Parts") -> bool:
        """Whether nothing at all differs; sites follow from their texts."""
        return (
            (self.paths, self.others, self.today) == (other.paths, other.others, other.today)
            and self.unread == other.unread
            and self.texts.keys() == other.texts.keys()
            and all(self.texts[file] is text for file, text in other.texts.items())
        )


Joined = TypeVar("Joined")


@dataclass(frozen=True, slots=True, kw_only=True)
class Loaded:
    """A configuration folder as it was read.

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
    events: Events = fastest_events,
    before: Loaded | None = None,
    today: date | None = None,
    unread: Mapping[str, Unread] = MappingProxyType({}),
) -> Loaded:
    """Load a configuration from its files, by path below the sites folder; `root` is printed before each path.

    Whatever is wrong becomes a problem, all at once and sorted; nothing is raised. What an earlier load made of the
    same bytes is taken from there: the outcome is the same. Of files that are no YAML only PEM is looked at; its
    certificates are judged by `today`, and where that is None they are not.
    `unread` is what lies in the folder and could not be read, by its path: a problem each, and none follows from it.
    """
    known = before.parts if before else Parts()
    texts = dict(_texts(files, root=root, events=events, known=known))
    others = {path: content for path, content in files.items() if not is_yaml(path)}
    paths = frozenset((*files, *unread))
    parts = Parts(texts=texts, paths=paths, others=others, unread=unread, today=today)
    if before is not None and before.parts.are_of(parts):
        return before
    reading, sites, found = _read(parts, root=root, known=known)
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
        problems=with_reach(tuple(secrets.without_secrets(abridged(problems), among=found)), reading),
        silenced=with_reach(tuple(secrets.without_secrets(silenced, among=found)), reading),
        origins=Deferred(
            lambda: _joined([provenance.origins_of_fleet(reading), *(site.origins for site in sites)])
        ),
        layers=Deferred(lambda: _joined(site.layers for site in sites)),
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
    texts = parts.texts.values()
    found = [
        *check_files(files, root=root, unread=parts.unread),
        *(problem for text in texts for problem in text.problems),
        *within,
    ]
    said = {(each.origin.file, each.origin.line) for each in found if each.rule == "secret-by-value"}
    for text in texts:
        found.extend(secrets.in_text(text.source, said=said))
        found.extend(check_comments(text))
    for check in CHECKS:
        found.extend(check(reading))
    remarks = [remark for text in texts for remark in text.remarks]
    if remarks:
        # Few files have such comments, and who judges them imports the documentation of every rule.
        from butterfly_gitops.config.silencing import with_silences  # noqa: PLC0415

        return with_silences(found, remarks)
    return found


def _texts(
    files: Mapping[str, bytes], *, root: str, events: Events, known: Parts
) -> Iterator[tuple[str, Text]]:
    for site, path in (
        *((None, name) for name in FLEET_FILES),
        *((site, f"{site}/{name}") for site in site_names(files) for name in SITE_FILES),
    ):
        if path in files:
            file, content = f"{root}/{path}", files[path]
            text = known.text(file, content)
            if text is None:
                text = _of_todays_version(read_text(content, file=file, site=site, events=events))
            yield file, text


def _of_todays_version(text: Text) -> Text:
    """The text without its tree where it says another version: the same words may mean something else there."""
    model, _ = FILES[text.source.file.rpartition("/")[2]]
    (today,) = get_args(model.model_fields["version"].annotation)
    version = text_at(text.root, "version")
    if version is None or version.is_null or (version.is_plain and version.text == str(today)):
        return text
    is_number = version.is_plain and re.fullmatch(r"-?[0-9]+", version.text) is not None
    hint = f"write {today}, without quotes; or bring the program up to date"
    message = f'version is "{version.text[:60]}"; this program reads {today}'
    found = problem_at(version.place, "unknown-version", message, hint)
    # Another number is another format; anything else is today's with a slip of the pen.
    return replace(text, root=None if is_number else text.root, problems=(*text.problems, found))


def _read(
    parts: Parts, *, root: str, known: Parts
) -> tuple[FleetReading, tuple[SitePart, ...], list[Problem]]:
    """Read the fleet's files and each site, and say what is wrong within each."""
    texts = {path.removeprefix(f"{root}/"): text for path, text in parts.texts.items()}
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
    name: str, *, texts: Mapping[str, Text], fleet: FleetReading, root: str, known: Parts, sound: Sound
) -> SitePart:
    own = {file: texts.get(f"{name}/{file}") for file in SITE_FILES}
    of = (texts.get("fleet.yaml"), *own.values())
    if part := known.site(name, of):
        return part
    problems: list[Problem] = []
    reading = read_site(
        SourceFile(file=f"{root}/{name}", site=name),
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


def _joined(parts: Iterable[Mapping[str, Joined]]) -> dict[str, Joined]:
    return {at: each for part in parts for at, each in part.items()}
