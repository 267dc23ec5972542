"""Every rule by its id; what looks for its problems stands in `checks`, or where values are read."""

from butterfly_gitops.config.rules import (
    capacity,
    comments,
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
    universal_ids,
    unread,
    usage,
    versions,
    waits,
    wires,
    zones,
)
from butterfly_gitops.config.rules.documentation import Rule

_FAMILIES = (
    *(text, comments, versions, shape, files, unread, names, lookalikes, removal, forwarding, capacity),
    *(usage, placeholders, wires, waits, universal_ids, connection, zones, tls),
    *(message, message_fields, encodings, grants, unbuilt, silence),
)

RULES: dict[str, Rule] = {rule.id: rule for family in _FAMILIES for rule in family.RULES}
