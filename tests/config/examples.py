"""Finds the example folders: each is the files of `sound/` with its own laid over, less those that it calls absent.

`today.txt` is the day on which certificates are judged; `unread.txt` says what a source could not read, and by which rule.
"""

from dataclasses import dataclass, field
from datetime import date
from functools import cache
from pathlib import Path
from typing import Any

from butterfly_gitops.config.load import Loaded, load
from butterfly_gitops.config.problem_text import print_place, print_problems
from butterfly_gitops.config.rules.files import NOT_ALLOWED, SUBMODULE, SYMBOLIC_LINK, Unread, lies_in

EXAMPLES = Path(__file__).parents[1] / "examples"
WORDING = EXAMPLES.parent / "golden" / "problems.txt"
WHY = {why.rule: why for why in (SYMBOLIC_LINK, SUBMODULE, NOT_ALLOWED)}


@dataclass(frozen=True, slots=True, kw_only=True)
class Example:
    """`RULE` or `RULE--variant`, its files, and for an invalid one a line for each problem: rule, place, and if it has a hint."""

    name: str
    files: dict[str, bytes]
    expected: str
    today: date | None
    unread: dict[str, Unread] = field(default_factory=dict)

    @property
    def rule(self) -> str:
        return self.name.partition("--")[0]

    def load(self, **settings: Any) -> Loaded:
        return load(self.files, today=self.today, unread=self.unread, **settings)


def files_below(folder: Path) -> dict[str, bytes]:
    return {
        path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()
    }


SOUND = files_below(EXAMPLES / "sound")


def sound_files() -> dict[str, bytes]:
    return dict(SOUND)


def example(folder: Path) -> Example:
    absent, expected, today, unread = (
        path.read_text(encoding="utf-8") if (path := folder / f"{name}.txt").exists() else ""
        for name in ("absent", "expected", "today", "unread")
    )
    refused = dict(line.split() for line in unread.splitlines())
    files = {**sound_files(), **files_below(folder / "files")}
    return Example(
        name=folder.name,
        files={
            path: data
            for path, data in files.items()
            if path not in absent.split() and not lies_in(path, refused)
        },
        expected=expected,
        today=date.fromisoformat(today.strip()) if today else None,
        unread={path: WHY[rule] for path, rule in refused.items()},
    )


@cache
def examples(kind: str) -> list[Example]:
    return [example(folder) for folder in sorted((EXAMPLES / kind).iterdir())]


def report(loaded: Loaded) -> str:
    """A line for each problem: what `expected.txt` pins; its words are pinned once for each rule, in tests/golden."""
    return "".join(
        f"{print_place(one.origin)}: {one.severity}[{one.rule}]{' with a hint' if one.hint else ''}\n"
        for one in loaded.problems
    )


def wording() -> str:
    """What `bgo validate` prints of the example that is named after a rule alone, for each rule."""
    own = [example for example in examples("invalid") if example.rule == example.name]
    return "\n".join(f"## {each.name}\n{print_problems(each.load().problems)}" for each in own)


if __name__ == "__main__":  # write anew what the tests compare; review the difference
    for one in examples("invalid"):
        (EXAMPLES / "invalid" / one.name / "expected.txt").write_text(report(one.load()), encoding="utf-8")
    WORDING.write_text(wording(), encoding="utf-8")
