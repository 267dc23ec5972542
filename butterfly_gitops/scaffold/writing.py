"""Writes new files, all of them or none, and never touches one that is there.

What the files say is left to `repository`.
"""

from collections.abc import Iterable, Mapping
from contextlib import suppress
from pathlib import Path

from butterfly_gitops.model.error import GitopsError


class NotWritten(GitopsError):  # noqa: N818 - it is told to a person as it stands
    """Files could not be written, so none was."""


def in_the_way(folder: Path, paths: Iterable[str]) -> tuple[str, ...]:
    """Find the files and links of a folder that stand where these paths are to be."""
    found: dict[str, None] = {}
    for path in paths:
        parents = [parent for parent in reversed(Path(path).parents) if parent.parts]
        # A link may lead out of the repository; what is written must be where it is looked for.
        taken = [each for each in parents if (folder / each).is_symlink() or (folder / each).is_file()]
        if taken:
            found[taken[0].as_posix()] = None
        elif (folder / path).is_symlink() or (folder / path).exists():
            found[path] = None
    return tuple(found)


def write_new(folder: Path, files: Mapping[str, str]) -> None:
    """Write files below a folder, which is made if need be. Raises NotWritten, and then nothing is left behind."""
    made: list[Path] = []
    try:
        for path, text in files.items():
            _make_folders((folder / path).parent, made)
            # `x`: a file that appeared since somebody looked is not ours to replace.
            with (folder / path).open("x", encoding="utf-8", newline="\n") as file:
                made.append(folder / path)
                file.write(text)
    except BaseException as error:
        _take_back(made)
        if isinstance(error, OSError):
            what = f"{error.filename or folder}: {error.strerror or 'cannot be written'}"
            raise NotWritten(f"{what}; nothing was written") from error
        raise


def _make_folders(folder: Path, made: list[Path]) -> None:
    if folder.is_dir():
        return
    _make_folders(folder.parent, made)
    folder.mkdir()
    made.append(folder)


def _take_back(made: Iterable[Path]) -> None:
    """Remove what was made, the last first; a folder that somebody else has put something into stays."""
    for path in reversed([*made]):
        with suppress(OSError):
            if path.is_dir():
                path.rmdir()
            else:
                path.unlink()
