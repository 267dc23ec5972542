"""Whatever bytes lie in the folder, `load` answers with a fleet or with problems."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from butterfly_gitops.config.load import load
from butterfly_gitops.config.problem_document import problem_document
from butterfly_gitops.config.problem_text import print_annotations, print_problems, print_summary
from butterfly_gitops.config.text import yaml_events
from tests.config.examples import examples, sound_files
from tests.law_examples import up_to
from tests.table import in_one_test

SOUND = sound_files()
PATHS = st.sampled_from(sorted(SOUND))
# Every rule is near in one of them.
EXAMPLES = st.sampled_from([example.files for kind in ("valid", "invalid") for example in examples(kind)])
SNIPPETS = st.sampled_from([
    "null", "~", "{}", "[]", "- ", ": ", "? ", "&a ", "*a", "<<: ", "!!str ", "'", '"', "\t", "\n", "---\n", "...\n",
    "#", "|", ">", "%YAML 1.1\n", "%YAML 1.0\n", "%YAML 1.3\n---\n",
    "...\n%YAML 1.3\n---\n", "%FOO x\n", "%TAG ! !\n", "%", "\u00a0", "\u200b", "\u00ad", "\ufe0f", "\u3000", "\ufeff", "\x00", "\x85", "\u2028", '"\\ud800"', "💥", "{" * 40,
])  # fmt: skip
LINES = st.sampled_from(
    sorted({line for data in SOUND.values() for line in data.decode("utf-8").splitlines(keepends=True)})
)


WORDS = st.sampled_from(
    ["a", "b", "version", "1", "true", "x y", "a:b", "a#b", "-a", "a?", "? a", "<<", "“a”", "'", "''"]
)


def in_flow(inner: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    pairs = st.tuples(WORDS, st.sampled_from([": ", ":", " : ", ""]), inner).map("".join)
    ends = st.sampled_from([("[", "]"), ("{", "}"), ("[", ""), ("{", ""), ("[", ",]"), ("{\n ", "\n}")])
    return st.tuples(ends, st.lists(inner | pairs, max_size=3)).map(
        lambda drawn: f"{drawn[0][0]}{', '.join(drawn[1])}{drawn[0][1]}"
    )


def in_blocks(inner: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    heads = st.sampled_from(
        ["a: ", "b: ", "? a\n: ", "&x a: ", "*x : ", '"c": ', "<<: ", "- ", "- - ", ": ", "|\n ", "> "]
    )
    rows = st.tuples(st.sampled_from(["", " ", "  ", "    "]), heads, inner).map("".join)
    return st.lists(rows, min_size=1, max_size=4).map(lambda drawn: "\n" + "\n".join(drawn))


WRITTEN = st.recursive(SNIPPETS | WORDS, lambda inner: in_flow(inner) | in_blocks(inner), max_leaves=12)
"""What follows the grammar of YAML more or less."""


@st.composite
def mutated(draw: st.DrawFn) -> dict[str, bytes]:
    """The files of an example with a few pieces taken out, put in or put elsewhere."""
    files = dict(draw(EXAMPLES))
    for _ in range(draw(st.integers(1, 4))):
        path = draw(PATHS)
        text = files.get(path, b"").decode("utf-8", "surrogateescape")
        start = draw(st.integers(0, len(text)))
        end = draw(st.integers(start, min(len(text), start + 40)))
        piece = draw(st.one_of(SNIPPETS, LINES, WRITTEN, st.text(max_size=5), st.just("")))
        files[path] = (text[:start] + piece + text[end:]).encode("utf-8", "surrogatepass")
    return files


@st.composite
def garbled(draw: st.DrawFn) -> dict[str, bytes]:
    """The files of an example with a few bytes changed."""
    files = dict(draw(EXAMPLES))
    path = draw(PATHS)
    data = bytearray(files.get(path) or b"\n")
    for _ in range(draw(st.integers(1, 4))):
        data[draw(st.integers(0, len(data) - 1))] = draw(st.integers(0, 255))
    return {**files, path: bytes(data)}


def check(files: dict[str, bytes]) -> None:
    loaded = load(files)
    text = print_problems(loaded.problems) + print_annotations(loaded.problems) + print_summary(loaded)
    assert all(character.isprintable() or character == "\n" for character in text)
    assert all(problem_document(problem) for problem in loaded.problems)
    if loaded.fleet is None:
        assert loaded.problems


@given(mutated())
@settings(max_examples=up_to(200), deadline=None)
def test_no_change_of_a_file_raises(files: dict[str, bytes]):
    check(files)


@given(PATHS, st.binary(max_size=200))
@settings(deadline=None)
def test_no_bytes_raise(path: str, data: bytes):
    check({**SOUND, path: data})


@given(st.dictionaries(st.text(max_size=20), st.binary(max_size=20), max_size=5))
@settings(deadline=None)
def test_no_names_raise(files: dict[str, bytes]):
    check({**SOUND, **files})


@given(garbled())
@settings(deadline=None)
def test_no_changed_byte_raises(files: dict[str, bytes]):
    check(files)


@given(PATHS, WRITTEN)
@settings(max_examples=up_to(200), deadline=None)
def test_nothing_written_raises(path: str, text: str):
    check({**SOUND, path: text.encode("utf-8", "surrogatepass")})


def check_parsers_agree(files: dict[str, bytes]) -> None:
    """They say the same; only what the names of anchors may hold differs between their versions of YAML."""
    fast, slow = load(files), load(files, events=yaml_events.python_events)
    said = {problem.rule for loaded in (fast, slow) for problem in loaded.problems}
    if said & {"anchor", "alias"}:
        assert (fast.fleet, fast.unsound_sites) == (slow.fleet, slow.unsound_sites)
    else:
        assert fast == slow


@given(mutated())
@settings(max_examples=up_to(100), deadline=None)
def test_both_parsers_agree(files: dict[str, bytes]):
    check_parsers_agree(files)


@in_one_test("text", ["{? }", "{? , a: 1}", "{?\n }", "{? : 1}", "{a: , ? }", "? \n: 1\n", "a: 1\n\n: 2\n"])
def test_both_parsers_see_a_missing_key_in_one_place(text: str):
    check_parsers_agree({**SOUND, "fleet.yaml": text.encode()})


@pytest.mark.parametrize("text", ["|\n \n  a: null", "a: |\n \n  b\n", "a: |\n  b\n", ">-\n\n  a"])
def test_both_parsers_agree_on_blocks(text: str):
    check_parsers_agree({**SOUND, "fleet.yaml": text.encode()})


@given(PATHS, WRITTEN)
@settings(deadline=None)
def test_both_parsers_agree_on_what_is_written(path: str, text: str):
    check_parsers_agree({**SOUND, path: text.encode("utf-8", "surrogatepass")})


@given(st.sampled_from(examples("invalid")), st.data())
@settings(deadline=None)
def test_problems_do_not_depend_on_the_order_of_files(example, data):
    order = data.draw(st.permutations(sorted(example.files)))
    assert load({path: example.files[path] for path in order}) == load(example.files)
