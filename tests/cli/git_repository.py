"""A real git repository with the sample sites, for tests that compare revisions."""

import os
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

SITES = Path(__file__).parents[2] / "sites"
_ENVIRONMENT = {
    "PATH": os.environ["PATH"],
    "GIT_CONFIG_GLOBAL": os.devnull,
    "GIT_CONFIG_NOSYSTEM": "1",
    "GIT_AUTHOR_NAME": "Ada",
    "GIT_AUTHOR_EMAIL": "ada@example.org",
    "GIT_COMMITTER_NAME": "Ada",
    "GIT_COMMITTER_EMAIL": "ada@example.org",
    "GIT_AUTHOR_DATE": "2026-11-24T14:00:00Z",
    "GIT_COMMITTER_DATE": "2026-11-24T14:00:00Z",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class GitRepository:
    """A working tree; its `sites/` is the sample fleet."""

    root: Path

    def git(self, *arguments: str) -> str:
        done = subprocess.run(
            ["git", *arguments], cwd=self.root, env=_ENVIRONMENT, check=True, capture_output=True, text=True
        )
        return done.stdout.strip()

    def commit(self) -> str:
        """Commit all that is there, and return the commit's id."""
        self.git("add", "--all")
        self.git("commit", "--quiet", "--allow-empty", "--message", "Change the sites")
        return self.git("rev-parse", "HEAD")

    def edit(self, path: str, old: str, new: str) -> None:
        """Replace text that is there in a file."""
        file = self.root / path
        text = file.read_text(encoding="utf-8")
        assert old in text
        file.write_text(text.replace(old, new), encoding="utf-8")


def empty_repository(root: Path) -> GitRepository:
    """A repository without a commit, on the branch main."""
    root.mkdir(exist_ok=True)
    repository = GitRepository(root=root)
    repository.git("init", "--quiet", "--initial-branch", "main")
    return repository


def repository_with_sites(root: Path) -> GitRepository:
    """A repository whose first commit has the sample sites."""
    repository = empty_repository(root)
    shutil.copytree(SITES, root / "sites")
    repository.commit()
    return repository
