"""Every check between values and files, in the order of their weight; what each rule says stands in `catalog`."""

from collections.abc import Callable, Iterator

from butterfly_gitops.config.reading import FleetReading
from butterfly_gitops.config.rules.capacity import check_capacity
from butterfly_gitops.config.rules.comments import check_comments
from butterfly_gitops.config.rules.connection import check_connections
from butterfly_gitops.config.rules.forwarding import check_forwarding
from butterfly_gitops.config.rules.grants import check_grants
from butterfly_gitops.config.rules.lookalikes import check_lookalikes
from butterfly_gitops.config.rules.names import check_names
from butterfly_gitops.config.rules.placeholders import check_placeholders
from butterfly_gitops.config.rules.removal import check_removals
from butterfly_gitops.config.rules.tls import check_tls
from butterfly_gitops.config.rules.unbuilt import check_unbuilt
from butterfly_gitops.config.rules.universal_ids import check_universal_ids
from butterfly_gitops.config.rules.usage import check_usage
from butterfly_gitops.config.rules.waits import check_waits
from butterfly_gitops.config.rules.wires import check_wires
from butterfly_gitops.config.rules.zones import check_zones
from butterfly_gitops.model.problem import Problem


# The rules of messages know all layouts of HL7, which take longer to import than a site to check: what nobody changes is
# never at odds with itself, and needs none of them.
def _check_messages(reading: FleetReading) -> Iterator[Problem]:
    if any("message" in endpoint.merged.tree.entries for _, endpoint in reading.endpoints):
        from butterfly_gitops.config.rules.message import check_messages  # noqa: PLC0415
        from butterfly_gitops.config.rules.message_fields import check_message_fields  # noqa: PLC0415

        yield from check_messages(reading)
        yield from check_message_fields(reading)


def _check_encodings(reading: FleetReading) -> Iterator[Problem]:
    if any(endpoint.value and endpoint.value.encoding != "UTF-8" for _, endpoint in reading.endpoints):
        from butterfly_gitops.config.rules.encodings import check_encodings  # noqa: PLC0415

        yield from check_encodings(reading)


# In the order of their weight: of two errors at one position the first is shown.
CHECKS: tuple[Callable[[FleetReading], Iterator[Problem]], ...] = (
    # Before the names: that a thing was removed says more than that it is not there.
    check_removals,
    check_names,
    check_forwarding,
    check_zones,
    check_unbuilt,
    check_tls,
    _check_messages,
    _check_encodings,
    check_wires,
    check_waits,
    check_universal_ids,
    check_connections,
    check_grants,
    check_capacity,
    check_usage,
    check_placeholders,
    check_comments,
    check_lookalikes,
)
