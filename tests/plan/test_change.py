"""What a change is called, and whose it is."""

import pytest

from butterfly_gitops.model.address import Address
from butterfly_gitops.model.coding import ExamCode
from butterfly_gitops.model.endpoint import Acknowledgement, Hd, OnRefusal, Refusals
from butterfly_gitops.model.message import Message
from butterfly_gitops.plan.change import change_of
from butterfly_gitops.plan.diff import changes_between
from tests.plan.fleets import archive, endpoint, fleet, site
from tests.table import in_one_test


def of_endpoint(**settings: object) -> dict[str, tuple[object, object]]:
    """The changes of one endpoint's settings, by printed address."""
    old, new = (
        fleet(site("ste", endpoints={"epic": each}, archives={"ed": archive("epic")}))
        for each in (endpoint(), endpoint(**settings))
    )
    return {str(change.address): (change.old, change.new) for change in changes_between(old, new)}


@in_one_test(
    ("settings", "expected"),
    [
        ({"port": 6662}, {"ste/epic.port": (6661, 6662)}),
        (
            {"receiving_application": "EPIC", "host": "h"},
            {"ste/epic.receiving_application": (None, "EPIC"), "ste/epic.host": ("10.20.30.40", "h")},
        ),
        (
            {"receiving_facility": Hd(universal_id="1.2", universal_id_type="ISO")},
            {
                "ste/epic.receiving_facility": (
                    "STE",
                    {"namespace": None, "universal_id": "1.2", "universal_id_type": "ISO"},
                )
            },
        ),
        (
            {"acknowledgement": Acknowledgement(on_refusal=OnRefusal(retries=5, AR=Refusals(retries=0)))},
            {
                "ste/epic.acknowledgement.on_refusal.retries": (3, 5),
                "ste/epic.acknowledgement.on_refusal.AR": (None, {"retries": 0, "then": "set_aside"}),
            },
        ),
        (
            {"message": Message(exam_codes={"E. FAST": ExamCode(code="76705")})},
            {
                "ste/epic.message.exam_codes.E. FAST": (
                    None,
                    {
                        "code": "76705",
                        "display": None,
                        "system": None,
                        "diagnostic_service": None,
                        "document_type": None,
                    },
                )
            },
        ),
    ],
    ids=["scalar", "several", "text-or-mapping", "none-or-mapping", "free-keys"],
)
def test_one_change_for_each_leaf(settings: dict[str, object], expected: dict[str, object]) -> None:
    assert of_endpoint(**settings) == expected


def test_a_rule_is_a_pair_of_archive_and_endpoint() -> None:
    endpoints = {"epic": endpoint(), "lab": endpoint(port=1)}
    old, new = (
        fleet(site("ste", endpoints=endpoints, archives={"ed": archive(*rules)}))
        for rules in (["epic"], ["lab"])
    )
    found = changes_between(old, new)
    assert [(str(change.address), change.is_added, change.is_removed) for change in found] == [
        ("ste/ed.forward_to.epic", False, True),
        ("ste/ed.forward_to.lab", True, False),
    ]


def test_a_name_that_becomes_another_kind_of_thing_leaves_and_is_new() -> None:
    old = fleet(site("ste", endpoints={}, archives={}, links=("server-room", "x")))
    new = fleet(site("ste", endpoints={"x": endpoint()}, archives={}))
    found = changes_between(old, new)
    assert [(change.kind, change.is_added) for change in found] == [("link", False), ("ehr_endpoint", True)]
    assert {str(change.address) for change in found} == {"ste/x"}


@pytest.mark.parametrize(
    "other",
    [
        {"address": Address(site="ste", name="lab", field="port")},
        {"old": 1},
        {"old": None},
        {"new": "6662"},
    ],
    ids=["address", "old", "old-absent", "type-of-new"],
)
def test_an_id_covers_address_old_and_new(other: dict[str, object]) -> None:
    parts = {"address": Address(site="ste", name="epic", field="port"), "old": 6661, "new": 6662}
    one, two = (change_of(kind="ehr_endpoint", **each) for each in (parts, parts | other))
    assert one.id != two.id


def test_an_id_never_changes_between_versions() -> None:
    address = Address(site="ste", name="epic", field="port")
    change = change_of(kind="ehr_endpoint", address=address, old=6661, new=6662)
    assert change.id == "43c1da013888bca93de46f86125e4a8b046068c7bd5f5c87624d941814e7ffe4"


@in_one_test(
    ("address", "owner", "setting"),
    [
        (
            Address(site="ste", name="epic", field="retry.first"),
            Address(site="ste", name="epic"),
            "retry.first",
        ),
        (Address(site="ste", field="time_zone"), Address(site="ste"), "time_zone"),
        (Address(site="fleet", field="guard.max_endpoints"), Address(site="fleet"), "guard.max_endpoints"),
        (
            Address(site="grants", field="access_roles.nurse.members"),
            Address(site="grants", field="access_roles.nurse"),
            "members",
        ),
        (
            Address(site="ste", name="ed", field="forward_to.epic"),
            Address(site="ste", name="ed", field="forward_to.epic"),
            "",
        ),
    ],
    ids=str,
)
def test_a_change_belongs_to_a_thing(address: Address, owner: Address, setting: str) -> None:
    change = change_of(kind="site", address=address, old="a", new="b")
    assert (change.owner, change.setting) == (owner, setting)
