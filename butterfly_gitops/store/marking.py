"""Opening a state together with its mark: one that is behind it is refused, or accepted by a person."""

import secrets
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Any

from butterfly_gitops.store.mark import Counting, Mark, MarkUnreadable, Point, point_of, start_of
from butterfly_gitops.store.setback import Acceptance, Consent, Setback, StateBehind, accept_older, setback_of
from butterfly_gitops.store.state_folder import StateUnusable, has_state
from butterfly_gitops.store.writer import Operation, Returned, Session


class Marking:
    """The mark of the state in a folder, as it was found; with `consent` an older state may go on."""

    def __init__(
        self, mark: Path, state: Path, *, consent: Consent | None, now: Callable[[], datetime]
    ) -> None:
        """Read the mark. Raises StateUnusable."""
        self._mark = Mark(mark)
        self._state = state
        self._consent = consent
        self._is_unreadable = False
        self._seen = self._read()
        history = self._seen.history if self._seen else _new_history()
        self.counting = Counting(mark=self._mark, history=history, now=now)

    def _read(self) -> Point | None:
        try:
            return self._mark.read()
        except MarkUnreadable:
            self._is_unreadable = True
            return None
        except OSError as error:
            raise StateUnusable(f"the mark {self._mark.path} cannot be read: {error.strerror}") from error

    def refuse_lost(self, *, create: bool) -> None:
        """Refuse a state that is gone, but for its mark, and a new one in its place. Raises StateBehind."""
        setback = None if has_state(self._state) else self._setback(None)
        if setback is not None and not (create and self._is_agreed(setback)):
            raise StateBehind(replace(setback, is_gone=True), consent=self._consent)

    def compare(self, session: Session) -> None:
        """Compare a database with its mark, before anything is done with it. Raises StateBehind, StateUnusable."""
        database: Point | None = _do(session, point_of)
        setback = self._setback(database)
        if setback is not None and not self._is_agreed(setback):
            raise StateBehind(setback, consent=self._consent)
        try:
            if self._seen is None:
                self._mark.make(start_of(self.counting.history, at=self.counting.now()))
            if setback is None and database is not None:
                self._mark.write(database)
        except OSError as error:
            raise StateUnusable(f"the mark {self._mark.path} cannot be written: {error.strerror}") from error
        if setback is not None and self._consent is not None:
            acceptance = Acceptance(actor=self._consent.actor, history=_new_history(), at=self.counting.now())
            _do(session, lambda rows: accept_older(rows, setback, acceptance))

    def _is_agreed(self, setback: Setback) -> bool:
        """An option that stays in a unit file must not accept the next setback too."""
        return self._consent is not None and self._consent.setback == setback.id

    def _setback(self, database: Point | None) -> Setback | None:
        if self._is_unreadable:
            why = f"{self._mark.path} is no mark of a state, so nothing says whether {self._state} is the newest"
            return Setback(database=database, mark=None, why=why)
        return setback_of(database, self._seen, state=str(self._state), file=str(self._mark.path))


def _new_history() -> str:
    return secrets.token_hex(8)


def _do(session: Session, operation: Operation) -> Any:
    (result,) = session.run([operation])
    if isinstance(result, Returned):
        return result.value
    raise result.error
