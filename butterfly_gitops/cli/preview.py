"""What a message would look like, from files alone."""

import secrets
from datetime import UTC, datetime
from pathlib import Path

import click
from pydantic import ValidationError

from butterfly_gitops.cli.named import endpoint_named
from butterfly_gitops.config.load import load
from butterfly_gitops.hl7.control_id import crockford
from butterfly_gitops.hl7.message import visible
from butterfly_gitops.hl7.render import Known, render
from butterfly_gitops.model.delivery import ResultStatus
from butterfly_gitops.model.endpoint import EhrEndpoint
from butterfly_gitops.model.study import StudyEvent
from butterfly_gitops.source.folder import read_folder

_STATUS = {"finalized": ResultStatus.F, "attestation_requested": ResultStatus.P}


def preview(content: bytes, address: str, sites: Path) -> tuple[bytes, str]:
    """Render an event for an endpoint of the files; returns the bytes, and the text for a person.

    Raises RenderingRefused, SourceUnavailable and click.ClickException.
    """
    event = _event(content)
    status = _STATUS.get(event.event)
    if status is None:
        raise click.ClickException(f"a study that is {event.event} makes no message by itself")
    endpoint = _endpoint(address, sites)
    if status is ResultStatus.P and endpoint.preliminary_results == "never":
        click.echo(f"bgo: {address} is sent no preliminary results; one would read like this", err=True)
    rendered = render(
        event,
        endpoint=endpoint,
        report=Known(fallback_filler=f"BF{_letters(14)}"),
        status=status,
        control_id=_letters(20),
        at=datetime.now(UTC),
    )
    return rendered.data, visible(rendered.data, endpoint.encoding)


def _event(content: bytes) -> StudyEvent:
    try:
        return StudyEvent.model_validate_json(content)
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False, include_context=False)[0]
        where = "/".join(map(str, first["loc"]))
        raise click.ClickException(
            f"no study event: /{where}: {first['msg'].removeprefix('Value error, ')}"
        ) from None


def _endpoint(address: str, sites: Path) -> EhrEndpoint:
    site, name = endpoint_named(address)
    loaded = load(read_folder(sites), root=str(sites))
    found = loaded.fleet.sites.get(site) if loaded.fleet else None
    endpoint = found.ehr_endpoints.get(name) if found else None
    if endpoint is None:
        is_left_out = loaded.fleet is None or site in loaded.unsound_sites
        why = "the files have problems: bgo validate" if is_left_out else "the files have no such endpoint"
        raise click.ClickException(f"{address}: {why}")
    return endpoint


def _letters(count: int) -> str:
    return crockford(secrets.token_bytes(count))
