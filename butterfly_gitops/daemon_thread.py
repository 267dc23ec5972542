"""Threads for what blocks and cannot be told to stop: look-ups of names, git, and the files that it brings.

A thread of the standard executors is waited for when a process ends; one of these is not.
"""

import asyncio
import contextlib
import functools
import threading
from collections.abc import Callable
from typing import ParamSpec, TypeVar

Arguments = ParamSpec("Arguments")
Result = TypeVar("Result")


def in_daemon_thread(
    function: Callable[Arguments, Result], *args: Arguments.args, **kwargs: Arguments.kwargs
) -> asyncio.Future[Result]:
    """Start to call a function that blocks, in a thread of its own. Raises RuntimeError where none can be started."""
    loop = asyncio.get_running_loop()
    future: asyncio.Future[Result] = loop.create_future()

    def call() -> None:
        try:
            found = functools.partial(_settle, future, result=function(*args, **kwargs))
        except BaseException as error:  # noqa: BLE001 - whoever awaits it catches it, by its name
            found = functools.partial(_settle, future, error=error)
        # Nobody waits any more where the loop has ended.
        with contextlib.suppress(RuntimeError):
            loop.call_soon_threadsafe(found)

    threading.Thread(target=call, name=getattr(function, "__qualname__", ""), daemon=True).start()
    return future


def _settle(
    future: asyncio.Future[Result], *, result: Result | None = None, error: BaseException | None = None
) -> None:
    if future.done():
        return
    if error is None:
        future.set_result(result)  # type: ignore[arg-type] # None only where the function returns it
    else:
        future.set_exception(error)
