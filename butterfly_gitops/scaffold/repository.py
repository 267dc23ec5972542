"""The files of a new configuration repository, filled in from templates that lie beside this module.

Asking for names and guessing defaults is left to `bgo init`, the schemas to whoever knows all models.
"""

import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from importlib.resources import files
from typing import Literal
from urllib.parse import urlsplit

Forge = Literal["github", "gitlab"]
FORGES: tuple[Forge, ...] = ("github", "gitlab")

# No account can have this name, so nobody else's program runs where it was not replaced.
OWNER = "_OWNER_"
HOME = f"https://github.com/{OWNER}/butterfly-gitops"

_ON_GITHUB = re.compile(r"https://github\.com/[^/]+/[^/]+", re.IGNORECASE)

FIRST_ENDPOINT = "main-ehr"

_ALWAYS = {
    "sites/fleet.yaml": "fleet.yaml",
    "sites/grants.yaml": "grants.yaml",
    "sites/%SITE%/site.yaml": "site.yaml",
    "sites/%SITE%/ehr-endpoints.yaml": "ehr-endpoints.yaml",
    "sites/%SITE%/archives.yaml": "archives.yaml",
    "studies/efast.json": "study.json",
    "README.md": "README.md",
    "CODEOWNERS": "CODEOWNERS",
    ".pre-commit-config.yaml": "pre-commit-config.yaml",
    ".editorconfig": "editorconfig",
    ".gitignore": "gitignore",
    ".vscode/settings.json": "vscode-settings.json",
    ".vscode/extensions.json": "vscode-extensions.json",
}
_OF_FORGE: dict[Forge, dict[str, str]] = {
    "github": {".github/workflows/sites.yml": "github-workflow.yml"},
    "gitlab": {".gitlab-ci.yml": "gitlab-ci.yml"},
}

# Text that YAML cannot take for anything else.
_PLAIN = re.compile(r"(?!(?:null|true|false|yes|no|on|off|y|n)$)[a-z][a-z0-9 _+/-]*", re.IGNORECASE)
# What stands in a gap, and a line that only some repositories have.
_GAP = re.compile(r"%([A-Z]+)%")
_CONDITION = re.compile(r"^%([a-z]+): (.*\n)", re.MULTILINE)


@dataclass(frozen=True, slots=True, kw_only=True)
class NewRepository:
    """The values for the templates of a new repository; names as `model.scalar` has them, `home` as a URL without `.git`."""

    fleet: str
    site: str
    time_zone: str
    version: str
    home: str = HOME
    forges: tuple[Forge, ...] = FORGES

    @property
    def lacks_owner(self) -> bool:
        """Tell whether the owner of `home` is still a placeholder."""
        return OWNER in self.home

    @property
    def is_on_github(self) -> bool:
        """Tell whether a workflow can name our action; elsewhere its name would be a stranger's."""
        return _ON_GITHUB.fullmatch(self.home) is not None


def files_of(new: NewRepository) -> dict[str, str]:
    """Fill in the templates: each file's text by its path, in the order of a first reading, without the schemas."""
    gaps = {
        "FLEET": new.fleet,
        "FLEETVALUE": _value(new.fleet),
        "SITE": new.site,
        "SITEVALUE": _value(_as_title(new.site)),
        "ENDPOINT": FIRST_ENDPOINT,
        "ZONE": _value(new.time_zone),
        "VERSION": new.version,
        "HOME": new.home,
        "ACTION": urlsplit(new.home).path.strip("/"),
        "OURADDRESS": _listed(files_with_address(new)),
        "OURVERSION": _listed(_with_gap(new, "VERSION")),
    }
    met = {
        *new.forges,
        "hosted" if new.is_on_github else "elsewhere",
        *(["owner"] if new.lacks_owner else []),
    }
    return {_filled(path, gaps): _filled(_kept(text, met), gaps) for path, text in _templates(new).items()}


def files_with_address(new: NewRepository) -> tuple[str, ...]:
    """List the files that hold the address of this program."""
    return _with_gap(new, "HOME", "ACTION")


def _with_gap(new: NewRepository, *names: str) -> tuple[str, ...]:
    return tuple(path for path, text in _templates(new).items() if {*names} & {*_GAP.findall(text)})


def _templates(new: NewRepository) -> dict[str, str]:
    """Read the templates by path; paths have gaps, too."""
    wanted = dict(_ALWAYS)
    for forge in new.forges:
        wanted |= _OF_FORGE[forge]
    folder = files("butterfly_gitops.scaffold") / "templates"
    return {path: (folder / name).read_text(encoding="utf-8") for path, name in wanted.items()}


def _kept(text: str, met: Collection[str]) -> str:
    return _CONDITION.sub(lambda found: found[2] if found[1] in met else "", text)


def _filled(text: str, gaps: Mapping[str, str]) -> str:
    return _GAP.sub(lambda found: gaps[found[1]], text)


def _listed(paths: Sequence[str]) -> str:
    *first, last = (f"`{path}`" for path in paths)
    return f"{', '.join(first)} and {last}" if first else last


def _as_title(name: str) -> str:
    """Turn a name into a title: `first-site` is First site."""
    return name.replace("-", " ").strip().capitalize() or name


def _value(text: str) -> str:
    return text if _PLAIN.fullmatch(text) else f'"{text}"'
