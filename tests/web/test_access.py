"""Who may do what: the token's holder all, a named person what the applied grants say, site by site."""

from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import httpx
import pytest

from butterfly_gitops import minute_line
from butterfly_gitops.model.fleet import AccessRole
from butterfly_gitops.store.interface import Condition, Withheld
from butterfly_gitops.web.access import ADMINISTRATOR, Caller
from butterfly_gitops.web.limit import MAX_BODY_BYTES, MAX_FORM_BYTES
from butterfly_gitops.web.status import _seen_by
from tests.table import in_one_test
from tests.web.serving import GRANTS, Lines, Served, event, wanted

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
        if answer.status_code == 404:
            # Of another site than hers she is not told that it is there.
            refused.add(name)
            assert name == "eve"
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
    assert codes == {"seaside": 200, SITE: 404}


async def test_roles_are_those_that_are_applied_not_those_in_the_files(api: Served):
    (api.sites / "grants.yaml").write_text(GRANTS.replace("bob@", "bobby@"), encoding="utf-8")
    await api.apply()
    # A right that is taken away is gone at once; one that is given is for a person to approve.
    assert (await api.get("/v1/status", who="bob@example.org")).status_code == 403
    assert (await api.get("/v1/status", who="bobby@example.org")).status_code == 403
    (hold,) = (await api.get("/v1/status")).json()["holds"]
    await api.post(f"/v1/holds/{hold['id']}/approve", REASON)
    await api.apply()
    assert (await api.get("/v1/status", who="bob@example.org")).status_code == 403
    assert (await api.get("/v1/status", who="bobby@example.org")).status_code == 200


async def test_a_status_names_studies_and_sites_only_to_whom_they_are_open(api: Served):
    await api.submit("efast.json")
    await api.post("/v1/deliveries/1/set-aside", REASON)
    lane = (await api.app.state.services.store.running()).lanes[0][0]
    withheld = Withheld(lane=lane.id, study="s-1", revision=1)
    stalled = Condition(
        kind="Stalled",
        site="",
        reason="Sites",
        message="1 of 3 sites: seaside (Held)",
        since=datetime.now(UTC),
    )
    observed = replace(
        await api.app.state.services.store.observe(), withheld=(withheld,), conditions=(stalled,)
    )
    looks = AccessRole(connectivity_management="read")
    everywhere = Caller(claimed="ada", roles=(looks, AccessRole(results="read")))
    seen = _seen_by(everywhere, observed)
    assert (seen.withheld, seen.conditions) == ((withheld,), (stalled,))
    seen = _seen_by(Caller(claimed="bo", roles=(looks.model_copy(update={"sites": (lane.site,)}),)), observed)
    assert (seen.withheld, [one.message for one in seen.conditions]) == ((), ["1 of 3 sites"])


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
        (f"{ADMINISTRATOR}, claiming cleo@example.org", "set_aside", "CHG-1"),
        (ADMINISTRATOR, "resend", "CHG-2"),
    ]


async def test_a_login_is_a_claim_that_the_audit_tells_from_the_tokens_identity(api: Served):
    await api.submit("efast.json")
    headers = {"X-Bgo-Login": "root"}
    await api.client.post("/v1/deliveries/1/set-aside", json=REASON, headers=headers)
    (entry,) = (await api.get("/v1/deliveries/1")).json()["audit"]
    assert entry["actor"] == f"{ADMINISTRATOR}, claiming root"


async def test_reading_content_is_audited_before_it_is_shown_and_nothing_else_is(api: Served):
    await api.submit("efast.json")
    for who, query in (
        ("dan", "?content=true"),
        ("dan", ""),
        ("cleo", "?content=true"),
        ("", "?content=true"),
    ):
        await api.get(f"/v1/deliveries/1{query}", who=who and f"{who}@example.org")
    audit = (await api.get("/v1/deliveries/1")).json()["audit"]
    assert [(one["actor"], one["action"], one["reason"]) for one in audit] == [
        (f"{ADMINISTRATOR}, claiming dan@example.org", "read the content", ""),
        (ADMINISTRATOR, "read the content", ""),
    ]


NOBODY = [
    [b""],
    [b" "],
    [b"\t"],
    [b"ada@example.org", b"ada@example.org"],
    [b"ada@example.org", b""],
    [b"", b"ada@example.org"],
    [b"ada@example.org, bob@example.org"],
    [b"x" * 201],
    [b"\x80da@example.org"],
    ["ada\u202e@example.org".encode()],
]


@in_one_test("names", NOBODY, ids=repr)
async def test_whoever_names_nobody_is_refused_and_never_the_administrator(api: Served, names: list[bytes]):
    headers = [*api.client.headers.raw, *((b"X-Bgo-As", name) for name in names)]
    for method, path, body, _ in DOORS:
        answer = await api.client.request(method, path, json=body, headers=headers)
        assert answer.status_code == 403, path


async def test_what_is_not_there_and_what_may_not_be_seen_look_alike(api: Served):
    await api.submit("efast.json", "s0007.json")
    found = (await api.post("/v1/deliveries/search", {"site": SITE})).json()["deliveries"][0]["id"]
    for method, path, body in (
        ("GET", "/v1/deliveries/{}", None),
        ("GET", "/v1/deliveries/{}?content=true", None),
        ("POST", "/v1/deliveries/{}/resend", REASON),
    ):
        hidden, absent = [
            await api.client.request(
                method, path.format(one), json=body, headers={"X-Bgo-As": "eve@example.org"}
            )
            for one in (found, 999)
        ]
        assert (hidden.status_code, absent.status_code) == (404, 404)
        assert hidden.json()["error"].replace(str(found), "999") == absent.json()["error"]


async def test_a_study_of_another_site_is_to_a_role_as_one_that_is_not_there(api: Served):
    await api.submit("efast.json")
    wish = {**SEND, "site": "seaside", "endpoint": "athena"}
    hidden, absent = [
        await api.post("/v1/sends", {**wish, "study": study}, who="eve@example.org")
        for study in ("s-4711", "s-1")
    ]
    assert (hidden.status_code, absent.status_code) == (404, 404)
    assert hidden.text.replace("s-4711", "s-1") == absent.text


@in_one_test("token", ["", "Bearer", "Bearer other", "Basic dDp0", "other", "Bearer é"])
async def test_without_the_token_every_door_is_401(api: Served, token: str):
    for method, path, _, _ in DOORS:
        answer = await api.client.request(method, path, headers={"Authorization": token.encode()})
        assert (answer.status_code, answer.headers["connection"]) == (401, "close")
        assert "token" in answer.json()["error"]
        assert (api.state / "token").read_text() not in answer.text


async def test_a_token_that_is_given_twice_is_none(api: Served):
    given = api.client.headers["authorization"]
    transport = httpx.ASGITransport(app=api.app)
    async with httpx.AsyncClient(transport=transport, base_url="http://localhost") as client:
        answer = await client.get("/v1/status", headers=[("Authorization", given)] * 2)
    assert answer.status_code == 401


@in_one_test("path", ["/openapi.json", "/v1/nothing", "/", "/v1/status/", "/metrics/"])
async def test_without_the_token_nobody_learns_which_paths_there_are(api: Served, path: str):
    assert (await api.client.get(path, headers={"Authorization": ""})).status_code == 401
    assert (await api.client.get(path)).status_code in (200, 404)


EVERY_PATH = ["/livez", "/readyz", "/metrics", "/openapi.json", "/v1/nothing", *(row[1] for row in DOORS)]


@in_one_test("host", ["evil.example", "127.0.0.1.evil.example", "10.0.0.1:8311", "", "[::2]:80", "0"])
async def test_a_request_for_another_host_is_refused_everywhere(api: Served, host: str):
    for path in EVERY_PATH:
        answer = await api.client.get(path, headers={"Host": host})
        assert (answer.status_code, answer.headers["connection"]) == (421, "close"), path


@in_one_test("host", ["127.0.0.1:8311", "127.8.0.1", "localhost", "LOCALHOST:1", "[::1]:8311", "[::1]"])
async def test_a_request_for_this_machine_is_taken(api: Served, host: str):
    assert (await api.client.get("/v1/status", headers={"Host": host})).status_code == 200


BROUGHT_IN = [
    {"X-Forwarded-For": "127.0.0.1"},
    {"Forwarded": "for=10.0.0.1"},
    {"Via": "1.1 proxy"},
    {"X-Real-IP": ""},
]


@in_one_test("headers", BROUGHT_IN, ids=repr)
async def test_metrics_that_somebody_passes_on_need_the_token(api: Served, headers: dict[str, str]):
    bare = {"Authorization": ""}
    assert (await api.client.get("/metrics", headers=bare)).status_code == 200
    assert (await api.client.get("/metrics", headers=bare | headers)).status_code == 401
    assert (await api.client.get("/metrics", headers=headers)).status_code == 200
    assert (await api.client.get("/livez", headers=bare | headers)).status_code == 200


async def test_metrics_that_are_asked_from_elsewhere_need_the_token(api: Served):
    transport = httpx.ASGITransport(app=api.app, client=("10.0.0.1", 1))
    async with httpx.AsyncClient(transport=transport, base_url="http://localhost") as client:
        assert (await client.get("/metrics")).status_code == 401
        assert (await client.get("/metrics", headers=api.client.headers)).status_code == 200


async def pages_of_a_form(seen: list[int]) -> AsyncIterator[bytes]:
    """A body without an end; `seen` counts what has been read of it."""
    while True:
        seen.append(1024)
        yield b"x" * 1024


POSTS = [
    *(row[1] for row in DOORS if row[0] == "POST"),
    "/v1/plans",
    f"/v1/endpoints/{SITE}/epic-prod/pause",
    "/v1/holds/abc/approve",
]


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"Authorization": ""}, 401),
        ({"Host": "evil.example"}, 421),
        ({"X-Bgo-As": "nobody@example.org"}, 403),
    ],
    ids=["no token", "another host", "no permission"],
)
async def test_nothing_is_read_of_whom_it_is_not_taken_from(
    api: Served, headers: dict[str, str], status: int
):
    for path in POSTS:
        seen: list[int] = []
        answer = await api.client.post(path, content=pages_of_a_form(seen), headers=headers)
        assert (answer.status_code, answer.headers["connection"], seen) == (status, "close", []), path


async def test_no_more_is_read_than_a_body_may_have(api: Served):
    for path in POSTS:
        seen: list[int] = []
        answer = await api.client.post(path, content=pages_of_a_form(seen))
        assert answer.status_code == 413, path
        is_long = path in ("/v1/plans", "/v1/applications", "/v1/study-events")
        assert sum(seen) <= (MAX_BODY_BYTES if is_long else MAX_FORM_BYTES) + 1024


async def test_every_path_that_the_document_names_is_guarded(api: Served):
    paths = api.app.openapi()["paths"]
    doors = [(verb, path) for path, verbs in paths.items() for verb in verbs if path.startswith("/v1/")]
    assert len(doors) >= len(DOORS)
    assert set(paths) - {path for _, path in doors} == {"/livez", "/readyz", "/metrics"}
    for verb, path in doors:
        unknown = await api.client.request(verb, path, headers={"Authorization": ""})
        nobody = await api.client.request(verb, path, headers={"X-Bgo-As": "nobody@example.org"})
        assert (unknown.status_code, nobody.status_code) == (401, 403), path


async def test_refusals_are_counted_and_logged_once_a_minute_without_a_name(
    api: Served, monkeypatch: pytest.MonkeyPatch
):
    log = Lines()
    monkeypatch.setattr(minute_line, "_log", log)
    for _ in range(3):
        await api.get("/v1/ledger", who="nobody@example.org")
        await api.client.get("/v1/ledger", headers={"Authorization": ""})
    assert log.lines == [("warning requests refused", {"code": 403, "count": 1})]
    metrics = (await api.get("/metrics")).text
    assert 'bgo_requests_refused_total{status="401"} 3.0' in metrics
    assert 'bgo_requests_refused_total{status="403"} 3.0' in metrics
