"""Completion in real shells, and by the protocol that their scripts speak; quick, and silent whatever is wrong."""

import contextlib
import os
import pty
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import click
import pytest

from butterfly_gitops.cli.completion import script_for
from butterfly_gitops.cli.explain import command as explain
from butterfly_gitops.cli.main import COMPLETING, NAMES, VERBS, main
from butterfly_gitops.cli.suggestions import endpoints, rules_and_addresses, sites
from butterfly_gitops.config.effective import settings_at
from butterfly_gitops.config.load import load
from butterfly_gitops.config.rules.catalog import RULES
from butterfly_gitops.model.address import parse_address
from butterfly_gitops.source.folder import read_folder
from tests.cli.command_line import ROOT, run
from tests.cli.test_main import SERVER

PROGRAMS = Path(sys.executable).parent
SHELLS = ("bash", "zsh", "fish")
ENVIRONMENT = {
    **{name: value for name, value in os.environ.items() if not name.startswith(("BGO_", "_BGO_"))},
    "PATH": f"{PROGRAMS}{os.pathsep}{os.environ['PATH']}",
    "TERM": "dumb",
}

# Bash takes the arguments as the words that it has split the line into.
IN_BASH = """
set -u
source "$1"
shift
COMP_WORDS=("$@")
COMP_CWORD=$(($# - 1))
compopt() { :; }  # it is for a completion that readline has begun
_bgo_completion "$1"
printf '%s\\n' "${COMPREPLY[@]-}"
"""
# Outside its line editor zsh takes no suggestions: these two write down what they are given.
IN_ZSH = """
compdef() { registered+=("$@") }
source "$1"
shift
_describe() { local -a given; given=(${(P)3}); print -rl -- ${given%%:*} }
compadd() { print -rl -- ${(P)@[-1]} }
words=("$@")
CURRENT=$#
_bgo_completion
"""
IN_FISH = 'source "$argv[1]"; complete -C "$argv[2]"'


def shell(name: str) -> str:
    if (found := shutil.which(name)) is None:
        pytest.skip(f"{name} is not installed: its completion is NOT tested here; apt install {name}")
    return found


def completed(name: str, tmp_path: Path, *words: str, cwd: Path = ROOT) -> list[str]:
    """What a shell suggests for the last word."""
    program, script = shell(name), tmp_path / f"completion.{name}"
    script.write_text(script_for(name), encoding="utf-8")
    command = {
        "bash": [program, "--norc", "-c", IN_BASH, "bash", str(script), *words],
        "zsh": [program, "-f", "-c", IN_ZSH, "zsh", str(script), *words],
        "fish": [program, "--no-config", "-c", IN_FISH, str(script), " ".join(words)],
    }[name]
    done = subprocess.run(command, capture_output=True, text=True, env=ENVIRONMENT, cwd=cwd, check=True)
    assert done.stderr == ""
    return [line.partition("\t")[0] for line in done.stdout.splitlines() if line]


WORDS = [
    ("bgo ex", ["explain"]),
    ("bgo endpoint pause seaside/m", ["seaside/meditech"]),
    ("butterfly-gitops validate --format g", ["github"]),
    ("bgo explain fleet.g", ["fleet.guard", "fleet.guard.max_endpoints"]),
    ("bgo explain no-such-word", []),
]
MORE_WORDS = [
    ("bgo practice", ["practice-ehr"]),
    ("bgo completion ", ["bash", "zsh", "fish"]),
    ("bgo endpoint r", ["resume"]),
    ("bgo delivery list --endpoint county-general/o", ["county-general/oracle-prod"]),
    ("bgo delivery list --site cou", ["county-general"]),
    ("bgo delivery list --only super", ["superseded"]),
    ("bgo study send A4711 --endpoint seaside/a", ["seaside/athena"]),
    ("bgo study render x.json --endpoint seaside/a", ["seaside/athena"]),
    ("bgo validate --form", ["--format"]),
    ("bgo explain too-many-e", ["too-many-endpoints"]),
    ("bgo explain st-elsewhere/epic-prod.po", ["st-elsewhere/epic-prod.port"]),
]


@pytest.mark.parametrize("name", SHELLS)
@pytest.mark.parametrize(
    ("words", "expected"),
    [WORDS[1], *(pytest.param(*row, marks=pytest.mark.soak) for row in WORDS if row is not WORDS[1])],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_a_shell_completes(name: str, words: str, expected: list[str], tmp_path: Path):
    assert sorted(completed(name, tmp_path, *words.split(" "))) == sorted(expected)


@pytest.mark.parametrize(
    ("words", "expected"), [*WORDS, *MORE_WORDS], ids=[words for words, _ in [*WORDS, *MORE_WORDS]]
)
@pytest.mark.parametrize("name", SHELLS)
def test_the_program_answers_the_script_of_each_shell(
    name: str, words: str, expected: list[str], monkeypatch: pytest.MonkeyPatch, capfd
):
    monkeypatch.chdir(ROOT)
    line = words.split(" ")
    monkeypatch.setenv(COMPLETING, f"{name}_complete")
    monkeypatch.setenv("COMP_WORDS", "\n".join(line))
    monkeypatch.setenv("COMP_CWORD", line[-1] if name == "fish" else str(len(line) - 1))
    with pytest.raises(SystemExit) as exited:
        main([])
    assert exited.value.code == 0
    said = capfd.readouterr()
    answers = {
        "bash": [answer.removeprefix("plain,") for answer in said.out.splitlines()],
        "fish": [answer.removeprefix("plain,").partition("\t")[0] for answer in said.out.splitlines()],
        "zsh": said.out.splitlines()[1::3],
    }
    assert ([answer for answer in answers[name] if answer], said.err) == (expected, "")


@pytest.mark.soak
def test_bash_completes_behind_an_equals_sign(tmp_path: Path):
    assert completed("bash", tmp_path, "bgo", "validate", "--format", "=") == ["text", "json", "github"]
    assert completed("bash", tmp_path, "bgo", "validate", "--format", "=", "g") == ["github"]
    words = ("bgo", "explain", "--sites", "=", "sites", "seaside/me")
    assert completed("bash", tmp_path, *words)[0] == "seaside/meditech"


def test_bash_completes_what_somebody_types(tmp_path: Path):
    """Readline splits the line and takes the suggestions: an address is one word."""
    script = tmp_path / "completion.bash"
    script.write_text(script_for("bash"), encoding="utf-8")
    ours, theirs = pty.openpty()
    command = [shell("bash"), "--norc", "--noprofile", "-i"]
    environment = {**ENVIRONMENT, "PS1": "ready> ", "INPUTRC": os.devnull, "HISTFILE": os.devnull}
    with subprocess.Popen(
        command, stdin=theirs, stdout=theirs, stderr=theirs, env=environment, cwd=ROOT, start_new_session=True
    ) as process:
        os.close(theirs)
        heard = ""
        for typed in (
            f"source {shlex.quote(str(script))}\n",
            # Ctrl-A and `printf` in front: the completed line is printed, not run.
            "bgo endpoint pause seaside/med\t\x01printf '<%s>' \n",
            "exit\n",
        ):
            while "ready> " not in heard.rpartition("\n")[2]:
                heard += os.read(ours, 4096).decode()
            heard += "\n"
            os.write(ours, typed.encode())
        with contextlib.suppress(OSError):  # what reading a terminal ends with
            while more := os.read(ours, 4096).decode():
                heard += more
        process.wait(timeout=60)
    os.close(ours)
    assert "<bgo><endpoint><pause><seaside/meditech>" in heard


@pytest.mark.parametrize("name", SHELLS)
def test_both_names_of_the_program_are_registered(name: str):
    script = script_for(name)
    assert [each for each in NAMES if each not in script.split()] == []
    if name == "zsh":
        assert script.splitlines()[0] == f"#compdef {' '.join(NAMES)}"


@pytest.mark.parametrize("name", SHELLS)
def test_the_script_goes_to_standard_output_alone(capfd, name: str):
    ran = run(capfd, "completion", name)
    assert (ran.code, ran.out) == (0, script_for(name))


def test_another_shell_is_wrong_usage(capfd):
    ran = run(capfd, "completion", "tcsh")
    assert (ran.code, ran.out) == (64, "")


ASKS = """
import os
from butterfly_gitops.cli.main import main
for words in {all_words!r}:
    os.environ["COMP_WORDS"] = words.replace(" ", "\\n")
    os.environ["COMP_CWORD"] = str(words.count(" "))
    try:
        main([])
    except SystemExit:
        pass
"""


def asked(*all_words: str, cwd: Path, code: str = "") -> subprocess.CompletedProcess[str]:
    """What the program answers to the script of bash, in a process of its own."""
    return subprocess.run(
        [sys.executable, "-c", f"{code}\n{ASKS.format(all_words=all_words)}"],
        capture_output=True,
        text=True,
        env={**ENVIRONMENT, "PYTHONPATH": str(ROOT), COMPLETING: "bash_complete"},
        cwd=cwd,
        check=True,
    )


SAYS_MODULES = "import atexit, sys; atexit.register(lambda: print(*sys.modules, file=sys.stderr))"


def test_completing_loads_no_server():
    words = ("bgo ", "bgo run --", "bgo explain st-", "bgo endpoint pause s", "bgo study send --endpoint s")
    done = asked(*words, cwd=ROOT, code=SAYS_MODULES)
    assert "plain,seaside/meditech" in done.stdout.split()
    assert not {module.partition(".")[0] for module in done.stderr.split()} & SERVER


def test_completing_a_verb_imports_none():
    done = asked("bgo ", cwd=ROOT, code=SAYS_MODULES)
    assert [line.removeprefix("plain,") for line in done.stdout.splitlines()] == list(VERBS)
    assert "pydantic" not in done.stderr.split()


# As in an install without the server's packages.
WITHOUT_SERVER = f"import sys; sys.modules.update(dict.fromkeys({sorted(SERVER)!r}))"
ASKED = ["bgo explain st", "bgo explain st-elsewhere/", "bgo explain st-elsewhere/epic-prod.", "bgo endpoint pause s",
         "bgo delivery list --site ", "bgo no-such-verb ", "bgo completion", "bgo --no-such-option ", "bgo demo --",
         "bgo explain --sites /nowhere s", "bgo run --listen 127.0.0.1 : "]  # fmt: skip


def test_without_the_server_nothing_is_complained_of():
    assert asked(*ASKED, cwd=ROOT, code=WITHOUT_SERVER).stderr == ""


@pytest.fixture
def broken(tmp_path: Path) -> Path:
    """A folder of sites with everything wrong that a shell may meet."""
    (tmp_path / "sites" / "st-elsewhere").mkdir(parents=True)
    for path, text in {
        "fleet.yaml": "presets: [",
        "st-elsewhere/site.yaml": "\t",
        "st-elsewhere/ehr-endpoints.yaml": "ehr_endpoints: *nothing",
        "st-elsewhere/archives.yaml": "archives: [[[[",
    }.items():
        (tmp_path / "sites" / path).write_text(text, encoding="utf-8")
    (tmp_path / "sites" / "a file").write_bytes(b"\xff\x00")
    (tmp_path / "sites" / "gone").symlink_to(tmp_path / "nowhere")
    return tmp_path


@pytest.mark.soak
def test_broken_files_are_not_complained_of(broken: Path):
    assert asked(*ASKED, cwd=broken).stderr == ""


@pytest.mark.soak
def test_where_there_are_no_sites_nothing_is_said(tmp_path: Path):
    assert asked(*ASKED, cwd=tmp_path).stderr == ""


def suggested(suggest, incomplete: str, *, folder: Path = ROOT / "sites") -> list[str]:
    context = click.Context(explain)
    context.params["sites"] = folder
    return [item.value for item in suggest(context, explain.params[0], incomplete)]


def test_every_address_that_is_suggested_can_be_explained():
    loaded = load(read_folder(ROOT / "sites"))
    found = {
        one
        for start in (
            "",
            "fleet.",
            "grants.",
            "st-elsewhere.",
            *suggested(rules_and_addresses, "st-elsewhere/"),
        )
        for one in suggested(rules_and_addresses, start)
    }
    assert found >= RULES.keys()
    addresses = found - RULES.keys()
    assert {"st-elsewhere", "seaside/meditech", "st-elsewhere/emergency.forward_to.epic-prod"} <= addresses
    assert [one for one in sorted(addresses) if not settings_at(loaded, parse_address(one))] == []


def test_a_name_is_suggested_with_what_can_follow_so_that_no_space_does():
    found = suggested(rules_and_addresses, "seaside/meditech")
    assert found[0] == "seaside/meditech"
    assert "seaside/meditech.retry.first" in found


def test_endpoints_are_suggested_of_one_site_while_another_is_broken(broken: Path):
    shutil.copytree(ROOT / "sites" / "seaside", broken / "sites" / "seaside")
    assert suggested(endpoints, "", folder=broken / "sites") == [
        "seaside/athena",
        "seaside/meditech",
        "seaside/registry",
    ]
    assert suggested(sites, "", folder=broken / "sites") == ["seaside", "st-elsewhere"]


def test_of_very_many_sites_the_names_come_first(tmp_path: Path):
    for number in range(60):
        shutil.copytree(ROOT / "sites" / "seaside", tmp_path / f"site-{number:02}")
    assert suggested(endpoints, "site-", folder=tmp_path) == [f"site-{number:02}/" for number in range(60)]
    assert "site-07/athena" in suggested(endpoints, "site-07", folder=tmp_path)
