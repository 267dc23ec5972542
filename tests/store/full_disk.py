"""A disk that runs out of room when it is told to: SQLite's own view of files, with writes that fail."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import apsw


class Disk(apsw.VFS):
    """Every file below a folder is on it.

    `has_room` false refuses what would be written, `opens` false what would be opened; `syncs` false takes what is
    written, and fails to make it durable.
    """

    def __init__(self, folder: Path) -> None:
        self._beneath = apsw.vfs_names()[0]
        super().__init__("disk", self._beneath, makedefault=True)
        self.folder = str(folder)
        self.has_room = True
        self.opens = True
        self.syncs = True

    def xOpen(self, name: str | apsw.URIFilename | None, flags: list[int]) -> apsw.VFSFile:  # noqa: N802
        path = name.filename() if isinstance(name, apsw.URIFilename) else name or ""
        if not self.opens and path.startswith(self.folder):
            raise apsw.CantOpenError("input/output error")
        return _File(self, path.startswith(self.folder), (self._beneath, name, flags))


class _File(apsw.VFSFile):
    def __init__(
        self, disk: Disk, is_watched: bool, opened: tuple[str, str | apsw.URIFilename | None, list[int]]
    ) -> None:
        self._disk = disk
        self._is_watched = is_watched
        super().__init__(*opened)

    def xWrite(self, data: bytes, offset: int) -> None:  # noqa: N802
        if self._is_watched and not self._disk.has_room:
            raise apsw.FullError("no room")
        super().xWrite(data, offset)

    def xSync(self, flags: int) -> None:  # noqa: N802
        if self._is_watched and not self._disk.syncs:
            raise apsw.IOError("no sync")
        super().xSync(flags)


@contextmanager
def disk_under(folder: Path) -> Iterator[Disk]:
    """Let what SQLite opens below a folder be on a disk that can be full."""
    disk = Disk(folder)
    try:
        yield disk
    finally:
        disk.unregister()
