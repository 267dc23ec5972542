"""The gate holds for our code, and each of its checks catches what it is there for."""

import subprocess
import sys
from collections.abc import Callable, Iterator

import pytest

from tests.rules import gate
from tests.rules.shape import ROOT, Source, measure, parse, read_package, report
from tests.table import in_one_test

Check = Callable[[Source], Iterator[gate.Finding]]

SENTENCE = '"""A planted module."""\n'
EIGHT_PARAMETERS = SENTENCE + "def pick(a, b, c, d, *, e, f, g, h): ...\n"
SEVEN_AND_SELF = SENTENCE + "class Lane:\n    def pick(self, a, b, c, d, *, e, f, g): ...\n"
FIFTEEN_BRANCHES = "".join(f"    if n == {n}:\n        return {n * n}\n" for n in range(15))


def lasting(lines: int) -> str:
    return SENTENCE + "def work():\n" + "    pass\n" * (lines - 1)


BREACHES = [
    ("a module of utils", gate.names_that_say_nothing, "hl7/utils.py", SENTENCE),
    ("a package of helpers", gate.names_that_say_nothing, "helpers/escape.py", SENTENCE),
    ("a word within a name", gate.names_that_say_nothing, "store/lane_manager.py", SENTENCE),
    ("no docstring", gate.modules_without_a_sentence, "hl7/escape.py", "import math\n"),
    ("an empty file", gate.modules_without_a_sentence, "hl7/__init__.py", ""),
    ("words, but no sentence", gate.modules_without_a_sentence, "hl7/escape.py", '"""escaping"""\n'),
    ("61 lines", gate.long_functions, "web/pages.py", lasting(61)),
    ("eight parameters", gate.functions_with_many_parameters, "store/lanes.py", EIGHT_PARAMETERS),
    *(
        (f"impure: {statement}", gate.deciders_that_touch_the_world, "plan/diff.py", SENTENCE + statement)
        for statement in (
            "from datetime import datetime\nat = datetime.now()\n",
            "from datetime import datetime as moment\nclock = moment.utcnow\n",
            "import datetime\nat = datetime.datetime.today()\n",
            "import datetime as dt\nday = dt.date.today()\n",
            "from uuid import uuid4\n",
            "import uuid\nid = uuid.uuid4()\n",
            "import urllib.request\n",
            "from urllib.request import urlopen\n",
            "import sys\nsys.stdout.write('')\n",
            "import io\nfile = io.open('sites')\n",
            "file = open('sites')\n",
            "print('planned')\n",
            "async def diff(): ...\n",
        )
    ),
]

INNOCENT = [
    ("base64 is no base", gate.names_that_say_nothing, "hl7/base64_text.py", SENTENCE),
    (
        "a sentence over two lines",
        gate.modules_without_a_sentence,
        "hl7/escape.py",
        '"""Escapes\nand back."""\n',
    ),
    ("60 lines", gate.long_functions, "web/pages.py", lasting(60)),
    ("self is not counted", gate.functions_with_many_parameters, "store/lanes.py", SEVEN_AND_SELF),
    ("cli takes options", gate.functions_with_many_parameters, "cli/plan.py", EIGHT_PARAMETERS),
    *(
        (f"pure: {statement}", gate.deciders_that_touch_the_world, "plan/diff.py", SENTENCE + statement)
        for statement in (
            "def due(now): return now.now\n",
            "from datetime import UTC, datetime\nstart = datetime(2026, 1, 1, tzinfo=UTC)\n",
            "from io import StringIO\nfrom urllib.parse import urlsplit\nfrom uuid import uuid5\n",
        )
    ),
    (
        "a clock outside the six",
        gate.deciders_that_touch_the_world,
        "controller/loop.py",
        SENTENCE + "from datetime import datetime\nat = datetime.now()\n",
    ),
]


@pytest.fixture(scope="module")
def package() -> list[Source]:
    return read_package()


@pytest.mark.parametrize("check", gate.CHECKS, ids=lambda check: check.__name__)
def test_our_code_passes(check: Check, package: list[Source]) -> None:
    assert package
    assert [str(finding) for source in package for finding in check(source)] == []


@in_one_test(("check", "path", "text"), [b[1:] for b in BREACHES], ids=[b[0] for b in BREACHES])
def test_a_planted_breach_is_found(check: Check, path: str, text: str) -> None:
    found = list(check(parse(f"butterfly_gitops/{path}", text)))
    assert [finding.source.path.as_posix() for finding in found] == [f"butterfly_gitops/{path}"]


@in_one_test(("check", "path", "text"), [i[1:] for i in INNOCENT], ids=[i[0] for i in INNOCENT])
def test_what_is_allowed_is_not_found(check: Check, path: str, text: str) -> None:
    assert list(check(parse(f"butterfly_gitops/{path}", text))) == []


def test_every_check_has_a_planted_breach() -> None:
    assert {breach[1] for breach in BREACHES} == set(gate.CHECKS)


@pytest.mark.parametrize(
    ("branches", "codes"),
    [
        pytest.param(FIFTEEN_BRANCHES, {"C901"}, id="complexity 16"),
        pytest.param(FIFTEEN_BRANCHES.split("    if n == 14")[0], set(), id="complexity 15"),
    ],
)
def test_ruff_refuses_complexity_over_15(branches: str, codes: set[str]) -> None:
    text = f'{SENTENCE}\n\ndef square(n: int) -> int:\n    """Square it."""\n{branches}    return 0\n'
    ruff = [sys.executable, "-m", "ruff", "check", "--no-cache", "--output-format", "concise"]
    planted = ["--stdin-filename", "butterfly_gitops/planted.py", "-"]
    run = subprocess.run([*ruff, *planted], input=text, cwd=ROOT, text=True, capture_output=True, check=False)
    assert {line.split()[1] for line in run.stdout.splitlines() if line.startswith("butterfly")} == codes, run


def test_measures_follow_the_reader() -> None:
    text = '''"""Planted."""

class Wire:
    @property
    def turn(self, lane, *rest, key=None):
        """Doc.

        More.
        """
        # Why.
        for x in rest:
            if x:
                return 1
            elif lane:
                with x:
                    return 2

        def inner():
            return key
        return inner
'''
    turn, inner = measure(parse("butterfly_gitops/dispatcher/wire.py", text))
    assert (turn.name, turn.line, turn.lines, turn.code_lines) == ("Wire.turn", 5, 16, 10)
    assert (turn.nesting, turn.parameters) == (3, 3)
    assert (inner.name, inner.code_lines, inner.nesting, inner.parameters) == ("Wire.turn.inner", 2, 0, 0)


def test_the_report_names_what_is_longest() -> None:
    text = report(
        [parse("butterfly_gitops/web/pages.py", lasting(40)), parse("butterfly_gitops/a.py", SENTENCE)]
    )
    assert "2 modules, 42 lines, 1 functions" in text
    assert "    40  butterfly_gitops/web/pages.py:2 work" in text
