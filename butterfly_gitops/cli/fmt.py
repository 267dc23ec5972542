"""`bgo fmt`: lay the files of the configuration out alike, or show what that would change."""

import difflib
import os
import re
import tempfile
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import click

from butterfly_gitops.cli.main import Voice
from butterfly_gitops.cli.output import ExitCode, count_of, say, say_lines, write
from butterfly_gitops.config.formatting.formatter import lay_out
from butterfly_gitops.config.problem_text import print_problems
from butterfly_gitops.config.rules.files import FLEET_FILES, SITE_FILES
from butterfly_gitops.config.secrets import starred_line
from butterfly_gitops.config.text.plain_text import MAX_BYTES
from butterfly_gitops.model.printable import printable
from butterfly_gitops.model.problem import Problem
from butterfly_gitops.source.folder import read_folder
from butterfly_gitops.source.interface import SourceUnavailable

NAMES = (*FLEET_FILES, *SITE_FILES)
# Of more lines than that in one place, a diff is not looked for: it would take minutes, and nobody would read it.
_MOST_LINES_COMPARED = 5000


@dataclass(frozen=True, slots=True, kw_only=True)
class _File:
    """One file with its content and its formatted text, or the problems that keep it from being formatted."""

    path: Path
    written: bytes = field(repr=False)
    laid_out: str | None
    problems: tuple[Problem, ...]
    is_left: bool

    @property
    def is_changed(self) -> bool:
        return self.laid_out is not None and self.laid_out.encode() != self.written


@click.command("fmt")
@click.argument("paths", metavar="[PATH]...", nargs=-1, type=click.Path(path_type=Path))
@click.option(
    "--check", is_flag=True, help="Write nothing; show what would change, and exit 1 if anything would."
)
@click.pass_context
def command(ctx: click.Context, *, paths: tuple[Path, ...], check: bool) -> None:
    """Lay the files of the configuration out alike; values, quotes and comments stay.

    PATH is a file or a folder (default: sites). Two spaces for each level; settings in the order of the reference,
    entries by name in yours; short lists in brackets; at most one blank line where you put any; comments at the end of
    a line from column 40, or four spaces behind a longer line. A block of comments goes with the key below it.

    A file that cannot be read is not touched, and its problems are shown; exit code 1. The paths of rewritten files,
    and what --check shows, go to standard output, the summary to standard error.
    """
    files = [_read(path, data) for path, data in _found(paths or (Path("sites"),)).items()]
    for file in files:
        if file.is_changed and check:
            write("".join(_diff(file)))
        elif file.is_changed and file.laid_out is not None:
            _replace(file.path, file.laid_out)
            say(str(file.path))
    problems = [problem for file in files for problem in file.problems]
    say_lines(print_problems(problems))
    if not ctx.ensure_object(Voice).is_quiet:
        say(_summary(files, check=check), err=True)
    has_failed = problems or (check and any(file.is_changed for file in files))
    ctx.exit(ExitCode.FAILED if has_failed else ExitCode.DONE)


def _found(paths: Iterable[Path]) -> dict[Path, bytes]:
    """The files that paths name, each once. Raises SourceUnavailable, and UsageError for a file of another name."""
    found: dict[Path, bytes] = {}
    for path in paths:
        if path.is_dir():
            below = read_folder(path)
            found |= {path / name: data for name, data in below.items() if Path(name).name in NAMES}
        elif path.name in NAMES:
            found[path] = _content(path)
        elif path.exists():
            raise click.UsageError(
                f"{path}: what is laid out is called {', '.join(NAMES[:-1])} or {NAMES[-1]}."
            )
        else:
            raise SourceUnavailable(str(path), "there is no such file or folder")
    return found


def _content(path: Path) -> bytes:
    if path.is_symlink():
        raise SourceUnavailable(str(path), "a symbolic link; name the file itself")
    try:
        with path.open("rb") as file:
            return file.read(MAX_BYTES + 1)
    except OSError as error:
        raise SourceUnavailable(str(path), error.strerror or "cannot be read") from error


def _read(path: Path, data: bytes) -> _File:
    outcome = lay_out(data, file=str(path))
    return _File(
        path=path,
        written=data,
        laid_out=outcome.text,
        problems=outcome.problems,
        is_left=outcome.is_left,
    )


def _replace(path: Path, text: str) -> None:
    """Put the whole text in the file's place at once: whoever reads meanwhile has the old one, or the new one."""
    try:
        # Names with a dot in front are passed over by whoever reads the folder.
        with tempfile.NamedTemporaryFile(dir=path.parent, prefix=f".{path.name}.", delete=False) as new:
            try:
                new.write(text.encode())
                new.flush()
                os.fchmod(new.fileno(), path.stat().st_mode & 0o7777)
                os.fsync(new.fileno())
                Path(new.name).replace(path)
            except BaseException:
                Path(new.name).unlink(missing_ok=True)
                raise
    except OSError as error:
        raise SourceUnavailable(str(path), error.strerror or "cannot be written") from error


def _diff(file: _File) -> Iterator[str]:
    old, new = _lines(file.written.decode("utf-8")), _lines(file.laid_out or "")
    name = printable(str(file.path))
    if max(len(old), len(new)) > _MOST_LINES_COMPARED:
        yield f"--- {name}\n+++ {name}\n{len(old)} lines, too many to show what changes: run `bgo fmt {name}`\n"
        return
    for line in difflib.unified_diff(old, new, fromfile=name, tofile=name):
        # A log of a pipeline keeps what it is shown.
        shown = starred_line(line.removesuffix("\n"))
        yield f"{shown}\n" if line.endswith("\n") else f"{shown}\n\\ No newline at end of file\n"


def _lines(text: str) -> list[str]:
    return re.findall(r"[^\n]*\n|[^\n]+", text)


def _summary(files: list[_File], *, check: bool) -> str:
    changed = sum(file.is_changed for file in files)
    broken = sum(bool(file.problems) for file in files)
    said = [f"{changed} {'would change' if check else 'laid out'}" if changed else "all laid out"]
    if left := sum(file.is_left for file in files):
        said.append(f"{left} left as written, for what cannot be laid out anew")
    if broken:
        said = [*(said if changed else []), f"{broken} cannot be read"]
    return f"{count_of(len(files), 'file')}: {', '.join(said)}"
