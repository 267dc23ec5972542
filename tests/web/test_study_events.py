"""`POST /v1/study-events`: what is taken, what is refused with which status and pointer, and that refused is not stored."""

import asyncio
import copy
import json
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest
from fastapi import FastAPI

from butterfly_gitops.cli.study_files import read_events
from butterfly_gitops.controller.configuring import Configuring
from butterfly_gitops.dispatcher import intake as intake_module
from butterfly_gitops.dispatcher.intake import Intake
from butterfly_gitops.model.printable import short_digest
from butterfly_gitops.store.interface import StoreUnavailable
from butterfly_gitops.web.application import make_application
from butterfly_gitops.web.events import MOST_EVENTS
from butterfly_gitops.web.limit import MAX_BODY_BYTES
from butterfly_gitops.web.services import Services
from tests.table import in_one_test
from tests.web.serving import Lines, Served, event

FIFTY_MB = 50 * 1024 * 1024


def edited(path: str, value: Any = None, *, remove: bool = False) -> dict[str, Any]:
    """A sound event with one value at a JSON pointer set, or taken out."""
    changed = copy.deepcopy(event())
    *parents, last = path.split("/")[1:]
    part: Any = changed
    for name in parents:
        part = part[int(name)] if isinstance(part, list) else part[name]
    if remove:
        del part[last]
    else:
        part[int(last) if isinstance(part, list) else last] = value
    return changed


async def test_taken_is_202_with_the_decisions(api: Served):
    answer = await api.post("/v1/study-events", event("c1020.json"))
    assert answer.status_code == 202
    document = answer.json()
    assert (document["event_id"], document["known"]) == ("01JDGA1020", False)
    assert [(one["endpoint"], one["verdict"], one["state"]) for one in document["decisions"]] == [
        ("county-general/oracle-prod", "deliver", "queued"),
        ("county-general/registry", "deliver", "queued"),
    ]


async def test_known_is_200_answered_alike_and_changes_nothing(api: Served):
    body = event()
    first = await api.post("/v1/study-events", body)
    again = await api.post("/v1/study-events", body)
    assert (first.status_code, again.status_code) == (202, 200)
    assert again.json() == {**first.json(), "known": True}
    assert (await api.ledger())["events"] == 1


async def test_an_array_is_answered_by_an_array_and_200_only_if_all_were_known(api: Served):
    first, second = event(), event("c1020.json")
    await api.post("/v1/study-events", first)
    answer = await api.post("/v1/study-events", [first, second])
    assert answer.status_code == 202
    assert [one["known"] for one in answer.json()] == [True, False]
    assert (await api.post("/v1/study-events", [first, second])).status_code == 200


async def test_the_same_event_twice_in_one_array_is_one_event(api: Served):
    answer = await api.post("/v1/study-events", [event()] * 2)
    assert [one["known"] for one in answer.json()] in ([False, True], [False, False])
    assert (await api.ledger())["events"] == 1


async def test_a_known_id_with_other_content_is_409_and_alerts_by_place_and_digest(
    api: Served, monkeypatch: pytest.MonkeyPatch
):
    log = Lines()
    monkeypatch.setattr(intake_module, "_log", log)
    body = event()
    await api.post("/v1/study-events", body)
    body["patient"]["family"] = "Mustermann"
    answer = await api.post("/v1/study-events", body)
    assert answer.status_code == 409
    assert answer.json() == {
        "error": "this event_id is known with other content",
        "exit_code": 1,
        "position": 0,
        "digest": short_digest(body["event_id"]),
    }
    said = {"digest": short_digest(body["event_id"]), "detail": ""}
    assert log.lines[-1] == ("warning event id known with other content", said)
    assert "bgo_event_conflicts_total 1.0" in (await api.client.get("/metrics")).text
    assert (await api.ledger())["events"] == 1


REFUSED = [
    ("unknown archive", edited("/archive", "st-elsewhere/icu"), "unknown-archive", "/archive"),
    ("archive of no site", edited("/archive", "emergency"), "unknown-archive", "/archive"),
    ("no study", edited("/study", remove=True), "missing-field", "/study"),
    ("no study id", edited("/study/id", remove=True), "missing-field", "/study/id"),
    ("no patient", edited("/patient", remove=True), "missing-field", "/patient"),
    ("empty study id", edited("/study/id", ""), "wrong-value", "/study/id"),
    ("revision as text", edited("/study/revision", "3"), "wrong-value", "/study/revision"),
    ("revision with a fraction", edited("/study/revision", 3.5), "wrong-value", "/study/revision"),
    ("revision over 31 bits", edited("/study/revision", 2**31), "wrong-value", "/study/revision"),
    ("revision as true", edited("/study/revision", value=True), "wrong-value", "/study/revision"),
    ("a time without a zone", edited("/occurred_at", "2026-11-24T14:03:11"), "wrong-value", "/occurred_at"),
    ("a time that is none", edited("/occurred_at", "yesterday"), "wrong-value", "/occurred_at"),
    ("a time as a number", edited("/occurred_at", 1764000000), "wrong-value", "/occurred_at"),
    ("another kind of event", edited("/event", "signed"), "wrong-value", "/event"),
    ("unknown field", edited("/priority", "high"), "unknown-field", ""),
    ("unknown nested field", edited("/patient/mrn", "0042"), "unknown-field", "/patient"),
    ("a name with / and ~", event() | {"a/b~c": 1}, "unknown-field", ""),
    ("a sex that is none", edited("/patient/sex", "X"), "wrong-value", "/patient/sex"),
    (
        "a day that no calendar has",
        edited("/patient/birth_date", "1980-02-30"),
        "wrong-value",
        "/patient/birth_date",
    ),
    (
        "a month that no calendar has",
        edited("/patient/birth_date", "1980-13"),
        "wrong-value",
        "/patient/birth_date",
    ),
    (
        "a year that no calendar has",
        edited("/patient/birth_date", "0000"),
        "wrong-value",
        "/patient/birth_date",
    ),
    (
        "a document that is no base64",
        edited("/study/documents/0/base64", "JVBE Ri0x"),
        "wrong-value",
        "/study/documents/0/base64",
    ),
    (
        "a document in lines",
        edited("/study/documents/0/base64", "JVBE\r\nRi0x"),
        "wrong-value",
        "/study/documents/0/base64",
    ),
    (
        "an empty document",
        edited("/study/documents/0/base64", ""),
        "wrong-value",
        "/study/documents/0/base64",
    ),
    (
        "a document of no kind",
        edited("/study/documents/0/media_type", "pdf"),
        "wrong-value",
        "/study/documents/0/media_type",
    ),
    (
        "a number that is none",
        edited("/study/observations/0", {"type": "numeric", "code": "EF", "value": "5,5"}),
        "wrong-value",
        "/study/observations/0/value",
    ),
    ("identifiers as an object", edited("/patient/identifiers", {}), "wrong-value", "/patient/identifiers"),
    ("half a pair", edited("/study/reason", "\ud800"), "wrong-value", ""),
    ("a number", 5, "wrong-value", ""),
    ("null", None, "wrong-value", ""),
]


@in_one_test(("body", "rule", "pointer"), [row[1:] for row in REFUSED], ids=[row[0] for row in REFUSED])
async def test_refused_is_422_with_rule_and_pointer_alone_and_in_an_array(
    api: Served, body: Any, rule: str, pointer: str
):
    alone = await api.post("/v1/study-events", body)
    assert alone.status_code == 422
    assert (rule, pointer) in [(one["rule"], one["pointer"]) for one in alone.json()["problems"]]
    beside = await api.post("/v1/study-events", [event("c1020.json"), body])
    assert beside.status_code == 422
    assert (rule, f"/1{pointer}") in [(one["rule"], one["pointer"]) for one in beside.json()["problems"]]
    assert (await api.ledger())["events"] == 0


@in_one_test(
    "body",
    # Which archives there are, only what is applied says.
    [row[1] for row in REFUSED if row[2] != "unknown-archive"],
    ids=[row[0] for row in REFUSED if row[2] != "unknown-archive"],
)
async def test_what_is_refused_here_is_refused_alike_where_it_is_read_from_a_file(api: Served, body: Any):
    for whole in (body, [event("c1020.json"), body]):
        answer = await api.post("/v1/study-events", whole)
        assert answer.status_code == 422
        in_a_file = [
            {
                "rule": problem.rule,
                "pointer": problem.pointer if whole is body else f"/1{problem.pointer}",
                "message": problem.message,
                "hint": problem.hint or None,
            }
            for found in read_events(json.dumps(whole).encode())
            for problem in found.problems
        ]
        told = [
            {name: one.get(name) for name in ("rule", "pointer", "message", "hint")}
            for one in answer.json()["problems"]
        ]
        assert told == in_a_file


@in_one_test(
    ("path", "value", "says"),
    [
        ("/patient/sex", "X", "this is not written as it must be; write one of F, M, U, O, A, N"),
        (
            "/occurred_at",
            "2026-11-24T14:03:11",
            "this time says no offset from UTC; add an offset, such as Z",
        ),
        ("/occurred_at", "yesterday", "this is no time; write it as 2026-11-24T14:03:11Z"),
        (
            "/patient/birth_date",
            "1980-02-30",
            "no calendar has this date; write YYYY-MM-DD, or as much of it as is known: YYYY-MM or YYYY",
        ),
        (
            "/archive",
            "st-elsewhere/emergenzy",
            "no archive of this fleet goes by this name; write st-elsewhere/emergency, if that is meant",
        ),
        (
            "/archive",
            "x",
            "no archive of this fleet goes by this name; write SITE/NAME of an archive that is applied, or its cloud_id",
        ),
        (
            "/study/documents/0/base64",
            "JVBE\r\nRi0x",
            (
                "this base64 has line ends or blanks, which RFC 4648 (section 3.1) does not allow; "
                "write it in base64 in one line, without blanks"
            ),
        ),
        (
            "/study/documents/0/base64",
            "<?xml?>",
            "this is no base64 (RFC 4648, section 4); write it in base64 in one line, without blanks",
        ),
        (
            "/study/documents/0/media_type",
            "pdf",
            (
                "this is no media type (RFC 6838), so nobody could tell what the document is; "
                "write application/pdf for a PDF"
            ),
        ),
    ],
    ids=[
        "sex",
        "no offset",
        "no time",
        "no date",
        "archive misspelt",
        "no archive",
        "base64 in lines",
        "no base64",
        "no media type",
    ],
)
async def test_a_wrong_value_comes_with_its_hint(api: Served, path: str, value: str, says: str):
    answer = await api.post("/v1/study-events", edited(path, value))
    (problem,) = answer.json()["problems"]
    assert f"{problem['message']}; {problem['hint']}" == says


@pytest.mark.parametrize("birth_date", ["1980", "1980-02", "1980-02-29", None])
async def test_as_much_of_a_birth_date_as_is_known_is_taken(api: Served, birth_date: str | None):
    answer = await api.post("/v1/study-events", edited("/patient/birth_date", birth_date))
    assert answer.status_code == 202


async def test_next_week_is_422(api: Served):
    answer = await api.post("/v1/study-events", event(later=timedelta(days=7)))
    assert answer.status_code == 422
    (problem,) = answer.json()["problems"]
    assert (problem["rule"], problem["pointer"]) == ("from-the-future", "/occurred_at")
    assert (await api.ledger())["events"] == 0


async def test_all_problems_of_all_events_come_at_once(api: Served):
    wrong = [edited("/study/id", remove=True), event(), edited("/patient/sex", 5) | {"x": 1}]
    answer = await api.post("/v1/study-events", wrong)
    assert {one["pointer"] for one in answer.json()["problems"]} == {"/0/study/id", "/2/patient/sex", "/2"}


@in_one_test(
    "body",
    [
        b"",
        b"{",
        b"<event/>",
        b"\xff\xfe",
        b'{"event_id": "1", "event_id": "2"}',
        b"[" * 100_000,
        b"9" * 5000,
        b"MSH|^~\\&|",
    ],
    ids=["empty", "cut off", "XML", "UTF-16", "a key twice", "100,000 deep", "5000 digits", "HL7"],
)
async def test_no_json_is_422(api: Served, body: bytes):
    answer = await api.post("/v1/study-events", body)
    assert answer.status_code == 422
    (problem,) = answer.json()["problems"]
    assert (problem["rule"], problem["pointer"]) == ("not-json", "")
    assert answer.json()["error"] == problem["message"]


@in_one_test("depth", range(100, 1100, 50))
async def test_no_depth_is_a_defect(api: Served, depth: int):
    deep = b"[" * depth + b"1" + b"]" * depth
    body = json.dumps(event()).encode().replace(b'"No free fluid."', deep)
    assert (await api.post("/v1/study-events", body)).status_code == 422


async def test_an_empty_array_is_422(api: Served):
    answer = await api.post("/v1/study-events", [])
    assert answer.status_code == 422
    assert answer.json()["problems"][0]["rule"] == "empty-array"


async def test_50_mb_are_413_and_nothing_is_stored(api: Served):
    body = json.dumps([event(), event("c1020.json")]).encode().ljust(FIFTY_MB)
    answer = await api.post("/v1/study-events", body)
    assert (answer.status_code, answer.json()["exit_code"]) == (413, 1)
    assert (await api.ledger())["events"] == 0


@in_one_test(
    ("start", "hint"),
    [
        ("[", "hand the events in by smaller arrays"),
        ("\n [", "hand the events in by smaller arrays"),
        ("{", "one event takes at most 32 MiB"),
    ],
    ids=["array", "array after blanks", "one event"],
)
async def test_what_is_too_large_is_told_how_it_could_be_taken(api: Served, start: str, hint: str):
    answer = await api.client.post("/v1/study-events", content=start.ljust(MAX_BODY_BYTES + 1).encode())
    assert (answer.status_code, answer.json()["error"]) == (413, f"over 32 MiB: {hint}")


async def test_a_document_over_20_mb_is_refused_by_its_pointer(api: Served):
    document = {"media_type": "application/pdf", "base64": "JVBERi0t" * 3_600_000}
    answer = await api.post("/v1/study-events", edited("/study/documents", [document]))
    (problem,) = answer.json()["problems"]
    assert (answer.status_code, problem["pointer"]) == (422, "/study/documents/0/base64")
    assert (problem["message"], problem["hint"]) == (
        "the document is over 20 MB",
        "make it smaller, or take it out",
    )


async def test_too_much_is_not_read_where_no_length_was_declared(api: Served):
    read = 0

    async def stream() -> AsyncIterator[bytes]:
        nonlocal read
        while True:
            read += 1024 * 1024
            yield b" " * 1024 * 1024

    answer = await api.client.post("/v1/study-events", content=stream())
    assert answer.status_code == 413
    assert read <= MAX_BODY_BYTES + 2 * 1024 * 1024


@in_one_test(
    ("body", "says"),
    [
        (b"[" + b",".join([json.dumps(event()).encode()] * (MOST_EVENTS + 1)) + b"]", "over 1000 events"),
        (b"[" + b"1," * 20_000 + b"1]", "over 1000 events"),
        (b"[" + b"[]," * 8_000_000 + b"[]]", "over 500000 values"),
        (b'{"a":' + b'[{"a":{"b":{}}},' * 1_000_000, "over 500000 values"),
    ],
    ids=["events", "numbers", "lists", "nested"],
)
async def test_what_would_take_long_to_read_is_413_with_the_way_out(api: Served, body: bytes, says: str):
    answer = await api.post("/v1/study-events", body)
    assert (answer.status_code, answer.json()["error"]) == (
        413,
        f"{says}: hand the events in by smaller arrays",
    )
    assert (await api.ledger())["events"] == 0


class Watched:
    """A store that notes how many turns others had on the loop by the time that events are handed to it."""

    def __init__(self, store: Any) -> None:
        self._store = store
        self.turns = 0
        self.turns_before_accept = 0

    def __getattr__(self, name: str) -> Any:
        return getattr(self._store, name)

    async def accept(self, *args: Any, **kwargs: Any) -> Any:
        self.turns_before_accept = self.turns
        return await self._store.accept(*args, **kwargs)

    async def count(self) -> None:
        while True:
            self.turns += 1
            await asyncio.sleep(0)


async def test_others_have_their_turns_while_as_many_events_as_may_be_are_read(api: Served):
    intake: Any = api.app.state.services.intake
    await api.submit("efast.json")
    watched = intake._store = Watched(intake._store)
    counting = asyncio.create_task(watched.count())
    many = [event(event_id=f"E{number}") for number in range(MOST_EVENTS)]
    assert (await api.post("/v1/study-events", many)).status_code == 202
    counting.cancel()
    # Of 1000 events two passes of slices of at most 20 are made, and the reading is in a thread beside.
    assert watched.turns_before_accept >= 2 * 1000 // 20


async def test_the_largest_that_is_read_is_taken(api: Served):
    body = json.dumps(event()).encode().ljust(MAX_BODY_BYTES)
    assert (await api.post("/v1/study-events", body)).status_code == 202


async def test_before_anything_is_applied_no_archive_is_known(empty: Served):
    answer = await empty.post("/v1/study-events", event())
    assert answer.status_code == 422
    assert answer.json()["problems"][0]["rule"] == "unknown-archive"


async def test_what_occurred_before_its_rule_is_taken_with_the_reason(api: Served):
    answer = await api.post("/v1/study-events", event(later=timedelta(hours=-1)))
    assert answer.status_code == 202
    (decision,) = answer.json()["decisions"]
    assert decision["verdict"].startswith("before-effective-from by ")
    assert decision["delivery"] is None


async def test_an_exclusion_near_a_rules_start_is_counted(api: Served):
    await api.post("/v1/study-events", event(later=timedelta(minutes=-2)))
    assert "bgo_exclusions_near_a_rule_start_total 1.0" in (await api.client.get("/metrics")).text


class Full:
    """A store without room."""

    def __getattr__(self, name: str) -> Any:
        async def fail(*_: Any, **__: Any) -> None:
            raise StoreUnavailable("the state is not available: database or disk is full")

        return fail


def without_room() -> FastAPI:
    store: Any = Full()
    now = lambda: datetime.now(UTC)  # noqa: E731

    return make_application(
        Services(
            store=store,
            intake=Intake(store, wake=lambda _: None, now=now),
            configuring=Configuring(store, now=now),
            dispatching=None,
            now=now,
            token="t",
        )
    )


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("POST", "/v1/study-events", event()),
        ("POST", "/v1/deliveries/search", {}),
        ("GET", "/v1/deliveries/1", None),
        ("POST", "/v1/deliveries/1/resend", {"reason": "x"}),
        ("GET", "/v1/status", None),
        ("GET", "/v1/ledger", None),
        ("GET", "/metrics", None),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
async def test_a_store_that_cannot_take_it_is_503_with_retry_after(method: str, path: str, body: Any):
    transport = httpx.ASGITransport(app=without_room())
    headers = {"Authorization": "Bearer t"}
    async with httpx.AsyncClient(transport=transport, base_url="http://localhost", headers=headers) as client:
        answer = await client.request(method, path, json=body)
        ready = await client.get("/readyz")
        alive = await client.get("/livez")
    assert (answer.status_code, answer.headers["Retry-After"]) == (503, "5")
    assert (ready.status_code, alive.status_code) == (503, 200)
