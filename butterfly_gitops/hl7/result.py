"""What a layout writes: one result for one endpoint, with everything decided that is no matter of layout."""

from dataclasses import dataclass, field

from butterfly_gitops.hl7.timestamp import WallClock
from butterfly_gitops.model.delivery import ResultStatus
from butterfly_gitops.model.endpoint import EhrEndpoint
from butterfly_gitops.model.study import StudyEvent


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """One result, ready to be laid out; `sent_at` and `status_time` are printed already (MSH-7, OBR-22)."""

    event: StudyEvent
    endpoint: EhrEndpoint
    clock: WallClock
    status: ResultStatus
    control_id: str
    filler: str = field(repr=False)
    sent_at: str
    status_time: str

    @property
    def obr_25(self) -> str:
        """Table 0123: W is not in it, so a withdrawal is a correction there."""
        return ResultStatus.C if self.status is ResultStatus.W else self.obx_11

    @property
    def obx_11(self) -> str:
        """Table 0085: agrees with OBR-25, but for W."""
        if self.status is ResultStatus.C:
            return self.endpoint.message.corrected_as
        return self.status

    @property
    def orc_5(self) -> str:
        """Table 0038: completed, or some results available."""
        return "A" if self.status is ResultStatus.P else "CM"
