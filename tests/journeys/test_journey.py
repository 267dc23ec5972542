"""The whole way, with real processes: files, `run`, events over HTTP, EHRs; and two accounts that agree."""

import base64
from collections import Counter

import pytest

from tests.journeys.fleet_files import an_endpoint, an_event, write_fleet, write_site
from tests.journeys.processes import arrivals, practising, running

pytestmark = pytest.mark.journey

SCENARIO = """\
- match: {nth: 2, endpoint: quiet}
  answer: {then: silence}
- match: {nth: 4, endpoint: quiet}
  answer: {then: reset}
- match: {nth: 1, endpoint: strict}
  answer: {code: AE}
"""


async def test_the_journal_of_the_ehrs_and_the_ledger_tell_the_same(tmp_path):
    journal, scenario, sites = tmp_path / "journal.jsonl", tmp_path / "scenario.yaml", tmp_path / "sites"
    scenario.write_text(SCENARIO)
    async with (
        practising(journal, "quiet", scenario=scenario) as quiet,
        practising(journal, "strict", scenario=scenario) as strict,
    ):
        write_fleet(sites)
        endpoints = {
            "quiet": an_endpoint(quiet, ack_timeout="1s", preliminary_results="when_attestation_requested"),
            "strict": an_endpoint(strict),
        }
        write_site(sites, endpoints=endpoints, archives={"emergency": ["quiet", "strict"], "icu": ["quiet"]})
        following = ("--source", sites, "--new-state")
        async with running(tmp_path / "state", *following) as (process, api):
            await api.runs("st-elsewhere", 1)
            await api.submit(an_event("S1", kind="attestation_requested"))
            await api.all_in("delivered", count=1)
            await api.submit(an_event("S1", revision=2), *(an_event(f"S{n}") for n in range(2, 7)))
            await api.submit(an_event("S7", archive="st-elsewhere/icu"))
            await api.all_in("delivered", count=14)
            await api.submit(an_event("S1", revision=3))
            deliveries = await api.all_in("delivered", count=16)
            ledger = await api.ledger()
            shown = {one["id"]: await api.shown(one["id"]) for one in deliveries}
            process.process.terminate()
            assert await process.ended() == 0
    assert ledger["adds_up"]
    # Nine events; the archive that S7 comes from has one rule, the other two.
    assert (ledger["events"], ledger["expected"], ledger["decided"]) == (9, 17, 17)
    assert ledger["deliveries"] == {"delivered": 16}
    assert ledger["without_delivery"] == {"preliminary-off": 1}
    for name in ("quiet", "strict"):
        _agree(name, [one for one in deliveries if one["endpoint"] == f"st-elsewhere/{name}"], journal, shown)
    attempts = Counter(len(one["attempts"]) for one in deliveries)
    assert attempts == {1: 13, 2: 3}
    assert {entry.endpoint for entry in arrivals(journal)} == {"quiet", "strict"}


def _agree(name, deliveries, journal, shown):
    """Each attempt's message has arrived, in the order of acceptance, byte for byte, and nothing else has."""
    arrived = [entry for entry in arrivals(journal) if entry.endpoint == name]
    attempted = [attempt["control_id"] for one in deliveries for attempt in one["attempts"]]
    assert [entry.control_id for entry in arrived] == attempted
    stored = {
        message["control_id"]: base64.b64decode(message["base64"])
        for one in deliveries
        for message in shown[one["id"]]["messages"]
    }
    assert {entry.control_id: entry.data for entry in arrived} == stored
