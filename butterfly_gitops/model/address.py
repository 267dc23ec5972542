"""The one address grammar: `SITE/NAME[.field]`, `SITE.field`, `SITE/ARCHIVE.forward_to.ENDPOINT`, `fleet.…`, `grants.…`."""

import re
from dataclasses import dataclass

FLEET_SETTINGS = "fleet"
"""The name of what holds for the whole fleet, where others are names of sites."""
RESERVED_SITES = (FLEET_SETTINGS, "grants")

_ADDRESS = re.compile(r"(?P<site>[a-z0-9-]{1,63})(?:/(?P<name>[a-z0-9-]{1,63}))?(?:\.(?P<field>[^\s]+))?")


@dataclass(frozen=True, slots=True, kw_only=True, order=True)
class Address:
    """Names one thing of the configuration, or one field of it."""

    site: str
    name: str | None = None
    field: str | None = None

    def __str__(self) -> str:
        """Print the address as people write it."""
        thing = self.site if self.name is None else f"{self.site}/{self.name}"
        return thing if self.field is None else f"{thing}.{self.field}"


def parse_address(text: str) -> Address:
    """Read an address. Raises ValueError when the text is none."""
    if match := _ADDRESS.fullmatch(text):
        return Address(site=match["site"], name=match["name"], field=match["field"])
    raise ValueError(f"{text!r} is no address: write SITE, SITE/NAME or SITE/NAME.field")
