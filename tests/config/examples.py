"""Finds the example folders: each is the files of `sound/` with its own laid over, less those that it calls absent.

`today.txt` is the day on which certificates are judged.
"""

from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

from butterfly_gitops.config.load import Loaded, load
from butterfly_gitops.config.problem_text import print_problems, print_summary

EXAMPLES = Path(__file__).parents[1] / "examples"


@dataclass(frozen=True, slots=True, kw_only=True)
class Example:
    """`RULE` or `RULE--variant`, its files, and for an invalid one what `bgo validate` prints."""

    name: str
    files: dict[str, bytes]
    expected: str
    today: date | None

    @property
    def rule(self) -> str:
        return self.name.partition("--")[0]

    def load(self, **settings: Any) -> Loaded:
        return load(self.files, today=self.today, **settings)


def files_below(folder: Path) -> dict[str, bytes]:
    return {
        path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()
    }


def sound_files() -> dict[str, bytes]:
    return files_below(EXAMPLES / "sound")


def example(folder: Path) -> Example:
    absent_list, expected, today = (folder / f"{name}.txt" for name in ("absent", "expected", "today"))
    absent = absent_list.read_text(encoding="utf-8").split() if absent_list.exists() else []
    files = {**sound_files(), **files_below(folder / "files")}
    return Example(
        name=folder.name,
        files={path: data for path, data in files.items() if path not in absent},
        expected=expected.read_text(encoding="utf-8") if expected.exists() else "",
        today=date.fromisoformat(today.read_text().strip()) if today.exists() else None,
    )


def examples(kind: str) -> list[Example]:
    return [example(folder) for folder in sorted((EXAMPLES / kind).iterdir())]


def report(loaded: Loaded) -> str:
    """Both streams of `bgo validate`, as a terminal shows them."""
    return f"{print_problems(loaded.problems)}\n{print_summary(loaded)}\n"
