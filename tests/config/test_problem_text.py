"""What a person and a program read of problems."""

from dataclasses import replace
from pathlib import Path

import pytest

from butterfly_gitops.config.load import load
from butterfly_gitops.config.problem_document import problem_document
from butterfly_gitops.config.problem_text import (
    print_annotations,
    print_problem,
    print_problems,
    print_summary,
)
from butterfly_gitops.model.problem import Origin, Problem, Severity
from tests.config.examples import files_below, sound_files
from tests.table import in_one_test

ROOT = Path(__file__).parents[2]
GOLDEN = ROOT / "tests" / "golden" / "validate.txt"

PROBLEM = Problem(
    rule="out-of-range",
    message="port is 70000; it must be from 1 to 65535",
    origin=Origin(file="sites/a/ehr-endpoints.yaml", line=8, column=11),
    length=5,
    excerpt="    port: 70000",
    hint="write a whole number from 1 to 65535",
    site="a",
)


def caret_line(problem: Problem) -> str:
    return next(line for line in print_problem(problem).splitlines() if "^" in line)


def test_the_golden_report():
    files = files_below(ROOT / "sites")
    path = "st-elsewhere/archives.yaml"
    files[path] = files[path].replace(
        b"[epic-prod]            # at most 3 endpoints of this site", b"[epic-prd]"
    )
    loaded = load(files)
    printed = f"{print_problems(loaded.problems)}\n{print_summary(loaded)}\n"
    shown = f"$ bgo validate\n{printed}$ echo $?\n1\n"
    assert shown == GOLDEN.read_text(encoding="utf-8")


def test_the_caret_stands_under_the_token():
    assert caret_line(PROBLEM) == "  |           ^^^^^"


@pytest.mark.parametrize(
    ("excerpt", "column", "length", "expected"),
    [
        ("name: 東京: 1", 9, 1, "  |           ^"),
        ("name: 東京", 7, 2, "  |       ^^^^"),
        ("e\u0301: 1", 5, 1, "  |    ^"),
    ],
    ids=["behind wide characters", "under wide characters", "behind a combining accent"],
)
def test_the_caret_counts_columns_not_characters(excerpt: str, column: int, length: int, expected: str):
    origin = replace(PROBLEM.origin, column=column)
    assert caret_line(replace(PROBLEM, excerpt=excerpt, origin=origin, length=length)) == expected


def test_a_long_line_is_cut_around_the_token():
    excerpt = "x" * 500 + "token" + "y" * 500
    problem = replace(
        PROBLEM, excerpt=excerpt, origin=replace(PROBLEM.origin, column=501), length=len("token")
    )
    shown, carets = print_problem(problem).splitlines()[2:4]
    assert len(shown) < 200
    assert shown[carets.index("^") : carets.rindex("^") + 1] == "token"


def test_a_problem_of_a_whole_file_has_no_line():
    problem = Problem(rule="missing-file", message="gone", origin=Origin(file="sites/a/site.yaml", line=0))
    assert print_problem(problem).splitlines() == [
        "sites/a/site.yaml: error[missing-file]: gone",
        " = more: bgo explain missing-file",
    ]


def test_nothing_reaches_the_terminal_that_it_obeys():
    problem = replace(PROBLEM, message="\x1b[2J\u202e", excerpt="\x1b]0;title\x07", hint="\r\n\x9b")
    assert all(character.isprintable() or character == "\n" for character in print_problem(problem))


def test_a_document_holds_what_applies():
    assert problem_document(PROBLEM) == {
        "rule": "out-of-range",
        "severity": "error",
        "message": "port is 70000; it must be from 1 to 65535",
        "hint": "write a whole number from 1 to 65535",
        "file": "sites/a/ehr-endpoints.yaml",
        "line": 8,
        "column": 11,
        "length": 5,
        "related": [],
        "site": "a",
    }


def test_a_pointer_stands_in_place_of_line_and_column():
    document = problem_document(replace(PROBLEM, pointer="/study/id"))
    assert document["pointer"] == "/study/id"
    assert not {"file", "line", "column", "length"} & document.keys()


def test_an_annotation_cannot_end_early():
    problem = replace(PROBLEM, message="50%::error::x", origin=replace(PROBLEM.origin, file="a,b:c"))
    assert print_annotations([problem]).startswith("::error file=a%2Cb%3Ac,title=out-of-range,line=8,col=11,")
    assert "::50%25::error::x. Hint: write a whole" in print_annotations([problem])


@pytest.mark.parametrize(
    ("severity", "command"),
    [(Severity.ERROR, "error"), (Severity.WARNING, "warning"), (Severity.NOTE, "notice")],
)
def test_an_annotation_has_the_weight_of_its_problem(severity: Severity, command: str):
    assert print_annotations([replace(PROBLEM, severity=severity)]) == (
        f"::{command} file=sites/a/ehr-endpoints.yaml,title=out-of-range,line=8,col=11,endColumn=16::"
        "port is 70000; it must be from 1 to 65535. Hint: write a whole number from 1 to 65535\n"
    )


def test_an_annotation_says_what_else_has_to_do_with_it_in_lines_of_its_own():
    other = Origin(file="sites/fleet.yaml", line=7, column=3)
    problem = replace(PROBLEM, related=(("from preset epic", other),), reaches=("a/b", "a/c"), reaches_more=2)
    assert print_annotations([problem]).endswith(
        "65535%0Afrom preset epic, sites/fleet.yaml:7%0Areaches a/b, a/c and 2 more\n"
    )


def test_no_line_of_a_file_becomes_a_command_of_its_own():
    problem = replace(
        PROBLEM, message="a\n::set-output name=x::y", origin=replace(PROBLEM.origin, file="a\r\nb")
    )
    assert print_annotations([problem]).count("\n") == 1


def test_an_annotation_of_a_whole_file_has_no_line():
    problem = Problem(rule="missing-file", message="gone", origin=Origin(file="sites/a/site.yaml", line=0))
    assert print_annotations([problem]) == "::error file=sites/a/site.yaml,title=missing-file::gone\n"


def loaded_with(*problems: Problem, sites: tuple[str, ...] = (), is_fleet_sound: bool = True):
    loaded = load(sound_files())
    fleet = loaded.fleet if is_fleet_sound else None
    return replace(loaded, problems=problems, unsound_sites=frozenset(sites), fleet=fleet)


WARNING = replace(PROBLEM, severity=Severity.WARNING)
NOTE = replace(PROBLEM, severity=Severity.NOTE)


@in_one_test(
    ("loaded", "expected"),
    [
        (loaded_with(), "5 files, 1 site, 2 EHR endpoints: no problems"),
        (
            loaded_with(PROBLEM, sites=("a",)),
            "1 error in 5 files. Until it is fixed, a keeps what it runs now.",
        ),
        (
            loaded_with(PROBLEM, PROBLEM, WARNING, sites=("a", "b", "c")),
            "2 errors and 1 warning in 5 files. Until they are fixed, a, b and c keep what they run now.",
        ),
        (
            loaded_with(PROBLEM, is_fleet_sound=False),
            "1 error in 5 files. Until it is fixed, every site keeps what it runs now.",
        ),
        (loaded_with(WARNING), "1 warning in 5 files."),
        (
            loaded_with(PROBLEM, WARNING, NOTE, NOTE, sites=("a",)),
            "1 error, 1 warning and 2 notes in 5 files. Until it is fixed, a keeps what it runs now.",
        ),
        (
            replace(loaded_with(NOTE), silenced=(WARNING, WARNING, NOTE)),
            "1 note in 5 files, 2 warnings and 1 note silenced.",
        ),
    ],
    ids=["none", "one", "several", "of the fleet", "only warnings", "each kind", "some silenced"],
)
def test_the_summary(loaded, expected: str):
    assert print_summary(loaded) == expected
