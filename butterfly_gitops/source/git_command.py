"""The git command line: fixed arguments, an environment that nobody else has set up, a limit on every process.

What is asked of it stands in `git_tree` (another revision around a working tree) and `git` (a branch elsewhere).
"""

import contextlib
import os
import signal
import subprocess
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from butterfly_gitops.config import pem
from butterfly_gitops.config.plain_text import MAX_BYTES
from butterfly_gitops.config.rules.files import is_yaml
from butterfly_gitops.source.folder import MAX_FILES
from butterfly_gitops.source.interface import SourceUnavailable

PRINTED_DIGITS = 7
LIMIT_S = 60

_REFUSED_MODES = {
    "120000": "a symbolic link; put the file itself there",
    "160000": "a submodule; put the files there",
}
_ALWAYS_SET = {
    "LC_ALL": "C",
    "GIT_TERMINAL_PROMPT": "0",
    "GIT_OPTIONAL_LOCKS": "0",
    "GIT_NO_REPLACE_OBJECTS": "1",
}


class GitFailed(SourceUnavailable):
    """Git itself said no: to a remote that is away, or over a repository that is broken."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What a git process wrote, and how it ended."""

    code: int
    out: bytes
    err: bytes

    @property
    def complaint(self) -> str:
        """The line of what it says that tells most: the first; general advice follows."""
        lines = [line.strip() for line in self.err.decode("utf-8", "replace").split("\n")]
        telling = [line for line in lines if line and not line.lower().startswith(("warning", "hint"))]
        return telling[0].removeprefix("fatal: ").removeprefix("error: ") if telling else "failed"


@dataclass(frozen=True, slots=True, kw_only=True)
class Content:
    """What a file holds: the id of the object, and whether it is read as YAML."""

    oid: str
    is_yaml: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Git:
    """Git in one folder, with nothing of the caller's environment but the variables named."""

    folder: Path
    kept_variables: Collection[str]
    variables: Mapping[str, str] = field(default_factory=dict, repr=False)
    settings: tuple[str, ...] = ()

    def said(self, *arguments: str) -> str | None:
        """What git answers in one line, or None where it says no."""
        answer = self.run(*arguments)
        return os.fsdecode(answer.out).rstrip("\n") if answer.code == 0 else None

    def output(self, *arguments: str, given: bytes = b"", limit_s: float = LIMIT_S) -> bytes:
        """All that git writes. Raises GitFailed where it says no."""
        answer = self.run(*arguments, given=given, limit_s=limit_s)
        if answer.code != 0:
            raise GitFailed(f"git {arguments[0]}", answer.complaint)
        return answer.out

    def run(self, *arguments: str, given: bytes = b"", limit_s: float = LIMIT_S) -> Answer:
        """Run git to its end. Raises SourceUnavailable when there is no git, or no end within the limit."""
        settings = [part for setting in self.settings for part in ("-c", setting)]
        try:
            process = subprocess.Popen(  # noqa: S603 - fixed argv, no shell
                ["git", "-C", str(self.folder), *settings, *arguments],  # noqa: S607 - the administrator's
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                env=self._environment(),
                # A group of its own: what git starts (ssh, remote-https) ends with it.
                start_new_session=True,
            )
        except FileNotFoundError as error:
            raise SourceUnavailable(
                "git", "not found on PATH; other revisions are read through it"
            ) from error
        with process:
            try:
                out, err = process.communicate(given, timeout=limit_s)
            except subprocess.TimeoutExpired as error:
                raise SourceUnavailable(f"git {arguments[0]}", f"no answer in {limit_s:g}s") from error
            finally:
                _end(process)
        return Answer(code=process.returncode, out=out, err=err)

    def _environment(self) -> dict[str, str]:
        kept = {name: os.environ[name] for name in self.kept_variables if name in os.environ}
        return {**kept, **_ALWAYS_SET, **self.variables}


def _end(process: subprocess.Popen[bytes]) -> None:
    if process.poll() is None:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)


def commit_named(git: Git, name: str) -> str | None:
    """The full id of the commit that a name means, or None."""
    return git.said("rev-parse", "--verify", "--quiet", "--end-of-options", f"{name}^{{commit}}")


def tree_of(git: Git, commit: str, folder: str) -> str | None:
    """The id of the tree that a folder is in a commit; `.` is the whole; None where there is no such folder."""
    if folder == ".":
        return git.said("rev-parse", "--verify", "--quiet", f"{commit}^{{tree}}")
    found = git.said("rev-parse", "--verify", "--quiet", "--end-of-options", f"{commit}:{folder}")
    return found and git.said("rev-parse", "--verify", "--quiet", f"{found}^{{tree}}")


def files_in(git: Git, tree: str, *, described: str) -> dict[str, Content]:
    """Each file's path in a tree, and what it holds; names that start with a dot are passed over.

    Raises SourceUnavailable for a symbolic link, a submodule or very many files, GitFailed for a tree that is broken.
    """
    files: dict[str, Content] = {}
    for line in git.output("ls-tree", "-r", "-z", "--full-tree", tree).split(b"\0"):
        if not line:
            continue
        about, _, name = line.partition(b"\t")
        mode, _, oid = about.decode("ascii").split(" ")
        path = os.fsdecode(name)
        if any(part.startswith(".") for part in path.split("/")):
            continue
        if why := _REFUSED_MODES.get(mode):
            raise SourceUnavailable(f"{path} in {described}", why)
        files[path] = Content(oid=oid, is_yaml=is_yaml(path))
    if len(files) > MAX_FILES:
        raise SourceUnavailable(described, f"more than {MAX_FILES} files; is this the sites folder?")
    return files


def blobs(git: Git, oids: list[str]) -> Iterator[bytes]:
    """What objects hold, in order; of each as much as shows that it is too large. Raises GitFailed."""
    asked = "".join(f"{oid}\n" for oid in oids).encode("ascii")
    answer = memoryview(git.output("cat-file", "--batch", given=asked)) if oids else memoryview(b"")
    start = 0
    for oid in oids:
        # `<oid> blob <size>`, a line feed, the content, a line feed
        head_end = start + bytes(answer[start : start + 256]).index(b"\n")
        words = bytes(answer[start:head_end]).decode("ascii", "replace").split(" ")
        if words[1:2] != ["blob"]:
            raise GitFailed(oid, "git does not have this file here; fetch the whole history")
        size = int(words[2])
        content = answer[head_end + 1 : head_end + 1 + size]
        yield bytes(content[: MAX_BYTES + 1])
        start = head_end + 1 + size + 1


def handed_on(git: Git, wanted: Collection[Content]) -> dict[Content, bytes]:
    """What a source hands on of objects, as `folder.read_folder` does of files. Raises GitFailed."""
    texts = sorted(one.oid for one in wanted if one.is_yaml)
    others = sorted(one.oid for one in wanted if not one.is_yaml)
    small = [oid for oid, size in zip(others, _sizes(git, others), strict=True) if size <= pem.MAX_BYTES]
    kept = {oid: pem.kept_of(content) for oid, content in zip(small, blobs(git, small), strict=True)}
    found = dict(zip(texts, blobs(git, texts), strict=True))
    return {one: found[one.oid] if one.is_yaml else kept.get(one.oid, b"") for one in wanted}


def _sizes(git: Git, oids: list[str]) -> Iterator[int]:
    """How many bytes objects hold, in order: nobody wants to read a film to learn that it is no certificate."""
    asked = "".join(f"{oid}\n" for oid in oids).encode("ascii")
    answer = git.output("cat-file", "--batch-check=%(objectsize)", given=asked) if oids else b""
    for oid, size in zip(oids, answer.decode("ascii", "replace").splitlines(), strict=True):
        if not size.isdecimal():
            raise GitFailed(oid, "git does not have this file here; fetch the whole history")
        yield int(size)
