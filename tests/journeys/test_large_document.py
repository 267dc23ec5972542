"""A study with the largest document that is taken: accepted, killed while it is sent, started again, received whole."""

import base64
import contextlib
import hashlib
import random
import signal
from pathlib import Path

import httpx
import pytest

from butterfly_gitops.hl7.message import value_of
from tests.journeys.fleet_files import an_endpoint, an_event, write_fleet, write_site
from tests.journeys.processes import arrivals, practising, running
from tests.journeys.watched import Point

pytestmark = [pytest.mark.journey, pytest.mark.soak]

KILLED = Path(__file__).with_name("killed_run.py")
PDF_BYTES = 20 * 1000 * 1000


def a_pdf():
    return base64.b64encode(b"%PDF-1.4\n" + random.Random(6).randbytes(PDF_BYTES)).decode()


def with_document(study, content):
    event = an_event(study)
    document = {"title": "Report", "media_type": "application/pdf", "base64": content}
    return {**event, "study": {**event["study"], "documents": [document]}}


async def test_a_document_of_20_mb_survives_a_kill_and_arrives_byte_for_byte(tmp_path):
    journal, sites, state = tmp_path / "journal.jsonl", tmp_path / "sites", tmp_path / "state"
    content = a_pdf()
    async with practising(journal, "epic") as port:
        write_site(write_fleet(sites), endpoints={"epic": an_endpoint(port, message={"layout": "pdf"})})
        async with running(state, sites, command=(KILLED, Point.SENDING_STORED, 1)) as (process, api):
            await api.runs("st-elsewhere", 1)
            with contextlib.suppress(httpx.TransportError):
                await api.submit(with_document("S1", content))
            assert await process.ended() == -signal.SIGKILL
        assert arrivals(journal) == []
        async with running(state) as (_, api):
            (delivered,) = await api.all_in("delivered", count=1)
            assert (await api.ledger())["adds_up"]
    (arrived,) = arrivals(journal)
    assert [one["control_id"] for one in delivered["attempts"]] == [arrived.control_id] * 2
    head, _, sent = value_of(arrived.data, "OBX-5").rpartition("^")
    assert head == "^Application^PDF^Base64"
    # Not the texts themselves, which no failure could show.
    assert hashlib.sha256(sent.encode()).digest() == hashlib.sha256(content.encode()).digest()
