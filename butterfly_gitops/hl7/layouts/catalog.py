"""Every layout by its name in `message.layout`."""

from butterfly_gitops.hl7.layouts import lines, notice, pdf, report
from butterfly_gitops.hl7.layouts.layout import Layout
from butterfly_gitops.hl7.segments.obx import OBX
from butterfly_gitops.model.message import Message

LAYOUTS: dict[str, Layout] = {
    each.name: each for each in (report.LAYOUT, lines.LAYOUT, pdf.LAYOUT, notice.LAYOUT)
}


def segments_sent(options: Message) -> frozenset[str]:
    """The names of the segments that an endpoint may get."""
    before, after = LAYOUTS[options.layout].tables(options)
    return frozenset({OBX.name, *(each.name for each in (*before, *after))})
