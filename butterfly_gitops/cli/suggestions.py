"""What a word of the command line may become: sites, endpoints, addresses and rules, for shells that complete it.

The files are read as far as they can be. What is absent or broken suggests nothing and says nothing: a shell would
show it in the middle of what a person types.
"""

import functools
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import get_type_hints

import click
from click.shell_completion import CompletionItem
from pydantic import BaseModel

from butterfly_gitops.config.effective import FLEET_FIELDS
from butterfly_gitops.config.rules.files import SITE_FILES
from butterfly_gitops.config.text.plain_text import MAX_BYTES
from butterfly_gitops.config.text.yaml_text import read_text
from butterfly_gitops.config.tree import Mapping, mapping_at, scalars_at, text_at
from butterfly_gitops.model.archive import Archive
from butterfly_gitops.model.endpoint import EhrEndpoint
from butterfly_gitops.model.fleet import FleetSettings
from butterfly_gitops.model.scalar import NAME_PATTERN
from butterfly_gitops.model.site import Link
from butterfly_gitops.source.folder import sites_folder_of

# With more sites than these that fit, their names come first: reading so many would be felt.
_SITES_AT_ONCE = 50
_THINGS: tuple[tuple[str, str, type[BaseModel]], ...] = (
    ("ehr-endpoints.yaml", "ehr_endpoints", EhrEndpoint),
    ("archives.yaml", "archives", Archive),
    ("site.yaml", "links", Link),
)

Suggest = Callable[[click.Context, click.Parameter, str], list[CompletionItem]]


def _silently(suggest: Callable[[Path, str], Iterator[CompletionItem]]) -> Suggest:
    """A function that click calls while somebody types: whatever goes wrong, there is nothing to suggest."""

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
    """The sites there are."""
    for name in _site_names(folder, incomplete):
        yield CompletionItem(name)


@_silently
def endpoints(folder: Path, incomplete: str) -> Iterator[CompletionItem]:
    """The endpoints there are, as SITE/NAME."""
    if len(names := _site_names(folder, incomplete)) > _SITES_AT_ONCE:
        for site in names:
            yield CompletionItem(f"{site}/")
    for site, name, help_ in _named(folder, incomplete, _THINGS[:1]):
        yield CompletionItem(f"{site}/{name}", help=help_)


@_silently
def rules_and_addresses(folder: Path, incomplete: str) -> Iterator[CompletionItem]:
    """The ids of rules, and addresses: each part once the one before it is written."""
    from butterfly_gitops.config.rules.catalog import RULES

    for rule in RULES.values():
        yield CompletionItem(rule.id, help=f"rule ({rule.severity.value})")
    yield from _of_fleet()
    for site in _site_names(folder, incomplete):
        yield from _addresses(site, ("display_name", "time_zone"), incomplete)
    for site, name, help_ in _named(folder, incomplete, _THINGS):
        yield CompletionItem(f"{site}/{name}", help=help_)
    thing, dot, _ = incomplete.partition(".")
    exact = [*_named(folder, thing, _THINGS)] if "/" in thing else []
    for site, name, _help in exact if dot or len(exact) == 1 else ():
        for path in _fields_of(folder, site, name):
            yield CompletionItem(f"{site}/{name}.{path}")


def _of_fleet() -> Iterator[CompletionItem]:
    for file, fields in FLEET_FIELDS.items():
        yield CompletionItem(file, help=f"{file}.yaml")
        for path in _fields(FleetSettings):
            if path.partition(".")[0] in fields:
                yield CompletionItem(f"{file}.{path}")


def _addresses(site: str, fields: tuple[str, ...], incomplete: str) -> Iterator[CompletionItem]:
    yield CompletionItem(site, help="site")
    if incomplete.startswith(f"{site}."):
        for field in fields:
            yield CompletionItem(f"{site}.{field}")


def _named(
    folder: Path, incomplete: str, kinds: tuple[tuple[str, str, type[BaseModel]], ...]
) -> Iterator[tuple[str, str, str | None]]:
    """Site, name and display name of what begins so; with very many sites, only behind SITE/."""
    names = _site_names(folder, incomplete)
    if len(names) > _SITES_AT_ONCE:
        return
    for site in names:
        for file, key, _model in kinds:
            tree = mapping_at(_tree(folder / site / file), key)
            for name in tree.entries if tree else ():
                if f"{site}/{name}".startswith(incomplete) and re.fullmatch(NAME_PATTERN, name):
                    display_name = text_at(tree, name, "display_name")
                    yield site, name, display_name.text if display_name else None


def _site_names(folder: Path, incomplete: str) -> list[str]:
    """The site folders that begin so, or that one which is written before the slash or the dot."""
    written, *rest = re.split(r"[/.]", incomplete, maxsplit=1)
    found = sorted(
        entry.name
        for entry in folder.iterdir()
        if (entry.name == written if rest else entry.name.startswith(written))
        and re.fullmatch(NAME_PATTERN, entry.name)
    )
    return [name for name in found if any((folder / name / file).is_file() for file in SITE_FILES)]


def _tree(path: Path) -> Mapping | None:
    try:
        with path.open("rb") as file:
            content = file.read(MAX_BYTES + 1)
    except OSError:
        return None
    return mapping_at(read_text(content, file=path.name, site=None).root)


def _fields_of(folder: Path, site: str, name: str) -> Iterator[str]:
    """The fields of one thing; each forwarding rule has an address of its own."""
    for file, key, model in _THINGS:
        tree = mapping_at(_tree(folder / site / file), key, name)
        if tree is not None:
            yield from _fields(model)
            for endpoint in scalars_at(tree, "forward_to"):
                yield f"forward_to.{endpoint.text}"


def _fields(model: type[BaseModel], *, prefix: str = "") -> Iterator[str]:
    hints = get_type_hints(model)
    for name in model.model_fields:
        yield f"{prefix}{name}"
        if isinstance(hints[name], type) and issubclass(hints[name], BaseModel):
            yield from _fields(hints[name], prefix=f"{prefix}{name}.")
