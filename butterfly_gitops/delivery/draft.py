"""The rows of one decision while it is being made: read, changed, and added with their ids."""

from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime
from operator import attrgetter
from typing import Any

from butterfly_gitops.delivery.states import Event, move_or_then
from butterfly_gitops.model.delivery import FINAL, Delivery, DeliveryId, Report, ReportId


def revised(report: Report, **changes: Any) -> Report:
    """Return the report with these changes at its next version, or as it is where they change nothing."""
    if all(getattr(report, name) == value for name, value in changes.items()):
        return report
    return replace(report, version=report.version + 1, **changes)


_id = attrgetter("id")


class Draft:
    """A small working copy; `reports` and `deliveries` are the rows that the store must write."""

    def __init__(
        self,
        reports: Iterable[Report],
        deliveries: Iterable[Delivery],
        *,
        next_report: int = 0,
        next_delivery: int = 0,
    ) -> None:
        """Start from rows as stored; new rows take their ids from `next_report` and `next_delivery` on."""
        # Oldest first, and so they stay: a row that changes keeps its place, and new ones have higher ids.
        self._reports = {one.id: one for one in sorted(reports, key=_id)}
        self._deliveries = {one.id: one for one in sorted(deliveries, key=_id)}
        self._changed_reports: dict[ReportId, Report] = {}
        self._changed_deliveries: dict[DeliveryId, Delivery] = {}
        self._next_report = next_report
        self._next_delivery = next_delivery

    def report(self, report: ReportId) -> Report:
        """Return the report as it stands now."""
        return self._reports[report]

    def delivery(self, delivery: DeliveryId) -> Delivery:
        """Return the delivery as it stands now."""
        return self._deliveries[delivery]

    def all_reports(self) -> tuple[Report, ...]:
        """Return every report, oldest first."""
        return tuple(self._reports.values())

    def open_of(self, report: ReportId) -> tuple[Delivery, ...]:
        """Return the report's deliveries that are not final, oldest first."""
        rows = self._deliveries.values()
        return tuple([one for one in rows if one.report == report and one.state not in FINAL])

    def change_report(self, report: ReportId, **changes: Any) -> None:
        """Change a report."""
        before = self._reports[report]
        after = revised(before, **changes)
        if after is not before:
            self._reports[report] = self._changed_reports[report] = after

    def put_delivery(self, delivery: Delivery) -> None:
        """Change a delivery."""
        if self._deliveries.get(delivery.id) != delivery:
            self._deliveries[delivery.id] = self._changed_deliveries[delivery.id] = delivery

    def move(self, delivery: Delivery, event: Event, *, at: datetime, reason: str) -> None:
        """Move a delivery, or note what follows its attempt in flight."""
        self.put_delivery(move_or_then(delivery, event, at=at, reason=reason))

    def add_report(self, **fields: Any) -> Report:
        """Make a report with the next id."""
        report = Report(id=ReportId(self._next_report), **fields)
        self._next_report += 1
        self._reports[report.id] = self._changed_reports[report.id] = report
        return report

    def add_delivery(self, **fields: Any) -> Delivery:
        """Make a delivery with the next id."""
        delivery = Delivery(id=DeliveryId(self._next_delivery), **fields)
        self._next_delivery += 1
        self._deliveries[delivery.id] = self._changed_deliveries[delivery.id] = delivery
        return delivery

    @property
    def reports(self) -> tuple[Report, ...]:
        """The reports to write."""
        return tuple(self._changed_reports.values())

    @property
    def deliveries(self) -> tuple[Delivery, ...]:
        """The deliveries to write, after their reports."""
        return tuple(self._changed_deliveries.values())
