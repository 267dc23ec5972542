"""Waits between tries follow one another: the first is no longer than the longest."""

from collections.abc import Iterator

from butterfly_gitops.config.reading import EndpointReading, FleetReading
from butterfly_gitops.config.rules.documentation import Rule
from butterfly_gitops.config.tree import Mapping, Scalar, mapping_at, problem_at, text_at
from butterfly_gitops.model.endpoint import Retry
from butterfly_gitops.model.problem import Problem
from butterfly_gitops.model.scalar import parse_duration, print_duration

RULES = (
    Rule(
        id="first-wait-too-long",
        says="retry.first is the cap of the first wait and retry.longest that of every wait, so the first cannot be the "
        "longer one: it would never act. Where longest alone is written it rules the first wait too.",
        wrong="retry: {first: 10m, longest: 5s}",
        right="retry: {first: 5s, longest: 10m}",
    ),
)


def check_waits(reading: FleetReading) -> Iterator[Problem]:
    """All rules of this module, in each shared layer by itself, and in each endpoint."""
    presets = reading.presets
    for name in presets.entries if presets else ():
        yield from _of_layer(mapping_at(presets, name))
    for site in reading.sites:
        yield from _of_layer(mapping_at(site.site_tree, "endpoint_defaults"))
        for endpoint in site.endpoints.values():
            yield from _of_endpoint(endpoint)


def _of_layer(layer: Mapping | None) -> Iterator[Problem]:
    """Only what one layer says itself: another may say otherwise."""
    first, longest = (text_at(layer, "retry", name) for name in ("first", "longest"))
    if first and longest:
        yield from _too_long(first, longest, at=first)


def _of_endpoint(endpoint: EndpointReading) -> Iterator[Problem]:
    """Said at the outer one of two layers: the inner one may be right for others."""
    first, longest = (text_at(endpoint.merged.tree, "retry", name) for name in ("first", "longest"))
    if first is None:
        return
    names = [layer.name for layer in endpoint.layers]
    layer_of = endpoint.merged.layer_of
    is_outer = longest and names.index(layer_of["retry.longest"]) > names.index(layer_of["retry.first"])
    yield from _too_long(first, longest, at=longest if longest and is_outer else first)


def _too_long(first: Scalar, longest: Scalar | None, *, at: Scalar) -> Iterator[Problem]:
    try:
        wait = parse_duration(first.text)
        most = parse_duration(longest.text) if longest else Retry().longest
    except ValueError:
        return  # what is no duration has been refused
    if wait <= most:
        return
    there = (("retry.first", first), ("retry.longest", longest))
    printed = print_duration(most)
    yield problem_at(
        at.place,
        rule="first-wait-too-long",
        message=f"retry.first is {first.text}, and retry.longest {printed}{'' if longest else ' where nothing is written'}",
        hint=f"write first: {printed} or less, or a longest of at least {first.text}",
        related=tuple(
            (f"{name} is here", one.place.origin) for name, one in there if one is not None and one is not at
        ),
    )
