"""Names and durations as people type them."""

import click

from butterfly_gitops.model.address import parse_address
from butterfly_gitops.model.scalar import parse_duration


def endpoint_named(text: str) -> tuple[str, str]:
    """Read `SITE/NAME`, or `SITE/NAME~N` as status shows what drains. Raises click.BadParameter."""
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


def seconds_of(duration: str, option: str) -> float:
    """Read a duration such as `30s`, in seconds. Raises click.BadParameter, naming the option."""
    try:
        return parse_duration(duration).total_seconds()
    except ValueError as error:
        raise click.BadParameter(str(error), param_hint=option) from None
