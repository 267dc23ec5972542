"""Options that several verbs share, and parsers for their values."""

import re
from pathlib import Path

import click

from butterfly_gitops.model.address import parse_address
from butterfly_gitops.model.scalar import parse_duration

with_sites = click.option(
    "--sites",
    type=click.Path(path_type=Path),
    default=Path("sites"),
    show_default=True,
    help="The sites folder.",
)
with_format = click.option(
    "--format",
    "style",
    type=click.Choice(["text", "json"]),
    default="text",
    show_default=True,
    help="For people, or for programs.",
)
with_reason = click.option("--reason", required=True, help="Why; kept in the audit. No patient data.")
with_new_state = click.option(
    "--new-state", is_flag=True, help="Make the state first; refused where there is one."
)

_LISTEN = re.compile(r"(?:\[(?P<bracketed>[0-9A-Fa-f:.]+)\]|(?P<host>[^\s:\[\]]+)):(?P<port>[0-9]{1,5})")


def parse_endpoint(text: str) -> tuple[str, str]:
    """Parse `SITE/NAME`, or `SITE/NAME~N` as status shows a draining one. Raises click.BadParameter."""
    plain, _, number = text.partition("~")
    try:
        address = parse_address(plain if number.isdecimal() else text)
    except ValueError as error:
        raise click.BadParameter(str(error)) from None
    if address.name is None or address.field is not None:
        raise click.BadParameter(
            f"{text!r} names no endpoint: write SITE/NAME, such as st-elsewhere/epic-prod"
        )
    return address.site, f"{address.name}~{number}" if number else address.name


def parse_seconds(duration: str, option: str, *, may_be_zero: bool = True) -> float:
    """Parse a duration such as `30s`. Raises click.BadParameter, naming the option."""
    try:
        seconds = parse_duration(duration).total_seconds()
    except ValueError as error:
        raise click.BadParameter(str(error), param_hint=option) from None
    if not may_be_zero and seconds <= 0:
        raise click.BadParameter("must be longer than 0s", param_hint=option)
    return seconds


def parse_listen(ctx: click.Context, param: click.Parameter, text: str) -> tuple[str, int]:
    """Parse HOST:PORT, as the callback of an option; an IPv6 address stands in brackets."""
    found = _LISTEN.fullmatch(text)
    if found is None:
        message = f"{text!r} is no address: write HOST:PORT, such as {param.default}"
        raise click.BadParameter(message, ctx=ctx, param=param)
    if int(found["port"]) > 65535:
        raise click.BadParameter("the port is from 0 to 65535", ctx=ctx, param=param)
    return found["bracketed"] or found["host"], int(found["port"])
