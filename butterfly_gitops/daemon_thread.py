"""Threads for what blocks and cannot be told to stop: look-ups of names, git, and the files that it brings.

A thread of the standard executors is waited for when a process ends; one of these is not.
"""

import asyncio
import threading
from collections.abc import Callable
from concurrent.futures import Future
from typing import ParamSpec, TypeVar

Arguments = ParamSpec("Arguments")
Result = TypeVar("Result")


def in_daemon_thread(
    function: Callable[Arguments, Result], *args: Arguments.args, **kwargs: Arguments.kwargs
) -> asyncio.Future[Result]:
    """Start to call a function that blocks, in a thread of its own. Raises RuntimeError where none can be started."""
    future: Future[Result] = Future()
    # From now on it cannot be cancelled; whoever no longer waits leaves the thread alone.
    future.set_running_or_notify_cancel()

    def call() -> None:
        try:
            future.set_result(function(*args, **kwargs))
        except BaseException as error:  # noqa: BLE001 - whoever awaits it catches it, by its name
            future.set_exception(error)

    threading.Thread(target=call, name=getattr(function, "__qualname__", ""), daemon=True).start()
    return asyncio.wrap_future(future)
