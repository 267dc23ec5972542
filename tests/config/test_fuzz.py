"""Whatever bytes lie in the folder, `load` answers with a fleet or with problems."""

from hypothesis import given, settings
from hypothesis import strategies as st

from butterfly_gitops.config import yaml_text
from butterfly_gitops.config.load import load
from butterfly_gitops.config.problem_document import problem_document
from butterfly_gitops.config.problem_text import print_annotations, print_problems, print_summary
from tests.config.examples import examples, sound_files

SOUND = sound_files()
PATHS = st.sampled_from(sorted(SOUND))
SNIPPETS = st.sampled_from([
    "null", "~", "{}", "[]", "- ", ": ", "? ", "&a ", "*a", "<<: ", "!!str ", "'", '"', "\t", "\n", "---\n", "...\n",
    "#", "|", ">", "%YAML 1.1\n", "%YAML 1.0\n", "%YAML 1.3\n---\n",
    "...\n%YAML 1.3\n---\n", "%FOO x\n", "%TAG ! !\n", "%", "\u00a0", "\u200b", "\u00ad", "\ufe0f", "\u3000", "\ufeff", "\x00", "\x85", "\u2028", '"\\ud800"', "💥", "{" * 40,
])  # fmt: skip
LINES = st.sampled_from(
    sorted({line for data in SOUND.values() for line in data.decode("utf-8").splitlines(keepends=True)})
)


@st.composite
def mutated(draw: st.DrawFn) -> dict[str, bytes]:
    """The sound files with a few pieces taken out, put in or put elsewhere."""
    files = dict(SOUND)
    for _ in range(draw(st.integers(1, 4))):
        path = draw(PATHS)
        text = files[path].decode("utf-8", "surrogateescape")
        start = draw(st.integers(0, len(text)))
        end = draw(st.integers(start, min(len(text), start + 40)))
        piece = draw(st.one_of(SNIPPETS, LINES, st.text(max_size=5), st.just("")))
        files[path] = (text[:start] + piece + text[end:]).encode("utf-8", "surrogatepass")
    return files


def check(files: dict[str, bytes]) -> None:
    loaded = load(files)
    text = print_problems(loaded.problems) + print_annotations(loaded.problems) + print_summary(loaded)
    assert all(character.isprintable() or character == "\n" for character in text)
    assert all(problem_document(problem) for problem in loaded.problems)
    if loaded.fleet is None:
        assert loaded.problems


@given(mutated())
@settings(max_examples=200, deadline=None)
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


@given(mutated())
@settings(max_examples=100, deadline=None)
def test_both_parsers_agree_on_what_is_sound(files: dict[str, bytes]):
    """What is refused may be worded, and placed, as each parser sees it."""
    fast, slow = load(files), load(files, events=yaml_text.python_events)
    assert fast.fleet == slow.fleet


@given(st.sampled_from(examples("invalid")), st.data())
@settings(deadline=None)
def test_problems_do_not_depend_on_the_order_of_files(example, data):
    order = data.draw(st.permutations(sorted(example.files)))
    assert load({path: example.files[path] for path in order}) == load(example.files)
