"""A layout: tables of segments, the rows of its OBX, and the words that document it."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from butterfly_gitops.hl7.result import Result
from butterfly_gitops.hl7.segment_map import SegmentMap
from butterfly_gitops.hl7.segments.msh import MSH
from butterfly_gitops.hl7.segments.obr import OBR
from butterfly_gitops.hl7.segments.obx import OBX, ObxRow
from butterfly_gitops.hl7.segments.orc import ORC
from butterfly_gitops.hl7.segments.pid import PID
from butterfly_gitops.hl7.segments.pv1 import PV1
from butterfly_gitops.hl7.segments.zds import ZDS
from butterfly_gitops.model.message import Message


@dataclass(frozen=True, slots=True, kw_only=True)
class Layout:
    """One shape of an ORU^R01: segments before the OBX, the OBX, segments after them.

    `versions` are those that MSH-12 may say. `left_out` are segments that this shape has only where the endpoint
    asks for them (`message.order_segment`, `message.visit_segment`). `study_uid` and `text_type` hold where the
    endpoint says nothing of them; a layout without text has no type of it.
    """

    name: str
    title: str
    says: str
    versions: tuple[str, ...]
    rows: Callable[[Result], Iterator[ObxRow]]
    study_uid: str
    text_type: str | None = None
    before: tuple[SegmentMap[Result], ...] = (MSH, PID, PV1, ORC, OBR)
    after: tuple[SegmentMap[Result], ...] = (ZDS,)
    left_out: frozenset[str] = frozenset()

    @property
    def defaults(self) -> dict[str, str | None]:
        """The values of the `message` settings that an endpoint leaves to the layout."""
        wishes = {"order_segment": "ORC", "visit_segment": "PV1"}
        return {
            "study_uid": self.study_uid,
            "text_type": self.text_type,
            **{wish: "leave_out" if name in self.left_out else "send" for wish, name in wishes.items()},
        }

    @property
    def segments(self) -> Mapping[str, SegmentMap[Any]]:
        """Each segment that a message of this layout may have, by its name."""
        tables: tuple[SegmentMap[Any], ...] = (*self.before, OBX, *self.after)
        return {each.name: each for each in tables}

    def tables(
        self, options: Message
    ) -> tuple[tuple[SegmentMap[Result], ...], tuple[SegmentMap[Result], ...]]:
        """The segments that an endpoint gets before the OBX, and after them."""
        before, after = (
            [each for each in maps if self._is_wanted(each.name, options)]
            for maps in (self.before, self.after)
        )
        return tuple(before), tuple(after)

    def _is_wanted(self, name: str, options: Message) -> bool:
        match name:
            case "ORC":
                wish = options.order_segment
            case "PV1":
                wish = options.visit_segment
            case _:
                return True
        return name not in self.left_out if wish is None else wish == "send"
