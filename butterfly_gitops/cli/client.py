"""Connects a verb to the API of a state: over loopback while a `run` holds the state, else the same application in process.

The server's packages are imported when a verb acts: its help, and the completion of its words, need none of them.
"""

import asyncio
import functools
import getpass
import io
import json
import os
import re
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from butterfly_gitops.model.error import GitopsError

if TYPE_CHECKING:
    import httpx

    from butterfly_gitops.store.state_folder import StateHeld

_TIMEOUT_S = 60.0
_ADDRESS = re.compile(r"(?P<scheme>[a-z][a-z0-9+.-]+):/", re.IGNORECASE)

Result = TypeVar("Result")


class ApiRefused(GitopsError):  # noqa: N818 - it says what happened
    """The API answered no; `status` and `document` say how."""

    def __init__(self, status: int, document: Any) -> None:
        is_known = isinstance(document, dict) and "error" in document
        super().__init__(str(document["error"]) if is_known else f"the API answered {status}")
        self.status = status
        self.document = document
        self.exit_code = int(document.get("exit_code", 1)) if is_known else 1


def _folder(_ctx: click.Context, _param: click.Parameter, state: Path) -> Path:
    # A path has one slash where an address had two.
    if found := _ADDRESS.match(str(state)):
        kind = "PostgreSQL states" if found["scheme"].startswith("postgres") else "states with an address"
        raise click.BadParameter(f"{kind} are not built yet: give a folder")
    return state


def _person(_ctx: click.Context, _param: click.Parameter, acts_as: str | None) -> str:
    # click takes a variable that is set, and empty, for one that is not.
    name = os.environ.get("BGO_AS") if acts_as is None else acts_as
    if name is not None and not name.strip():
        raise click.BadParameter("it names nobody: without a person, leave it and BGO_AS away")
    return name or ""


with_state_folder = click.option(
    "--state",
    envvar="BGO_STATE",
    type=click.Path(path_type=Path),
    callback=_folder,
    default=Path(".butterfly-gitops"),
    show_default=True,
    help="The state folder.",
)


class Api:
    """One connection to the API. Raises ApiRefused for an answer that is no success."""

    def __init__(self, client: "httpx.AsyncClient") -> None:
        self._client = client

    async def get(self, path: str, **params: Any) -> Any:
        """Read a document."""
        return _document(await self._client.get(path, params=params))

    async def post(self, path: str, body: Any, *, key: str = "") -> Any:
        """Send a document; bytes are JSON already."""
        headers = {"Content-Type": "application/json"} | ({"Idempotency-Key": key} if key else {})
        content = body if isinstance(body, bytes) else json.dumps(body).encode()
        return _document(await self._client.post(path, content=content, headers=headers))


def _document(response: "httpx.Response") -> Any:
    try:
        document = response.json()
    except ValueError:
        document = None
    if response.is_success:
        return document
    raise ApiRefused(response.status_code, document)


@dataclass(frozen=True, slots=True, kw_only=True)
class StateApi:
    """A state folder, and the person on whose behalf it is asked.

    Every method connects to its API first. Raises StateMissing, ApiRefused, and GitopsError where nothing answers.
    """

    folder: Path
    acts_as: str = ""

    def get(self, path: str, **params: Any) -> Any:
        """Read a document."""
        return self.run(lambda api: api.get(path, **params))

    def post(self, path: str, body: Any, *, key: str = "", create: bool = False) -> Any:
        """Send a document, and return the answer; `create` makes a new state."""
        return self.run(lambda api: api.post(path, body, key=key), create=create)

    def run(self, use: Callable[[Api], Awaitable[Result]], *, create: bool = False) -> Result:
        """Run a coroutine over one connection to the process that holds the state, or to the API in this one."""
        import httpx

        from butterfly_gitops.logs import configure_logs
        from butterfly_gitops.store.state_folder import StateHeld
        from butterfly_gitops.wiring import opened

        async def connected() -> Result:
            try:
                async with opened(self.folder, create=create, mark=mark_file()) as app:
                    transport = httpx.ASGITransport(app=app, raise_app_exceptions=True)
                    async with client_of("http://localhost", self, transport=transport) as api:
                        return await use(api)
            except StateHeld as held:
                async with client_of(_announced_url(self.folder, held), self) as api:
                    return await use(api)

        # A verb says what it has to say; log lines are for `run`.
        configure_logs(io.StringIO(), as_json=False)
        try:
            return asyncio.run(connected())
        except httpx.HTTPError as error:
            raise GitopsError(f"the running process does not answer: {type(error).__name__}") from None


def with_state(command: Callable[..., None]) -> Callable[..., None]:
    """Give a command the options `--state` and `--as`, and pass it their StateApi as `state`."""

    @functools.wraps(command)
    def with_both(*args: Any, state: Path, acts_as: str, **kwargs: Any) -> None:
        command(*args, state=StateApi(folder=state, acts_as=acts_as), **kwargs)

    acts_as = click.option(
        "--as",
        "acts_as",
        envvar="BGO_AS",
        callback=_person,
        metavar="WHO",
        help="On whose behalf; then grants.yaml decides what is allowed.",
    )
    return with_state_folder(acts_as(with_both))


@asynccontextmanager
async def client_of(
    url: str, state: StateApi, *, transport: "httpx.ASGITransport | None" = None
) -> AsyncIterator[Api]:
    """Speak to the API at a URL, with the token of its state."""
    import httpx

    from butterfly_gitops.store.token_file import read_token

    headers = {"Authorization": f"Bearer {read_token(state.folder)}"}
    if state.acts_as:
        headers["X-Bgo-As"] = state.acts_as
    elif login := login_name():
        headers["X-Bgo-Login"] = login
    # No proxy of the environment stands between a process and its own machine.
    async with httpx.AsyncClient(
        base_url=url, headers=headers, transport=transport, timeout=_TIMEOUT_S, trust_env=False
    ) as client:
        yield Api(client)


def _announced_url(state: Path, held: "StateHeld") -> str:
    from butterfly_gitops.store.state_folder import API_FILE

    try:
        return str(json.loads((state / API_FILE).read_text())["url"])
    except (OSError, ValueError, KeyError):
        # Another verb holds it for a moment, or a run is just starting.
        raise held from None


def mark_file() -> Path | None:
    """Return the path in BGO_MARK to the state's mark, if it is not in the state's folder."""
    named = os.environ.get("BGO_MARK")
    return Path(named) if named else None


def login_name() -> str:
    """Return the login name for the audit; empty if a header cannot hold it."""
    try:
        name = getpass.getuser()
    except (OSError, KeyError):
        return ""
    return name if name.isascii() and name.isprintable() else ""
