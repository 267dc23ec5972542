"""Where a setting belongs that stands at another place, and what the rules' own examples say."""

import pytest

from butterfly_gitops.config.load import load
from butterfly_gitops.config.rules.catalog import RULES
from butterfly_gitops.config.setting_places import ENDPOINT, where_it_belongs
from tests.config.examples import sound_files

ENDPOINTS = "st-elsewhere/ehr-endpoints.yaml"


@pytest.mark.parametrize(
    ("setting", "file", "thing", "place"),
    [
        ("endpoint_defaults", "ehr-endpoints.yaml", "", "to the top of site.yaml"),
        ("removed_sites", "site.yaml", "", "to the top of fleet.yaml"),
        ("max_endpoints", "fleet.yaml", "", "below guard"),
        ("max_endpoints", "site.yaml", "", "to guard in fleet.yaml"),
        ("forward_to", "ehr-endpoints.yaml", ENDPOINT, "to an archive in archives.yaml"),
        ("port", "ehr-endpoints.yaml", "", "to an EHR endpoint"),
        ("port", "archives.yaml", "", "to an EHR endpoint in ehr-endpoints.yaml"),
        ("layout", "ehr-endpoints.yaml", ENDPOINT, "below message"),
        ("layout", "fleet.yaml", ENDPOINT, "below message"),
        ("mode", "ehr-endpoints.yaml", ENDPOINT, "below acknowledgement or below tls"),
        ("resends", "ehr-endpoints.yaml", ENDPOINT, "below acknowledgement.on_no_reply"),
        ("retries", "ehr-endpoints.yaml", ENDPOINT, "below acknowledgement.on_refusal"),
        (
            "then",
            "ehr-endpoints.yaml",
            ENDPOINT,
            "below acknowledgement.on_refusal or below acknowledgement.on_no_reply",
        ),
        ("members", "site.yaml", "", "to an access role in grants.yaml"),
    ],
)
def test_a_setting_of_another_place(setting: str, file: str, thing: str, place: str):
    assert where_it_belongs(setting, file=f"sites/st-elsewhere/{file}", thing=thing) == place


@pytest.mark.parametrize("setting", ["version", "display_name", "reason", "prt", "", "x" * 10_000])
def test_what_stands_at_many_places_or_at_none_has_none(setting: str):
    assert where_it_belongs(setting, file="sites/fleet.yaml") is None


@pytest.mark.parametrize("setting", ["code", "display", "system", "universal_id", "env"])
def test_what_belongs_below_a_name_or_to_many_equals_has_none_at_an_endpoint(setting: str):
    assert where_it_belongs(setting, file="sites/st-elsewhere/ehr-endpoints.yaml", thing=ENDPOINT) is None


def test_what_explain_calls_right_for_long_lines_is_taken():
    right = "\n".join(f"      {line}" for line in RULES["line-too-long"].right.splitlines())
    text = (
        sound_files()[ENDPOINTS]
        .decode()
        .replace("    port: 6661\n", f"    port: 6661\n    message:\n{right}\n")
    )
    assert load({**sound_files(), ENDPOINTS: text.encode()}).problems == ()
