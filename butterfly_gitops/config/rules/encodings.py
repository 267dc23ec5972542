"""Settings that stand in messages, and hold a character that the endpoint's encoding lacks: no message could go out."""

from collections.abc import Iterator

from butterfly_gitops.config.reading import EndpointReading, FleetReading
from butterfly_gitops.config.tree import Mapping, Scalar, entries_below, problem_at
from butterfly_gitops.hl7.charset import first_lacking
from butterfly_gitops.hl7.escape import escape
from butterfly_gitops.hl7.layouts.catalog import segments_sent
from butterfly_gitops.hl7.own_field import split_place
from butterfly_gitops.model.endpoint import EhrEndpoint
from butterfly_gitops.model.problem import Problem

# What is sent as it was written, by its path from an endpoint.
_SENT = (
    ("sending_application",),
    ("sending_facility",),
    ("receiving_application",),
    ("receiving_facility",),
    ("message", "patient_id"),
    ("message", "provider_id"),
    ("message", "authorities"),
    ("message", "exam_codes"),
    ("message", "pdf"),
    ("message", "fields"),
)


def check_encodings(reading: FleetReading) -> Iterator[Problem]:
    """Refuse settings of which no message can be written."""
    for _, endpoint in reading.endpoints:
        if endpoint.value is not None and endpoint.value.encoding != "UTF-8":
            for name, text in _sent(endpoint, endpoint.value):
                if lacking := first_lacking(escape(text.text), endpoint.value.encoding):
                    yield _problem(endpoint, endpoint.value, name, text, lacking)


def _sent(endpoint: EndpointReading, value: EhrEndpoint) -> Iterator[tuple[str, Scalar]]:
    """Each text that messages of the endpoint hold, with the setting's path."""
    segments = segments_sent(value.message)
    for path in _SENT:
        entry, setting = endpoint.merged.tree.entry(*path), path[-1]
        if entry is None or (setting == "pdf" and value.message.layout != "pdf"):
            continue
        if setting == "authorities" and isinstance(entry.value, Mapping):
            yield from (("message.authorities", each.key) for each in entry.value.entries.values())
        whole = ".".join(path)
        for name, each in ((whole, entry), *entries_below(entry.value, above=f"{whole}.")):
            is_sent = setting != "fields" or split_place(name.rpartition("fields.")[2])[0] in segments
            if isinstance(each.value, Scalar) and is_sent:
                yield name, each.value


def _problem(endpoint: EndpointReading, value: EhrEndpoint, name: str, text: Scalar, lacking: str) -> Problem:
    """At the text where it stands in a file of the site; at the endpoint where a preset has it, which may suit others."""
    encoding = endpoint.merged.tree.entry("encoding")
    is_of_site = text.place.source.site == endpoint.key.place.source.site
    shared = () if is_of_site else endpoint.provenance(*name.split("."))
    return problem_at(
        text.place if is_of_site else endpoint.key.place,
        "not-in-encoding",
        f'{name} of {endpoint.name} holds "{lacking}" (U+{ord(lacking):04X}), which {value.encoding} lacks',
        "write it without, or write an encoding that has it, such as UTF-8",
        related=(*shared, *((("its encoding", encoding.value.place.origin),) if encoding else ())),
    )
