"""The tables of a layout by segment, to name what stands in its messages."""

from collections.abc import Mapping
from typing import Any

from butterfly_gitops.hl7.layouts.catalog import LAYOUTS
from butterfly_gitops.hl7.layouts.layout import Layout
from butterfly_gitops.hl7.segment_map import SegmentMap
from butterfly_gitops.hl7.segments.obx import OBX
from butterfly_gitops.model.message import Message


def segments_of(layout: Layout) -> Mapping[str, SegmentMap[Any]]:
    """Each segment that a message of this layout may have, by its name."""
    tables: tuple[SegmentMap[Any], ...] = (*layout.before, OBX, *layout.after)
    return {each.name: each for each in tables}


def segments_sent(options: Message) -> frozenset[str]:
    """The names of the segments that an endpoint may get."""
    before, after = LAYOUTS[options.layout].tables(options)
    return frozenset({OBX.name, *(each.name for each in (*before, *after))})
