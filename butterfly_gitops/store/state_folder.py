"""The folder that holds a state: never made by accident, readable by its owner alone, held by one process."""

import fcntl
import os
from contextlib import suppress
from pathlib import Path

from butterfly_gitops.model.error import GitopsError
from butterfly_gitops.store.mark import MARK
from butterfly_gitops.store.token_file import TOKEN_FILE

DATABASE = "state.sqlite3"
API_FILE = "api.json"
GIT_CACHE = "git"
_LOCK = "lock"
# What stands beside a database, and is left where it was lost or not finished.
_OURS = frozenset(
    {
        *(_LOCK, MARK, f".{MARK}", TOKEN_FILE, f".{TOKEN_FILE}", API_FILE, GIT_CACHE, DATABASE),
        *(f"{DATABASE}-{end}" for end in ("journal", "wal", "shm")),
    }
)


class StateMissing(GitopsError):  # noqa: N818 - it says what happened
    """There is no state, and none was asked for."""


class StateExists(GitopsError):  # noqa: N818 - it says what happened
    """A new state was asked for where there is one."""


class StateHeld(GitopsError):  # noqa: N818 - it says what happened
    """Another process holds the state; `pid` is its id, 0 where it could not be read."""

    def __init__(self, folder: Path, pid: int) -> None:
        super().__init__(f"the state in {folder} is held by process {pid or 'unknown'}")
        self.pid = pid


class StateUnusable(GitopsError):  # noqa: N818 - it says what happened
    """The state's files cannot be opened, made or locked."""


class StateFolder:
    """A state folder that this process holds, until `release`."""

    def __init__(self, path: Path, lock: int) -> None:
        self.path = path
        self._lock = lock

    @property
    def database(self) -> Path:
        """The file of the database; it exists."""
        return self.path / DATABASE

    def release(self) -> None:
        """Let another process have it."""
        # The file stays: removing it would let two processes lock two files of one name.
        os.close(self._lock)


def hold(path: Path, *, create: bool) -> StateFolder:
    """Hold the state in a folder, or make a new one there.

    Raises StateMissing, StateExists, StateHeld, StateUnusable.
    """
    if not create and not has_state(path):
        raise StateMissing(
            f"there is no state in {path}; `bgo run --new-state` or `bgo apply --new-state` makes one"
        )
    try:
        return _hold(path, create=create)
    except OSError as error:
        raise StateUnusable(f"the state in {path} cannot be used: {error.strerror}") from error


def _hold(path: Path, *, create: bool) -> StateFolder:
    if create:
        path.mkdir(parents=True, exist_ok=True)
        _refuse_foreign(path)
    _restrict(path, 0o700)
    folder = StateFolder(path, _lock(path))
    try:
        if create:
            _make_database(path)
        _restrict(folder.database, 0o600)
    except BaseException:
        folder.release()
        raise
    return folder


def has_state(path: Path) -> bool:
    """Tell whether there is a state in the folder."""
    # A process that ended while it made the state may have left an empty file, which holds nothing yet.
    with suppress(FileNotFoundError, NotADirectoryError):
        return (path / DATABASE).stat().st_size > 0
    return False


def _refuse_foreign(path: Path) -> None:
    """Leave alone what is somebody's folder with other things in it."""
    if not has_state(path) and any(one.name not in _OURS for one in path.iterdir()):
        raise StateUnusable(f"{path} holds other things than a state: name a folder that is new or empty")


def _restrict(path: Path, mode: int) -> None:
    if path.stat().st_mode & 0o777 != mode:
        path.chmod(mode)


def _lock(path: Path) -> int:
    lock = os.open(path / _LOCK, os.O_RDWR | os.O_CREAT, 0o600)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        pid = os.read(lock, 20)
        os.close(lock)
        raise StateHeld(path, int(pid) if pid.isdigit() else 0) from None
    os.fchmod(lock, 0o600)
    os.truncate(lock, 0)
    os.pwrite(lock, str(os.getpid()).encode(), 0)
    return lock


def _make_database(path: Path) -> None:
    if has_state(path):
        raise StateExists(f"there is a state in {path} already; leave --new-state away to go on with it")
    # SQLite gives its journal the mode of the database.
    os.close(os.open(path / DATABASE, os.O_WRONLY | os.O_CREAT, 0o600))
