"""Files that change while `run` follows them: what moves, what stays, and what is never touched."""

import contextlib
import json

import pytest

from butterfly_gitops.practice_ehr.scenario import Scenario, ScenarioRule, ScriptedAnswer
from butterfly_gitops.practice_ehr.server import PracticeEhr
from tests.journeys.fleet_files import an_endpoint, an_event, write_fleet, write_site
from tests.journeys.processes import arrivals, control_ids, running, until

pytestmark = pytest.mark.journey

REFUSING = Scenario(rules=(ScenarioRule(answer=ScriptedAnswer(code="AE")),))
SILENT = Scenario(rules=(ScenarioRule(answer=ScriptedAnswer(then="silence")),))
SLOWLY = {"first": "1h", "factor": 1, "longest": "1h"}


@pytest.fixture
async def follow(tmp_path):
    """A `run` that follows the files of `tmp_path`, once what they say is applied."""
    async with contextlib.AsyncExitStack() as stack:

        async def start():
            options = ("--source", tmp_path / "sites", "--new-state", "--interval", "200ms")
            _, api = await stack.enter_async_context(running(tmp_path / "state", *options))
            await api.runs("st-elsewhere", 1)
            return api

        yield start


@pytest.fixture
def ehr(tmp_path):
    def make(label, scenario=Scenario()):  # noqa: B008 - it is frozen
        return PracticeEhr(scenario, journal=tmp_path / "journal.jsonl", label=label)

    return make


@pytest.fixture
def sites(tmp_path):
    return write_fleet(tmp_path / "sites")


@pytest.mark.soak
async def test_a_site_with_problems_stays_as_it_runs_and_the_others_go_on(sites, follow, ehr, tmp_path):
    async with ehr("epic") as epic, ehr("other") as other:
        write_site(sites, "seaside", endpoints={"epic": an_endpoint(other.port)})
        write_site(sites, endpoints={"epic": an_endpoint(epic.port)})
        api = await follow()
        write_site(sites, endpoints={"epic": an_endpoint(70_000)})
        write_site(sites, "seaside", endpoints={"epic": an_endpoint(other.port, receiving_application="X")})
        await api.runs("seaside", 2)
        await api.stands("st-elsewhere", ("Stalled", "Problems"))
        assert await api.generation_of("st-elsewhere") == 1
        await api.submit(an_event("S1"), an_event("S2", archive="seaside/emergency"))
        await api.all_in("delivered", count=2)
        # Sound again, and as it was: nothing has to be applied.
        write_site(sites, endpoints={"epic": an_endpoint(epic.port)})
        await api.stands("st-elsewhere", ("Ready", "Applied"))
        assert await api.generation_of("st-elsewhere") == 1
    journal = tmp_path / "journal.jsonl"
    assert [len(control_ids(journal, label)) for label in ("epic", "other")] == [1, 1]


async def test_an_address_that_changes_moves_what_waits_with_its_id_and_bytes(sites, follow, ehr, tmp_path):
    async with ehr("old", REFUSING) as old, ehr("new") as new:
        slow = an_endpoint(old.port, acknowledgement={"on_refusal": {"retries": 1000}})
        write_site(sites, endpoints={"epic": slow})
        api = await follow()
        await api.submit(an_event("S1"), an_event("S2"))

        async def has_tried():
            return control_ids(tmp_path / "journal.jsonl", "old")

        await until(has_tried)
        write_site(sites, endpoints={"epic": slow | {"port": new.port}})
        deliveries = await api.all_in("delivered", count=2)
        shown = await api.shown(deliveries[0]["id"])
    *earlier, last = deliveries[0]["attempts"]
    assert {(one["target"], one["code"]) for one in earlier} == {(1, "AE")}
    assert (last["target"], last["code"]) == (2, "AA")
    assert [(one["target"], one["code"]) for one in deliveries[1]["attempts"]] == [(2, "AA")]
    leads_to = [json.loads(one["wire"])["port"] for one in shown["targets"]]
    assert leads_to == [old.port, new.port]
    seen = [one for one in arrivals(tmp_path / "journal.jsonl") if one.control_id == last["control_id"]]
    assert [one.endpoint for one in seen] == ["old"] * len(earlier) + ["new"]
    assert len({one.data for one in seen}) == 1


@pytest.mark.soak
async def test_what_may_have_been_received_does_not_move_by_itself(sites, follow, ehr):
    async with ehr("old", SILENT) as old, ehr("new") as new:
        quiet = an_endpoint(old.port, ack_timeout="1s", retry=SLOWLY)
        write_site(sites, endpoints={"epic": quiet})
        api = await follow()
        await api.submit(an_event("S1"))
        (delivery,) = await api.all_in("uncertain", count=1)
        write_site(sites, endpoints={"epic": quiet | {"port": new.port}})
        (delivery,) = await api.all_in("set_aside", count=1)
        assert "may have been received under target 1" in delivery["reason"]
        path = f"/v1/deliveries/{delivery['id']}/resend"
        assert (await api.http.post(path, json={"reason": "the old EHR has nothing"})).status_code == 200


@pytest.mark.soak
async def test_paused_keeps_what_comes_until_it_is_active_again(sites, follow, ehr, tmp_path):
    async with ehr("epic") as epic:
        write_site(sites, endpoints={"epic": an_endpoint(epic.port, status="paused")})
        api = await follow()
        await api.submit(an_event("S1"), an_event("S2"))
        assert [one["state"] for one in await api.deliveries()] == ["queued"] * 2
        (endpoint,) = (await api.status())["endpoints"]
        assert (endpoint["condition"], endpoint["waiting"]) == ("paused", 2)
        write_site(sites, endpoints={"epic": an_endpoint(epic.port)})
        deliveries = await api.all_in("delivered", count=2)
        write_site(sites, endpoints={"epic": an_endpoint(epic.port, status="paused")})
        await api.runs("st-elsewhere", 3)
        await api.submit(an_event("S3"))
        assert [one["state"] for one in await api.deliveries()] == ["delivered", "delivered", "queued"]
    assert control_ids(tmp_path / "journal.jsonl") == [one["control_id"] for one in deliveries]


@pytest.mark.soak
async def test_a_rule_that_is_added_is_not_retroactive(sites, follow, ehr):
    async with ehr("epic") as epic, ehr("cerner") as cerner:
        endpoints = {"epic": an_endpoint(epic.port), "cerner": an_endpoint(cerner.port)}
        write_site(sites, endpoints=endpoints, archives={"emergency": ["epic"]})
        api = await follow()
        before, late = an_event("S1"), an_event("S2")
        assert [one["endpoint"] for one in await api.submit(before)] == ["st-elsewhere/epic"]
        write_site(sites, endpoints=endpoints, archives={"emergency": ["epic", "cerner"]})
        await api.runs("st-elsewhere", 2)
        verdicts = {one["endpoint"]: one["verdict"] for one in await api.submit(late)}
        assert verdicts["st-elsewhere/epic"] == "deliver"
        assert verdicts["st-elsewhere/cerner"].startswith("before-effective-from by ")
        assert {one["verdict"] for one in await api.submit(an_event("S3"))} == {"deliver"}
        deliveries = await api.all_in("delivered", count=4)
        assert (await api.ledger())["adds_up"]
    names = [(one["study"], one["endpoint"].split("/")[1]) for one in deliveries]
    assert sorted(names) == [("S1", "epic"), ("S2", "epic"), ("S3", "cerner"), ("S3", "epic")]
