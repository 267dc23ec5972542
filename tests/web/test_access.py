"""Who may do what: the token's holder all, a named person what the applied grants say, site by site."""

from typing import Any

import pytest

from tests.web.serving import ADMINISTRATOR, GRANTS, Served, event, wanted

SITE = "st-elsewhere"
SEND = {"study": "s-4711", "site": SITE, "endpoint": "epic-prod", "reason": "CHG-1"}
REASON = {"reason": "CHG-1"}
EVERYBODY = ("ada", "bob", "cleo", "dan", "eve", "nobody")

# Each door, and who passes it. `eve` has her abilities at seaside alone.
DOORS: list[tuple[str, str, Any, set[str]]] = [
    ("GET", "/v1/status", None, {"ada", "bob", "eve"}),
    ("GET", "/v1/ledger", None, {"ada", "bob", "cleo", "dan"}),
    ("POST", "/v1/deliveries/search", {}, {"ada", "bob", "cleo", "dan", "eve"}),
    ("GET", "/v1/deliveries/1", None, {"ada", "bob", "cleo", "dan"}),
    ("GET", "/v1/deliveries/1?content=true", None, {"ada", "dan"}),
    ("POST", "/v1/deliveries/1/set-aside", REASON, {"ada", "cleo"}),
    ("POST", f"/v1/endpoints/{SITE}/epic-prod/resume", REASON, {"ada"}),
    ("POST", "/v1/sends", SEND, {"ada", "cleo"}),
    ("POST", "/v1/study-events", event("c1020.json"), {"ada", "cleo"}),
    ("POST", "/v1/applications", {"plan": {}, "revision": "r"}, {"ada"}),
]


@pytest.mark.parametrize(("method", "path", "body", "passing"), DOORS, ids=[row[1] for row in DOORS])
async def test_each_door_opens_by_its_ability_alone(
    api: Served, method: str, path: str, body: Any, passing: set[str]
):
    await api.submit("efast.json")
    refused = set()
    for name in EVERYBODY:
        who = f"{name}@example.org"
        answer = await (api.get(path, who=who) if method == "GET" else api.post(path, body, who=who))
        if answer.status_code == 403:
            refused.add(name)
            assert answer.json()["exit_code"] == 1
            assert answer.json()["error"].startswith(f"{who} may not ")
            assert answer.json()["error"].endswith(": grants.yaml, access_roles")
    assert refused == set(EVERYBODY) - passing


async def test_a_plan_needs_all_sites(api: Served):
    codes = {}
    for name in EVERYBODY:
        codes[name] = (await api.plan(who=f"{name}@example.org")).status_code
    assert codes == {"ada": 200, "bob": 200, "cleo": 403, "dan": 403, "eve": 403, "nobody": 403}


async def test_a_role_of_one_site_sees_that_site(api: Served):
    await api.submit("efast.json", "s0007.json", "c1020.json")
    seen = (await api.post("/v1/deliveries/search", {"limit": 1}, who="eve@example.org")).json()["deliveries"]
    assert [one["endpoint"].partition("/")[0] for one in seen] == ["seaside"]
    other = await api.post("/v1/deliveries/search", {"site": SITE}, who="eve@example.org")
    assert other.json() == {"deliveries": []}
    status = (await api.get("/v1/status", who="eve@example.org")).json()
    assert [one["site"] for one in status["sites"]] == ["seaside"]
    assert {one["endpoint"].partition("/")[0] for one in status["endpoints"]} == {"seaside"}


async def test_a_role_of_one_site_acts_there_alone(api: Served):
    await api.submit("efast.json", "s0007.json")
    found = (await api.post("/v1/deliveries/search", {})).json()["deliveries"]
    codes = {}
    for one in found:
        answer = await api.post(f"/v1/deliveries/{one['id']}/set-aside", REASON, who="eve@example.org")
        codes[one["endpoint"].partition("/")[0]] = answer.status_code
    assert codes == {"seaside": 200, SITE: 403}


async def test_roles_are_those_that_are_applied_not_those_in_the_files(api: Served):
    (api.sites / "grants.yaml").write_text(GRANTS.replace("bob@", "bobby@"), encoding="utf-8")
    assert (await api.get("/v1/status", who="bob@example.org")).status_code == 200
    await api.apply()
    assert (await api.get("/v1/status", who="bob@example.org")).status_code == 403
    assert (await api.get("/v1/status", who="bobby@example.org")).status_code == 200


async def test_before_anything_is_applied_nobody_has_a_role(empty: Served):
    answer = await empty.post("/v1/plans", wanted(empty.sites), who="ada@example.org")
    assert answer.status_code == 403
    assert (await empty.plan()).status_code == 200


async def test_who_acted_stands_in_the_audit(api: Served):
    await api.submit("efast.json")
    await api.post("/v1/deliveries/1/set-aside", REASON, who="cleo@example.org")
    await api.post("/v1/deliveries/1/resend", {"reason": "CHG-2"})
    audit = (await api.get("/v1/deliveries/1")).json()["audit"]
    assert [(one["actor"], one["action"], one["reason"]) for one in audit] == [
        ("cleo@example.org", "set_aside", "CHG-1"),
        (ADMINISTRATOR, "resend", "CHG-2"),
    ]


@pytest.mark.parametrize("token", ["", "Bearer", "Bearer other", "Basic dDp0", "other", "Bearer é"])
@pytest.mark.parametrize(("method", "path"), [row[:2] for row in DOORS])
async def test_without_the_token_every_door_is_401(api: Served, token: str, method: str, path: str):
    headers = {"Authorization": token.encode()}
    answer = await api.client.request(method, path, headers=headers)
    assert answer.status_code == 401
    assert "token" in answer.json()["error"]
    assert (api.state / "token").read_text() not in answer.text
