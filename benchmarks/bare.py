"""A bare pipeline of the same shape, which imports nothing of ours: what this machine allows at best.

It validates, accepts, renders, claims, sends, judges and settles with the same commits and batches, and leaves out
everything else that a result needs: rules, reports, supersession, targets, refusals, silence, retries, deadlines.
"""

import asyncio
import json
import secrets
import sys
import time
from pathlib import Path
from typing import Any, Literal, NamedTuple

from pydantic import AwareDatetime, BaseModel, ConfigDict

from benchmarks.bare_store import Claim, Head, Settled, Store
from benchmarks.load import ARRAY, feed, settle_down, timed
from benchmarks.studies import arrays

_START, _END = b"\x0b", b"\x1c\r"
_WARMING = 2


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, strict=True, extra="forbid")


class _ExamType(_Part):
    code: str
    display: str
    system: str


class _Person(_Part):
    role: str
    id: str
    authority: str
    family: str
    given: str


class _Section(_Part):
    section: str
    text: str


class _Observation(_Part):
    type: str
    code: str
    system: str
    display: str
    value: str
    unit: str


class _Study(_Part):
    id: str
    revision: int
    study_uid: str
    accession_number: str
    exam_type: _ExamType
    started_at: AwareDatetime
    people: tuple[_Person, ...]
    report: tuple[_Section, ...]
    observations: tuple[_Observation, ...]


class _Event(_Part):
    event_id: str
    event: Literal["finalized"]
    occurred_at: AwareDatetime
    archive: str
    study: _Study
    patient: dict[str, Any]
    encounter: dict[str, Any]


class Wire(asyncio.Protocol):
    """A connection that carries one message and its answer at a time."""

    _answer: asyncio.Future[bytes]
    _transport: asyncio.Transport

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        self._read += data
        if self._read.endswith(_END):
            self._answer.set_result(self._read[1:-2])

    def exchange(self, data: bytes) -> asyncio.Future[bytes]:
        self._read = b""
        self._answer = asyncio.get_running_loop().create_future()
        self._transport.write(_START + data + _END)
        return self._answer


class Lane:
    """One endpoint's queue: settles a message and claims the next one in one step."""

    def __init__(self, number: int, wire: Wire, store: Store, tally: "Tally") -> None:
        self._number = number
        self._wire = wire
        self._store = store
        self._tally = tally
        self.woken = asyncio.Event()

    async def run(self) -> None:
        settled: Settled | None = None
        claim: Claim | None = None
        while True:
            if settled is None and claim is None:
                await self.woken.wait()
            self.woken.clear()
            head = await self._store.step(self._number, settled, claim)
            self._tally.add(settled is not None)
            settled = _judged(claim, await self._wire.exchange(claim.data)) if claim else None
            claim = _prepared(head) if head else None


class Tally:
    """Counts what is settled, and tells when it is enough."""

    def __init__(self) -> None:
        self._left = 0
        self._done = asyncio.Event()

    def add(self, count: int) -> None:
        self._left -= count
        if self._left == 0:
            self._done.set()

    async def settled(self, count: int, work: Any) -> None:
        """Do the work, and wait until it has settled so many."""
        self._done.clear()
        self._left = count
        await work
        await self._done.wait()


class Pipeline(NamedTuple):
    """The parts of a run."""

    store: Store
    lanes: list[Lane]
    tally: Tally

    async def accept(self, texts: list[str]) -> None:
        """Validate events, store them, and wake their lanes."""
        events = [(_Event.model_validate_json(text), text) for text in texts]
        taken = [(event.event_id, int(event.archive), text) for event, text in events]
        await self.store.accept(taken)
        for _, lane, _ in taken:
            self.lanes[lane].woken.set()


def _prepared(head: Head) -> Claim:
    control_id = secrets.token_hex(10).upper()
    return Claim(delivery=head.delivery, control_id=control_id, data=render(head.body, control_id=control_id))


def _judged(claim: Claim, reply: bytes) -> Settled:
    assert f"\rMSA|AA|{claim.control_id}\r".encode() in reply
    return Settled(delivery=claim.delivery, reply=reply)


def render(body: str, *, control_id: str) -> bytes:
    """Fill a template: as many bytes as a message of ours."""
    event = json.loads(body)
    study, patient, visit = event["study"], event["patient"], event["encounter"]
    exam, performer = study["exam_type"], study["people"][0]
    (findings, impression), (measured,) = study["report"], study["observations"]
    now = time.strftime("%Y%m%d%H%M%S")
    name, accession = f"{patient['family']}^{patient['given']}", study["accession_number"]
    text = f"""\
MSH|^~\\&|BUTTERFLY|STE||STE|{now}||ORU^R01^ORU_R01|{control_id}|P|2.5.1||||||UNICODE UTF-8
PID|1||{patient["identifiers"][0]["id"]}^^^STE^MR||{name}||{patient["birth_date"]}|{patient["sex"]}
PV1|1|E|{visit["location"]["unit"]}^{visit["location"]["room"]}||||||||||||||||{visit["visit_number"]}
ORC|RE||BF{study["id"]}||CM
OBR|1||BF{study["id"]}|{exam["code"]}^{exam["display"]}^L|||{now}|||||||||||{accession}||||{now}|||F||||||{performer["id"]}&{performer["family"]}&{performer["given"]}
OBX|1|TX|18782-3^Radiology Study observation (narrative)^LN||{findings["text"]}||||||F
OBX|2|TX|19005-8^Radiology Imaging study [Impression] (narrative)^LN||{impression["text"]}||||||F
OBX|3|NM|{measured["code"]}^{measured["display"]}^L||{measured["value"]}|%|||||F
OBX|4|HD|113014^DICOM Study^DCM||{study["study_uid"]}||||||F
"""
    return text.replace("\n", "\r").encode()


async def run(folder: Path, ports: list[int], messages: int) -> dict[str, float]:
    """Take events for as many lanes as there are ports, and time them from accepted to settled."""
    loop, store, tally = asyncio.get_running_loop(), Store(folder / "bare.sqlite3"), Tally()
    wires = [(await loop.create_connection(Wire, "127.0.0.1", port))[1] for port in ports]
    lanes = [Lane(number, wire, store, tally) for number, wire in enumerate(wires)]
    pipeline = Pipeline(store, lanes, tally)
    tasks = [asyncio.create_task(lane.run()) for lane in lanes]
    names = [str(number) for number in range(len(lanes))]
    warming = list(arrays(_WARMING * len(lanes), size=ARRAY, archives=names, prefix="warm"))
    await tally.settled(_WARMING * len(lanes), feed(warming, pipeline.accept))
    measured = list(arrays(messages, size=ARRAY, archives=names, prefix="timed"))
    settle_down()
    before = store.batches
    timing = await timed(tally.settled(messages, feed(measured, pipeline.accept)), messages=messages)
    for task in tasks:
        task.cancel()
    return {**timing.as_json(), "batches": store.batches - before}


if __name__ == "__main__":
    job = json.loads(sys.argv[1])
    print(json.dumps(asyncio.run(run(Path(job["folder"]), job["ports"], job["messages"]))))
