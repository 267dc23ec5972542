"""docs/architecture.md is true of the code: its states, its promises, its rooms; and no link leads nowhere."""

import configparser
import re
from collections.abc import Iterator
from pathlib import Path

from tests.table import in_one_test
from tools.states import FILE, with_states

ROOT = Path(__file__).parents[2]
PAGE = FILE.read_text(encoding="utf-8")
PAGES = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")])
CODE = [
    path
    for place in ("butterfly_gitops", "tests", "benchmarks", "tools")
    for path in (ROOT / place).rglob("*.py")
]


def test_the_states_are_those_of_the_code():
    assert with_states(PAGE) == PAGE, "run `make reference`"


def cited_promises() -> Iterator[tuple[str, str]]:
    for path in CODE:
        for number in re.findall(r"\bpromise (\d+)\b", path.read_text(encoding="utf-8"), flags=re.IGNORECASE):
            yield path.relative_to(ROOT).as_posix(), number


@in_one_test(("where", "number"), sorted(set(cited_promises())))
def test_a_promise_that_the_code_cites_stands_there(where: str, number: str):
    assert f'<a id="promise-{number}"></a>' in PAGE


def test_every_promise_is_cited_by_a_test():
    stated = set(re.findall(r'<a id="promise-(\d+)">', PAGE))
    cited = {number for where, number in cited_promises() if where.startswith("tests/")}
    assert stated - cited == set()


def rooms_of_the_page() -> list[set[str]]:
    layers: dict[str, set[str]] = {}
    for layer, names in re.findall(r"(?m)^\| (\d+) \| (.+?) \|", PAGE):
        layers.setdefault(layer, set()).update(re.findall(r"`(\w+)`", names))
    return [layers[layer] for layer in sorted(layers, key=int)]


def test_the_rooms_are_the_layers_that_imports_keep():
    contracts = configparser.ConfigParser()
    contracts.read(ROOT / ".importlinter")
    lines = contracts["importlinter:contract:layers"]["layers"].split("\n")
    layers = [set(re.findall(r"(?<![(\w])\w+(?![)\w])", line)) for line in lines]
    assert rooms_of_the_page() == [layer for layer in layers if layer - {"__main__"}]


def test_the_pure_rooms_are_those_that_may_not_touch_the_world():
    contracts = configparser.ConfigParser()
    contracts.read(ROOT / ".importlinter")
    named = contracts["importlinter:contract:deciders"]["source_modules"].split()
    pure = re.findall(r"(?m)^\| \d+ \| (.+?) \| .+ \| pure \|$", PAGE)
    assert {name for cell in pure for name in re.findall(r"`(\w+)`", cell)} == {
        one.removeprefix("butterfly_gitops.") for one in named
    }


def anchors_of(page: Path) -> set[str]:
    text = page.read_text(encoding="utf-8")
    headings = re.findall(r"(?m)^#+ (.+)$", re.sub(r"(?ms)^```.*?^```", "", text))
    drawn = {re.sub(r"[^\w\- ]", "", title.lower()).replace(" ", "-") for title in headings}
    return drawn | set(re.findall(r'<a id="([^"]+)">', text))


def links() -> Iterator[tuple[Path, str]]:
    for page in PAGES:
        prose = re.sub(r"(?ms)^```.*?^```", "", page.read_text(encoding="utf-8"))
        for target in re.findall(r"\]\(([^)\s]+)\)", prose):
            if not re.match(r"[a-z]+:", target):
                yield page, target


@in_one_test("page", PAGES, ids=lambda page: page.relative_to(ROOT).as_posix())
def test_links_lead_somewhere(page: Path):
    astray = []
    for _, target in (link for link in links() if link[0] == page):
        path, _, anchor = target.partition("#")
        goal = (page.parent / path).resolve() if path else page
        if not goal.exists() or (anchor and anchor not in anchors_of(goal)):
            astray.append(target)
    assert astray == []
