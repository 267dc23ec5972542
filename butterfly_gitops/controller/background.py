"""Threads for what blocks: reading sources and loading files, apart from the threads that resolve EHRs' names."""

import asyncio
import functools
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import ParamSpec, TypeVar

Arguments = ParamSpec("Arguments")
Result = TypeVar("Result")

# The default executor may be full of look-ups that hang; and who loads must not wait for a fetch that does.
_threads = ThreadPoolExecutor(max_workers=4, thread_name_prefix="configuration")


async def in_background(
    function: Callable[Arguments, Result], *args: Arguments.args, **kwargs: Arguments.kwargs
) -> Result:
    """Call a function that blocks."""
    call = functools.partial(function, *args, **kwargs)
    return await asyncio.get_running_loop().run_in_executor(_threads, call)
