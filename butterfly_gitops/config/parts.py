"""Results of a load, by file and by site, so that the next load of almost the same files reads what differs.

What a site is read from, beside its own files, is the fleet's file alone: its presets.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date

from butterfly_gitops.config.reading import SiteReading
from butterfly_gitops.config.rules.files import Unread
from butterfly_gitops.config.text.yaml_text import Text
from butterfly_gitops.model.problem import Origin, Problem


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
