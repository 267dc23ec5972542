"""The layout of one file: each folder of tests/examples/formatting has it before and after."""

from collections import Counter
from functools import cache
from pathlib import Path

import pytest

from butterfly_gitops.config.formatting.formatter import lay_out
from butterfly_gitops.config.load import Loaded, load
from butterfly_gitops.config.rules.files import FLEET_FILES, SITE_FILES
from butterfly_gitops.config.text.yaml_events import c_events, python_events
from tests.config.examples import EXAMPLES, Example, examples, files_below, sound_files
from tests.table import in_one_test

ROOT = EXAMPLES.parents[1]
CASES = [
    path for folder in sorted((EXAMPLES / "formatting").iterdir()) for path in sorted(folder.glob("before/*"))
]
NAMES = (*FLEET_FILES, *SITE_FILES)
SOUND = load(sound_files())


def laid_out(files: dict[str, bytes]) -> dict[str, bytes]:
    """All files, those laid out that can be."""
    return {path: file_laid_out(path, data) for path, data in files.items()}


@cache
def file_laid_out(path: str, data: bytes) -> bytes:
    text = lay_out(data, file=path).text if path.rpartition("/")[2] in NAMES else None
    return data if text is None else text.encode()


@in_one_test("before", CASES, ids=lambda path: path.parents[1].name)
@in_one_test("events", [c_events, python_events])
def test_example(before: Path, events):
    after = before.parents[1] / "after" / before.name
    outcome = lay_out(before.read_bytes(), file=before.name, events=events)
    assert outcome.text == after.read_bytes().decode("utf-8")


@in_one_test("before", CASES, ids=lambda path: path.parents[1].name)
def test_what_is_laid_out_stays(before: Path):
    after = (before.parents[1] / "after" / before.name).read_bytes()
    assert lay_out(after, file=before.name).text == after.decode("utf-8")


def problems_of(loaded: Loaded) -> Counter[tuple[str, ...]]:
    """What is wrong, wherever it stands."""
    digits = str.maketrans(dict.fromkeys("0123456789"))
    return Counter(
        (each.rule, each.origin.file, each.message.translate(digits), each.hint, each.silenced)
        for each in loaded.problems
    )


@in_one_test("case", [*examples("valid"), *examples("invalid")], ids=lambda case: case.name)
def test_meaning_and_problems_of_an_example_stay(case: Example):
    after = laid_out(case.files)
    if after == case.files:
        return
    as_written, as_laid_out = load(case.files, before=SOUND), load(after, before=SOUND)
    assert as_laid_out.fleet == as_written.fleet
    assert problems_of(as_laid_out) == problems_of(as_written)
    assert laid_out(after) == after


def test_the_sample_sites_are_laid_out():
    files = files_below(ROOT / "sites")
    assert laid_out(files) == files


def test_a_file_of_another_name_has_no_layout():
    with pytest.raises(KeyError):
        lay_out(b"a: 1\n", file="sites/other.yaml")


@in_one_test(
    ("data", "rule"),
    [
        (b"version: 1\n\tname: x\n", "tab"),
        (b"version: 1\nversion: 1\n", "duplicate-key"),
        (b"version: [1\n", "bad-yaml"),
        (b"version: &one 1\n", "anchor"),
        (b"version: 1\nname: mercy\n  guard {}\n", "several-lines"),
        (b"\xef\xbb\xbfversion: 1\n", "byte-order-mark"),
        (b"# nothing\n", "empty-file"),
    ],
)
def test_what_cannot_be_read_has_problems_and_no_layout(data: bytes, rule: str):
    outcome = lay_out(data, file="sites/fleet.yaml")
    assert outcome.text is None
    assert [problem.rule for problem in outcome.problems] == [rule]


@in_one_test(
    "text",
    [
        "- version: 1\n",
        "version 1\n",
        "{version: 1, # the format\n  name: x}\n",
        "?   version\n:  |\n",
        f"? {'k' * 2000}\n:   1\n",
        "? |-\n  version\n:   1\n",
        "version:   1\n" + f"#{'x' * 24}\n" * 40_000,
        "version:   1\n"
        + "".join(f"k{number}: {{a: [{'b,' * 250}]}}\n" for number in range(70))
        + "#\n" * 40_000,
    ],
    ids=[
        "list",
        "text",
        "braces with a comment",
        "empty block",
        "long key",
        "block key",
        "would be too large",
        "would have too many lines",
    ],
)
def test_what_the_layout_cannot_move_is_left_as_it_is(text: str):
    assert lay_out(text.encode(), file="fleet.yaml").text == text


LARGE = {
    "keys": "version:  1\n" + "".join(f"k{number}: 1\n" for number in range(9_000)),
    "blank lines": "version:  1\n" + "\n" * 49_000,
    "comments": "version:  1\n" + "# x\n" * 49_000,
    "comments at line ends": "version:  1\n" + "".join(f"k{number}: 1 #x\n" for number in range(9_000)),
    "comments that go on": "version:  1 # x\n" + f"{' ' * 12}# x\n" * 20_000,
    "names": "version:  1\nlinks: [" + "a, \n" * 19_000 + "a]\n",
    "names with comments": "version:  1\nlinks: [\n" + "a, # b\n" * 19_000 + "]\n",
    "dashes": "version:  1\nlinks:\n" + "-\n" * 19_000,
    "brackets": "version:  1\nlinks: [\n" + f"{'[' * 29}{']' * 29},\n" * 600 + "]\n",
}


@pytest.mark.parametrize(
    "text",
    [
        LARGE["names"],
        *(pytest.param(text, marks=pytest.mark.soak) for name, text in LARGE.items() if name != "names"),
    ],
    ids=["names", *(name for name in LARGE if name != "names")],
)
def test_large_files_end(text: str):
    outcome = lay_out(text.encode(), file="fleet.yaml")
    assert outcome.text is not None
    assert outcome.text.startswith("version: 1")
