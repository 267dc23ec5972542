"""The files that there must be, those that there must not, and those that could not be read."""

import re
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass

from butterfly_gitops.config.secrets import HINT
from butterfly_gitops.config.text import pem
from butterfly_gitops.config.tree import SourceFile, problem_of_file
from butterfly_gitops.config.typos import one_of, slug_of, typo_of
from butterfly_gitops.config.values.scalars import NAME_RULE
from butterfly_gitops.model.address import RESERVED_SITES
from butterfly_gitops.model.problem import Problem
from butterfly_gitops.model.scalar import NAME_PATTERN

FLEET_FILES = ("fleet.yaml", "grants.yaml")
SITE_FILES = ("site.yaml", "ehr-endpoints.yaml", "archives.yaml")
IN_THE_REPOSITORY = "lies in the repository, where many people read it for ever"
_EMPTY = {
    "ehr-endpoints.yaml": "`version: 1` and `ehr_endpoints: {}`",
    "archives.yaml": "`version: 1` and `archives: {}`",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Unread:
    """Why something in the folder was not read, and how to fix that."""

    rule: str
    says: str
    hint: str


SYMBOLIC_LINK = Unread(
    rule="symbolic-link",
    says="a symbolic link, of which a review shows the name alone",
    hint="put the file or folder itself there",
)
SUBMODULE = Unread(
    rule="submodule",
    says="a submodule, whose files another repository decides",
    hint="take the submodule out, and put the files themselves there",
)
NO_PLAIN_FILE = Unread(rule="unreadable-file", says="no plain file", hint="put a plain file there")
NOT_ALLOWED = Unread(
    rule="unreadable-file",
    says="this user may not read it",
    hint="let this user read it, for example by chmod a+rX",
)


def unreadable(reason: str) -> Unread:
    """Give the system's reason, for anything else than a missing permission."""
    hint = "bring it back from git, or take it out"
    return Unread(rule="unreadable-file", says=f"it cannot be read: {reason}", hint=hint)


def lies_in(path: str, unread: Collection[str]) -> bool:
    """Whether a path is one of these, or lies below one that may be a folder."""
    parts = path.split("/")
    return any("/".join(parts[:count]) in unread for count in range(1, len(parts) + 1))


def is_yaml(path: str) -> bool:
    """Whether a file is meant to be read, however its name is written."""
    return path.lower().endswith((".yaml", ".yml"))


def site_names(paths: Iterable[str]) -> tuple[str, ...]:
    """The folders that hold any of a site's files, sorted."""
    parts = [path.split("/") for path in paths]
    return tuple(sorted({two[0] for two in parts if len(two) == 2 and two[1] in SITE_FILES}))


def check_files(files: Mapping[str, bytes], *, root: str, unread: Mapping[str, Unread]) -> Iterator[Problem]:
    """Compare the paths, relative to the root, with what there must be; and secret-by-value for private keys.

    Each `unread` path is a problem of the whole fleet's, and nothing else is said of it but that it is there.
    """
    there = {path for path in (*files, *unread) if is_yaml(path)}
    sites = site_names(there)
    wanted = {*FLEET_FILES, *(f"{site}/{name}" for site in sites for name in SITE_FILES)}
    unknown, missing = there - wanted - set(unread), wanted - there
    for path in sorted(unknown):
        yield _unknown(path, missing=missing, root=root)
    misnamed = {_meant_by(path, missing): path for path in sorted(files, reverse=True) if path not in wanted}
    for path in sorted(missing):
        yield _missing(path, misnamed.get(path), root=root)
    # A folder that could not be read may be a site.
    if not sites and not any("/" not in path and not is_yaml(path) for path in unread):
        hint = f"bring the folders back; a site is a folder with {', '.join(SITE_FILES[:-1])} and {SITE_FILES[-1]}"
        yield problem_of_file(SourceFile(file=root), "no-site", "there is no site in this folder", hint)
    for site in sites:
        yield from _check_name(site, root=root)
    for path, content in sorted(files.items()):
        if not is_yaml(path) and (pem.is_key_store(path) or pem.holds_private_key(content)):
            folder = path.partition("/")[0]
            source = SourceFile(file=f"{root}/{path}", site=folder if folder in sites else None)
            what = "a key store" if pem.is_key_store(path) else "a private key"
            message = f"{what} {IN_THE_REPOSITORY}"
            yield problem_of_file(source, "secret-by-value", message, HINT)
    for path, why in sorted(unread.items()):
        source = SourceFile(file=f"{root}/{path}")
        yield problem_of_file(source, why.rule, why.says, why.hint)


def _source(path: str, *, root: str) -> SourceFile:
    site = path.partition("/")[0] if "/" in path else None
    return SourceFile(file=f"{root}/{path}", site=site)


def _unknown(path: str, *, missing: Collection[str], root: str) -> Problem:
    folder, _, name = path.rpartition("/")
    known = SITE_FILES if folder else FLEET_FILES
    message = f"{name} is no file of {'a site' if folder else 'the fleet'}"
    if folder.count("/"):
        message, hint = f"{name} lies too deep: a site is one folder", f"move it out of {root}/{folder}"
    elif free := _meant_by(path, missing):
        hint = f"call it {free.rpartition('/')[2]}"
    else:
        hint = f"move it out of {root}/; what is read is called {one_of(known)}"
    return problem_of_file(_source(path, root=root), "unknown-file", message, hint)


def _meant_by(path: str, missing: Collection[str]) -> str | None:
    """The file that is missing beside one of nearly its name; a name that is taken would be no fix."""
    folder, _, name = path.rpartition("/")
    # Editors of Windows hide the .txt that they put behind a name.
    stem = name.lower().removesuffix(".txt").rpartition(".")[0]
    free = {
        one.rpartition("/")[2].removesuffix(".yaml"): one
        for one in missing
        if one.rpartition("/")[0] == folder
    }
    meant = typo_of(stem, sorted(free)) or next(
        (one for one in free if stem and one.endswith(f"-{stem}")), None
    )
    return free[meant] if meant else None


def _missing(path: str, misnamed: str | None, *, root: str) -> Problem:
    folder, _, name = path.rpartition("/")
    message = f"the site {folder} has no {name}" if folder else f"the fleet has no {name}"
    hint = (
        f"bring it back; to have none, write {_EMPTY[name]}"
        if name in _EMPTY
        else "bring it back, or write it"
    )
    if misnamed:
        hint = f"call {misnamed.rpartition('/')[2]} {name}"
    return problem_of_file(_source(path, root=root), "missing-file", message, hint)


def _check_name(site: str, *, root: str) -> Iterator[Problem]:
    source = SourceFile(file=f"{root}/{site}", site=site)
    hint = "give the folder another name"
    if site in RESERVED_SITES:
        message = f"no site can be called {site}: addresses of other things begin so"
        yield problem_of_file(source, "reserved-name", message, hint)
    elif not re.fullmatch(NAME_PATTERN, site):
        message = f'"{site}" is no name: {NAME_RULE}'
        hint = f'call the folder "{slug}"' if (slug := slug_of(site)) else hint
        yield problem_of_file(source, "bad-name", message, hint)
