"""Which word was meant where a choice is misspelt, and that a word is never taken for its opposite."""

from typing import Any, Literal, get_args, get_origin

import pytest
from hypothesis import given
from hypothesis import strategies as st

from butterfly_gitops.config.written_choices import choice_meant, listed_choices
from butterfly_gitops.model.endpoint import EhrEndpoint

STATUS = ("active", "paused")
SEND = ("send", "leave_out")
RETARGET = ("set_aside", "resend")
DEPARTMENTS = ("RAD", "RUS", "OUS", "VUS", "CUS", "IMG")
ACCESS = ("none", "read", "read_write")


@pytest.mark.parametrize(
    ("written", "choices", "meant"),
    [
        ("Active", STATUS, "active"),
        ("actve", STATUS, "active"),
        ("pasued", STATUS, "paused"),
        ("pause", STATUS, "paused"),
        ("\u0430ctive", STATUS, "active"),
        ("leave-out", SEND, "leave_out"),
        ("leaveout", SEND, "leave_out"),
        ("set aside", RETARGET, "set_aside"),
        ("read-wirte", ACCESS, "read_write"),
        ("rus", DEPARTMENTS, "RUS"),
        ("educationel", ("clinical", "educational"), "educational"),
    ],
)
def test_a_misspelling_has_one_reading(written: str, choices: tuple[str, ...], meant: str):
    assert choice_meant(written, choices) == meant


@pytest.mark.parametrize(
    ("written", "choices"),
    [
        ("inactive", STATUS),
        ("deactive", STATUS),
        ("unpaused", STATUS),
        ("not active", STATUS),
        ("active_not", STATUS),
        ("do_not_resend", RETARGET),
        ("dont_send", SEND),
        ("don't send", SEND),
        ("nosend", SEND),
        ("send no", SEND),
        ("no_notice", ("report", "notice")),
        ("nonotice", ("report", "notice")),
        ("indrain", ("indrain-not", "drain")),
        ("US", DEPARTMENTS),
        ("XUS", DEPARTMENTS),
        ("on", ("off", "server", "mutual")),
        ("no", ("none", "text", "rp")),
        ("always", ("never", "when_attestation_requested")),
        ("x" * 100_000, STATUS),
    ],
)
def test_what_may_be_another_word_has_none(written: str, choices: tuple[str, ...]):
    assert choice_meant(written, choices) is None


def literals_of(annotation: Any) -> list[tuple[str, ...]]:
    if get_origin(annotation) is Literal:
        return [tuple(map(str, get_args(annotation)))]
    return [found for part in get_args(annotation) for found in literals_of(part)]


CHOICES = [found for info in EhrEndpoint.model_fields.values() for found in literals_of(info.annotation)]


@given(st.sampled_from(CHOICES), st.data())
def test_no_negation_of_a_choice_means_that_choice(choices: tuple[str, ...], data: st.DataObject):
    choice = data.draw(st.sampled_from(choices))
    negation = data.draw(st.sampled_from(["not_", "no_", "in", "un", "de", "dis", "non-", "never_", "dont_"]))
    assert choice_meant(f"{negation}{choice}", choices) != choice


def test_few_choices_are_listed_with_what_they_mean():
    meanings = {"send": "It is sent.", "leave_out": "It is never sent."}
    assert listed_choices(SEND, meanings) == "send (it is sent) or leave_out (it is never sent)"
    assert listed_choices(SEND, {}) == "send or leave_out"
    assert listed_choices(SEND, {"send": "It is sent." * 40, "leave_out": "Not."}) == "send or leave_out"


def test_a_meaning_that_only_says_the_choice_again_is_left_out():
    assert listed_choices(("2.3", "2.4"), {"2.3": "HL7 v2.3.", "2.4": "HL7 v2.4."}) == "2.3 or 2.4"
