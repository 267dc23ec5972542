"""How much is measured: in full, or just enough to see that it still can be."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Sizes:
    """How many of each. The figures that are wanted are wanted of the full sizes."""

    rounds: int = 3
    endpoints: int = 64
    messages: int = 10_000
    messages_of_one: int = 2_000
    http_events: int = 8_000
    http_singles: int = 2_000
    waiting: int = 100_000
    sending_s: float = 5
    sites: int = 1_000
    idle_endpoints: int = 10
    idle_s: int = 60
    calm_of_core: float = 0.2
    renders: int = 400
    pdf_bytes: int = 1_000_000


QUICK = Sizes(
    rounds=1,
    endpoints=4,
    messages=64,
    messages_of_one=16,
    http_events=40,
    http_singles=4,
    waiting=200,
    sending_s=0.2,
    sites=5,
    idle_endpoints=2,
    idle_s=1,
    calm_of_core=10,
    renders=1,
    pdf_bytes=1_000,
)
