"""Plans, applications, status and the probes over HTTP."""

import copy
import json
import shutil
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.parser import text_string_to_metric_families

from butterfly_gitops.controller.applied import hold_of_commit
from butterfly_gitops.dispatcher.wire import Strays
from butterfly_gitops.model.delivery import DeliveryId
from butterfly_gitops.source.interface import Snapshot
from butterfly_gitops.store.interface import Condition, StoreUnavailable
from butterfly_gitops.store.state_folder import DATABASE
from butterfly_gitops.web.access import ADMINISTRATOR
from butterfly_gitops.web.metrics import StateCollector
from tests.store.full_disk import disk_under
from tests.store.test_repairing import by_hand
from tests.table import in_one_test
from tests.web.serving import Served, edit, event, served, wanted


async def planned(api: Served) -> Any:
    answer = await api.plan()
    assert answer.status_code == 200, answer.text
    return answer.json()


async def test_a_plan_changes_nothing_and_an_apply_empties_it(empty: Served):
    first = await planned(empty)
    assert first["problems"] == []
    assert len(first["plan"]["changes"]) > 0
    assert "st-elsewhere" in first["text"]
    assert (await planned(empty))["plan"]["id"] == first["plan"]["id"]
    done = await empty.post("/v1/applications", {"plan": first["plan"], "revision": "abc"})
    assert done.status_code == 200
    applied = done.json()["applied"]
    assert [(one["site"], one["generation"], one["commit"], one["actor"]) for one in applied] == [
        (site, 1, "abc", ADMINISTRATOR) for site in ("fleet", "county-general", "seaside", "st-elsewhere")
    ]
    assert (done.json()["refused"], done.json()["held"]) == ({}, [])
    assert (await planned(empty))["plan"]["changes"] == []


async def test_a_plan_tells_problems_and_plans_the_other_sites(api: Served):
    edit(api.sites, "seaside/ehr-endpoints.yaml", "port: 7001", "port: 70000")
    edit(api.sites, "st-elsewhere/ehr-endpoints.yaml", "port: 6661", "port: 6662")
    answer = await planned(api)
    assert [one["file"] for one in answer["problems"]] == ["sites/seaside/ehr-endpoints.yaml"]
    assert list(answer["plan"]["content"]["sites"]) == ["st-elsewhere"]


async def test_problems_of_the_fleet_leave_no_plan(api: Served):
    (api.sites / "fleet.yaml").write_text("", encoding="utf-8")
    answer = await planned(api)
    assert (answer["plan"], answer["text"]) == (None, "")
    assert answer["problems"]


async def test_another_fleets_files_are_409(api: Served):
    edit(api.sites, "fleet.yaml", "name: mercy-health", "name: grace-health")
    answer = await api.plan()
    assert answer.status_code == 409
    assert "mercy-health" in answer.json()["error"]
    assert "grace-health" in answer.json()["error"]


@in_one_test(
    "body",
    [
        b"",
        b"{}",
        b"[]",
        json.dumps({"files": {"fleet.yaml": "%%%"}, "revision": "r"}).encode(),
        json.dumps({"files": {"fleet.yaml": 1}, "revision": "r"}).encode(),
        json.dumps({"files": {}, "revision": "r", "extra": 1}).encode(),
    ],
    ids=["empty", "no fields", "a list", "no base64", "a number", "an unknown field"],
)
async def test_no_files_is_400(api: Served, body: bytes):
    answer = await api.post("/v1/plans", body)
    assert answer.status_code == 400, answer.text


async def apply(api: Served, plan: Any) -> Any:
    return await api.post("/v1/applications", {"plan": plan, "revision": "r2"})


async def test_a_plan_that_was_overtaken_is_stale_and_names_what_moved(api: Served):
    edit(api.sites, "st-elsewhere/ehr-endpoints.yaml", "port: 6661", "port: 6662")
    stale = (await planned(api))["plan"]
    edit(api.sites, "st-elsewhere/ehr-endpoints.yaml", "port: 6662", "port: 6663")
    await api.apply()
    answer = await apply(api, stale)
    assert (answer.status_code, answer.json()["exit_code"]) == (409, 4)
    assert answer.json()["error"] == "applied since the plan was made: st-elsewhere; plan again"


async def test_a_plan_applied_twice_is_stale(empty: Served):
    plan = (await planned(empty))["plan"]
    assert (await apply(empty, plan)).status_code == 200
    assert (await apply(empty, plan)).json()["exit_code"] == 4


def _other_host(plan: Any) -> None:
    plan["content"]["sites"]["st-elsewhere"]["ehr_endpoints"]["epic-prod"]["host"] = "10.66.66.66"


def _fewer_changes(plan: Any) -> None:
    plan["changes"] = plan["changes"][:-1]


def _other_id(plan: Any) -> None:
    plan["id"] = "0" * len(plan["id"])


def _another_site(plan: Any) -> None:
    plan["content"]["sites"]["elsewhere"] = plan["content"]["sites"].pop("st-elsewhere")


def _no_content(plan: Any) -> None:
    plan["content"]["sites"] = {}


@pytest.mark.parametrize("change", [_other_host, _fewer_changes, _other_id, _another_site, _no_content])
async def test_a_plan_changed_by_hand_is_refused(api: Served, change: Any):
    edit(api.sites, "st-elsewhere/ehr-endpoints.yaml", "port: 6661", "port: 6662")
    plan = (await planned(api))["plan"]
    changed = copy.deepcopy(plan)
    change(changed)
    answer = await apply(api, changed)
    assert answer.status_code in (400, 409), answer.text
    assert (await planned(api))["plan"]["id"] == plan["id"]


@in_one_test("body", [b"", b"{}", b'{"plan": 5, "revision": "r"}', b'{"plan": {}, "revision": "r"}', b"[]"])
async def test_no_plan_is_400(api: Served, body: bytes):
    answer = await api.post("/v1/applications", body)
    assert answer.status_code == 400, answer.text


async def test_while_a_source_is_followed_nobody_else_applies(api: Served):
    edit(api.sites, "st-elsewhere/ehr-endpoints.yaml", "port: 6661", "port: 6662")
    plan = (await planned(api))["plan"]
    api.app.state.services = replace(api.app.state.services, followed="/srv/sites")
    answer = await apply(api, plan)
    assert answer.status_code == 409
    assert "/srv/sites" in answer.json()["error"]
    assert (await api.plan()).status_code == 200


async def test_a_plan_tells_of_a_commit_that_nothing_is_taken_of(api: Served):
    wanted = Snapshot(files={}, revision="c2", described="sites/ at c2", root="sites", commit="c2")
    hold = hold_of_commit({"c1"}, wanted, at=datetime(2026, 1, 2, tzinfo=UTC))
    await api.app.state.services.store.stand([hold], released=())
    edit(api.sites, "st-elsewhere/ehr-endpoints.yaml", "port: 6661", "port: 6662")
    api.app.state.services = replace(api.app.state.services, followed="/srv/sites")
    answer = await planned(api)
    says = f"sites/ at c2 does not descend from what is applied: bgo approve {hold.id[:6]} --reason …"
    assert answer["plan"]["beside"]["commit_held"] == says
    text = " ".join(answer["text"].split())
    assert "The newest commit waits for approval, and nothing of it is applied before." in text
    assert f"WAITS FOR APPROVAL {says}" in text
    assert "bgo apply p.json" not in text


async def test_more_endpoints_than_the_guard_allows_are_held(api: Served):
    edit(api.sites, "fleet.yaml", "max_endpoints: 10", "max_endpoints: 0")
    await api.apply()
    edit(api.sites, "st-elsewhere/ehr-endpoints.yaml", "host: 10.20.30.40", "host: 10.20.30.41")
    edit(api.sites, "seaside/site.yaml", "Seaside Clinics", "Seaside Clinic Group")
    plan = (await planned(api))["plan"]
    answer = (await apply(api, plan)).json()
    assert answer["held"] == ["st-elsewhere"]
    assert list(answer["refused"]) == ["st-elsewhere"]
    assert [one["site"] for one in answer["applied"]] == ["seaside"]


async def test_the_status_counts_what_waits(api: Served):
    await api.submit("efast.json")
    status = (await api.get("/v1/status")).json()
    assert (status["fleet"], status["dispatching"], status["source"]) == ("mercy-health", False, None)
    (endpoint,) = [one for one in status["endpoints"] if one["endpoint"] == "st-elsewhere/epic-prod"]
    assert (endpoint["counts"], endpoint["waiting"], endpoint["condition"]) == ({"queued": 1}, 1, None)
    assert endpoint["oldest"] is not None
    assert [one["generation"] for one in status["sites"]] == [1, 1, 1]


async def test_the_status_of_a_new_state_is_empty(empty: Served):
    status = (await empty.get("/v1/status")).json()
    assert (status["fleet"], status["sites"], status["endpoints"]) == ("", [], [])


async def test_a_paused_endpoint_shows_as_paused(api: Served):
    edit(api.sites, "st-elsewhere/ehr-endpoints.yaml", "    port: 6661", "    port: 6661\n    status: paused")
    await api.apply()
    status = (await api.get("/v1/status")).json()
    assert {one["condition"] for one in status["endpoints"]} == {None, "paused"}


async def test_the_commit_of_the_fleet_is_the_newest_of_which_anything_is_applied(api: Served):
    edit(api.sites, "st-elsewhere/ehr-endpoints.yaml", "port: 6661", "port: 6662")
    plan = (await planned(api))["plan"]
    await api.post("/v1/applications", {"plan": plan, "revision": "c0ffee"})
    status = (await api.get("/v1/status")).json()
    assert (status["settings"], status["commit"]) == (1, "c0ffee")
    assert {one["site"]: one["commit"] for one in status["sites"]} == {
        "county-general": "r1",
        "seaside": "r1",
        "st-elsewhere": "c0ffee",
    }


async def test_a_site_that_was_removed_is_not_shown_once_nothing_of_it_is_left(api: Served):
    shutil.rmtree(api.sites / "seaside")
    edit(
        api.sites,
        "fleet.yaml",
        "name: mercy-health",
        "name: mercy-health\nremoved_sites: {seaside: {waiting: drain, reason: CHG-1}}",
    )
    await api.apply()
    (hold,) = (await api.get("/v1/status")).json()["holds"]
    await api.post(f"/v1/holds/{hold['id']}/approve", {"reason": "CHG-1"})
    await api.apply()
    status = (await api.get("/v1/status")).json()
    assert [one["site"] for one in status["sites"]] == ["county-general", "st-elsewhere"]


async def shown(api: Served, **asked: str) -> tuple[list[str], list[str]]:
    status = (await api.client.get("/v1/status", params=asked)).json()
    return [one["site"] for one in status["sites"]], [one["endpoint"] for one in status["endpoints"]]


async def test_the_worst_comes_first_and_may_be_asked_for_alone(api: Served):
    services: Any = api.app.state.services
    lanes = {lane.endpoint: lane for lane, _ in (await services.store.running()).lanes}
    by_hand(services.store, lambda rows: rows.put(replace(lanes["epic-prod"], stopped="3 refused")))
    by_hand(services.store, lambda rows: rows.put(replace(lanes["meditech"], paused=True)))
    stalled = Condition(
        kind="Stalled", site="seaside", reason="Held", message="", since=datetime(2026, 1, 2, tzinfo=UTC)
    )
    await services.store.record([stalled], at=services.now())
    sites, endpoints = await shown(api)
    assert sites == ["seaside", "county-general", "st-elsewhere"]
    assert endpoints[:2] == ["st-elsewhere/epic-prod", "seaside/meditech"]
    assert endpoints[2:] == sorted(endpoints[2:])
    assert await shown(api, trouble="true") == (sites[:1], endpoints[:2])
    assert await shown(api, site="st-elsewhere") == (["st-elsewhere"], ["st-elsewhere/epic-prod"])
    assert await shown(api, site="st-elsewhere", trouble="true") == ([], ["st-elsewhere/epic-prod"])
    assert (await api.get("/v1/status?site=nowhere")).status_code == 404


async def test_what_is_set_aside_is_trouble(api: Served):
    answer = await api.submit("efast.json")
    assert (await shown(api, trouble="true"))[1] == []
    (delivery,) = [one["delivery"] for one in answer["decisions"] if one["delivery"]]
    await api.post(f"/v1/deliveries/{delivery}/set-aside", {"reason": "CHG-1"})
    assert (await shown(api, trouble="true"))[1] == ["st-elsewhere/epic-prod"]


class Runs:
    """Lanes that run what is applied first; the first of them has this trouble."""

    def __init__(self, trouble: str = "") -> None:
        self._trouble = trouble

    def wake(self, lanes: Any) -> None: ...

    def reported(self) -> dict[int, int]:
        return dict.fromkeys(range(1, 100), 1)

    def troubles(self) -> dict[int, str]:
        return {1: self._trouble} if self._trouble else {}

    def strays(self) -> dict[int, Strays]:
        return {1: Strays(late_answers=2, unasked=1)}

    def all_strays(self) -> Strays:
        return Strays(late_answers=7, unasked=5)


@pytest.mark.parametrize(
    ("trouble", "condition", "reason"),
    [("", "running", "Running"), ("connection refused", "unreachable", "Unreachable")],
    ids=["well", "away"],
)
async def test_a_lane_and_its_condition_agree(api: Served, trouble: str, condition: str, reason: str):
    api.app.state.services = replace(api.app.state.services, dispatching=Runs(trouble))
    first = (await api.get("/v1/status")).json()["endpoints"][0]
    assert (first["condition"], [one["reason"] for one in first["conditions"]]) == (condition, [reason])
    site, endpoint = first["endpoint"].split("/")
    line = f'bgo_endpoint_condition{{condition="{condition}",endpoint="{endpoint}",site="{site}"}} 1.0'
    assert line in (await api.get("/metrics?endpoints=true")).text


async def test_answers_that_nobody_waited_for_are_counted(api: Served):
    await api.submit("efast.json")
    counts = {"late_answers": 2, "unasked": 1}

    async def told() -> tuple[Any, Any, str]:
        status, shown = await api.get("/v1/status"), await api.get("/v1/deliveries/1")
        return status.json()["endpoints"][0], shown.json()["listener"], (await api.get("/metrics")).text

    unknown = dict.fromkeys(counts)
    endpoint, listener, _ = await told()
    assert (endpoint | unknown, listener) == (endpoint, unknown)
    services: Any = api.app.state.services
    lane = (await services.store.show(DeliveryId(1))).found.delivery.lane
    api.app.state.services = replace(services, dispatching=Runs())
    endpoint, listener, metrics = await told()
    assert endpoint | counts == endpoint
    assert listener == (counts if lane == 1 else unknown)
    assert "bgo_late_answers_total 7.0" in metrics
    assert "bgo_unasked_total 5.0" in metrics


async def test_a_condition_is_told_as_it_stands_and_not_as_the_last_pass_found_it(api: Served):
    services: Any = api.app.state.services
    lane = (await services.store.observe()).lanes[0].lane
    earlier = datetime(2026, 1, 2, tzinfo=UTC)
    found = Condition(
        kind="Ready", site=lane.site, endpoint=lane.endpoint, reason="Running", message="", since=earlier
    )
    await services.store.record([found], at=earlier)

    async def told() -> list[tuple[str, bool]]:
        status = (await api.get("/v1/status")).json()
        return [
            (one["reason"], one["since"] == "2026-01-02T00:00:00Z")
            for one in status["endpoints"][0]["conditions"]
        ]

    assert await told() == []
    api.app.state.services = replace(services, dispatching=Runs())
    assert await told() == [("Running", True)]
    await api.post(f"/v1/endpoints/{lane.site}/{lane.endpoint}/pause", {"reason": "CHG-1", "lasts": "2h"})
    assert await told() == [("Paused", False)]


async def test_what_was_changed_by_hand_is_told_before_anything_repairs_it(api: Served):
    services: Any = api.app.state.services
    rule = (await services.store.running()).rules[0]
    by_hand(services.store, lambda rows: rows.put(replace(rule, until=rule.start, ended_by=1)))
    said = f"the rule from {rule.archive} is not in force"
    status = (await api.get("/v1/status")).json()
    (endpoint,) = [one for one in status["endpoints"] if one["endpoint"] == f"{rule.site}/{rule.endpoint}"]
    assert [(one["kind"], one["reason"], one["message"]) for one in endpoint["conditions"]] == [
        ("Drifted", "Found", f"{said}: bgo run repairs it")
    ]
    plan = await planned(api)
    assert plan["text"].startswith("No changes.\n")
    assert f"drifted: {said}" in " ".join(plan["text"].split())


async def test_ready_is_what_has_something_applied(empty: Served):
    assert (await empty.client.get("/livez", headers={"Authorization": ""})).status_code == 200
    before = await empty.client.get("/readyz", headers={"Authorization": ""})
    assert (before.status_code, before.json()) == (503, {"status": "nothing is applied yet"})
    await empty.apply()
    assert (await empty.client.get("/readyz", headers={"Authorization": ""})).status_code == 200


async def test_nobody_is_ready_on_a_full_disk(tmp_path: Path):
    with disk_under(tmp_path) as disk:
        async with served(tmp_path) as api:
            await api.apply()
            store = api.app.state.services.store
            disk.has_room = False
            with pytest.raises(StoreUnavailable):
                await store.touch(at=datetime.now(UTC))
            full = await api.get("/readyz")
            assert (full.status_code, full.json()) == (503, {"status": "the store cannot be read or written"})
            disk.has_room = True
            assert (await api.get("/readyz")).status_code == 503
            await store.touch(at=datetime.now(UTC))
            assert (await api.get("/readyz")).status_code == 200


async def test_whoever_asks_whether_it_is_ready_writes_nothing(api: Served):
    def written() -> dict[str, bytes]:
        return {
            one.name: one.read_bytes()
            for one in api.state.iterdir()
            if one.name in (DATABASE, f"{DATABASE}-wal")
        }

    before = written()
    for _ in range(3):
        assert (await api.get("/readyz")).status_code == 200
    assert written() == before


async def test_what_an_answer_says_of_the_store_names_no_path(tmp_path: Path):
    with disk_under(tmp_path) as disk:
        async with served(tmp_path) as api:
            await api.apply()
            disk.has_room = False
            answer = await api.post("/v1/study-events", event())
            assert answer.status_code == 503
            assert answer.json()["error"].startswith("the state is not available: ")
            assert "/" not in answer.json()["error"]


async def test_metrics_read_as_prometheus_reads_them(api: Served):
    await api.submit("efast.json")
    answer = await api.client.get("/metrics", headers={"Authorization": ""})
    assert answer.headers["content-type"].startswith("text/plain; version=0.0.4")
    families = {one.name: one for one in text_string_to_metric_families(answer.text)}
    assert set(families) == {
        "bgo_deliveries",
        "bgo_oldest_waiting_seconds",
        "bgo_endpoints",
        "bgo_unsent_studies",
        "bgo_rule_starts_corrected",
        "bgo_exclusions_near_a_rule_start",
        "bgo_event_conflicts",
        "bgo_late_answers",
        "bgo_unasked",
        "bgo_requests_refused",
    }
    states = {one.labels["state"]: one.value for one in families["bgo_deliveries"].samples}
    assert (states["queued"], sum(states.values())) == (1.0, 1.0)
    conditions = {one.labels["condition"]: one.value for one in families["bgo_endpoints"].samples}
    assert sum(conditions.values()) == conditions["running"] == 6.0


async def test_metrics_of_each_endpoint_are_asked_for(api: Served):
    await api.submit("efast.json")
    answer = await api.client.get("/metrics?endpoints=true")
    families = {one.name: one for one in text_string_to_metric_families(answer.text)}
    (queued,) = families["bgo_endpoint_deliveries"].samples
    epic = {"site": "st-elsewhere", "endpoint": "epic-prod"}
    assert (queued.labels, queued.value) == ({**epic, "state": "queued"}, 1.0)
    (oldest,) = families["bgo_endpoint_oldest_waiting_seconds"].samples
    assert oldest.labels == epic
    assert len(families["bgo_endpoint_condition"].samples) == 6


async def test_metrics_of_ten_thousand_endpoints_are_no_longer_than_those_of_six(api: Served):
    services: Any = api.app.state.services
    observation = await services.store.observe()
    lane = observation.lanes[0]
    many = replace(observation, lanes=[replace(lane, lane=replace(lane.lane, id=n)) for n in range(10_000)])
    registry = CollectorRegistry()
    registry.register(StateCollector(many, services, endpoints=False))
    text = generate_latest(registry)
    assert b'bgo_endpoints{condition="running"} 10000.0' in text
    assert len(text) < 10_000


async def test_an_unknown_path_is_404_and_a_wrong_method_405(api: Served):
    unknown, wrong = await api.get("/v1/nothing"), await api.get("/v1/study-events")
    assert (unknown.status_code, wrong.status_code) == (404, 405)
    assert unknown.json() == {"error": "there is no such path", "exit_code": 1}
    assert wrong.json() == {"error": "this path has no such method", "exit_code": 1}
    assert wrong.headers["allow"] == "POST"


async def test_too_many_files_are_413(api: Served):
    body = json.dumps(wanted(api.sites)).encode().ljust(40 * 1024 * 1024)
    assert (await api.post("/v1/plans", body)).status_code == 413


async def test_an_id_moves_from_site_to_site_in_one_apply_whichever_comes_first(api: Served):
    for source, target in (("county-general", "seaside"), ("seaside", "county-general")):
        move_cloud_id(api, source, target)
        await api.apply()
        assert (await planned(api))["plan"]["changes"] == []


async def test_an_id_that_another_site_still_has_waits_for_it(api: Served):
    move_cloud_id(api, "county-general", "seaside")
    edit(api.sites, "county-general/ehr-endpoints.yaml", "port: ", "port: 9")
    plan = (await planned(api))["plan"]
    done = (await api.post("/v1/applications", {"plan": plan, "revision": "r2"})).json()
    assert list(done["refused"]) == ["seaside"]
    assert "a-118 (an archive of county-general)" in done["refused"]["seaside"]
    assert done["applied"] == []


def move_cloud_id(api: Served, source: str, target: str) -> None:
    """Take an id from one site's first archive to another's."""
    old, new = (api.sites / site / "archives.yaml" for site in (source, target))
    kept = [line for line in old.read_text().splitlines(keepends=True) if "cloud_id" not in line]
    old.write_text("".join(kept))
    new.write_text(new.read_text().replace("  emergency:\n", "  emergency:\n    cloud_id: a-118\n"))
