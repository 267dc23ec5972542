"""Finding results and acting on them over HTTP."""

import base64
import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from butterfly_gitops.delivery.claim import Claim
from butterfly_gitops.delivery.settle import Policy
from butterfly_gitops.dispatcher.rendering import Renderer
from butterfly_gitops.model.delivery import DeliveryId, Epoch, Outcome, Verdict
from butterfly_gitops.model.endpoint import Acknowledgement, Retry
from butterfly_gitops.store.dispatch import Settling, Step
from tests.table import in_one_test
from tests.web.serving import Served, edit, event

REASON = {"reason": "CHG-1"}


async def found(api: Served, **search: Any) -> list[tuple[int, str, str]]:
    answer = await api.post("/v1/deliveries/search", search)
    assert answer.status_code == 200, answer.text
    return [(one["id"], one["endpoint"], one["state"]) for one in answer.json()["deliveries"]]


@pytest.fixture
async def one(api: Served) -> Served:
    """The API with one study handed in."""
    await api.submit("efast.json")
    return api


@pytest.fixture
async def several(api: Served) -> Served:
    """The API with three studies handed in, and a delivery set aside."""
    await api.submit("efast.json", "c1020.json", "s0007.json")
    await api.post("/v1/deliveries/1/set-aside", REASON)
    return api


@in_one_test(
    ("search", "ids"),
    [
        ({}, [6, 5, 4, 3, 2, 1]),
        ({"site": "county-general"}, [3, 2]),
        ({"site": "county-general", "endpoint": "registry"}, [3]),
        ({"endpoint": "registry"}, [6, 3]),
        ({"study": "s-4711"}, [1]),
        ({"study": "A4711"}, [1]),
        ({"study": "nothing"}, []),
        ({"states": ["set_aside"]}, [1]),
        ({"states": ["set_aside", "queued"], "site": "st-elsewhere"}, [1]),
        ({"states": ["delivered"]}, []),
        ({"patient": [{"id": "CG-90017", "authority": "CG", "type": "MR"}]}, [3, 2]),
        ({"patient": [{"id": "CG-90017"}]}, []),
        ({"limit": 2}, [6, 5]),
        ({"limit": 2, "before": 5}, [4, 3]),
        ({"site": "nowhere"}, []),
    ],
    ids=str,
)
async def test_search_finds_newest_first_what_fits(several: Served, search: dict[str, Any], ids: list[int]):
    assert [one[0] for one in await found(several, **search)] == ids


@in_one_test(
    "search",
    [
        {"limit": 0},
        {"limit": 1001},
        {"limit": "all"},
        {"states": ["lost"]},
        {"before": -1},
        {"before": 2**63},
        {"patient": [{"mrn": "1"}]},
        {"patient": "MRN0042"},
        {"name": "Muster"},
    ],
    ids=str,
)
async def test_a_wrong_search_is_422_and_quotes_nothing(api: Served, search: dict[str, Any]):
    answer = await api.post("/v1/deliveries/search", search)
    assert answer.status_code == 422
    assert not [value for value in ("MRN0042", "Muster") if value in answer.text]


async def test_a_show_has_no_content_unless_it_is_asked_for(sent: Served):
    plain = await sent.get("/v1/deliveries/1")
    assert plain.status_code == 200
    assert "Muster" not in plain.text
    assert "MRN0042" not in plain.text
    (message,) = plain.json()["messages"]
    assert set(message) == {"number", "target", "control_id", "status", "bytes"}
    assert plain.json()["replies"] is None


async def test_a_show_with_content_has_the_exact_bytes(sent: Served):
    shown = (await sent.get("/v1/deliveries/1?content=true")).json()
    (message,) = shown["messages"]
    data = base64.b64decode(message["base64"])
    assert len(data) == message["bytes"]
    assert b"Muster^Erika" in data
    assert data.endswith(b"\r")
    assert "PID|1||MRN0042^^^STE^MR||Muster^Erika" in message["text"]
    assert shown["report"]["filler_order_number"] == "A4711"


async def test_a_show_with_content_has_all_that_came_back(sent: Served):
    store = sent.app.state.services.store
    came = b"Junk\x0bMSH|^~\\&\rMSA|AA|K\r\x1c\r\x0bMSH"
    settling = Settling(
        delivery=DeliveryId(1),
        attempt=1,
        verdict=Verdict(outcome=Outcome.DELIVERED, code="AA", detail="bytes outside blocks"),
        reply=came,
        policy=Policy(acknowledgement=Acknowledgement(), retry=Retry()),
        jitter=0.5,
    )
    lane = (await store.show(DeliveryId(1))).found.delivery.lane
    await store.advance([Step(lane=lane, epoch=Epoch(1), at=datetime.now(UTC), settling=settling)])

    (reply,) = (await sent.get("/v1/deliveries/1?content=true")).json()["replies"]
    assert base64.b64decode(reply["base64"]) == came
    assert reply["text"].splitlines() == ["Junk\\x0bMSH|^~\\&\\r", "MSA|AA|K\\r", "\\x1c\\r", "\\x0bMSH"]


@pytest.fixture
async def sent(api: Served) -> Served:
    """The sample study was claimed for sending once: its message is stored."""
    await api.submit("efast.json")
    await claim_head(api)
    return api


async def claim_head(api: Served) -> None:
    """Do what a lane does up to the first byte."""
    store = api.app.state.services.store
    now = datetime.now(UTC)
    epoch = await store.own(node="n", boot="b", at=now)
    running = await store.running()
    (lane, target) = next(one for one in running.lanes if one[0].endpoint == "epic-prod")
    (view,) = await store.views([lane.id])
    endpoint = running.sites[lane.site].ehr_endpoints[lane.endpoint]
    claim = Renderer(endpoint, target, letters=lambda n: "K" * n).prepare(view.heads[0], at=now)
    assert isinstance(claim, Claim)
    (stepped,) = await store.advance([Step(lane=lane.id, epoch=epoch, at=now, claiming=claim)])
    assert stepped.attempt is not None


ACTIONS = [
    (["set-aside"], "set_aside"),
    (["set-aside", "resend"], "queued"),
    (["cancel"], "cancelled"),
    (["set-aside", "cancel"], "cancelled"),
]


@pytest.mark.parametrize(("actions", "state"), ACTIONS, ids=str)
async def test_actions_move_a_delivery(api: Served, actions: list[str], state: str):
    await api.submit("efast.json")
    for action in actions:
        answer = await api.post(f"/v1/deliveries/1/{action}", REASON)
        assert answer.status_code == 200, answer.text
    assert answer.json() == {"delivery": 1, "state": state, "repeat": False}
    assert await found(api) == [(1, "st-elsewhere/epic-prod", state)]


async def test_an_action_under_one_key_is_done_once(api: Served):
    await api.submit("efast.json")
    first = await api.post("/v1/deliveries/1/set-aside", REASON, key="k1")
    again = await api.post("/v1/deliveries/1/set-aside", REASON, key="k1")
    assert (first.status_code, again.status_code) == (200, 200)
    assert [first.json()["repeat"], again.json()["repeat"]] == [False, True]
    assert len((await api.get("/v1/deliveries/1")).json()["audit"]) == 1
    other = await api.post("/v1/deliveries/1/cancel", REASON, key="k1")
    assert other.status_code == 409


@in_one_test(
    ("path", "body", "status"),
    [
        ("/v1/deliveries/1/resend", REASON, 409),
        ("/v1/deliveries/99/resend", REASON, 404),
        ("/v1/deliveries/1/explode", REASON, 422),
        ("/v1/deliveries/x/resend", REASON, 422),
        (f"/v1/deliveries/{10**30}/resend", REASON, 422),
        ("/v1/deliveries/1/cancel", {}, 422),
        ("/v1/deliveries/1/cancel", {"reason": "  "}, 422),
        ("/v1/deliveries/1/cancel", {"reason": "x" * 201}, 422),
        ("/v1/deliveries/1/cancel", {"reason": "x", "patient": "Muster"}, 422),
        ("/v1/endpoints/st-elsewhere/epic-prod/resume", REASON, 409),
        ("/v1/endpoints/st-elsewhere/none/resume", REASON, 404),
        ("/v1/endpoints/nowhere/none/resume", REASON, 404),
    ],
)
async def test_what_cannot_be_done_says_so_and_does_nothing(one: Served, path: str, body: Any, status: int):
    answer = await one.post(path, body)
    assert answer.status_code == status, answer.text
    assert answer.json()["error"]
    assert answer.json()["exit_code"] == 1
    assert (await found(one))[0][2] == "queued"
    assert (await one.get("/v1/deliveries/1")).json()["audit"] == []


@in_one_test("reason", ["", "  ", "one\ntwo", "one\u2028two", "x" * 201], ids=ascii)
async def test_a_reason_is_one_line(one: Served, reason: str):
    answer = await one.post("/v1/deliveries/1/cancel", {"reason": reason})
    assert answer.status_code == 422
    assert answer.json()["error"] == "a reason is one line of 1 to 200 characters"


@in_one_test("delivery", ["99", "0"])
async def test_an_unknown_delivery_is_404(api: Served, delivery: str):
    assert (await api.get(f"/v1/deliveries/{delivery}")).status_code == 404


@in_one_test("delivery", ["x", "1.5", "-1", str(2**63)])
async def test_a_number_that_no_delivery_bears_is_422(api: Served, delivery: str):
    assert (await api.get(f"/v1/deliveries/{delivery}")).status_code == 422


def send(study: str, **more: str) -> dict[str, str]:
    return {"study": study, "site": "county-general", "endpoint": "registry", "reason": "CHG-1", **more}


SPARE = """\
  spare:
    display_name: Spare EHR
    link: server-room
    host: 10.20.30.99
    port: 6661
    receiving_facility: STE
"""


async def to_spare(api: Served, study: str) -> dict[str, str]:
    """Let the study's site have another endpoint, which no rule names; the wish to send there."""
    edit(api.sites, "st-elsewhere/ehr-endpoints.yaml", "  epic-prod:\n", f"{SPARE}  epic-prod:\n")
    await api.apply()
    return {**send(study), "site": "st-elsewhere", "endpoint": "spare"}


@pytest.mark.parametrize("named", ["s-4711", "A4711"], ids=["study id", "accession number"])
async def test_one_study_is_sent_by_hand_by_either_number(api: Served, named: str):
    await api.submit("efast.json")
    answer = await api.post("/v1/sends", await to_spare(api, named))
    assert answer.status_code == 200, answer.text
    assert answer.json() == {"delivery": 2, "state": "queued", "repeat": False}
    shown = (await api.get("/v1/deliveries/2")).json()
    assert (shown["cause"], shown["endpoint"], shown["study"]) == ("one_off", "st-elsewhere/spare", "s-4711")
    assert (await api.ledger())["beyond_rules"] == {"queued": 1}


async def test_a_send_under_one_key_is_done_once(api: Served):
    await api.submit("efast.json")
    wish = await to_spare(api, "A4711")
    answers = [await api.post("/v1/sends", wish, key="k") for _ in range(2)]
    assert [one.json()["delivery"] for one in answers] == [2, 2]
    assert [one.json()["repeat"] for one in answers] == [False, True]


async def test_another_site_gets_no_study_of_this_one(api: Served):
    await api.submit("efast.json")
    answer = await api.post("/v1/sends", {**send("A4711"), "site": "seaside", "endpoint": "athena"})
    assert answer.status_code == 409
    assert answer.json()["error"].startswith("the study is of another site")
    assert len(await found(api)) == 1


async def test_a_study_without_a_delivery_is_sent_by_its_id(api: Served):
    await api.post("/v1/study-events", event(later=timedelta(hours=-1)))
    wish = {**send("s-4711"), "site": "st-elsewhere", "endpoint": "epic-prod"}
    assert (await api.post("/v1/sends", wish)).status_code == 200


async def test_an_accession_number_of_two_studies_is_409_and_names_them(api: Served):
    await api.submit("efast.json")
    other = json.loads(json.dumps(event()))
    other["event_id"], other["study"]["id"] = "E2", "s-4712"
    await api.post("/v1/study-events", other)
    answer = await api.post("/v1/sends", send("A4711"))
    assert answer.status_code == 409
    assert "s-4711, s-4712" in answer.json()["error"]


async def test_an_accession_number_of_another_sites_studies_names_none_of_them(api: Served):
    await api.submit("efast.json")
    other = json.loads(json.dumps(event()))
    other["event_id"], other["study"]["id"] = "E2", "s-4712"
    await api.post("/v1/study-events", other)
    wish = {**send("A4711"), "site": "seaside", "endpoint": "athena"}
    answer = await api.post("/v1/sends", wish, who="eve@example.org")
    assert answer.status_code == 404
    assert "s-471" not in answer.text


@in_one_test(
    ("wish", "status"),
    [
        (send("s-0"), 404),
        (send("s-4711", endpoint="none"), 404),
        (send("s-4711", site="nowhere"), 404),
        (send("s-4711", reason=""), 422),
        ({"study": "s-4711"}, 422),
    ],
    ids=["unknown study", "unknown endpoint", "unknown site", "no reason", "no endpoint"],
)
async def test_a_wrong_send_says_so(one: Served, wish: Any, status: int):
    answer = await one.post("/v1/sends", wish)
    assert answer.status_code == status, answer.text


async def test_a_send_of_what_is_not_final_is_409(api: Served):
    await api.submit("efast-preliminary.json")
    assert (await api.post("/v1/sends", send("s-4711"))).status_code == 409


async def test_the_ledger_adds_up(api: Served):
    await api.submit("efast.json", "c1020.json")
    ledger = await api.ledger()
    assert (ledger["events"], ledger["expected"], ledger["decided"]) == (2, 3, 3)
    assert ledger["deliveries"] == {"queued": 3}
    assert ledger["adds_up"] is True


async def test_what_the_rules_did_not_send_is_listed_and_told(api: Served):
    await api.submit("efast.json", occurred_at="2026-11-20T10:00:00Z")
    where = {"site": "st-elsewhere", "endpoint": "epic-prod"}
    answer = await api.client.get("/v1/studies/unsent", params=where)
    (study,) = answer.json()["studies"]
    assert (study["study"], study["accession"], study["revision"]) == ("s-4711", "A4711", 3)
    assert study["verdict"].startswith("before-effective-from by ")
    status = (await api.get("/v1/status")).json()
    said = {one["endpoint"]: one["conditions"] for one in status["endpoints"]}["st-elsewhere/epic-prod"]
    assert [(one["kind"], one["reason"], one["message"]) for one in said] == [
        (
            "Excluding",
            "BeforeStart",
            "1 study was not sent by its rules: bgo study list --gap st-elsewhere/epic-prod",
        )
    ]
    in_trouble = (await api.get("/v1/status?trouble=true")).json()["endpoints"]
    assert "st-elsewhere/epic-prod" in [one["endpoint"] for one in in_trouble]
    metrics = (await api.client.get("/metrics?endpoints=true")).text
    assert 'bgo_endpoint_unsent_studies{endpoint="epic-prod",site="st-elsewhere"} 1.0' in metrics
    assert "\nbgo_unsent_studies 1.0" in metrics
    assert (await api.client.get("/v1/studies/unsent", params={**where, "endpoint": "x"})).status_code == 404
