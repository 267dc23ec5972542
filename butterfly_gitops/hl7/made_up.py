"""What a preview makes up, since only a store knows it: the final that a correction or a withdrawal follows."""

from datetime import timedelta

from butterfly_gitops.hl7.timestamp import clock_of
from butterfly_gitops.model.endpoint import EhrEndpoint
from butterfly_gitops.model.study import StudyEvent

# So much that no repeated hour of autumn lies between the two.
_EARLIER = timedelta(days=1)


def earlier_status_time(event: StudyEvent, endpoint: EhrEndpoint) -> str:
    """OBR-22 of a final result of the same report, as if this endpoint's EHR had acknowledged it a day before."""
    return clock_of(endpoint).prints(event.occurred_at - _EARLIER)
