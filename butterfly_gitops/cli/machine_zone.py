"""The time zone that this machine is set to, by its name in the IANA database."""

from collections.abc import Mapping
from pathlib import Path

_FOLDER = "zoneinfo/"


def machine_zone(environment: Mapping[str, str], localtime: Path = Path("/etc/localtime")) -> str | None:
    """Return what TZ or the link of the local time names, or None; whether there is such a zone is not asked."""
    said = environment.get("TZ", "").removeprefix(":")
    if not said and localtime.is_symlink():
        said = str(localtime.readlink())
    name = said.rpartition(_FOLDER)[2]
    # A path elsewhere, or a rule such as EST5EDT,M3.2.0, says an offset and no place.
    if not name or name.startswith(("/", ".")) or "," in name:
        return None
    return "UTC" if name in ("Etc/UTC", "Etc/UCT", "Etc/Zulu") else name
