"""Patient data is in the store and on the wire, and nowhere else: not in logs, metrics, plans, errors or reprs (promise 10)."""

import base64
import dataclasses
import importlib
import io
import json
import logging
import pkgutil
import signal
import socketserver
import threading
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx
import pydantic
import pytest

import butterfly_gitops
from butterfly_gitops.delivery.verdict import judge
from butterfly_gitops.dispatcher.intake import EventsRefused
from butterfly_gitops.dispatcher.rendering import Renderer
from butterfly_gitops.hl7.acknowledgement import read_acknowledgement
from butterfly_gitops.hl7.form import Form
from butterfly_gitops.hl7.refusal import RenderingRefused
from butterfly_gitops.hl7.render import KnownReport, render
from butterfly_gitops.logs import Libraries, configure_logs
from butterfly_gitops.mllp.exchange import NoReply, Reply, Silence
from butterfly_gitops.model.delivery import DeliveryId, Outcome, ResultStatus, Verdict
from butterfly_gitops.model.study import StudyEvent
from butterfly_gitops.store.dispatch import Settling, Step
from butterfly_gitops.store.people import Query
from butterfly_gitops.web.events import read_events
from tests.cli.state_commands import Desk, Process, process, small_sites
from tests.hl7.samples import endpoint
from tests.rules.canaries import (
    EVENT,
    NAMES_NOTHING,
    REFUSED,
    SHOWN_IN_LISTS,
    edited,
    event,
    found_in,
    leaves,
)
from tests.table import in_one_test
from tests.web.serving import Served, served

AA, ECHO, GARBAGE, SILENCE = "AA", "echo", "garbage", "silence"


def fields_of(model: type[pydantic.BaseModel]) -> Iterator[str]:
    """Every leaf of a model by its pointer, the first of each list."""
    schema = model.model_json_schema()

    def walk(node: dict[str, Any], pointer: str) -> Iterator[str]:
        options = [schema["$defs"][one["$ref"].rpartition("/")[2]] if "$ref" in one else one
                   for one in node.get("anyOf", [node])]  # fmt: skip
        real = next(one for one in options if one.get("type") != "null")
        if real.get("type") == "array":
            yield from walk(real["items"], f"{pointer}/0")
        elif "properties" in real:
            for name, below in real["properties"].items():
                yield from walk(below, f"{pointer}/{name}")
        else:
            yield pointer

    return walk(schema, "")


def test_every_field_of_an_event_holds_a_canary_or_names_nothing():
    StudyEvent.model_validate_json(json.dumps(EVENT))
    assert set(fields_of(StudyEvent)) <= {pointer for pointer, _ in leaves(EVENT)}
    words = [value for pointer, value in leaves(EVENT) if pointer not in NAMES_NOTHING]
    assert len(words) == len(set(words))


# Errors ----------------------------------------------------------------------------------------------------------


def told(error: BaseException) -> str:
    """All that a traceback and a log line could say of an error, and of those behind it."""
    says = "".join(traceback.format_exception(error)) + repr(error) + str(error)
    lines = [line for line in says.splitlines() if not line.startswith("    ")]
    return "\n".join(lines)


@in_one_test(
    "name", [name for name in REFUSED if name not in ("unknown archive", "of next week", "too large")]
)
def test_a_refused_submission_quotes_nothing(name: str):
    with pytest.raises(EventsRefused) as caught:
        read_events(REFUSED[name])
    assert found_in(told(caught.value) + repr(caught.value.problems)) == []
    with pytest.raises(ValueError) as inner:
        StudyEvent.model_validate_json(REFUSED[name].replace(b', "family"', b", family"))
    assert found_in(told(inner.value)) == []


UNWRITABLE = {
    "value that is no number": (edited("/study/observations/0/value", "KANARI-VALUE"), {}),
    "no identifier": (edited("/patient/identifiers", []), {}),
    "no such identifier": (event(), {"message": {"patient_id": {"authority": "NONE"}}}),
    "order number too long": (edited("/study/filler_order_number", "KANARI" * 10), {}),
    "not to be encoded": (edited("/patient/family", "KANARI-Łódź"), {"encoding": "US-ASCII"}),
}


@in_one_test("name", UNWRITABLE)
def test_a_result_that_cannot_be_written_quotes_nothing(name: str):
    body, settings = UNWRITABLE[name]
    with pytest.raises(RenderingRefused) as caught:
        render(
            Form.of(endpoint(**settings)),
            StudyEvent.model_validate_json(json.dumps(body)),
            report=KnownReport(fallback_filler="BF0"),
            status=ResultStatus.F,
            control_id="K",
            at=datetime.now(UTC),
        )
    assert found_in(told(caught.value)) == []


@pytest.mark.parametrize("as_json", [True, False], ids=["json", "text"])
def test_an_error_that_a_library_logs_tells_its_kind_and_place_alone(as_json: bool):
    stream = io.StringIO()
    configure_logs(stream, as_json=as_json)
    record = logging.LogRecord(
        "uvicorn.error", logging.ERROR, "x.py", 1, "Exception %s", ("KANARI-FAMILY",), None
    )
    try:
        raise ValueError("KANARI-FAMILY")
    except ValueError as error:
        record.exc_info = (ValueError, error, error.__traceback__)
    handler = next(one for one in logging.getLogger().handlers if isinstance(one, Libraries))
    handler.emit(record)
    said = stream.getvalue()
    assert found_in(said) == []
    if said:
        # A logger keeps the stream of its first line; another test may have been first.
        assert "ValueError test_patient_data.py:" in said


async def test_a_defect_answers_its_kind_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    async with served(tmp_path) as api:
        await api.apply()

        async def fail(*_: Any, **__: Any) -> None:
            raise ValueError("KANARI-FAMILY")

        monkeypatch.setattr(api.app.state.services.intake, "accept", fail)
        transport = httpx.ASGITransport(app=api.app, raise_app_exceptions=False)
        async with httpx.AsyncClient(
            transport=transport, base_url=api.client.base_url, headers=api.client.headers
        ) as client:
            answer = await client.post("/v1/study-events", json=event())
    assert (answer.status_code, answer.json()["exit_code"]) == (500, 70)
    assert found_in(answer.text) == []


# Reprs -----------------------------------------------------------------------------------------------------------


def dataclasses_of_the_package() -> Iterator[type[Any]]:
    for module in pkgutil.walk_packages(butterfly_gitops.__path__, "butterfly_gitops."):
        if module.name.endswith("__main__"):
            continue
        for value in vars(importlib.import_module(module.name)).values():
            if (
                isinstance(value, type)
                and dataclasses.is_dataclass(value)
                and value.__module__ == module.name
            ):
                yield value


def test_no_repr_shows_bytes():
    """The practice EHR has no patients, and files hold no events."""
    elsewhere = tuple(f"butterfly_gitops.{name}." for name in ("practice_ehr", "source", "config"))
    showing = [
        f"{kind.__module__}.{kind.__name__}.{one.name}"
        for kind in dataclasses_of_the_package()
        for one in dataclasses.fields(kind)
        if one.repr and one.type in (bytes, "bytes") and not kind.__module__.startswith(elsewhere)
    ]
    assert showing == []


async def test_no_repr_of_what_goes_through_the_store_shows_a_word(tmp_path: Path):
    async with served(tmp_path) as api:
        await api.apply()
        shown = [one async for one in story(api)]
    assert len(shown) > 10
    for one in shown:
        assert found_in(repr(one) + str(one)) == [], type(one)


async def story(api: Served) -> Any:
    """Everything that holds a body or a part of one, on a study's way to an EHR and back."""
    store = api.app.state.services.store
    now = datetime.now(UTC)
    body = json.dumps(event(occurred_at=now.isoformat())).encode()
    events, _ = read_events(body)
    yield events
    intake = api.app.state.services.intake
    yield await intake.accept(events, pointers=("",))
    yield intake._routing.route(events[0])
    epoch = await store.own(node="n", boot="b", at=now)
    running = await store.running()
    yield running
    lane, target = next(one for one in running.lanes if one[0].endpoint == "epic-prod")
    (view,) = await store.views([lane.id])
    yield view
    yield view.heads[0]
    to = running.sites[lane.site].ehr_endpoints[lane.endpoint]
    prepared = Renderer(to, target, letters=lambda count: "K" * count).prepare(view.heads[0], at=now)
    assert b"KANARI-FAMILY" in prepared.message.data
    yield prepared
    (stepped,) = await store.advance([Step(lane=lane.id, epoch=epoch, at=now, claiming=prepared)])
    yield stepped
    reply = b"MSH|^~\\&||||||||||||||||KANARI-MRN\rMSA|AE|KANARI-ID|KANARI-FAMILY\rERR||KANARI-MRN||KANARI-GIVEN\r"
    yield read_acknowledgement(reply)
    for answer in (
        Reply(data=reply, block=read_acknowledgement(reply), answers_us=True, received=reply),
        NoReply(kind=Silence.GARBAGE, received=reply),
    ):
        yield answer
        yield judge(answer, control_id="K" * 20, mode="original", encoding="UTF-8")
    verdict = Verdict(outcome=Outcome.REFUSED, code="AE")
    policy = _policy(to)
    settling = Settling(
        delivery=DeliveryId(1), attempt=1, verdict=verdict, reply=reply, policy=policy, jitter=0.0
    )
    yield settling
    yield await store.advance([Step(lane=lane.id, epoch=epoch, at=now, settling=settling)])
    yield await store.show(DeliveryId(1))
    yield await store.find(Query())
    yield await store.observe()


def _policy(to: Any) -> Any:
    from butterfly_gitops.delivery.settle import Policy

    return Policy(acknowledgement=to.acknowledgement, retry=to.retry)


# The whole way, with real processes ------------------------------------------------------------------------------


class Peer(socketserver.ThreadingTCPServer):
    """An EHR that says back what it was told, in a way of its own."""

    daemon_threads = True
    allow_reuse_address = True

    def __init__(self, manner: str) -> None:
        super().__init__(("127.0.0.1", 0), Talk)
        self.manner = manner
        self.got = threading.Event()


class Talk(socketserver.StreamRequestHandler):
    def handle(self) -> None:
        assert isinstance(self.server, Peer)
        data = b""
        while chunk := self.request.recv(65536):
            data += chunk
            if not data.endswith(b"\x1c\r"):
                continue
            self.server.got.set()
            message, data = data.strip(b"\x0b\x1c\r"), b""
            segments = message.split(b"\r")
            control_id, pid = segments[0].split(b"|")[9], segments[1].replace(b"|", b" ")
            code = b"AA" if self.server.manner == AA else b"AE"
            head = b"MSH|^~\\&|||||20261124||ACK|1|P|2.5.1\r"
            said = b"" if code == b"AA" else b"|" + pid
            errors = (
                b"" if code == b"AA" else b"ERR||PID^1|207|E|" + pid + b"|" + pid + b"|" + pid + b"|" + pid
            )
            match self.server.manner:
                case "echo" | "AA":
                    answer = b"\x0b" + head + b"MSA|" + code + b"|" + control_id + said + b"\r" + errors
                    self.request.sendall(answer + b"\r\x1c\r")
                case "garbage":
                    self.request.sendall(message)
                    return
                case _:
                    continue


@contextmanager
def peer(manner: str) -> Iterator[Peer]:
    with Peer(manner) as one:
        thread = threading.Thread(target=one.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        try:
            yield one
        finally:
            one.shutdown()
            thread.join()


ENDPOINTS = """\
version: 1
ehr_endpoints:
  echo: {display_name: Echo, port: ECHO, acknowledgement: {on_refusal: {retries: 0}}}
  silent: {display_name: Silent, port: SILENT, ack_timeout: 1s, acknowledgement: {on_no_reply: {resends: 0}}}
  garbage: {display_name: Garbage, port: GARBAGE, acknowledgement: {on_no_reply: {resends: 0}}}
  held: {display_name: Held, port: HELD, ack_timeout: 300s, acknowledgement: {on_no_reply: {resends: 0}}}
  picky: {display_name: Picky, port: PICKY, message: {patient_id: {authority: NONE}}}
"""
ARCHIVES = """\
version: 1
archives:
  emergency: {display_name: Emergency, forward_to: [echo, silent, garbage]}
  icu: {display_name: Intensive care, forward_to: [held, picky]}
"""


@pytest.fixture
def desk(capfd: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Desk:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("BGO_STATE", raising=False)
    small_sites(tmp_path / "sites", port=6661)
    return Desk(capfd=capfd, folder=tmp_path)


LOOKS = [
    ("status",),
    ("status", "--format", "json"),
    ("plan",),
    ("plan", "--format", "json"),
    ("ledger",),
    ("ledger", "--format", "json"),
]
LISTS = [
    ("delivery", "list"),
    ("delivery", "list", "--format", "json"),
    *[
        ("delivery", "show", str(number), *more)
        for number in range(1, 6)
        for more in ((), ("--format", "json"))
    ],
]


def run_line(desk: Desk) -> Any:
    return process(
        desk.folder, "-v", "run", "--listen", "127.0.0.1:0", "--log-format", "json", "--source", "sites",
        *(() if (desk.folder / ".butterfly-gitops").exists() else ("--new-state",)),
    )  # fmt: skip


class Heard:
    """Keeps all that was said, to be searched at the end."""

    def __init__(self, desk: Desk) -> None:
        self.desk = desk
        self.lines: list[tuple[str, str, bool]] = []

    def bgo(self, *arguments: str, may_list: bool = False) -> None:
        ran = self.desk.bgo(*arguments)
        self.lines.append((" ".join(arguments), ran.out + ran.err, may_list))

    def wait(self, run: Process, part: str) -> None:
        """Keep the log up to a line."""
        assert run.popen.stderr is not None
        for line in run.popen.stderr:
            self.lines.append(("log", line, False))
            if part in line:
                return
        raise AssertionError(f"the run ended without {part!r}: {self.lines[-3:]}")

    def end(self, run: Process, number: int) -> None:
        _, out, err = run.end(number)
        self.lines.append(("log", out + err, False))

    def look_around(self) -> None:
        for arguments in LOOKS:
            self.bgo(*arguments)
        for arguments in LISTS:
            self.bgo(*arguments, may_list=True)
        where = json.loads((self.desk.folder / ".butterfly-gitops" / "api.json").read_text())["url"]
        token = (self.desk.folder / ".butterfly-gitops" / "token").read_text()
        with httpx.Client(base_url=where, headers={"Authorization": f"Bearer {token}"}) as client:
            self.lines.append(("metrics", client.get("/metrics?endpoints=true").text, False))
            for name, body in REFUSED.items():
                answer = client.post("/v1/study-events", content=body)
                assert 400 <= answer.status_code < 500, name
                self.lines.append((f"HTTP {name}", answer.text + str(answer.headers), False))
            for body in ({"patient": "KANARI-MRN"}, {"study": {"x": "KANARI-MRN"}}, {"limit": "KANARI-MRN"}):
                self.lines.append(("search", client.post("/v1/deliveries/search", json=body).text, False))

    def leaks(self) -> list[tuple[str, list[str]]]:
        found = [(what, found_in(text, may_list=may_list)) for what, text, may_list in self.lines]
        return [(what, words) for what, words in found if words]


@pytest.mark.journey
def test_no_canary_leaves_the_store_but_on_the_wire_and_where_content_is_asked_for(desk: Desk):
    heard = Heard(desk)
    with (
        peer(ECHO) as echo,
        peer(SILENCE) as silent,
        peer(GARBAGE) as garbage,
        peer(SILENCE) as held,
        peer(AA) as picky,
    ):
        text = ENDPOINTS
        for name, one in (
            ("ECHO", echo),
            ("SILENT", silent),
            ("GARBAGE", garbage),
            ("HELD", held),
            ("PICKY", picky),
        ):
            text = text.replace(f"port: {name}", f"port: {one.server_address[1]}")
        desk.file("sites/st-elsewhere/ehr-endpoints.yaml", text)
        desk.file("sites/st-elsewhere/archives.yaml", ARCHIVES)
        desk.file("canary.json", json.dumps(event()))
        desk.file(
            "canary-icu.json",
            json.dumps(event(archive="st-elsewhere/icu") | {"study": {**EVENT["study"], "id": "s-2"}}),
        )
        with run_line(desk) as run:
            heard.wait(run, '"applied"')
            heard.wait(run, "st-elsewhere")
            heard.bgo("study", "submit", "--as-now", "canary.json")
            for _ in range(3):
                heard.wait(run, '"attempt ended"')
            heard.bgo("study", "submit", "--as-now", "--format", "json", "canary-icu.json")
            assert held.got.wait(60)
            heard.wait(run, '"result cannot be written"')
            heard.look_around()
            for name, body in REFUSED.items():
                heard.bgo("study", "submit", desk.file("refused", body))
                assert heard.lines[-1][1].startswith(("refused#", "bgo: refused: ")), name
            known = json.dumps(event(event_id="E9", occurred_at="2026-11-24T14:03:11Z"))
            heard.bgo("study", "submit", desk.file("known.json", known))
            heard.bgo(
                "study", "submit", desk.file("other.json", known.replace("KANARI-GIVEN", "KANARI-OTHER"))
            )
            assert "known with other content" in heard.lines[-1][1]
            content = [desk.bgo("delivery", "show", str(number), "--content").out for number in range(1, 4)]
            heard.end(run, signal.SIGKILL)
        with run_line(desk) as run:
            heard.wait(run, '"event": "running"')
            heard.look_around()
            shown = desk.bgo("delivery", "show", "4").out
            # Told to stop, it would wait for the answer to what it sends again.
            heard.end(run, signal.SIGKILL)
    assert heard.leaks() == []
    assert "crash" in shown or "uncertain" in shown or "process" in shown
    assert all("KANARI-FAMILY" in one for one in content)
    assert content[0].count("KANARI-FAMILY") > 1
    assert SHOWN_IN_LISTS in shown


def test_the_search_would_find_it():
    assert found_in("x KANARI-FAMILY y") == ["KANARI", "KANARI-FAMILY"]
    assert found_in(f"delivery {SHOWN_IN_LISTS}", may_list=True) == []
    assert found_in(base64.b64decode("S0FOQVJJQS1QREY=").decode()) == ["KANARI"]
