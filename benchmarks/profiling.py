"""Where the processor's time goes, thread by thread: own time, without what other threads take meanwhile."""

import cProfile
import threading
import time
from pathlib import Path
from typing import Any

import butterfly_gitops

LISTED = 30
_TOP = Path(butterfly_gitops.__file__).parents[1]


class Profiles:
    """One profile for the loop's thread, and one for each thread that starts after `begin_in_threads`.

    Needs Python 3.11: newer ones allow one profile in a process.
    """

    def __init__(self) -> None:
        self._profiles: dict[str, cProfile.Profile] = {}

    def begin_in_threads(self) -> None:
        """Profile every thread from its start to its end."""
        threading.setprofile(self._begin)

    def begin_here(self) -> None:
        """Profile this thread, until `end_here`."""
        self._begin()

    def end_here(self) -> None:
        self._profiles[threading.current_thread().name].disable()

    def _begin(self, *_: Any) -> None:
        profile = cProfile.Profile(time.thread_time)
        self._profiles[threading.current_thread().name] = profile
        profile.enable()

    def told(self, *, messages: int) -> str:
        """Tell the functions with the most own time, in microseconds for each message."""
        told = [_told(name, one, messages) for name, one in self._profiles.items()]
        return "\n\n".join(text for text in told if text)


def _told(thread: str, profile: cProfile.Profile, messages: int) -> str:
    profile.create_stats()
    found: list[tuple[float, float, int, str]] = [
        (own, whole, calls, _named(*place)) for place, (_, calls, own, whole, _) in profile.stats.items()
    ]
    each = 1e6 / messages
    total = sum(own for own, *_ in found)
    if total * each < 1:
        return ""
    lines = [
        f"{own * each:8.1f} {whole * each:8.1f} {calls / messages:8.1f}  {name}"
        for own, whole, calls, name in sorted(found, reverse=True)[:LISTED]
    ]
    head = f"{thread}: {total * each:.0f} µs a message\n     own    whole    calls  (each for one message)"
    return "\n".join([head, *lines])


def _named(file: str, line: int, function: str) -> str:
    if file == "~":
        return function
    path = Path(file)
    place = path.relative_to(_TOP) if path.is_relative_to(_TOP) else Path(*path.parts[-2:])
    return f"{place}:{line} {function}"
