"""The wait before the next try: exponential, capped, with full jitter."""

from datetime import datetime, timedelta

from butterfly_gitops.model.endpoint import Retry


def wait_cap(failures: int, retry: Retry) -> timedelta:
    """Return the longest wait after so many failures in a row (the first is 1); never over `retry.longest`."""
    # Beyond 64 doublings the cap rules anyway, and the power would outgrow a timedelta.
    seconds = retry.first.total_seconds() * float(retry.factor) ** min(failures - 1, 64)
    return timedelta(seconds=min(seconds, retry.longest.total_seconds()))


def next_due(failures: int, retry: Retry, *, at: datetime, jitter: float) -> datetime:
    """Return when the next try is due; `jitter` is drawn evenly from [0, 1)."""
    return at + wait_cap(failures, retry) * jitter
