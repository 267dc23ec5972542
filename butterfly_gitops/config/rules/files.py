"""Which files there must be, and which there must not."""

import re
from collections.abc import Collection, Iterable, Iterator, Mapping

from butterfly_gitops.config import pem
from butterfly_gitops.config.nearest import nearest
from butterfly_gitops.config.rules.documentation import Rule
from butterfly_gitops.config.tree import Source, problem_of_file
from butterfly_gitops.config.written_names import foreign_letter, slug_of
from butterfly_gitops.model.address import RESERVED_SITES
from butterfly_gitops.model.problem import Problem
from butterfly_gitops.model.scalar import NAME_PATTERN

FLEET_FILES = ("fleet.yaml", "grants.yaml")
SITE_FILES = ("site.yaml", "ehr-endpoints.yaml", "archives.yaml")

RULES = (
    Rule(
        id="unknown-file",
        says="The file name says what a file is about, so a file with another name would be ignored: at the top "
        "fleet.yaml and grants.yaml, in each site's folder site.yaml, ehr-endpoints.yaml and archives.yaml.",
        wrong="sites/st-elsewhere/endpoints.yaml",
        right="sites/st-elsewhere/ehr-endpoints.yaml",
    ),
    Rule(
        id="missing-file",
        says="fleet.yaml and grants.yaml must be there, and a folder that holds one file of a site must hold all "
        "three. A file that is gone never means that its content is no longer wanted.",
        wrong="sites/st-elsewhere/site.yaml alone",
        right="sites/st-elsewhere/site.yaml, ehr-endpoints.yaml and archives.yaml",
    ),
    Rule(
        id="no-site",
        says="A folder without any site is more likely a failed checkout than a wish, so nothing is taken from it: "
        "everything stays as it runs.",
        wrong="sites/fleet.yaml and sites/grants.yaml alone",
        right="sites/st-elsewhere/site.yaml and its two neighbours as well",
    ),
    Rule(
        id="reserved-name",
        says="No site is called fleet or grants: addresses such as fleet.guard.max_endpoints begin with these.",
        wrong="sites/fleet/site.yaml",
        right="sites/fleet-street/site.yaml",
    ),
)


def is_yaml(path: str) -> bool:
    """Whether a file is meant to be read, however its name is written."""
    return path.lower().endswith((".yaml", ".yml"))


def site_names(paths: Iterable[str]) -> tuple[str, ...]:
    """The folders that hold any of a site's files, sorted."""
    parts = [path.split("/") for path in paths]
    return tuple(sorted({two[0] for two in parts if len(two) == 2 and two[1] in SITE_FILES}))


def check_files(
    files: Mapping[str, bytes], *, root: str, unread: Collection[str] = frozenset()
) -> Iterator[Problem]:
    """Compare the paths, relative to the root, with what there must be; and secret-by-value for private keys.

    Of `unread` paths nothing is said but that they are there.
    """
    there = {path for path in (*files, *unread) if is_yaml(path)}
    sites = site_names(there)
    wanted = {*FLEET_FILES, *(f"{site}/{name}" for site in sites for name in SITE_FILES)}
    unknown, missing = there - wanted - set(unread), wanted - there
    for path in sorted(unknown):
        yield _unknown(path, missing=missing, root=root)
    misnamed = {_meant_by(path, missing): path for path in sorted(unknown, reverse=True)}
    for path in sorted(missing):
        yield _missing(path, files, misnamed.get(path), root=root)
    # A folder that could not be read may be a site.
    if not sites and not any("/" not in path and not is_yaml(path) for path in unread):
        source = Source(file=root, site=None, lines=())
        hint = f"bring the folders back; a site is a folder with {', '.join(SITE_FILES[:-1])} and {SITE_FILES[-1]}"
        yield problem_of_file(source, rule="no-site", message="there is no site in this folder", hint=hint)
    for site in sites:
        yield from _check_name(site, root=root)
    for path, content in sorted(files.items()):
        if not is_yaml(path) and (pem.is_key_store(path) or pem.holds_private_key(content)):
            yield _private_key(path, sites, root=root)


def _source(path: str, *, root: str) -> Source:
    site = path.partition("/")[0] if "/" in path else None
    return Source(file=f"{root}/{path}", site=site, lines=())


def _unknown(path: str, *, missing: Collection[str], root: str) -> Problem:
    folder, _, name = path.rpartition("/")
    known = SITE_FILES if folder else FLEET_FILES
    message = f"{name} is no file of {'a site' if folder else 'the fleet'}"
    if folder.count("/"):
        message, hint = f"{name} lies too deep: a site is one folder", f"move it out of {root}/{folder}"
    elif free := _meant_by(path, missing):
        hint = f"call it {free.rpartition('/')[2]}"
    elif meant := nearest(_stem(name), map(_stem, known)):
        hint = f"move what it says into {meant}.yaml, or the file out of {root}/"
    else:
        hint = f"move it out of {root}/; what is read is called {', '.join(known[:-1])} or {known[-1]}"
    return problem_of_file(_source(path, root=root), rule="unknown-file", message=message, hint=hint)


def _meant_by(path: str, missing: Collection[str]) -> str | None:
    """The file that is missing beside one of another name, and is most like it; a name that is taken would be no hint."""
    folder, _, name = path.rpartition("/")
    free = {_stem(one.rpartition("/")[2]): one for one in missing if one.rpartition("/")[0] == folder}
    meant = nearest(_stem(name), sorted(free))
    return free[meant] if meant else None


def _stem(name: str) -> str:
    return name.replace("_", "-").rpartition(".")[0]


def _private_key(path: str, sites: Collection[str], *, root: str) -> Problem:
    folder = path.partition("/")[0]
    source = Source(file=f"{root}/{path}", site=folder if folder in sites else None, lines=())
    what = "a key store" if pem.is_key_store(path) else "a private key"
    message = f"{what} lies in the repository, where many people read it for ever"
    hint = "take it out, change the key, and refer to it: {env: BGO_SECRET_…} or {path: /…}"
    return problem_of_file(source, rule="secret-by-value", message=message, hint=hint)


def _missing(path: str, files: Collection[str], misnamed: str | None, *, root: str) -> Problem:
    folder, _, name = path.rpartition("/")
    empty = {
        "ehr-endpoints.yaml": "`version: 1` and `ehr_endpoints: {}`",
        "archives.yaml": "`version: 1` and `archives: {}`",
    }
    owner = f"the site {folder}" if folder else "the fleet"
    hint = (
        f"bring it back; to have none, write {empty[name]}" if name in empty else "bring it back, or write it"
    )
    # Editors of Windows hide the .txt that they put behind a name.
    beside = (
        other for other in sorted(files) if other.startswith(f"{path}.") and "/" not in other[len(path) :]
    )
    if other := next(beside, misnamed):
        hint = f"call {other.rpartition('/')[2]} {name}"
    source = _source(path, root=root)
    return problem_of_file(source, rule="missing-file", message=f"{owner} has no {name}", hint=hint)


def _check_name(site: str, *, root: str) -> Iterator[Problem]:
    source = Source(file=f"{root}/{site}", site=site, lines=())
    if site in RESERVED_SITES:
        message = f"no site can be called {site}: addresses of other things begin so"
        yield problem_of_file(
            source, rule="reserved-name", message=message, hint="give the folder another name"
        )
    elif not re.fullmatch(NAME_PATTERN, site):
        message = f'"{site}" is no name: small letters, digits and hyphens, at most 63'
        slug = "" if foreign_letter(site) else slug_of(site)
        hint = f'call the folder "{slug}"' if slug else "give the folder another name"
        yield problem_of_file(source, rule="bad-name", message=message, hint=hint)
