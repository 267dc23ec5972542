"""Where a setting belongs that stands at another place, and which setting decides an HL7 field."""

from butterfly_gitops.config.tree import Place, Scalar, SourceFile
from butterfly_gitops.config.values.unknown_keys import SETTING_OF_FIELD, setting_of, where_it_belongs
from butterfly_gitops.model.endpoint import EhrEndpoint
from butterfly_gitops.model.message import Message
from butterfly_gitops.model.site import SiteFile
from tests.table import in_one_test


def place_of(setting: str, file: str, *, at_endpoint: bool = False) -> str | None:
    source = SourceFile(file=f"sites/st-elsewhere/{file}", site=None)
    key = Scalar(place=Place(source=source, line=1, column=1), text=setting, is_plain=True)
    return where_it_belongs(key, EhrEndpoint if at_endpoint else SiteFile)


@in_one_test(
    ("setting", "file", "place"),
    [
        ("endpoint_defaults", "ehr-endpoints.yaml", "to the top of site.yaml"),
        ("removed_sites", "site.yaml", "to the top of fleet.yaml"),
        ("max_endpoints", "fleet.yaml", "below guard"),
        ("max_endpoints", "site.yaml", "to guard in fleet.yaml"),
        ("port", "ehr-endpoints.yaml", "to an EHR endpoint"),
        ("port", "archives.yaml", "to an EHR endpoint in ehr-endpoints.yaml"),
        ("members", "site.yaml", "to an access role in grants.yaml"),
        *((setting, "fleet.yaml", None) for setting in ("version", "display_name", "reason", "prt", "")),
    ],
)
def test_a_setting_of_another_place(setting: str, file: str, place: str | None):
    assert place_of(setting, file) == place


@in_one_test(
    ("setting", "place"),
    [
        ("forward_to", "to an archive in archives.yaml"),
        ("layout", "below message"),
        ("mode", "below acknowledgement or below tls"),
        ("resends", "below acknowledgement.on_no_reply"),
        ("then", "below acknowledgement.on_refusal or below acknowledgement.on_no_reply"),
        *((setting, None) for setting in ("code", "display", "system", "universal_id", "env")),
    ],
)
def test_a_setting_of_another_place_at_an_endpoint(setting: str, place: str | None):
    assert place_of(setting, "ehr-endpoints.yaml", at_endpoint=True) == place


@in_one_test(("field", "setting"), SETTING_OF_FIELD.items())
def test_the_setting_of_each_field_is_there(field: str, setting: str):
    model = Message if setting.startswith("message.") else EhrEndpoint
    assert setting.removeprefix("message.") in model.model_fields
    assert setting_of(field.lower().replace("-", "")) == setting
