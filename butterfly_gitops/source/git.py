"""A branch of a git repository as a source of configuration, by way of a bare mirror; nothing is ever checked out.

Whether a commit may follow another one is told here; what is done about it is left to `controller`.
"""

import hashlib
import os
import re
import shutil
import threading
from collections.abc import Collection
from pathlib import Path

from butterfly_gitops.source.git_address import PROTOCOLS, GitAddress
from butterfly_gitops.source.git_command import (
    PRINTED_DIGITS,
    Git,
    GitFailed,
    GitObject,
    commit_named,
    files_in,
    read_objects,
    tree_of,
)
from butterfly_gitops.source.interface import Snapshot, SourceUnavailable

ASK_LIMIT_S = 20
FETCH_LIMIT_S = 300

_FOLLOWED = "refs/heads/followed"
_COMMIT = re.compile(r"[0-9a-f]{40}(?:[0-9a-f]{24})?")
# What finds git, keys, proxies and certificates; the rest of what a caller has set up is nobody's review.
_KEPT_VARIABLES = (
    "PATH", "HOME", "SSH_AUTH_SOCK", "GIT_ASKPASS", "GIT_SSL_CAINFO", "SSL_CERT_FILE",
    "SSL_CERT_DIR", "https_proxy", "HTTPS_PROXY", "no_proxy", "NO_PROXY", "all_proxy", "ALL_PROXY",
)  # fmt: skip
_VARIABLES = {
    "GIT_CONFIG_GLOBAL": "/dev/null",
    "GIT_CONFIG_SYSTEM": "/dev/null",
    "GIT_CONFIG_NOSYSTEM": "1",
    "GIT_ALLOW_PROTOCOL": ":".join(PROTOCOLS),
}
# A peer that is gone is noticed, so that a stop of the program does not wait for it.
_SSH = "ssh -oBatchMode=yes -oConnectTimeout=10 -oServerAliveInterval=5 -oServerAliveCountMax=3"
_SETTINGS = (
    "core.hooksPath=/dev/null",
    "gc.autoDetach=false",
    "maintenance.autoDetach=false",
    "http.lowSpeedLimit=1000",
    "http.lowSpeedTime=15",
    "init.defaultBranch=followed",
    # What comes is kept as it came, packed: loose, a small pack may become a large folder, and is unpacked in memory.
    "fetch.unpackLimit=1",
    "core.bigFileThreshold=4m",
    "pack.threads=1",
)


class GitSource:
    """A folder of a branch. Mirrors are kept in `cache`, one for each branch; it holds nothing that cannot be fetched again.

    Objects that were read once are kept in memory as long as the branch has them, so that equal files are the same
    bytes from pass to pass.
    """

    def __init__(self, address: GitAddress, *, cache: Path, ask_limit_s: float = ASK_LIMIT_S) -> None:
        self.address = address
        self._ask_limit_s = ask_limit_s
        name = hashlib.sha256(f"{address.url}#{address.branch}".encode()).hexdigest()[:16]
        # Git is started in another folder, where a relative path means something else.
        self._mirror = cache.absolute() / f"{name}.git"
        self._contents: dict[GitObject, bytes] = {}
        # A pass and a check of ancestry may come from different threads.
        self._one_at_a_time = threading.Lock()

    def fetch(self) -> Snapshot:
        """Read the folder as the branch has it now. Raises SourceUnavailable."""
        with self._one_at_a_time:
            try:
                tip = self._tip()
                try:
                    return self._read(self._mirror, tip)
                except GitFailed:
                    # The remote has just answered, so the mirror may be broken. Only a new one takes its place.
                    self._renew()
                    return self._read(self._mirror, tip)
            except OSError as error:
                place = str(error.filename or self._mirror)
                raise SourceUnavailable(place, error.strerror or "cannot be written") from error

    def is_forward(self, applied: Collection[str], commit: str) -> bool:
        """Tell whether a commit descends from all applied ones, or is one of them.

        A commit that the mirror does not have is no ancestor. The revision of a folder is no commit, and hinders none.
        """
        others = {one for one in applied if _COMMIT.fullmatch(one)} - {commit}
        if not others:
            return True
        # Any commit that leads to the applied ones and not to the new one tells that they parted.
        asked = "\n".join([*sorted(others), f"^{commit}", ""]).encode("ascii")
        with self._one_at_a_time:
            try:
                return not self._git(self._mirror).output("rev-list", "--stdin", "--max-count=1", given=asked)
            except GitFailed:
                return False

    def _tip(self) -> str:
        """The commit that the branch is at, as the remote says."""
        found = self._ask(f"refs/heads/{self.address.branch}")
        if not found:
            what = f"it has no branch {self.address.branch}" if self._ask() else "it has no commit yet"
            raise SourceUnavailable(self.address.url, what)
        return found.split("\t")[0]

    def _ask(self, *branches: str) -> str:
        self._mirror.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        git = self._git(self._mirror.parent)
        arguments = ("ls-remote", "--heads", "--", self.address.url, *branches)
        try:
            return git.output(*arguments, limit_s=self._ask_limit_s).decode("utf-8", "replace")
        except GitFailed as failure:
            reason = self.address.without_secrets(failure.reason)
            raise SourceUnavailable(self.address.url, reason) from None

    def _read(self, mirror: Path, tip: str) -> Snapshot:
        if not mirror.is_dir():
            self._fetch_into(mirror)
        git = self._git(mirror)
        if commit_named(git, _FOLLOWED) != tip:
            self._fetch_into(mirror)
        # The branch may have moved since the remote was asked; what was fetched is what is read.
        commit = commit_named(git, _FOLLOWED)
        if commit is None:
            raise GitFailed(str(mirror), "the mirror lacks what was fetched")
        folder = self.address.folder
        described = f"{folder}/ at {commit[:PRINTED_DIGITS]}"
        tree = tree_of(git, commit, folder)
        if tree is None:
            raise self._without_folder(git, commit)
        return Snapshot(
            files=self._files(git, tree, described),
            revision=commit,
            described=described,
            root=folder,
            commit=commit,
        )

    def _without_folder(self, git: Git, commit: str) -> SourceUnavailable:
        # Where the way to it cannot be listed, the mirror is broken, and the folder may be there.
        git.output("ls-tree", "-d", "-z", "--name-only", "--full-tree", commit, "--", self.address.folder)
        place = f"{self.address.url}#{self.address.branch}"
        return SourceUnavailable(
            place, f"there is no folder {self.address.folder} at {commit[:PRINTED_DIGITS]}"
        )

    def _files(self, git: Git, tree: str, described: str) -> dict[str, bytes]:
        entries = files_in(git, tree, described=described)
        wanted = set(entries.values())
        read = read_objects(git, wanted - self._contents.keys())
        self._contents = {one: read[one] if one in read else self._contents[one] for one in wanted}
        return {path: self._contents[one] for path, one in entries.items()}

    def _renew(self) -> None:
        """Put a new mirror in the old one's place, once it is whole."""
        fresh = self._mirror.with_suffix(".new")
        shutil.rmtree(fresh, ignore_errors=True)
        self._fetch_into(fresh)
        if self._mirror.is_dir():
            shutil.rmtree(self._mirror)
        else:
            self._mirror.unlink(missing_ok=True)
        fresh.rename(self._mirror)

    def _fetch_into(self, mirror: Path) -> None:
        git = self._git(mirror.parent)
        # Harmless where there is one; no template, so that no hook and no setting comes along.
        git.output("init", "--quiet", "--bare", "--template=", "--", str(mirror))
        mirror.chmod(0o700)
        what = f"+refs/heads/{self.address.branch}:{_FOLLOWED}"
        options = ("--quiet", "--no-tags", "--no-write-fetch-head", "--no-recurse-submodules", "--force")
        git = self._git(mirror)
        try:
            git.output("fetch", *options, "--", self.address.url, what, limit_s=FETCH_LIMIT_S)
        except GitFailed as failure:
            raise GitFailed(self.address.url, self.address.without_secrets(failure.reason)) from None

    def _git(self, folder: Path) -> Git:
        cache = self._mirror.parent.resolve()
        variables = {
            **_VARIABLES,
            # The state may lie in somebody's working tree, whose settings are not ours.
            "GIT_CEILING_DIRECTORIES": f"{cache}:{cache.parent}",
            "GIT_SSH_COMMAND": os.environ.get("GIT_SSH_COMMAND", _SSH),
        }
        if self.address.secret:
            # For this host alone, and by the environment: arguments are read by everybody on the machine.
            variables |= {
                "GIT_CONFIG_COUNT": "1",
                "GIT_CONFIG_KEY_0": f"http.{self.address.url}.extraHeader",
                "GIT_CONFIG_VALUE_0": f"Authorization: {self.address.authorization}",
            }
        return Git(folder=folder, kept_variables=_KEPT_VARIABLES, variables=variables, settings=_SETTINGS)
