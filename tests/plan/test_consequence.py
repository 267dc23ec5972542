"""Every setting of every model has one class, and the classes are those that people were told."""

from typing import get_args

from pydantic import BaseModel

from butterfly_gitops.model.address import Address
from butterfly_gitops.model.fleet import Fleet
from butterfly_gitops.plan.change import Kind, change_of
from butterfly_gitops.plan.consequence import (
    CLASS_OF_SETTING,
    CLASS_OF_WHOLE,
    Consequence,
    class_of,
    class_of_setting,
)
from butterfly_gitops.plan.diff import FLEET_FIELDS, GRANTS_FIELDS, MODEL_OF, PARTS
from tests.table import in_one_test

STOP, ELSEWHERE, IDENTITY = Consequence.RESULTS_STOP, Consequence.GO_ELSEWHERE, Consequence.IDENTITY_CHANGES
ONE_MORE, TIMING, COSMETIC = Consequence.ONE_MORE_PLACE, Consequence.TIMING, Consequence.COSMETIC


def fields_of(kind: Kind) -> frozenset[str]:
    """The settings of a kind at its first level."""
    match kind:
        case "fleet":
            return FLEET_FIELDS
        case "grants":
            return GRANTS_FIELDS
        case _:
            return frozenset(MODEL_OF[kind].model_fields) - PARTS.get(MODEL_OF[kind], frozenset())


def paths_of(model: type[BaseModel]) -> set[str]:
    """All dotted paths of a model's settings, to any depth."""
    found = set()
    for name, info in model.model_fields.items():
        found.add(name)
        if isinstance(info.annotation, type) and issubclass(info.annotation, BaseModel):
            found |= {f"{name}.{path}" for path in paths_of(info.annotation)}
    return found


@in_one_test("kind", CLASS_OF_SETTING)
def test_each_setting_stands_in_the_table_itself(kind: Kind) -> None:
    assert fields_of(kind) == {path.split(".")[0] for path in CLASS_OF_SETTING[kind]}


@in_one_test("kind", CLASS_OF_SETTING)
def test_each_line_of_the_table_names_a_setting(kind: Kind) -> None:
    assert CLASS_OF_SETTING[kind].keys() <= paths_of(MODEL_OF[kind])


@in_one_test("kind", CLASS_OF_SETTING)
def test_each_setting_to_any_depth_has_a_class(kind: Kind) -> None:
    for path in paths_of(MODEL_OF[kind]):
        if path.split(".")[0] in fields_of(kind):
            assert class_of_setting(kind, path) in Consequence


def test_all_kinds_of_entities_are_known() -> None:
    assert set(get_args(Kind)) == CLASS_OF_WHOLE.keys() == CLASS_OF_SETTING.keys() | {"forwarding_rule"}


def test_a_fleet_is_its_settings_and_its_sites_alone() -> None:
    assert Fleet.model_fields.keys() == {"settings", "sites", "removed_sites"}
    assert MODEL_OF["fleet"].model_fields.keys() == FLEET_FIELDS | GRANTS_FIELDS | {"access_roles"}


@in_one_test(
    ("kind", "path", "expected"),
    [
        ("ehr_endpoint", "port", ELSEWHERE),
        ("ehr_endpoint", "tls.mode", ELSEWHERE),
        ("ehr_endpoint", "sending_facility", IDENTITY),
        ("ehr_endpoint", "message.exam_codes.EFAST", IDENTITY),
        ("ehr_endpoint", "acknowledgement.mode", IDENTITY),
        ("ehr_endpoint", "acknowledgement.on_refusal.retries", TIMING),
        ("ehr_endpoint", "status", TIMING),
        ("ehr_endpoint", "display_name", COSMETIC),
        ("link", "runs", ELSEWHERE),
        ("fleet", "guard.max_endpoints", COSMETIC),
        ("fleet", "name", Consequence.NOTHING_APPLIED),
    ],
)
def test_the_longest_path_of_the_table_decides(kind: Kind, path: str, expected: Consequence) -> None:
    assert class_of_setting(kind, path) is expected


@in_one_test(
    ("kind", "address", "old", "new", "expected"),
    [
        ("forwarding_rule", "a/ed.forward_to.epic", {}, None, STOP),
        ("forwarding_rule", "a/ed.forward_to.epic", None, {}, ONE_MORE),
        ("ehr_endpoint", "a/epic", {}, None, STOP),
        ("ehr_endpoint", "a/epic", None, {}, ONE_MORE),
        ("archive", "a/ed", {}, None, STOP),
        ("archive", "a/ed", None, {}, COSMETIC),
        ("archive", "a/ed.cloud_id", "a-1", "a-2", STOP),
        ("archive", "a/ed.cloud_id", "a-1", None, STOP),
        ("archive", "a/ed.cloud_id", None, "a-2", COSMETIC),
        ("link", "a/room", {}, None, COSMETIC),
        ("grants", "grants.subscription", "enterprise", "pro", STOP),
        ("grants", "grants.subscription", "pro", "enterprise", ONE_MORE),
        ("grants", "grants.subscription", "pro", "basic", COSMETIC),
        ("access_role", "grants.access_roles.nurse.results", "none", "send", COSMETIC),
    ],
)
def test_a_direction_may_decide(
    kind: Kind, address: str, old: object, new: object, expected: Consequence
) -> None:
    thing, _, field = address.partition(".")
    site, _, name = thing.partition("/")
    where = Address(site=site, name=name or None, field=field or None)
    assert class_of(change_of(kind=kind, address=where, old=old, new=new)) is expected


def test_the_worst_comes_first() -> None:
    assert sorted(Consequence, key=lambda each: each.rank) == [
        Consequence.NOTHING_APPLIED,
        STOP,
        ELSEWHERE,
        IDENTITY,
        ONE_MORE,
        TIMING,
        COSMETIC,
    ]
