"""`bgo study`: hand in events, and render or send one study."""

import json
import sys
import uuid
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from butterfly_gitops.cli.client import Api, ApiRefused, StateApi, with_state
from butterfly_gitops.cli.options import parse_endpoint, with_format, with_reason, with_sites
from butterfly_gitops.cli.output import ExitCode, age, count_of, print_json, print_table, say, say_lines
from butterfly_gitops.cli.suggestions import endpoints

if TYPE_CHECKING:
    from butterfly_gitops.cli.preview import Previewed
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


def _bodies(text: bytes, *, is_shifted: bool) -> Iterator[bytes]:
    """Return what is sent: the text as it is where it can be, so that the answer's pointers fit it."""
    try:
        data = json.loads(text)
    except RecursionError:
        # The API says so, of the text as it is.
        yield text
        return
    except ValueError:
        lines = [line for line in text.splitlines() if line.strip()]
        if len(lines) < 2:
            yield text
            return
        for part in _batches(lines):
            events = b"[" + b",".join(part) + b"]"
            yield from _bodies(events, is_shifted=True) if is_shifted and _is_json(events) else [events]
        return
    if not is_shifted:
        yield text
    elif isinstance(data, list):
        yield json.dumps([as_now(one) for one in data]).encode()
    else:
        yield json.dumps(as_now(data)).encode()


def as_now(event: Any) -> Any:
    """Return an event that occurs now; whatever is no event stays as it is, for the API to refuse."""
    try:
        shift = datetime.now(UTC) - datetime.fromisoformat(event["occurred_at"])
    except (TypeError, KeyError, ValueError):
        return event
    shifted = json.loads(json.dumps(event))
    shifted["event_id"] = uuid.uuid4().hex
    study = shifted.get("study")
    attestation = study.get("attestation") if isinstance(study, dict) else None
    _shift_times(shifted, ("occurred_at",), shift)
    _shift_times(study, ("started_at", "ended_at"), shift)
    _shift_times(attestation, ("at",), shift)
    return shifted


def _shift_times(part: Any, names: tuple[str, ...], shift: timedelta) -> None:
    if not isinstance(part, dict):
        return
    for name in names:
        if isinstance(part.get(name), str):
            try:
                part[name] = (datetime.fromisoformat(part[name]) + shift).isoformat()
            except ValueError:
                continue


def _batches(lines: list[bytes]) -> Iterator[list[bytes]]:
    """As many lines at once as the API takes, and at least one."""
    batch: list[bytes] = []
    size = 0
    for line in lines:
        if batch and (len(batch) == _EVENTS_PER_REQUEST or size + len(line) > _BYTES_PER_REQUEST):
            yield batch
            batch, size = [], 0
        batch.append(line)
        size += len(line)
    yield batch


def _is_json(text: bytes) -> bool:
    try:
        json.loads(text)
    except (ValueError, RecursionError):
        return False
    return True


def _said(file: Path, refused: ApiRefused, before: int) -> str:
    problems = refused.document.get("problems", []) if isinstance(refused.document, dict) else []
    for one in problems:
        place = f"{file}#{one.get('pointer', '')}"
        _print_problem(place, one["rule"], one["message"], one.get("hint") or "")
    what = count_of(len(problems), "problem") if problems else str(refused)
    event = _which(refused.document, before) if refused.status == 409 and not problems else ""
    taken = f"; {count_of(before, 'event')} before {'was' if before == 1 else 'were'} taken" if before else ""
    return f"{file}: {what}{event}: nothing of it is stored{taken}"


def _which(conflict: dict[str, Any], before: int) -> str:
    return f" (event {before + conflict['position'] + 1}, SHA-256 of its id: {conflict['digest']}...)"


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
    from butterfly_gitops.cli.preview import previews, receiver_of
    from butterfly_gitops.model.delivery import ResultStatus

    receiver = receiver_of(endpoint, sites)
    wanted = ResultStatus(status) if status else None
    made = list(previews(_content(file), receiver, status=wanted))
    for one in made:
        _print_unread(file, one)
        # Of one event alone the file is known.
        in_file = f"{file}{'' if one.place.startswith('[') else ':'}{one.place}" if one.place else ""
        place = f"{in_file or file}: " if in_file or one.unread else ""
        if says := one.problem or one.note:
            say(f"bgo: {place}{says}", err=True)
    _print_messages([one for one in made if one.data], receiver.endpoint, endpoint, style)
    if any(one.problem for one in made):
        ctx.exit(ExitCode.FAILED)


def _print_unread(file: Path, one: "Previewed") -> None:
    """The problems of what is no event, in the words that `bgo study submit` has for them."""
    is_item = one.place.startswith("[")
    line = f":{one.place}" if one.place and not is_item else ""
    item = f"/{one.place[1:-1]}" if is_item else ""
    for problem in one.unread:
        _print_problem(f"{file}{line}#{item}{problem.pointer}", problem.rule, problem.message, problem.hint)


def _print_problem(place: str, rule: str, message: str, hint: str) -> None:
    say(f"{place}: error[{rule}]: {message}{f'; {hint}' if hint else ''}", err=True)


def _print_messages(made: "list[Previewed]", configured: "EhrEndpoint", address: str, style: str) -> None:
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
    print_table(
        ("STUDY", "ACCESSION", "EVENT", "REVISION", "OCCURRED", "RECEIVED", "WHY NOT"), map(_unsent, studies)
    )
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
