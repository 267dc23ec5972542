"""Files that nobody writes by hand end in problems, in bounded memory, and in a report that stays readable."""

import json
import subprocess
import sys

import pytest

from butterfly_gitops.config.load import load
from butterfly_gitops.config.problem_text import print_summary
from butterfly_gitops.config.report import MAX_PER_FILE
from butterfly_gitops.config.text.plain_text import MAX_LINE
from butterfly_gitops.config.text.yaml_tree import MAX_VALUES
from tests.cli.command_line import ROOT
from tests.config.examples import sound_files
from tests.config.hostile_files import CASES, ENDPOINTS, FLEET, SITE, endpoints, one_endpoint, read, rows

# The memory of the whole process, with all that it has loaded.
MOST_MB = 1024
FILES_OF_A_CASE = 3


@pytest.mark.soak
@pytest.mark.timeout(900)
@pytest.mark.parametrize("parser", ["fast", "python"])
def test_each_ends_in_problems_and_in_bounded_memory(parser: str):
    """In a process of its own: one that dies of its stack, or of its memory, must not take the tests along."""
    command = [sys.executable, "-m", "tests.config.hostile_files", parser, str(MOST_MB)]
    done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=ROOT)
    told = {one["case"]: one for one in map(json.loads, done.stdout.splitlines())}
    assert (done.returncode, told.keys()) == (0, CASES.keys()), done.stderr[-2000:]
    assert {name: rule for name, (rule, _) in CASES.items() if rule not in told[name]["rules"]} == {}
    assert max(one["problems"] for one in told.values()) <= FILES_OF_A_CASE * (MAX_PER_FILE + 1)
    assert max(one["printed"] for one in told.values()) < 1_000_000


@pytest.mark.soak
@pytest.mark.parametrize("name", ["brackets in lines", "a block", "anchors in a line", "exclamation marks"])
def test_both_parsers_say_the_same(name: str):
    assert read(name, "python") == read(name, "fast")


def test_a_report_ends_at_the_place_of_the_first_that_it_leaves_out():
    loaded = load({**sound_files(), **one_endpoint(rows("    wrong-{n}: 1\n", 500))})
    of_file = [problem for problem in loaded.problems if problem.origin.file.endswith(ENDPOINTS)]
    assert len(of_file) == MAX_PER_FILE + 1
    last = of_file[-1]
    assert (last.rule, last.origin.line) == ("too-many-problems", of_file[-2].origin.line + 1)
    assert last.message == "401 more problems of this file, from here on, are not shown"
    assert print_summary(loaded).startswith("more than 10")


def test_one_too_many_is_shown_itself():
    # One of them says what is missing.
    loaded = load({**sound_files(), **one_endpoint(rows("    wrong-{n}: 1\n", MAX_PER_FILE))})
    assert "too-many-problems" not in {problem.rule for problem in loaded.problems}


def test_what_is_left_out_keeps_its_site():
    warned = rows("  e{n}: {{wrong: 1}}\n", 200)
    loaded = load({**sound_files(), **endpoints(warned)})
    assert loaded.unsound_sites == {"st-elsewhere"}


def test_many_sites_are_not_all_named():
    files = sound_files()
    broken = {f"s{n}/{path.partition('/')[2]}": b"[" for n in range(30) for path in (SITE, ENDPOINTS)}
    assert "s14, s15 and 22 other sites keep what they run now." in print_summary(load({**files, **broken}))


@pytest.mark.parametrize(
    ("end", "rule"), [(MAX_LINE, None), (MAX_LINE + 1, "line-too-long")], ids=["the longest", "longer"]
)
def test_a_line_has_a_limit(end: int, rule: str | None):
    line = b"# ".ljust(end, b"x") + b"\n"
    problems = load({**sound_files(), FLEET: line + sound_files()[FLEET]}).problems
    assert [(one.rule, one.origin.line, one.origin.column) for one in problems] == (
        [(rule, 1, MAX_LINE + 1)] if rule else []
    )


def test_a_file_has_a_limit_of_values():
    (problem,) = (
        one
        for one in load({**sound_files(), **endpoints(rows("  e{n}: {{}}\n", MAX_VALUES))}).problems
        if one.rule == "file-too-large"
    )
    # The mapping, two keys with a value each, and from the third line on two for each.
    assert (problem.origin.file, problem.origin.line) == (f"sites/{ENDPOINTS}", 3 + (MAX_VALUES - 5) // 2)
