"""Every check between values and files, in the order of their weight: of two errors at one position the first is shown."""

from collections.abc import Callable, Iterator

from butterfly_gitops.config.reading import FleetReading
from butterfly_gitops.config.rules.connections import (
    check_public_hosts,
    check_universal_ids,
    check_waits,
    check_wires,
)
from butterfly_gitops.config.rules.forwarding import check_forwarding
from butterfly_gitops.config.rules.names import check_lookalikes, check_names
from butterfly_gitops.config.rules.removal import check_removals
from butterfly_gitops.config.rules.tls import check_tls, check_unbuilt
from butterfly_gitops.config.rules.usage import check_grants, check_placeholders, check_usage
from butterfly_gitops.config.rules.zones import check_zones
from butterfly_gitops.config.text.yaml_text import Text
from butterfly_gitops.config.tree import Place, problem_at
from butterfly_gitops.model.problem import Problem, Severity


def check_comments(text: Text) -> Iterator[Problem]:
    """Warn of comments of one file that may have been meant as more of the value before them."""
    for comment in text.comments_or_text:
        key, value = comment.text_of or ("", "")
        length = len(text.source.lines[comment.line].rstrip()) - comment.column
        yield problem_at(
            Place(source=text.source, line=comment.line + 1, column=comment.column + 1, length=length),
            "comment-or-text",
            f'{key} is "{value}" alone, for a comment begins here',
            "write the whole in quotes, or write a space behind the #",
            severity=Severity.WARNING,
        )


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
    check_public_hosts,
    check_grants,
    check_usage,
    check_placeholders,
    check_lookalikes,
)
