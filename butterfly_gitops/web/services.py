"""The services that the API calls, handed in by `wiring`."""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol

from butterfly_gitops.controller.configuring import Configuring
from butterfly_gitops.controller.loop import Loop
from butterfly_gitops.dispatcher.intake import Intake
from butterfly_gitops.dispatcher.wire import Strays
from butterfly_gitops.minute_line import MinuteLine
from butterfly_gitops.model.delivery import LaneId, TargetNumber
from butterfly_gitops.store.interface import Store


class Dispatching(Protocol):
    """The lanes of a running dispatcher, as the API asks them."""

    def wake(self, lanes: Iterable[LaneId]) -> None: ...

    def reported(self) -> Mapping[LaneId, TargetNumber]: ...

    def troubles(self) -> Mapping[LaneId, str]: ...

    def strays(self) -> Mapping[LaneId, Strays]: ...

    def all_strays(self) -> Strays: ...


class RefusalCounter:
    """Requests that were refused at the door, by status; the log has one line a minute of them, without identifiers."""

    def __init__(self) -> None:
        self.counts: Counter[int] = Counter()
        self._line = MinuteLine("requests refused")

    def count(self, status: int) -> None:
        """Count one."""
        self.counts[status] += 1
        self._line.tell(code=status)


@dataclass(frozen=True, slots=True, kw_only=True)
class Services:
    """The parts behind the API.

    `token` is what every request must bear. `followed` names the source that a controller follows, so that nobody
    else may apply; empty when none does. `dispatching` and `controller` are None where this process sends nothing.
    """

    store: Store
    intake: Intake
    configuring: Configuring
    dispatching: Dispatching | None
    now: Callable[[], datetime]
    token: str
    followed: str = ""
    controller: Loop | None = None
    refusals: RefusalCounter = field(default_factory=RefusalCounter)

    def ask_for_pass(self) -> None:
        """Let the controller, if there is one, make its next pass now."""
        if self.controller:
            self.controller.ask_for_pass()
