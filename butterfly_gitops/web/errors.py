"""Error responses: an HTTP status, and a document with the message and the exit code for verbs."""

from collections.abc import Mapping
from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect

from butterfly_gitops.config.problem_document import problem_document
from butterfly_gitops.controller.configuring import Followed, PlanStale
from butterfly_gitops.delivery.act import ActionRefused
from butterfly_gitops.delivery.pausing import CannotPause
from butterfly_gitops.dispatcher.intake import EventsRefused
from butterfly_gitops.hl7.refusal import RenderingRefused
from butterfly_gitops.model.error import GitopsError
from butterfly_gitops.model.printable import short_digest
from butterfly_gitops.store.dispatch import OwnerLost
from butterfly_gitops.store.intake import EventConflict, RoutedWithOldRules
from butterfly_gitops.store.interface import (
    NameTaken,
    OtherFleet,
    ResultsWait,
    StaleApplication,
    StoreUnavailable,
)
from butterfly_gitops.store.people import NotFound
from butterfly_gitops.web.access import NotAllowed, NoToken, WrongHost
from butterfly_gitops.web.limit import TooLarge

_STATUS: Mapping[type[GitopsError], int] = {
    NoToken: 401,
    NotAllowed: 403,
    NotFound: 404,
    EventConflict: 409,
    ActionRefused: 409,
    CannotPause: 409,
    Followed: 409,
    NameTaken: 409,
    OtherFleet: 409,
    PlanStale: 409,
    ResultsWait: 409,
    StaleApplication: 409,
    TooLarge: 413,
    WrongHost: 421,
    EventsRefused: 422,
    RenderingRefused: 422,
    OwnerLost: 503,
    RoutedWithOldRules: 503,
    StoreUnavailable: 503,
}
_RETRY_AFTER_S = "5"
_REFUSED_AT_THE_DOOR = (401, 403, 421)


def handle_errors(app: FastAPI) -> None:
    """Answer every error as `answer` does."""
    for kind in (GitopsError, RequestValidationError, HTTPException, ClientDisconnect, Exception):
        app.add_exception_handler(kind, answer)


async def answer(request: Request, error: Exception) -> JSONResponse:
    """Answer a GitopsError by its status; an error that is not foreseen is a 500 that tells its kind alone."""
    match error:
        case GitopsError():
            return _refused(request, error)
        case RequestValidationError():
            # Names and reasons only: what was handed in may hold patient data.
            wrong = "; ".join(_said(one) for one in error.errors())
            return JSONResponse({"error": wrong, "exit_code": 1}, status_code=422)
        case HTTPException():
            says = {404: "there is no such path", 405: "this path has no such method"}
            body = {"error": says.get(error.status_code, error.detail), "exit_code": 1}
            return JSONResponse(body, status_code=error.status_code, headers=error.headers)
        case ClientDisconnect():
            # Whoever asked has gone before the request was whole, which is no defect of ours.
            return JSONResponse({}, status_code=400)
        case _:
            # The server hears of it too, and logs where; its text may hold patient data.
            says_kind = f"unexpected {type(error).__name__}: a defect of ours"
            return JSONResponse({"error": says_kind, "exit_code": 70}, status_code=500)


def _refused(request: Request, error: GitopsError) -> JSONResponse:
    status = next((_STATUS[kind] for kind in type(error).__mro__ if kind in _STATUS), 400)
    headers = {"Retry-After": _RETRY_AFTER_S} if status == 503 else {}
    if status in _REFUSED_AT_THE_DOOR:
        # A caller who is refused may still send a body, which nobody is going to read.
        request.app.state.services.refusals.count(status)
        headers = {"Connection": "close"}
    body: dict[str, Any] = {"error": str(error), "exit_code": error.exit_code}
    if isinstance(error, EventsRefused):
        body["problems"] = [problem_document(problem) for problem in error.problems]
    if isinstance(error, EventConflict):
        body |= {"position": error.position, "digest": short_digest(error.event_id)}
    return JSONResponse(body, status_code=status, headers=headers)


def _said(one: Mapping[str, Any]) -> str:
    if one["type"] == "value_error":
        # Our own words say all.
        return str(one["msg"]).removeprefix("Value error, ")
    place = [str(part) for part in one["loc"]]
    if one["type"] == "extra_forbidden":
        # The name of a field that is none of ours is somebody's text, too.
        place[-1] = f"(SHA-256 of the name: {short_digest(place[-1])}...)"
    return f"{'.'.join(place)}: {one['msg']}"
