"""What a layout is: tables of segments, the rows of its OBX, and the words that document it."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from butterfly_gitops.hl7.adjustment import adjusted
from butterfly_gitops.hl7.message import segment
from butterfly_gitops.hl7.refusal import RenderingRefused
from butterfly_gitops.hl7.result import Result
from butterfly_gitops.hl7.segment_map import SegmentMap
from butterfly_gitops.hl7.segments.obx import OBX, Row, numbered


@dataclass(frozen=True, slots=True, kw_only=True)
class Layout:
    """One shape of an ORU^R01: segments before the OBX, the OBX, segments after them.

    `versions` are those that MSH-12 may say. `left_out` are segments that this shape has only where the endpoint
    asks for them (`message.order_segment`, `message.visit_segment`).
    """

    name: str
    title: str
    says: str
    versions: tuple[str, ...]
    before: tuple[SegmentMap[Result], ...]
    rows: Callable[[Result], Iterator[Row]]
    after: tuple[SegmentMap[Result], ...] = ()
    left_out: frozenset[str] = frozenset()

    def segments(self, result: Result) -> list[str]:
        """Lay a result out, a text for each segment. Raises RenderingRefused naming the field that can't be written."""
        rows = numbered(
            list(self.rows(result)), result.obx_11, sub_id="1" if result.version.requires_sub_id else ""
        )
        if not rows:
            raise RenderingRefused("OBX-5", f"the study holds nothing that the layout {self.name} reports")
        return [
            *self._of(self.before, result),
            *[segment(OBX.name, adjusted(OBX.name, OBX.values(row), result)) for row in rows],
            *self._of(self.after, result),
        ]

    def _of(self, maps: tuple[SegmentMap[Result], ...], result: Result) -> Iterator[str]:
        for each in maps:
            if each.sent(result) and self._wants(each.name, result):
                yield segment(each.name, adjusted(each.name, each.values(result), result))

    def _wants(self, name: str, result: Result) -> bool:
        match name:
            case "ORC":
                wish = result.options.order_segment
            case "PV1":
                wish = result.options.visit_segment
            case _:
                return True
        return name not in self.left_out if wish is None else wish == "send"
