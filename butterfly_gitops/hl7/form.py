"""A layout as one endpoint wants it, made once and filled in for each of its messages."""

from dataclasses import dataclass

from butterfly_gitops.hl7.charset import encode
from butterfly_gitops.hl7.layouts.catalog import LAYOUTS
from butterfly_gitops.hl7.layouts.layout import Layout
from butterfly_gitops.hl7.needs import Requirement, needs_of
from butterfly_gitops.hl7.refusal import RenderingRefused
from butterfly_gitops.hl7.result import Result
from butterfly_gitops.hl7.row_name import row_name
from butterfly_gitops.hl7.segment_form import SegmentForm, form_of
from butterfly_gitops.hl7.segments.obr import exam
from butterfly_gitops.hl7.segments.obx import OBX, ObxRow, numbered
from butterfly_gitops.hl7.timestamp import WallClock, clock_of
from butterfly_gitops.model.delivery import ResultStatus
from butterfly_gitops.model.endpoint import EhrEndpoint


@dataclass(frozen=True, slots=True, kw_only=True)
class Form:
    """The part of a message that is alike in all of an endpoint's, with gaps for the rest."""

    endpoint: EhrEndpoint
    layout: Layout
    clock: WallClock
    needs: tuple[Requirement, ...]
    before: tuple[SegmentForm[Result], ...]
    row: SegmentForm[ObxRow]
    after: tuple[SegmentForm[Result], ...]

    @classmethod
    def of(cls, endpoint: EhrEndpoint) -> "Form":
        """Prepare for the messages of an endpoint. What cannot be written is refused by each of them."""
        layout = LAYOUTS[endpoint.message.layout]
        before, after = layout.tables(endpoint.message)
        return cls(
            endpoint=endpoint,
            layout=layout,
            clock=clock_of(endpoint),
            needs=needs_of(endpoint.message),
            before=tuple(form_of(each, endpoint) for each in before),
            row=form_of(OBX, endpoint),
            after=tuple(form_of(each, endpoint) for each in after),
        )

    def filled(self, result: Result) -> bytes:
        """Write a message; every segment ends in CR. Raises RenderingRefused naming the field that can't be written."""
        options = self.endpoint.message
        # What was received must be taken back, whatever the study lacks.
        for need in self.needs if result.status is not ResultStatus.W else ():
            need.check(result)
        text = "\r".join([*self._segments(result), ""])
        data = encode(text, self.endpoint.encoding)
        most = options.max_message_bytes
        if most is not None and len(data) > most:
            raise RenderingRefused(
                "MSH",
                f"the message has {len(data)} bytes; message.max_message_bytes allows {most}",
                settings=("message.max_message_bytes",),
            )
        return data

    def _segments(self, result: Result) -> list[str]:
        sub_id = "1" if result.version.requires_sub_id else ""
        rows = numbered(list(self.layout.rows(result)), result.obx_11, sub_id=sub_id)
        if not rows:
            raise RenderingRefused(
                "OBX-5", f"the study holds nothing that the layout {self.layout.name} reports"
            )
        most = self.endpoint.message.max_value_bytes
        if most is not None:
            self._check_sizes(rows, most, result)
        return [
            *[form.filled(result) for form in self.before if form.sent is None or form.sent(result)],
            *self._filled_rows(rows, result),
            *[form.filled(result) for form in self.after if form.sent is None or form.sent(result)],
        ]

    def _filled_rows(self, rows: list[ObxRow], result: Result) -> list[str]:
        filled: list[str] = []
        try:
            # As far as it comes, so that a refusal can say in which of them.
            for row in rows:
                filled.append(self.row.filled(row))  # noqa: PERF401
        except RenderingRefused as refusal:
            where = _named(rows[: len(filled) + 1], result)
            raise RenderingRefused(
                refusal.field, f"{refusal.why}, in {where}", settings=refusal.settings
            ) from None
        return filled

    def _check_sizes(self, rows: list[ObxRow], most: int, result: Result) -> None:
        for number, row in enumerate(rows, start=1):
            # No encoding of ours takes more than four bytes for a character.
            if len(row.value) * 4 <= most:
                continue
            in_utf_8 = self.endpoint.encoding == "UTF-8"
            size = len(row.value.encode()) if in_utf_8 else len(row.value)
            if size > most:
                raise RenderingRefused(
                    "OBX-5",
                    f"has {size} bytes in {_named(rows[:number], result)}; "
                    f"message.max_value_bytes allows {most}",
                    settings=("message.max_value_bytes",),
                )


def _named(rows: list[ObxRow], result: Result) -> str:
    return row_name([(row.type, row.code) for row in rows], exam(result))
