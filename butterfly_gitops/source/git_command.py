"""The git command line: fixed arguments, an environment that nobody else has set up, and no more read than was asked for.

What is asked of it stands in `git_tree` (another revision around a working tree) and `git` (a branch elsewhere).
"""

import contextlib
import os
from collections.abc import Collection, Generator, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from butterfly_gitops.config.rules.files import is_yaml
from butterfly_gitops.config.text import pem
from butterfly_gitops.config.text.plain_text import MAX_BYTES
from butterfly_gitops.source.folder import TOO_LARGE, refuse_excess
from butterfly_gitops.source.git_process import run_git
from butterfly_gitops.source.interface import SourceUnavailable

PRINTED_DIGITS = 7
LIMIT_S = 60
_NOT_HERE = "git does not have this file here; fetch the whole history"
_MAX_ANSWER = 4 * 2**20
_MAX_LISTED = 64 * 2**20

_REFUSED_MODES = {
    "120000": "a symbolic link; put the file itself there",
    "160000": "a submodule; put the files there",
}
_ALWAYS_SET = {
    "LC_ALL": "C",
    "GIT_TERMINAL_PROMPT": "0",
    "GIT_OPTIONAL_LOCKS": "0",
    "GIT_NO_REPLACE_OBJECTS": "1",
    "GIT_NO_LAZY_FETCH": "1",
    "GIT_LITERAL_PATHSPECS": "1",
}


class GitFailed(SourceUnavailable):
    """Git itself said no: to a remote that is away, or over a repository that is broken."""


@dataclass(frozen=True, slots=True, kw_only=True)
class GitObject:
    """A file's object in git: its id, its size, and whether it is read as YAML."""

    oid: str
    size: int
    is_yaml: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Git:
    """Git in one folder, with nothing of the caller's environment but the variables named."""

    folder: Path
    kept_variables: Collection[str]
    variables: Mapping[str, str] = field(default_factory=dict, repr=False)
    settings: tuple[str, ...] = ()

    def line(self, *arguments: str) -> str | None:
        """Run git and return its output as one line, or None if it fails."""
        try:
            return os.fsdecode(self.output(*arguments)).rstrip("\n")
        except GitFailed:
            return None

    def output(self, *arguments: str, given: bytes = b"", limit_s: float = LIMIT_S) -> bytes:
        """Run git and return its output. Raises as `chunks` does, and SourceUnavailable for very much."""
        out = bytearray()
        with contextlib.closing(self.chunks(*arguments, given=given, limit_s=limit_s)) as chunks:
            for chunk in chunks:
                out += chunk
                if len(out) > _MAX_ANSWER:
                    raise SourceUnavailable(f"git {arguments[0]}", f"answers more than {_MAX_ANSWER:,} bytes")
        return bytes(out)

    def chunks(
        self, *arguments: str, given: bytes = b"", limit_s: float = LIMIT_S
    ) -> Generator[bytes, None, None]:
        """Run git and yield its output as it comes; closing the generator ends it.

        Raises GitFailed at its end where it says no; SourceUnavailable where there is no git, and when there is no
        end within the limit.
        """
        settings = [part for setting in self.settings for part in ("-c", setting)]
        argv = ["-C", str(self.folder), *settings, *arguments]
        kept = {name: os.environ[name] for name in self.kept_variables if name in os.environ}
        environment = {**kept, **_ALWAYS_SET, **self.variables}
        try:
            code, errors = yield from run_git(argv, environment=environment, given=given, limit_s=limit_s)
        except TimeoutError:
            raise SourceUnavailable(f"git {arguments[0]}", f"no answer in {limit_s:g}s") from None
        if code != 0:
            raise GitFailed(f"git {arguments[0]}", _complaint(errors))


def _complaint(said: bytes) -> str:
    """Return the first line of git's errors; general advice follows it."""
    lines = [line.strip() for line in said.decode("utf-8", "replace").split("\n")]
    telling = [line for line in lines if line and not line.lower().startswith(("warning", "hint"))]
    return telling[0].removeprefix("fatal: ").removeprefix("error: ") if telling else "failed"


def commit_named(git: Git, name: str) -> str | None:
    """The full id of the commit that a name means, or None."""
    return git.line("rev-parse", "--verify", "--quiet", "--end-of-options", f"{name}^{{commit}}")


def tree_of(git: Git, commit: str, folder: str) -> str | None:
    """The id of the tree that a folder is in a commit; `.` is the whole; None where there is no such folder."""
    if folder == ".":
        return git.line("rev-parse", "--verify", "--quiet", f"{commit}^{{tree}}")
    found = git.line("rev-parse", "--verify", "--quiet", "--end-of-options", f"{commit}:{folder}")
    return found and git.line("rev-parse", "--verify", "--quiet", f"{found}^{{tree}}")


def files_in(git: Git, tree: str, *, described: str) -> dict[str, GitObject]:
    """List the files of a tree by path; names that start with a dot are passed over.

    Sizes and counts are known before contents are read. Raises SourceUnavailable for a symbolic link, a submodule,
    very many files or very much in them; GitFailed for a tree that is broken.
    """
    files: dict[str, GitObject] = {}
    total = 0
    for entry in _entries(git, tree, described=described):
        about, _, name = entry.partition(b"\t")
        mode, _, oid, size = about.decode("ascii").split()
        path = os.fsdecode(name)
        if any(part.startswith(".") for part in path.split("/")):
            continue
        if why := _REFUSED_MODES.get(mode):
            raise SourceUnavailable(f"{path} in {described}", why)
        if not size.isdecimal():
            raise GitFailed(oid, _NOT_HERE)
        content = GitObject(oid=oid, size=int(size), is_yaml=is_yaml(path))
        files[path] = content
        total += content.size if content.is_yaml and content.size <= MAX_BYTES else 0
        refuse_excess(described, count=len(files), total=total)
    return files


def _entries(git: Git, tree: str, *, described: str) -> Iterator[bytes]:
    """The lines of `ls-tree -l`: a few trees within one another may name millions of files."""
    listed, rest = 0, b""
    with contextlib.closing(git.chunks("ls-tree", "-r", "-l", "-z", "--full-tree", tree)) as chunks:
        for chunk in chunks:
            listed += len(chunk)
            if listed > _MAX_LISTED:
                raise SourceUnavailable(described, "it names very many files; is this the sites folder?")
            *entries, rest = (rest + chunk).split(b"\0")
            yield from entries


def read_objects(git: Git, wanted: Collection[GitObject]) -> dict[GitObject, bytes]:
    """Read objects as `folder.read_folder` reads files. Raises as `files_in` does."""
    found = {one: TOO_LARGE if one.is_yaml else b"" for one in wanted}
    small = [one for one in wanted if one.size <= (MAX_BYTES if one.is_yaml else pem.MAX_BYTES)]
    total = 0
    for one, content in zip(small, _blobs(git, small), strict=True):
        found[one] = content if one.is_yaml else pem.kept_of(content)
        total += len(found[one])
        refuse_excess(str(git.folder), total=total)
    return found


def _blobs(git: Git, wanted: Sequence[GitObject]) -> Iterator[bytes]:
    """Read objects one after the other. Raises GitFailed."""
    if not wanted:
        return
    asked = "".join(f"{one.oid}\n" for one in wanted).encode("ascii")
    with contextlib.closing(git.chunks("cat-file", "--batch", given=asked)) as chunks:
        buffer = bytearray()
        for one in wanted:
            head = f"{one.oid} blob {one.size}\n".encode("ascii")
            size = len(head) + one.size + 1
            while len(buffer) < size and (chunk := next(chunks, None)):
                buffer += chunk
            if len(buffer) < size or not buffer.startswith(head):
                raise GitFailed(one.oid, _NOT_HERE)
            yield bytes(buffer[len(head) : size - 1])
            del buffer[:size]
