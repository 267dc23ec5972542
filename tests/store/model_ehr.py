"""A model EHR per lane: what each message that it has received, or may have, makes it show."""

import json
from dataclasses import dataclass, field
from datetime import datetime

from butterfly_gitops.model.delivery import LaneId, Rank


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """One message as it left; `is_acknowledged` is what the EHR said of it."""

    study: str
    patient: str
    rank: Rank
    is_final: bool
    status: str
    filler: str
    control_id: str
    is_acknowledged: bool

    @property
    def is_withdrawal(self) -> bool:
        return self.status == "W"


def read(data: bytes, *, is_acknowledged: bool) -> Seen:
    """Read a message that `play.written` wrote."""
    shown = json.loads(data)
    (patient,) = shown["patient"]
    return Seen(
        study=shown["study"],
        patient=patient,
        rank=Rank(revision=shown["revision"], occurred_at=datetime.fromisoformat(shown["occurred_at"])),
        is_final=shown["kind"] == "finalized",
        status=shown["status"],
        filler=shown["filler"],
        control_id=shown["control_id"],
        is_acknowledged=is_acknowledged,
    )


@dataclass
class ModelEhr:
    """All that may have reached one EHR, in the order in which it left."""

    lane: LaneId
    seen: list[Seen] = field(default_factory=list)

    def receive(self, message: Seen) -> None:
        """Show a message. Fails where it would show what no EHR may be shown after what came before."""
        before = [
            one
            for one in self.seen
            if (one.study, one.patient) == (message.study, message.patient) and not one.is_withdrawal
        ]
        if message.is_withdrawal:
            assert before, "a withdrawal of nothing"
        else:
            assert all(one.rank <= message.rank for one in before), "an older result after a newer one"
            assert message.is_final or not any(one.is_final for one in before), "a preliminary after a final"
        self.seen.append(message)

    def shows(self) -> dict[tuple[str, str], Seen]:
        """What it may show now, by study and patient: the newest result that no acknowledged withdrawal took back."""
        shown: dict[tuple[str, str], Seen] = {}
        for one in self.seen:
            if not one.is_withdrawal:
                shown[one.study, one.patient] = one
            elif one.is_acknowledged:
                shown.pop((one.study, one.patient), None)
        return shown
