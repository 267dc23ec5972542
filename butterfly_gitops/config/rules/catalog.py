"""Every rule by its id, and every check between values and files."""

from collections.abc import Callable, Iterator

from butterfly_gitops.config.reading import FleetReading
from butterfly_gitops.config.rules import (
    capacity,
    connection,
    encodings,
    files,
    forwarding,
    grants,
    lookalikes,
    message,
    message_fields,
    names,
    placeholders,
    removal,
    shape,
    silence,
    text,
    tls,
    unbuilt,
    usage,
    versions,
    waits,
    wires,
    zones,
)
from butterfly_gitops.config.rules.documentation import Rule
from butterfly_gitops.model.problem import Problem

_FAMILIES = (
    *(text, versions, shape, files, names, lookalikes, removal, forwarding, capacity, usage, placeholders),
    *(wires, waits, connection, zones, tls, message, message_fields, encodings, grants, unbuilt, silence),
)

RULES: dict[str, Rule] = {rule.id: rule for family in _FAMILIES for rule in family.RULES}

# In the order of their weight: of two errors at one position the first is shown.
CHECKS: tuple[Callable[[FleetReading], Iterator[Problem]], ...] = (
    # Before the names: that a thing was removed says more than that it is not there.
    removal.check_removals,
    names.check_names,
    forwarding.check_forwarding,
    zones.check_zones,
    unbuilt.check_unbuilt,
    tls.check_tls,
    message.check_messages,
    message_fields.check_message_fields,
    encodings.check_encodings,
    wires.check_wires,
    waits.check_waits,
    connection.check_connections,
    grants.check_grants,
    capacity.check_capacity,
    usage.check_usage,
    placeholders.check_placeholders,
    lookalikes.check_lookalikes,
)
