"""An archive: where studies are kept; it owns its forwarding rules."""

from typing import Annotated, Literal

from pydantic import StringConstraints

from butterfly_gitops.model.endpoint import Text
from butterfly_gitops.model.frozen import Frozen
from butterfly_gitops.model.scalar import Name

MAX_ENDPOINTS_PER_ARCHIVE = 3


class Archive(Frozen):
    """An archive with the endpoints that its finalized studies reach."""

    display_name: Text
    """What people call it."""
    purpose: Literal["clinical", "educational"] = "clinical"
    """An educational archive never forwards."""
    cloud_id: Annotated[str, StringConstraints(min_length=1, max_length=100)] | None = None
    """How the source of events names it."""
    forward_to: tuple[Name, ...] = ()
    """At most three endpoints of this site."""
