"""Every layout by its name in `message.layout`."""

from butterfly_gitops.hl7.layouts import lines, notice, pdf, report
from butterfly_gitops.hl7.layouts.layout import Layout

LAYOUTS: dict[str, Layout] = {
    each.name: each for each in (report.LAYOUT, lines.LAYOUT, pdf.LAYOUT, notice.LAYOUT)
}
