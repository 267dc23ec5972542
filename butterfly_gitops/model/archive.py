"""An archive, which keeps studies and owns their forwarding rules."""

from typing import Annotated, Literal

from pydantic import Field, StringConstraints

from butterfly_gitops.model.endpoint import Text
from butterfly_gitops.model.frozen import Frozen
from butterfly_gitops.model.meaning import Meanings
from butterfly_gitops.model.scalar import Name

MAX_ENDPOINTS_PER_ARCHIVE = 3
MAX_ARCHIVES_PER_FLEET = 100


class Archive(Frozen):
    """An archive with the endpoints that its finalized studies reach."""

    display_name: Text = Field(examples=["Emergency Department"])
    """The name for people."""
    purpose: Annotated[
        Literal["clinical", "educational"],
        Meanings(
            clinical="Its studies are part of patients' records.",
            educational="It never forwards: its studies are no part of a patient's record.",
        ),
    ] = "clinical"
    """The use of its studies."""
    cloud_id: Annotated[str, StringConstraints(min_length=1, max_length=100)] | None = Field(
        default=None, examples=["a-118"]
    )
    """The name that the source of events has for it."""
    # The rules `too-many-endpoints` and `duplicate-forward` refuse it at the item, so only the schema says it here.
    forward_to: tuple[Name, ...] = Field(
        default=(),
        examples=[["epic-prod"]],
        json_schema_extra={"maxItems": MAX_ENDPOINTS_PER_ARCHIVE, "uniqueItems": True},
    )
    """At most three endpoints of this site."""
