"""The `Store` over rows, whatever keeps them: which transaction each method is, and whether it writes."""

from collections.abc import Callable, Coroutine
from typing import Any, Concatenate, ParamSpec, TypeVar

from butterfly_gitops.store import (
    accepting,
    acting,
    advancing,
    applying,
    holding,
    observing,
    repairing,
)
from butterfly_gitops.store.rows import Rows

P = ParamSpec("P")
T = TypeVar("T")


def _writing(
    transaction: Callable[Concatenate[Rows, P], T],
) -> Callable[Concatenate["RowStore", P], Coroutine[Any, Any, T]]:
    async def method(store: "RowStore", /, *args: P.args, **kwargs: P.kwargs) -> T:
        return await store.write(lambda rows: transaction(rows, *args, **kwargs))

    return method


def _reading(
    transaction: Callable[Concatenate[Rows, P], T],
) -> Callable[Concatenate["RowStore", P], Coroutine[Any, Any, T]]:
    async def method(store: "RowStore", /, *args: P.args, **kwargs: P.kwargs) -> T:
        return await store.read(lambda rows: transaction(rows, *args, **kwargs))

    return method


class RowStore:
    """Each method of `Store` as one transaction; a backend says how one is done."""

    async def write(self, operation: Callable[[Rows], T]) -> T:
        """Return what the operation returns, once it is durable."""
        raise NotImplementedError

    async def read(self, operation: Callable[[Rows], T]) -> T:
        """Return what an operation that writes nothing returns."""
        raise NotImplementedError

    accept = _writing(accepting.accept)
    apply = _writing(applying.apply)
    correct_starts = _writing(applying.correct_starts)
    touch = _writing(observing.touch)
    record = _writing(observing.record)
    repair = _writing(repairing.repair)
    stand = _writing(holding.stand)
    approve = _writing(holding.approve)
    own = _writing(advancing.own)
    recover = _writing(advancing.recover)
    # By the writer, for it caches the rows that lanes look at.
    views = _writing(advancing.views)
    advance = _writing(advancing.advance)
    act = _writing(acting.act)
    send_once = _writing(acting.send_once)
    audit = _writing(acting.audit)

    running = _reading(applying.running)
    settings = _reading(observing.settings)
    observe = _reading(observing.observe)
    waiting = _reading(observing.waiting)
    find = _reading(observing.find)
    show = _reading(observing.show)
    gap = _reading(observing.gap)
    ledger = _reading(observing.ledger)
