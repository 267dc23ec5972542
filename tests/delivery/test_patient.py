"""When two snapshots are of one patient."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from butterfly_gitops.delivery.patient import identifier_keys, is_same_patient
from butterfly_gitops.model.study import PatientIdentifier
from tests.table import in_one_test

lines = st.none() | st.text(max_size=3)
ids = st.text(min_size=1, max_size=3).map(lambda text: f"x{text}x".replace("\x00", ""))
identifiers = st.builds(PatientIdentifier, id=ids, authority=lines, type=lines)
key_sets = st.frozensets(st.sampled_from("abcde"))
NONE: frozenset[str] = frozenset()


def keys(*names):
    return frozenset(names)


@in_one_test(
    ("known", "arriving", "merged_from", "is_same"),
    [
        pytest.param(keys("a"), keys("a"), NONE, True, id="the same identifier"),
        pytest.param(keys("a", "b"), keys("b", "c"), NONE, True, id="one identifier in common"),
        pytest.param(keys("a"), keys("b"), NONE, False, id="none in common"),
        pytest.param(keys("a"), keys("b"), keys("a"), True, id="a merge links them"),
        pytest.param(keys("a"), keys("b"), keys("c"), False, id="a merge of somebody else"),
        pytest.param(NONE, NONE, NONE, True, id="both without identifiers"),
        pytest.param(NONE, keys("a"), NONE, False, id="only the later is identified"),
        pytest.param(keys("a"), NONE, NONE, False, id="only the earlier is identified"),
        pytest.param(NONE, NONE, keys("a"), False, id="merged from somebody, while nobody was known"),
    ],
)
def test_two_snapshots_are_of_one_patient(known, arriving, merged_from, is_same):
    assert is_same_patient(known, arriving, merged_from) is is_same


@in_one_test(
    "other",
    [
        PatientIdentifier(id="MRN1", authority="STE", type="PI"),
        PatientIdentifier(id="MRN1", authority="EAST", type="MR"),
        PatientIdentifier(id="MRN2", authority="STE", type="MR"),
        PatientIdentifier(id="MR", authority="STE", type="MRN1"),
        PatientIdentifier(id="RMRN1", authority="STE", type="M"),
    ],
    ids=["type", "authority", "id", "swapped", "shifted"],
)
def test_authority_type_and_id_all_count(other):
    mine = PatientIdentifier(id="MRN1", authority="STE", type="MR")
    assert identifier_keys([mine]).isdisjoint(identifier_keys([other]))


def test_a_key_shows_nothing_of_the_identifier():
    (key,) = identifier_keys([PatientIdentifier(id="MRN0042", authority="STE")])
    assert "MRN0042" not in key


@given(identifiers, identifiers)
def test_equal_keys_mean_equal_identifiers(one, other):
    def parts(identifier):
        return identifier.authority or "", identifier.type or "", identifier.id

    assert (identifier_keys([one]) == identifier_keys([other])) is (parts(one) == parts(other))


@given(key_sets, key_sets)
def test_without_merges_being_one_patient_is_symmetric(one, other):
    assert is_same_patient(one, other, NONE) is is_same_patient(other, one, NONE)


@given(key_sets)
def test_a_snapshot_is_of_the_patient_that_it_is_of(one):
    assert is_same_patient(one, one, NONE)
