"""`bgo study`: hand in events, and render or send one study."""

import contextlib
import copy
import json
import sys
import uuid
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from butterfly_gitops.cli.client import Api, ApiRefused, StateApi, with_state
from butterfly_gitops.cli.options import parse_endpoint, with_format, with_reason, with_sites
from butterfly_gitops.cli.output import ExitCode, age, count_of, print_json, print_table, say, say_lines
from butterfly_gitops.cli.suggestions import endpoints

if TYPE_CHECKING:
    from butterfly_gitops.cli.preview import RenderedEvent
    from butterfly_gitops.model.endpoint import EhrEndpoint

_with_endpoint = click.option(
    "--endpoint",
    required=True,
    metavar="SITE/NAME",
    shell_complete=endpoints,
    help="The endpoint that it is for.",
)
_EVENTS_PER_REQUEST = 500
# One event alone may be larger, up to what the API takes.
_BYTES_PER_REQUEST = 8 * 1024 * 1024


@click.group("study")
def command() -> None:
    """Hand in study events; render or send one study."""


@command.command("submit")
@click.argument(
    "files", nargs=-1, required=True, metavar="FILE...|-", type=click.Path(path_type=Path, allow_dash=True)
)
@click.option(
    "--as-now",
    "is_shifted",
    is_flag=True,
    help="Give each event a new id, and shift its times so that it occurs now.",
)
@with_format
@with_state
def submit(*, files: tuple[Path, ...], is_shifted: bool, style: str, state: StateApi) -> None:
    """Hand in study events from files or standard input: one JSON event, an array, or JSON Lines.

    What is answered is on disk. A file with one refused event stores nothing of up to 500 events around it.
    """

    async def hand_in(api: Api) -> list[dict[str, Any]]:
        return [answer for file in files for answer in await _submit_file(api, file, is_shifted=is_shifted)]

    answers = state.run(hand_in)
    if style == "json":
        print_json(answers)
        return
    print_table(("EVENT", "ENDPOINT", "DECISION", "DELIVERY"), _rows(answers))
    known = sum(one["known"] for one in answers)
    parts = [f"{len(answers) - known} accepted"] if len(answers) > known or not answers else []
    parts += [f"{known} known already"] if known else []
    say(f"{', '.join(parts)}, on disk", err=True)


async def _submit_file(api: Api, file: Path, *, is_shifted: bool) -> list[dict[str, Any]]:
    text = sys.stdin.buffer.read() if str(file) == "-" else _content(file)
    answers: list[dict[str, Any]] = []
    for body in _bodies(text, is_shifted=is_shifted):
        try:
            answer = await api.post("/v1/study-events", body)
        except ApiRefused as refused:
            raise click.ClickException(_said(file, refused, len(answers))) from None
        answers += answer if isinstance(answer, list) else [answer]
    return answers


def _content(file: Path) -> bytes:
    try:
        return file.read_bytes()
    except OSError as error:
        raise click.ClickException(f"{file}: {(error.strerror or 'cannot be read').lower()}") from None


def _bodies(text: bytes, *, is_shifted: bool) -> Iterable[bytes]:
    """Divide a file's text into requests; it stays as it is where it can, so that the answer's pointers fit it."""
    bodies = [text]
    try:
        json.loads(text)
    except RecursionError:
        # The API says so, of the text as it is.
        pass
    except ValueError:
        lines = [line for line in text.splitlines() if line.strip()]
        if len(lines) > 1:
            bodies = [b"[" + b",".join(part) + b"]" for part in _batches(lines)]
    return map(_shifted, bodies) if is_shifted else bodies


def _shifted(body: bytes) -> bytes:
    try:
        data = json.loads(body)
    except (ValueError, RecursionError):
        return body
    return json.dumps([as_now(one) for one in data] if isinstance(data, list) else as_now(data)).encode()


def as_now(event: Any) -> Any:
    """Return an event that occurs now; whatever is no event stays as it is, for the API to refuse."""
    try:
        shift = datetime.now(UTC) - datetime.fromisoformat(event["occurred_at"])
    except (TypeError, KeyError, ValueError):
        return event
    shifted: dict[str, Any] = {**copy.deepcopy(event), "event_id": uuid.uuid4().hex}
    study = shifted.get("study")
    attestation = study.get("attestation") if isinstance(study, dict) else None
    times: Any = ((shifted, "occurred_at"), (study, "started_at"), (study, "ended_at"), (attestation, "at"))
    for part, name in times:
        with contextlib.suppress(TypeError, KeyError, ValueError):
            part[name] = (datetime.fromisoformat(part[name]) + shift).isoformat()
    return shifted


def _batches(lines: list[bytes]) -> Iterator[list[bytes]]:
    """Group as many lines as the API takes at once, and at least one."""
    batch: list[bytes] = []
    size = 0
    for line in lines:
        if batch and (len(batch) == _EVENTS_PER_REQUEST or size + len(line) > _BYTES_PER_REQUEST):
            yield batch
            batch, size = [], 0
        batch.append(line)
        size += len(line)
    yield batch


def _said(file: Path, refused: ApiRefused, before: int) -> str:
    problems = refused.document.get("problems", []) if isinstance(refused.document, dict) else []
    for one in problems:
        place = f"{file}#{one.get('pointer', '')}"
        _print_problem(place, one["rule"], one["message"], one.get("hint") or "")
    what = count_of(len(problems), "problem") if problems else str(refused)
    event = ""
    if refused.status == 409 and not problems:
        position, digest = refused.document["position"], refused.document["digest"]
        event = f" (event {before + position + 1}, SHA-256 of its id: {digest}...)"
    taken = f"; {count_of(before, 'event')} before {'was' if before == 1 else 'were'} taken" if before else ""
    return f"{file}: {what}{event}: nothing of it is stored{taken}"


def _rows(answers: list[dict[str, Any]]) -> Iterator[tuple[str, ...]]:
    for answer in answers:
        known = " (known)" if answer["known"] else ""
        if not answer["decisions"]:
            yield f"{answer['event_id']}{known}", "", "no rule of its archive is in force", ""
        for one in answer["decisions"]:
            delivery = f"{one['delivery']} {one['state']}" if one["delivery"] is not None else ""
            yield f"{answer['event_id']}{known}", one["endpoint"], one["verdict"], delivery


@command.command("render")
@click.argument("file", type=click.Path(path_type=Path, exists=True, dir_okay=False))
@_with_endpoint
@with_sites
@click.option(
    "--status",
    type=click.Choice(["P", "F", "C", "W"]),
    help="As a preliminary, final or corrected result, or a withdrawal (default: by the event). For C and W an "
    "earlier OBR-22 is made up, and said.",
)
@click.option(
    "--format",
    "style",
    type=click.Choice(["text", "tree", "json", "bytes"]),
    default="text",
    show_default=True,
    help="One segment a line; fields by their names; those for programs; or exactly what would be sent.",
)
@click.pass_context
def render(
    ctx: click.Context, *, file: Path, endpoint: str, sites: Path, status: str | None, style: str
) -> None:
    """Write the ORU of each event in FILE as the files configure it; nothing is sent, and no state is needed.

    FILE holds one event, an array, or JSON Lines. Each is the first message of its report, under a new MSH-10. Exit
    code 1 where an event makes no message.
    """
    from butterfly_gitops.cli.preview import receiver_of
    from butterfly_gitops.cli.study_files import read_events
    from butterfly_gitops.model.delivery import ResultStatus

    receiver = receiver_of(endpoint, sites)
    messages: list[RenderedEvent] = []
    has_failed = False
    for found in read_events(_content(file)):
        place = f"{file}{found.place}"
        if found.event is None:
            # An item of an array is pointed to as `bgo study submit` does.
            item = f"{file}#/{found.place[1:-1]}" if found.place.startswith("[") else f"{place}#"
            for one in found.problems:
                _print_problem(f"{item}{one.pointer}", one.rule, one.message, one.hint)
            says, has_failed = "no study event", True
        else:
            rendered = receiver.render(found.event, status=ResultStatus(status) if status else None)
            messages += [rendered] if rendered.data else []
            says, has_failed = rendered.says, has_failed or not rendered.data
        if says:
            # Of one event alone the file is known.
            is_placed = found.place or found.event is None
            say(f"bgo: {f'{place}: ' if is_placed else ''}{says}", err=True)
    _print_messages(messages, receiver.endpoint, endpoint, style)
    if has_failed:
        ctx.exit(ExitCode.FAILED)


def _print_problem(place: str, rule: str, message: str, hint: str) -> None:
    say(f"{place}: error[{rule}]: {message}{f'; {hint}' if hint else ''}", err=True)


def _print_messages(made: "list[RenderedEvent]", configured: "EhrEndpoint", address: str, style: str) -> None:
    if style == "bytes":
        sys.stdout.buffer.write(b"".join(one.data for one in made))
        sys.stdout.buffer.flush()
        return
    if style == "text":
        from butterfly_gitops.hl7.message import visible

        if made:
            say_lines("\n\n".join(visible(one.data, configured.encoding) for one in made))
        return
    from butterfly_gitops.cli.message_tree import print_tree, to_data
    from butterfly_gitops.hl7.tree import tree_of

    trees = [tree_of(one.data, configured) for one in made]
    if style == "json":
        messages = [
            {"event_id": one.event_id, "status": one.status, "segments": to_data(tree)}
            for one, tree in zip(made, trees, strict=True)
        ]
        print_json({"endpoint": address, "messages": messages})
        return
    for number, tree in enumerate(trees):
        if number:
            say()
        print_tree(tree)


@command.command("list")
@click.option(
    "--gap",
    "endpoint",
    required=True,
    metavar="SITE/NAME",
    shell_complete=endpoints,
    help="Studies that this endpoint's rules did not send, and that it has had nothing of.",
)
@with_format
@with_state
def list_studies(*, endpoint: str, style: str, state: StateApi) -> None:
    """List studies, newest first, at most 1,000.

    In the gap of an endpoint are those that occurred before its rule started, or that met no rule while its row was
    missing; a study that was sent since, reverted or deleted is not. `bgo study send` sends one that is wanted.
    """
    site, name = parse_endpoint(endpoint)

    studies = state.get("/v1/studies/unsent", site=site, endpoint=name)["studies"]
    if style == "json":
        print_json(studies)
        return
    head = ("STUDY", "ACCESSION", "EVENT", "REVISION", "OCCURRED", "RECEIVED", "WHY NOT")
    print_table(head, map(_unsent, studies))
    say(count_of(len(studies), "study", "studies"), err=True)


def _unsent(one: dict[str, Any]) -> tuple[str, ...]:
    kind = one["event"].replace("_", " ")
    occurred, received = (f"{age(one[name])} ago" for name in ("occurred_at", "received_at"))
    return one["study"], one["accession"], kind, str(one["revision"]), occurred, received, one["verdict"]


@command.command("send")
@click.argument("study")
@_with_endpoint
@with_reason
@click.option(
    "--key", default="", help="Idempotency key: the same key sends once, however often it is asked for."
)
@with_state
def send(*, study: str, endpoint: str, reason: str, key: str, state: StateApi) -> None:
    """Send one finalized STUDY (its id or accession number) to one endpoint, whatever the forwarding rules say.

    Only endpoints of the study's own site can have it. It is the newest result that is sent; nothing is mixed in.
    """
    site, name = parse_endpoint(endpoint)
    wish = {"study": study, "site": site, "endpoint": name, "reason": reason}
    acted = state.post("/v1/sends", wish, key=key)
    say(
        f"delivery {acted['delivery']}: {acted['state']}" + (" (asked for before)" if acted["repeat"] else "")
    )
