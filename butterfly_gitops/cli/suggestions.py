"""Completions for a word of the command line: sites, endpoints, addresses and rules.

The files are read as far as they can be. What is absent or broken suggests nothing and says nothing: a shell would
show it in the middle of what a person types.
"""

import functools
import re
from collections.abc import Callable, Iterator
from pathlib import Path

import click
from click.shell_completion import CompletionItem

from butterfly_gitops.config.effective import FLEET_FIELDS
from butterfly_gitops.config.rules.files import FLEET_FILES, SITE_FILES
from butterfly_gitops.config.text.plain_text import MAX_BYTES
from butterfly_gitops.config.text.yaml_text import read_text
from butterfly_gitops.config.tree import Mapping, mapping_at, text_at
from butterfly_gitops.model.address import Address
from butterfly_gitops.model.scalar import NAME_PATTERN
from butterfly_gitops.source.folder import sites_folder_of

# With more sites than these that fit, their names come first: reading so many would be felt.
_SITES_AT_ONCE = 50

Suggest = Callable[[click.Context, click.Parameter, str], list[CompletionItem]]


def _silently(suggest: Callable[[Path, str], Iterator[CompletionItem]]) -> Suggest:
    """Make a completion function for click, which suggests nothing when anything goes wrong."""

    @functools.wraps(suggest)
    def suggested(ctx: click.Context, _param: click.Parameter, incomplete: str) -> list[CompletionItem]:
        try:
            folder = sites_folder_of(ctx.params.get("sites") or Path("sites"))
            return [item for item in suggest(folder, incomplete) if item.value.startswith(incomplete)]
        except Exception:  # noqa: BLE001 - the edge: a shell has no place for what went wrong
            return []

    return suggested


@_silently
def sites(folder: Path, incomplete: str) -> Iterator[CompletionItem]:
    """Suggest sites."""
    for name in _site_names(folder, incomplete):
        yield CompletionItem(name)


@_silently
def endpoints(folder: Path, incomplete: str) -> Iterator[CompletionItem]:
    """Suggest endpoints, as SITE/NAME."""
    names = _site_names(folder, incomplete)
    for site in names:
        if len(names) > _SITES_AT_ONCE:
            yield CompletionItem(f"{site}/")
        else:
            yield from _endpoints_of(folder, site)


def _endpoints_of(folder: Path, site: str) -> Iterator[CompletionItem]:
    tree = mapping_at(_tree(folder / site / "ehr-endpoints.yaml"), "ehr_endpoints")
    for name in tree.entries if tree else ():
        if re.fullmatch(NAME_PATTERN, name):
            display_name = text_at(tree, name, "display_name")
            yield CompletionItem(f"{site}/{name}", help=display_name.text if display_name else None)


@_silently
def rules_and_addresses(folder: Path, incomplete: str) -> Iterator[CompletionItem]:
    """Suggest rules, and addresses: each part once the one before it is written, of broken files endpoints alone."""
    from butterfly_gitops.config.effective import addresses_near
    from butterfly_gitops.config.load import load
    from butterfly_gitops.config.rules.catalog import RULES

    for rule in RULES.values():
        yield CompletionItem(rule.id, help=f"rule ({rule.severity.value})")
    names = _site_names(folder, incomplete)
    if len(names) > _SITES_AT_ONCE:
        yield from map(CompletionItem, names)
        return
    # Without any site no fleet is sound.
    read = names or _site_names(folder, "")[:1]
    paths = [*FLEET_FILES, *(f"{site}/{file}" for site in read for file in SITE_FILES)]
    loaded = load({path: _content(folder / path) for path in paths if (folder / path).is_file()})
    for site in names if loaded.fleet is None else loaded.unsound_sites:
        yield from _endpoints_of(folder, site or "")
    parts = [
        one.split(".")
        for site in (*FLEET_FIELDS, *names)
        for one in addresses_near(loaded, Address(site=site))
    ]
    # A group of settings can be explained, too.
    addresses = {".".join(each[:count]) for each in parts for count in range(1, len(each) + 1)}
    begun = sorted(one for one in addresses if one.startswith(incomplete))
    is_named = "." in incomplete or len({one.partition(".")[0] for one in begun}) == 1
    yield from (CompletionItem(one) for one in begun if is_named or "." not in one)


def _site_names(folder: Path, incomplete: str) -> list[str]:
    """List the sites that begin so, or the one that is written before a slash or dot."""
    written, *rest = re.split(r"[/.]", incomplete, maxsplit=1)
    found = sorted(
        entry.name
        for entry in folder.iterdir()
        if (entry.name == written if rest else entry.name.startswith(written))
        and re.fullmatch(NAME_PATTERN, entry.name)
    )
    return [name for name in found if any((folder / name / file).is_file() for file in SITE_FILES)]


def _tree(path: Path) -> Mapping | None:
    return mapping_at(read_text(_content(path), file=path.name, site=None).root) if path.is_file() else None


def _content(path: Path) -> bytes:
    with path.open("rb") as file:
        return file.read(MAX_BYTES + 1)
