"""Laws of the layout: meaning, comments and quotes stay, and a second time changes nothing."""

import json
from collections import Counter
from random import Random
from typing import Any

from hypothesis import assume, given, settings
from hypothesis import strategies as st

from butterfly_gitops.config.formatting.formatter import lay_out
from butterfly_gitops.config.load import load
from butterfly_gitops.config.text import yaml_events, yaml_text
from butterfly_gitops.config.text.comments import Lines, find_comments
from butterfly_gitops.config.tree import Mapping, Node, Scalar
from tests.config.documents import MODELS, documents
from tests.config.examples import sound_files
from tests.config.handwriting import Hand, document_of
from tests.law_examples import up_to

SOUND = sound_files()
PATHS = {
    kind: next(path for path in SOUND if path.rpartition("/")[2] == f"{kind}.yaml") for kind in sorted(MODELS)
}
SNIPPETS = st.sampled_from([
    "  ", "\n", "\n\n", "\r\n", "#c", "  # c\n", "  #x\n    #y\n", "# bgo: ignore a: b\n", "- ", "-\n", "  - a\n", "- - x\n",
    "[a, b]", "{a: 1, b}", "[a, #c\n b]", "{? a : b, c: [x: y]}", "[-a, ::1, ?b]", "[", "]", "{", "}", ",", ": ", "::1", "~",
    "? k\n: v\n", "|-\n  x\n", ">-\n  a\n  b\n", "|2-\n     x\n", "'a\n  b'", '"a\\\n   b"', '"\\ \n b"', "''", "---\n", "...\n",
    "--- # c\n", "x" * 90, f"{'z' * 1020}: 1\n", "💥",
])  # fmt: skip


@st.composite
def written(draw: st.DrawFn) -> tuple[str, str]:
    """A file with a sound document, as somebody wrote it."""
    kind = draw(st.sampled_from(sorted(PATHS)))
    return PATHS[kind], Hand(Random(draw(st.integers()))).text_of(draw(documents(kind)))


@st.composite
def mistreated(draw: st.DrawFn) -> tuple[str, str]:
    """The same, or a file of the examples, with pieces put in and taken out: YAML that nobody writes, or none."""
    path, text = draw(
        written() | st.sampled_from([(path, data.decode("utf-8")) for path, data in SOUND.items()])
    )
    for _ in range(draw(st.integers(1, 4))):
        start = draw(st.integers(0, len(text)))
        end = min(len(text), start + draw(st.sampled_from([0, 0, 1, 2, 5, 20])))
        text = text[:start] + draw(SNIPPETS) + text[end:]
    return path, text


def laid_out(path: str, text: str) -> str:
    outcome = lay_out(text.encode(), file=path)
    assert outcome.text is not None, outcome.problems
    return outcome.text


def comments_of(text: str) -> list[str]:
    text = text.replace("\r\n", "\n")
    return [
        each.text.removeprefix("#").strip()
        for each in find_comments(text, yaml_events.pieces(text), Lines(text))
    ]


def scalars_of(text: str) -> Counter[tuple[str, str]]:
    """Each value with its quotes, less the line ends within."""
    pieces = yaml_events.pieces(text)
    return Counter((each.style, each.text) for each in pieces if each.kind is yaml_events.PieceKind.SCALAR)


def tree_of(path: str, text: str) -> Node:
    root = yaml_text.read_text(text.encode(), file=path, site=None).root
    assert root is not None
    return root


def said(node: Node) -> Any:
    if isinstance(node, Scalar):
        return node.text, node.is_plain
    if isinstance(node, Mapping):
        return {name: said(entry.value) for name, entry in node.entries.items()}
    return [said(item) for item in node.items]


def problems_of(files: dict[str, bytes]) -> set[tuple[str, str, str]]:
    """What is wrong, wherever it stands."""
    digits = str.maketrans(dict.fromkeys("0123456789"))
    return {(each.rule, each.origin.file, each.message.translate(digits)) for each in load(files).problems}


@given(written())
@settings(max_examples=up_to(50), deadline=None)
def test_meaning_and_problems_stay(case: tuple[str, str]):
    path, text = case
    before, after = {**SOUND, path: text.encode()}, {**SOUND, path: laid_out(path, text).encode()}
    assert load(after).fleet == load(before).fleet
    assert problems_of(after) == problems_of(before)


@given(written())
@settings(max_examples=up_to(60), deadline=None)
def test_a_second_time_changes_nothing(case: tuple[str, str]):
    path, text = case
    once = laid_out(path, text)
    assert laid_out(path, once) == once


@given(written())
@settings(max_examples=up_to(60), deadline=None)
def test_comments_and_quotes_stay(case: tuple[str, str]):
    path, text = case
    after = laid_out(path, text)
    assert Counter(comments_of(after)) == Counter(comments_of(text))
    assert scalars_of(after) == scalars_of(text)


@given(written(), st.integers())
@settings(max_examples=up_to(60), deadline=None)
def test_comments_stay_in_order_where_settings_do(case: tuple[str, str], seed: int):
    path, text = case
    in_order = document_of(tree_of(path, laid_out(path, text)))
    again = Hand(Random(seed)).text_of(in_order)
    after = laid_out(path, again)
    # What is in brackets with comments has kept its order so far, and may be written otherwise now.
    assume(json.dumps(said(tree_of(path, after))) == json.dumps(said(tree_of(path, again))))
    assert comments_of(after) == comments_of(again)


@given(mistreated(), st.sampled_from([yaml_events.c_events, yaml_events.python_events]))
@settings(max_examples=up_to(100), deadline=None)
def test_whatever_can_be_read_is_laid_out_and_says_the_same(
    case: tuple[str, str], events: yaml_events.Events
):
    path, text = case
    outcome = lay_out(text.encode(), file=path, events=events)
    if outcome.text is None:
        assert outcome.problems
        return
    assert said(tree_of(path, outcome.text)) == said(tree_of(path, text))
    assert lay_out(outcome.text.encode(), file=path, events=events).text == outcome.text
