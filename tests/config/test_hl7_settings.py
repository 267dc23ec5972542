"""The settings that a hint names for a field are there, and a place is known in its usual spellings."""

import pytest

from butterfly_gitops.config.hl7_settings import SETTINGS, place_meant, setting_of
from butterfly_gitops.model.endpoint import EhrEndpoint
from butterfly_gitops.model.message import Message


@pytest.mark.parametrize(("field", "setting"), SETTINGS.items())
def test_the_setting_of_each_field_is_there(field: str, setting: str):
    model = Message if setting.startswith("message.") else EhrEndpoint
    assert setting.removeprefix("message.") in model.model_fields
    assert setting_of(field.lower().replace("-", "")) == setting


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("OBR-15-1", "OBR-15.1"),
        ("OBR.15", "OBR-15"),
        ("obr15", "OBR-15"),
        ("PV1-3.4", "PV1-3.4"),
        ("ZZZ-1", None),
        ("OBR-0", None),
        ("epic-prod", None),
    ],
)
def test_a_place_is_known_in_its_usual_spellings(written: str, meant: str | None):
    assert place_meant(written) == meant
