"""A hint names another word only where a single typo missed it: a wrong one that is followed is worse than none."""

from typing import Any, Literal, get_args, get_origin

import pytest
from hypothesis import given
from hypothesis import strategies as st

from butterfly_gitops.config.tree import Place, Scalar, SourceFile
from butterfly_gitops.config.typos import name_hint, slug_of, typo_of
from butterfly_gitops.model.endpoint import EhrEndpoint
from tests.table import in_one_test

STATUS = ("active", "paused")
SEND = ("send", "leave_out")
DEPARTMENTS = ("RAD", "RUS", "OUS", "VUS", "CUS", "IMG")
NAMES = ("epic-prod", "registry", "epic-1", "epic-11")
AT = Place(source=SourceFile(file="f", site=None), line=3, column=1)


@in_one_test(
    ("written", "names", "meant"),
    [
        ("Active", STATUS, "active"),
        ("actve", STATUS, "active"),
        ("pasued", STATUS, "paused"),
        ("\u0430ctive", STATUS, "active"),
        ("leave-out", SEND, "leave_out"),
        ("leaveout", SEND, "leave_out"),
        ("rus", DEPARTMENTS, "RUS"),
        ("epic-prd", NAMES, "epic-prod"),
        ("EPIC PROD", NAMES, "epic-prod"),
        ("prt", ("port", "host"), "port"),
        ("America/New_Yrok", ("America/New_York", "America/Denver"), "America/New_York"),
        ("inactive", STATUS, None),
        ("unpaused", STATUS, None),
        ("not active", STATUS, None),
        ("dont_send", SEND, None),
        ("nosend", SEND, None),
        ("no", ("none", "text", "rp"), None),
        ("US", DEPARTMENTS, None),
        ("XUS", DEPARTMENTS, None),
        ("epic-2", NAMES, None),
        ("America/Boston", ("America/Moncton", "America/Denver"), None),
        ("port", ("ports", "post"), None),
        ("", NAMES, None),
        ("x" * 100_000, NAMES, None),
    ],
)
def test_a_single_typo_has_one_reading(written: str, names: tuple[str, ...], meant: str | None):
    assert typo_of(written, names) == meant


@given(st.sampled_from(["receiving_facility", "epic-prod", "America/New_York"]), st.data())
def test_each_typo_is_known(name: str, data: st.DataObject):
    at = data.draw(st.integers(0, len(name) - 2))
    letter = data.draw(st.sampled_from("aqz"))
    spoilt = data.draw(
        st.sampled_from([
            name[:at] + name[at + 1 :], name[:at] + letter + name[at:], name[:at] + letter + name[at + 1 :],
            name[:at] + name[at + 1] + name[at] + name[at + 2 :],
        ])
    )  # fmt: skip
    assert typo_of(spoilt, [name, "something-else"]) == name


def literals_of(annotation: Any) -> list[tuple[str, ...]]:
    if get_origin(annotation) is Literal:
        return [tuple(map(str, get_args(annotation)))]
    return [found for part in get_args(annotation) for found in literals_of(part)]


CHOICES = [found for info in EhrEndpoint.model_fields.values() for found in literals_of(info.annotation)]


@given(st.sampled_from(CHOICES), st.data())
def test_no_negation_of_a_choice_means_that_choice(choices: tuple[str, ...], data: st.DataObject):
    choice = data.draw(st.sampled_from(choices))
    negation = data.draw(st.sampled_from(["not_", "no_", "in", "un", "de", "dis", "non-", "never_", "dont_"]))
    assert typo_of(f"{negation}{choice}", choices) != choice


def test_a_name_that_is_not_there_is_told_with_those_that_are():
    keys = [Scalar(place=AT, text=name, is_plain=True) for name in ("epic-prod", "registry")]

    def hint(text: str) -> str:
        return name_hint(Scalar(place=AT, text=text, is_plain=True), keys, otherwise="add it")

    assert hint("epic-prd") == hint("st-elsewhere/epic-prod") == 'write "epic-prod" (f:3)'
    assert hint("athena") == "write one of epic-prod, registry; or add it"


@pytest.mark.parametrize(
    ("text", "slug"), [("Epic Prod", "epic-prod"), ("a/b", ""), ("Générale", ""), ("--", "")]
)
def test_only_capitals_and_separators_are_taken_from_a_text(text: str, slug: str):
    assert slug_of(text) == slug
