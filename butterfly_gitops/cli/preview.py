"""Renders events as an endpoint of the files would get them; nothing is sent."""

import secrets
import shlex
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

import click

from butterfly_gitops.cli.options import parse_endpoint
from butterfly_gitops.config.load import Loaded, load
from butterfly_gitops.config.typos import typo_of
from butterfly_gitops.hl7.control_id import crockford
from butterfly_gitops.hl7.form import Form
from butterfly_gitops.hl7.refusal import RenderingRefused
from butterfly_gitops.hl7.render import preview_defaults, render
from butterfly_gitops.model.address import Address
from butterfly_gitops.model.delivery import ResultStatus
from butterfly_gitops.model.endpoint import EhrEndpoint
from butterfly_gitops.model.fleet import Fleet
from butterfly_gitops.model.site import archives_by_name
from butterfly_gitops.model.study import StudyEvent
from butterfly_gitops.source.folder import read_folder

_STATUS = {"finalized": ResultStatus.F, "attestation_requested": ResultStatus.P}


@dataclass(frozen=True, slots=True, kw_only=True)
class RenderedEvent:
    """The message of an event, as an endpoint would get it; without `data` there is none, and `says` why.

    Beside a message `says` is what a person must know who reads it.
    """

    event_id: str
    status: ResultStatus | None = None
    data: bytes = field(default=b"", repr=False)
    says: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Receiver:
    """One endpoint as the files have it, with the name of the archive that is behind each name in an event."""

    address: Address
    endpoint: EhrEndpoint
    fleet: Fleet

    def unlike_delivery(self, archive: str) -> str:
        """Say why a study of that archive would not be sent there; empty where it would."""
        by_name = archives_by_name(self.fleet.sites.values())
        found = by_name.get(archive)
        if found is None:
            meant = typo_of(archive, by_name)
            return "no archive of the files goes by the name that it says" + (
                f"; did you mean {meant}?" if meant else ""
            )
        if found.site != self.address.site:
            return f"its archive is of {found.site}, and nothing of another site is sent to {self.address}"
        forward_to = self.fleet.sites[found.site].archives[found.name or ""].forward_to
        return "" if self.address.name in forward_to else f"{found} does not forward to {self.address.name}"

    def render(self, event: StudyEvent, *, status: ResultStatus | None = None) -> RenderedEvent:
        """Render the event as the first message of its report, unless `status` says otherwise."""
        status = status or _STATUS.get(event.event)
        if status is None or event.event not in _STATUS:
            says = f"a study that is {event.event} makes no message by itself"
            return RenderedEvent(event_id=event.event_id, says=says)
        note = ""
        known = preview_defaults(event, self.endpoint, status, fallback_filler=f"BF{_letters(14)}")
        if earlier := known.last_status_time:
            note = f"as if {self.address} had acknowledged a final result of it with OBR-22 {earlier}"
        elif status is ResultStatus.P and self.endpoint.preliminary_results == "never":
            note = f"{self.address} is sent no preliminary results; one would read like this"
        try:
            message = render(
                Form.of(self.endpoint),
                event,
                report=known,
                status=status,
                control_id=_letters(20),
                at=datetime.now(UTC),
            )
        except RenderingRefused as refusal:
            decided = f"{refusal.decided_by}: bgo explain {self.address}" if refusal.settings else ""
            return RenderedEvent(event_id=event.event_id, status=status, says=f"{refusal}{decided}")
        says = "; ".join(filter(None, (note, self.unlike_delivery(event.archive))))
        return RenderedEvent(event_id=event.event_id, status=status, data=message.data, says=says)


def receiver_of(address: str, sites: Path) -> Receiver:
    """Find the endpoint in the files. Raises SourceUnavailable and click.ClickException."""
    site, name = parse_endpoint(address)
    loaded = load(read_folder(sites), root=str(sites))
    found = loaded.fleet.sites.get(site) if loaded.fleet else None
    endpoint = found.ehr_endpoints.get(name) if found else None
    if loaded.fleet is None or endpoint is None:
        raise click.ClickException(f"{address}: {_why_not_there(address, site, loaded, sites)}")
    return Receiver(address=Address(site=site, name=name), endpoint=endpoint, fleet=loaded.fleet)


def _why_not_there(address: str, site: str, loaded: Loaded, sites: Path) -> str:
    if loaded.fleet is None or site in loaded.unsound_sites:
        folder = "" if str(sites) == "sites" else f" {shlex.quote(str(sites))}"
        return f"the files have problems: bgo validate{folder}"
    there = [f"{each.name}/{name}" for each in loaded.fleet.sites.values() for name in each.ehr_endpoints]
    meant = typo_of(address, there)
    return f"the files have no such endpoint{f'; did you mean {meant}?' if meant else ''}"


def _letters(count: int) -> str:
    return crockford(secrets.token_bytes(count))
