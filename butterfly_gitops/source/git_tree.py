"""The sites folder as another commit of its git repository has it; nothing is fetched or checked out.

Only the git command line is asked, with fixed arguments and an environment that nobody else has set up.
"""

import os
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from butterfly_gitops.config.rules.files import is_yaml
from butterfly_gitops.config.yaml_text import MAX_BYTES
from butterfly_gitops.source.interface import SourceUnavailable

PRINTED_DIGITS = 7
LIMIT_S = 60

# What git needs to find itself, its own settings (`safe.directory` stands there) and nothing that a hook set.
_KEPT_VARIABLES = (
    "PATH", "HOME", "XDG_CONFIG_HOME", "SYSTEMROOT", "USERPROFILE",
    "GIT_CONFIG_GLOBAL", "GIT_CONFIG_SYSTEM", "GIT_CONFIG_NOSYSTEM",
)  # fmt: skip
_SET_VARIABLES = {
    "LC_ALL": "C",
    "GIT_TERMINAL_PROMPT": "0",
    "GIT_OPTIONAL_LOCKS": "0",
    "GIT_NO_REPLACE_OBJECTS": "1",
}
_REMOTE_HEAD = "refs/remotes/origin/HEAD"
_MAIN_BRANCHES = (
    "refs/remotes/origin/main",
    "refs/remotes/origin/master",
    "refs/heads/main",
    "refs/heads/master",
)
_REFUSED_MODES = {
    "120000": "a symbolic link; put the file itself there",
    "160000": "a submodule; put the files there",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Revision:
    """A commit, and the name that it was found by."""

    name: str
    commit: str

    def __str__(self) -> str:
        """As people read it: `main at 9c0d3aa`."""
        short = self.commit[:PRINTED_DIGITS]
        return short if self.commit.startswith(self.name) else f"{self.name} at {short}"


def revision_named(folder: Path, name: str) -> Revision:
    """The commit that a branch, tag or id names in the repository around a folder. Raises SourceUnavailable."""
    _root_of(folder)
    commit = None if name.startswith("-") else _commit_of(folder, name)
    if commit is None:
        raise SourceUnavailable(name, "no such branch, tag or commit in this repository")
    return Revision(name=name, commit=commit)


def fork_point(folder: Path) -> Revision:
    """Where this branch left the main branch: the merge base of both. Raises SourceUnavailable."""
    _root_of(folder)
    if _commit_of(folder, "HEAD") is None:
        raise SourceUnavailable(
            str(folder), "its repository has no commit yet; there is nothing to compare with"
        )
    branch = _main_branch(folder)
    name = branch.removeprefix("refs/remotes/origin/").removeprefix("refs/heads/")
    commit = _said(folder, "merge-base", "HEAD", branch)
    if commit is None:
        raise SourceUnavailable(name, "no common ancestor in this clone; fetch more history, or name BASE")
    return Revision(name=name, commit=commit)


def read_tree(folder: Path, revision: Revision) -> dict[str, bytes]:
    """The files below a folder as a commit has them, by their paths in it; empty if it had no such folder.

    As in a folder on disk, names that start with a dot are passed over, and only YAML is read. Raises
    SourceUnavailable for a symbolic link or a submodule, and where git fails.
    """
    entries = {path: oid for path, oid in _entries(folder, revision) if not _is_hidden(path)}
    wanted = sorted({oid for path, oid in entries.items() if is_yaml(path)})
    contents = dict(zip(wanted, _blobs(folder, wanted), strict=True))
    return {path: contents.get(oid, b"") if is_yaml(path) else b"" for path, oid in entries.items()}


def _root_of(folder: Path) -> Path:
    root = _said(folder, "rev-parse", "--show-toplevel")
    if root is None:
        raise SourceUnavailable(
            str(folder), "not in a git repository, so there is no other revision to compare with"
        )
    return Path(root)


def _commit_of(folder: Path, name: str) -> str | None:
    return _said(folder, "rev-parse", "--verify", "--quiet", "--end-of-options", f"{name}^{{commit}}")


def _main_branch(folder: Path) -> str:
    remote = _said(folder, "symbolic-ref", "--quiet", _REMOTE_HEAD)
    for branch in (remote, *_MAIN_BRANCHES):
        if branch and _commit_of(folder, branch) is not None:
            return branch
    raise SourceUnavailable(str(folder), "its repository has no origin/HEAD, main or master; name BASE")


def _is_hidden(path: str) -> bool:
    return any(part.startswith(".") for part in path.split("/"))


def _entries(folder: Path, revision: Revision) -> Iterator[tuple[str, str]]:
    """Each file's path below the folder, and the id of what it holds."""
    below = folder.resolve().relative_to(_root_of(folder).resolve()).as_posix()
    prefix = "" if below == "." else f"{below}/"
    arguments = ("ls-tree", "-r", "-z", "--full-tree", revision.commit, *([prefix] if prefix else []))
    for line in _output(folder, *arguments).split(b"\0"):
        if not line:
            continue
        about, _, name = line.partition(b"\t")
        mode, _, oid = about.decode("ascii").split(" ")
        path = os.fsdecode(name).removeprefix(prefix)
        if why := _REFUSED_MODES.get(mode):
            raise SourceUnavailable(f"{path} in {revision}", why)
        yield path, oid


def _blobs(folder: Path, oids: list[str]) -> Iterator[bytes]:
    """What the objects hold, in order; of each as much as shows that it is too large."""
    asked = "".join(f"{oid}\n" for oid in oids).encode("ascii")
    answer = memoryview(_output(folder, "cat-file", "--batch", given=asked)) if oids else memoryview(b"")
    start = 0
    for oid in oids:
        # `<oid> blob <size>`, a line feed, the content, a line feed
        head_end = start + bytes(answer[start : start + 256]).index(b"\n")
        words = bytes(answer[start:head_end]).decode("ascii", "replace").split(" ")
        if words[1:2] != ["blob"]:
            raise SourceUnavailable(oid, "git does not have this file here; fetch the whole history")
        size = int(words[2])
        content = answer[head_end + 1 : head_end + 1 + size]
        yield bytes(content[: MAX_BYTES + 1])
        start = head_end + 1 + size + 1


def _said(folder: Path, *arguments: str) -> str | None:
    """What git answers in one line, or None where it says no."""
    done = _run(folder, arguments, b"")
    return os.fsdecode(done.stdout).rstrip("\n") if done.returncode == 0 else None


def _output(folder: Path, *arguments: str, given: bytes = b"") -> bytes:
    done = _run(folder, arguments, given)
    if done.returncode != 0:
        said = done.stderr.decode("utf-8", "replace").strip().split("\n")[-1]
        raise SourceUnavailable(f"git {arguments[0]}", said.removeprefix("fatal: ") or "failed")
    return done.stdout


def _run(folder: Path, arguments: tuple[str, ...], given: bytes) -> subprocess.CompletedProcess[bytes]:
    kept = {name: os.environ[name] for name in _KEPT_VARIABLES if name in os.environ}
    try:
        return subprocess.run(  # noqa: S603 - fixed argv, no shell
            ["git", "-C", str(folder), *arguments],  # noqa: S607 - the one on the administrator's PATH
            input=given,
            capture_output=True,
            env=kept | _SET_VARIABLES,
            timeout=LIMIT_S,
            check=False,
        )
    except FileNotFoundError as error:
        raise SourceUnavailable(
            "git", "not found on PATH; `diff` reads the other revision through it"
        ) from error
    except subprocess.TimeoutExpired as error:
        raise SourceUnavailable("git", f"no answer in {LIMIT_S}s") from error
