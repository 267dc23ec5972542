"""A saved plan: what it carries, and what it refuses to be."""

import json
from typing import Any

import jsonschema
import pytest
from pydantic import TypeAdapter

from butterfly_gitops.plan.document import BadPlanError, Plan, from_document, to_document
from butterfly_gitops.plan.planning import make_plan
from tests.plan.fleets import archive, endpoint, fleet, observed, side, site
from tests.table import in_one_test


def saved() -> dict[str, Any]:
    old, new = (
        fleet(
            site("ste", endpoints={"epic": endpoint(port=port)}, archives={"ed": archive("epic")}),
            site("same", endpoints={}, archives={}),
        )
        for port in (1, 2)
    )
    plan = make_plan(
        desired=side(new),
        applied=side(old),
        observed=observed(generations={"ste": 14, "fleet": 2}),
        engine="0.1.0",
    )
    return to_document(plan)


def test_it_carries_what_it_writes_and_what_it_was_made_against() -> None:
    document = saved()
    assert document["content"]["settings"] is None
    assert document["content"]["sites"].keys() == {"ste"}
    assert document["content"]["sites"]["ste"]["ehr_endpoints"]["epic"]["port"] == 2
    assert document["beside"]["generations"] == {"fleet": 2, "ste": 14}
    assert [change["address"] for change in document["changes"]] == ["ste/epic.port"]


def test_it_follows_its_published_schema() -> None:
    schema = TypeAdapter(Plan).json_schema()
    jsonschema.validate(saved(), schema, jsonschema.Draft202012Validator)


def tampered(path: str, value: Any) -> dict[str, Any]:
    document = json.loads(json.dumps(saved()))
    part = document
    *steps, last = [int(step) if step.isdigit() else step for step in path.split(".")]
    for step in steps:
        part = part[step]
    part[last] = value
    return document


@in_one_test(
    ("document", "says"),
    [
        ({}, "id: Field required"),
        ([], "this is no saved plan"),
        (tampered("version", 2), "version"),
        (tampered("changes.0.new", 3), "does not belong to its id"),
        (tampered("changes", []), "do not belong to its id"),
        (tampered("content.sites.ste.ehr_endpoints.epic.port", 70000), "port"),
        (tampered("surprise", 1), "surprise"),
    ],
    ids=["empty", "a-list", "version", "value", "changes", "content", "unknown"],
)
def test_what_is_no_plan_is_refused_with_the_place(document: Any, says: str) -> None:
    with pytest.raises(BadPlanError) as error:
        from_document(document)
    assert says in str(error.value)
