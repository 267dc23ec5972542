"""The tables of a layout by segment, to name what stands in its messages."""

from collections.abc import Mapping
from typing import Any

from butterfly_gitops.hl7.layouts.layout import Layout
from butterfly_gitops.hl7.segment_map import SegmentMap
from butterfly_gitops.hl7.segments.obx import OBX


def segments_of(layout: Layout) -> Mapping[str, SegmentMap[Any]]:
    """Each segment that a message of this layout may have, by its name."""
    tables: tuple[SegmentMap[Any], ...] = (*layout.before, OBX, *layout.after)
    return {each.name: each for each in tables}
