"""The edge of the program: help without imports, exit codes, and one line for what went wrong."""

import subprocess
import sys
from pathlib import Path

import click
import pytest

from butterfly_gitops.cli.main import VERBS, VerbGroup, group
from butterfly_gitops.cli.output import ExitCode
from butterfly_gitops.model.error import GitopsError
from tests.cli.command_line import ROOT, run
from tests.table import in_one_test

SERVER = {"apsw", "fastapi", "httpx", "prometheus_client", "starlette", "structlog", "uvicorn"}


class HeldError(GitopsError):
    exit_code = ExitCode.HELD


def failing(error: BaseException) -> click.Command:
    @click.command("validate")
    def command() -> None:
        raise error

    return command


@pytest.fixture
def validate_fails(monkeypatch: pytest.MonkeyPatch):
    """Puts a command that fails in the place of a verb, as if its module had it."""

    def put(error: BaseException) -> None:
        monkeypatch.setattr(VerbGroup, "get_command", lambda *_: failing(error))

    return put


def test_help_names_every_verb_in_order(capfd):
    ran = run(capfd, "--help")
    assert ran.code == 0
    places = [ran.out.index(f"\n  {verb} ") for verb in VERBS]
    assert places == sorted(places)
    assert all(len(line) <= 80 for line in ran.out.splitlines())


def loaded_by(*arguments: str) -> set[str]:
    """The modules that a command line has loaded when it is done, in a process of its own."""
    code = (
        "import sys; from butterfly_gitops.cli.main import main; main(sys.argv[1:]);"
        " print(*sys.modules, file=sys.stderr)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, *arguments], capture_output=True, text=True, check=True, cwd=ROOT
    )
    return set(done.stderr.split())


def test_help_imports_no_verb():
    modules = loaded_by("--help")
    verbs = {f"butterfly_gitops.cli.{verb.replace('-', '_')}" for verb in VERBS}
    assert not modules & verbs
    assert "pydantic" not in modules


@pytest.mark.parametrize(
    "arguments",
    [
        ["--help"],
        ["validate"],
        ["explain", "unknown-key"],
        ["explain", "seaside/registry"],
        ["schema", "--check"],
        ["completion", "bash"],
    ],
    ids=" ".join,
)
def test_a_verb_without_state_loads_no_server(arguments: list[str]):
    assert not {module.partition(".")[0] for module in loaded_by(*arguments)} & SERVER


def test_a_verb_that_needs_the_server_says_how_to_get_it(tmp_path: Path):
    code = (
        f"import sys; sys.modules.update(dict.fromkeys({sorted(SERVER)}));"
        " from butterfly_gitops.cli.main import main; sys.exit(main(['status']))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False, cwd=ROOT)
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr == (
        "bgo: this verb needs packages that are not installed: install butterfly-gitops with its extra `server`\n"
    )


@pytest.mark.parametrize(
    "arguments", [["--no-such-option"], ["no-such-verb"], [], ["validate", "--format", "xml"], ["explain"]]
)
def test_wrong_usage_is_64(capfd, arguments: list[str]):
    ran = run(capfd, *arguments)
    assert (ran.code, ran.out) == (64, "")
    assert "Usage: bgo" in ran.err


def test_an_error_of_the_world_is_one_line_and_its_code(capfd, validate_fails):
    validate_fails(HeldError("seaside waits\nfor approval"))
    ran = run(capfd, "validate")
    assert (ran.code, ran.out, ran.err) == (3, "", "bgo: seaside waits for approval\n")


@pytest.mark.parametrize("error", [KeyboardInterrupt(), click.Abort()], ids=["interrupt", "abort"])
def test_interrupted_is_130(capfd, validate_fails, error: BaseException):
    validate_fails(error)
    assert run(capfd, "validate").code == 130


def test_an_unexpected_error_is_70_and_keeps_its_text(capfd, validate_fails):
    """The text of an exception may hold what a study says of a patient."""
    validate_fails(ValueError("Muster^Erika"))
    ran = run(capfd, "validate")
    assert ran.code == 70
    assert ran.err.count("\n") == 1
    assert "ValueError at test_main.py:" in ran.err
    assert "Erika" not in ran.err


def test_verbose_shows_the_traceback(capfd, validate_fails):
    validate_fails(ValueError("why"))
    ran = run(capfd, "-v", "validate")
    assert ran.code == 70
    assert "Traceback" in ran.err


def test_an_option_can_come_from_the_environment(capfd, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.chdir(ROOT)
    monkeypatch.setenv("BGO_VALIDATE_FORMAT", "json")
    assert run(capfd, "validate").out == "[]\n"


def test_the_version(capfd):
    assert run(capfd, "--version").out.startswith("butterfly-gitops, version ")


def test_a_reader_that_leaves_early_is_no_defect():
    command = f"{sys.executable} -m butterfly_gitops explain st-elsewhere | head -n 1"
    done = subprocess.run(["bash", "-c", command], capture_output=True, text=True, check=True, cwd=ROOT)
    assert done.stdout == "st-elsewhere\n"
    assert done.stderr == ""


@in_one_test("verb", VERBS)
def test_each_verb_has_help_worth_reading(capfd, verb: str):
    if not (Path(ROOT) / "butterfly_gitops" / "cli" / f"{verb.replace('-', '_')}.py").exists():
        pytest.skip("not written yet")
    ran = run(capfd, verb, "--help")
    assert ran.code == 0
    assert f"Usage: bgo {verb}" in ran.out


def test_every_name_of_the_group_is_a_verb():
    assert list(VERBS) == group.list_commands(click.Context(group))


def test_a_misspelt_verb_names_the_one_that_was_meant(capfd):
    ran = run(capfd, "statsu")
    assert (ran.code, ran.out) == (64, "")
    assert "Did you mean status?" in ran.err


def test_what_is_near_no_verb_names_none(capfd):
    assert "Did you mean" not in run(capfd, "zzz").err
