"""How many examples a law is tried on that is worth more of them, or fewer, than others."""

from hypothesis import settings


def up_to(in_soak: int) -> int:
    """The share of `in_soak` that the profile of this run allows; see `tests/conftest.py`."""
    return max(5, in_soak * settings().max_examples // 100)
