"""The sites folder at another commit of its git repository; nothing is fetched or checked out.

Only the git command line is asked, with fixed arguments and an environment that nobody else has set up.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from butterfly_gitops.source.git_command import (
    PRINTED_DIGITS,
    Git,
    commit_named,
    files_in,
    read_objects,
    tree_of,
)
from butterfly_gitops.source.interface import SourceUnavailable

# What git needs to find itself, its own settings (`safe.directory` stands there) and nothing that a hook set.
_KEPT_VARIABLES = (
    "PATH", "HOME", "XDG_CONFIG_HOME", "SYSTEMROOT", "USERPROFILE",
    "GIT_CONFIG_GLOBAL", "GIT_CONFIG_SYSTEM", "GIT_CONFIG_NOSYSTEM",
)  # fmt: skip
# The checkout is somebody's: nothing is started that it names, and nothing of it is taken for a repository.
_VARIABLES = {"GIT_ALLOW_PROTOCOL": "", "GIT_SSH_COMMAND": "false", "GIT_ASKPASS": "false"}
_SETTINGS = (
    "safe.bareRepository=explicit",
    "core.fsmonitor=false",
    "core.hooksPath=/dev/null",
    "core.gitProxy=false",
    "core.alternateRefsCommand=false",
    "credential.helper=",
)
_REMOTE_HEAD = "refs/remotes/origin/HEAD"
_MAIN_BRANCHES = (
    "refs/remotes/origin/main",
    "refs/remotes/origin/master",
    "refs/heads/main",
    "refs/heads/master",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Revision:
    """A commit, and the name that it was found by."""

    name: str
    commit: str

    def __str__(self) -> str:
        """Print as `main at 9c0d3aa`."""
        short = self.commit[:PRINTED_DIGITS]
        return short if self.commit.startswith(self.name) else f"{self.name} at {short}"


def revision_named(folder: Path, name: str) -> Revision:
    """The commit that a branch, tag or id names in the repository around a folder. Raises SourceUnavailable."""
    root_of(folder)
    commit = None if name.startswith("-") else commit_named(_git(folder), name)
    if commit is None:
        raise SourceUnavailable(name, "no such branch, tag or commit in this repository")
    return Revision(name=name, commit=commit)


def fork_point(folder: Path) -> Revision:
    """Find the merge base of this branch and the main branch. Raises SourceUnavailable."""
    root_of(folder)
    git = _git(folder)
    if commit_named(git, "HEAD") is None:
        raise SourceUnavailable(
            str(folder), "its repository has no commit yet; there is nothing to compare with"
        )
    branch = _main_branch(folder)
    name = branch.removeprefix("refs/remotes/origin/").removeprefix("refs/heads/")
    commit = git.line("merge-base", "HEAD", branch)
    if commit is None:
        raise SourceUnavailable(name, "no common ancestor in this clone; fetch more history, or name BASE")
    return Revision(name=name, commit=commit)


def committed(folder: Path, files: Mapping[str, bytes]) -> str | None:
    """The commit whose files are exactly these, which a folder holds; None where some are changed, new or gone.

    They are compared here: `git status` would run what the checkout's settings name (monitors, filters), and those of
    the submodules in it.
    """
    head = commit_named(_git(folder), "HEAD")
    if head is None:
        return None
    try:
        before = read_tree(folder, Revision(name="HEAD", commit=head))
    except SourceUnavailable:
        return None
    return head if before == files else None


def parted(folder: Path, commits: Iterable[str]) -> tuple[str, ...]:
    """Return the known commits that the folder's commit does not descend from."""
    git = _git(folder)
    known = (one for one in sorted(commits) if commit_named(git, one) == one)
    return tuple(one for one in known if git.line("merge-base", "--is-ancestor", one, "HEAD") is None)


def read_tree(folder: Path, revision: Revision) -> dict[str, bytes]:
    """The files below a folder as a commit has them, by their paths in it; empty if it had no such folder.

    As in a folder on disk, names that start with a dot are passed over, and of other files than YAML only PEM
    and private keys are handed on. Raises SourceUnavailable for a symbolic link or a submodule, and where git fails.
    """
    git = _git(folder)
    below = folder.resolve().relative_to(root_of(folder).resolve()).as_posix()
    tree = tree_of(git, revision.commit, below)
    if tree is None:
        return {}
    entries = files_in(git, tree, described=str(revision))
    contents = read_objects(git, set(entries.values()))
    return {path: contents[one] for path, one in entries.items()}


def root_of(folder: Path) -> Path:
    """The top of the working tree around a folder. Raises SourceUnavailable where it is in none."""
    root = _git(folder).line("rev-parse", "--show-toplevel")
    if root is None:
        raise SourceUnavailable(
            str(folder), "not in a git repository, so there is no other revision to compare with"
        )
    return Path(root)


def _git(folder: Path) -> Git:
    return Git(folder=folder, kept_variables=_KEPT_VARIABLES, variables=_VARIABLES, settings=_SETTINGS)


def _main_branch(folder: Path) -> str:
    git = _git(folder)
    remote = git.line("symbolic-ref", "--quiet", _REMOTE_HEAD)
    for branch in (remote, *_MAIN_BRANCHES):
        if branch and commit_named(git, branch) is not None:
            return branch
    raise SourceUnavailable(str(folder), "its repository has no origin/HEAD, main or master; name BASE")
