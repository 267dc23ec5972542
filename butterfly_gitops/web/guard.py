"""Checks before a body is read: Host and token for the application, the caller's permission for a route."""

from collections.abc import Callable, Coroutine
from typing import Any, Literal, TypeVar

from fastapi import Request, Response
from fastapi.routing import APIRoute
from starlette.types import ASGIApp, Receive, Scope, Send

from butterfly_gitops.model.error import GitopsError
from butterfly_gitops.web.access import Ability, check_host, check_token, find_caller, is_of_this_machine
from butterfly_gitops.web.errors import answer
from butterfly_gitops.web.limit import MAX_FORM_BYTES, with_limited_body

Where = Literal["fleet", "site", "somewhere"]
Endpoint = TypeVar("Endpoint", bound=Callable[..., Any])

_FOR_EVERYBODY = frozenset({"/livez", "/readyz"})
_FOR_THIS_MACHINE = frozenset({"/metrics"})


class AccessMiddleware:
    """Middleware that refuses a wrong Host or token before the body is read."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            request = Request(scope)
            try:
                _let_in(request)
            except GitopsError as error:
                refused = await answer(request, error)
                return await refused(scope, receive, send)
        return await self._app(scope, receive, send)


def _let_in(request: Request) -> None:
    """Raise WrongHost, NoToken."""
    check_host(request)
    path = request.scope["path"]
    if path in _FOR_EVERYBODY or (path in _FOR_THIS_MACHINE and is_of_this_machine(request)):
        return
    check_token(request)


_NEEDS: dict[Callable[..., Any], tuple[Ability, Where]] = {}


def needs(ability: Ability, where: Where) -> Callable[[Endpoint], Endpoint]:
    """Declare the ability that a route of `GuardedRoute` asks for, without which none can be made.

    It must hold for the whole fleet, at the site in the route's path, or at some site.
    """

    def remember(endpoint: Endpoint) -> Endpoint:
        _NEEDS[endpoint] = (ability, where)
        return endpoint

    return remember


class GuardedRoute(APIRoute):
    """A route that checks the caller's permission first, and then reads no longer body than a form has."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        handle, has_form = super().get_route_handler(), self.body_field is not None
        ability, where = _NEEDS[self.endpoint]

        async def guarded(request: Request) -> Response:
            caller = await find_caller(request)
            if where == "somewhere":
                caller.require_somewhere(ability)
            else:
                caller.require(ability, request.path_params["site"] if where == "site" else "")
            request.state.caller = caller
            return await handle(await with_limited_body(request, MAX_FORM_BYTES) if has_form else request)

        return guarded
