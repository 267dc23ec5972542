"""An EHR endpoint: where and how results reach one EHR.

Each field is written once, here; the layers and their schemas are derived from it.
"""

from datetime import timedelta
from typing import Annotated, Literal

from pydantic import Field, StringConstraints

from butterfly_gitops.model.frozen import Frozen
from butterfly_gitops.model.message import Message
from butterfly_gitops.model.scalar import Name, Port, TimeOut, Wait

Encoding = Literal[
    "US-ASCII", "ISO-8859-1", "ISO-8859-2", "ISO-8859-3", "ISO-8859-4", "ISO-8859-5", "ISO-8859-6",
    "ISO-8859-7", "ISO-8859-8", "ISO-8859-9", "ISO-8859-15", "windows-1252", "UTF-8",
]  # fmt: skip
Text = Annotated[str, StringConstraints(min_length=1, max_length=200)]
HdText = Annotated[str, StringConstraints(min_length=1, max_length=20, pattern=r"^[^|^~\\&\x00-\x1f\x7f]+$")]
# A name or an IPv4 address, which hold no colon, or an IPv6 address, which holds several.
HOST_PATTERN = r"^([A-Za-z0-9._-]+|[0-9A-Fa-f]*:[0-9A-Fa-f]*:[0-9A-Fa-f:.]*)$"
Host = Annotated[str, StringConstraints(min_length=1, max_length=253, pattern=HOST_PATTERN)]
ThenOnFailure = Literal["set_aside", "stop_lane"]


class Hd(Frozen):
    """A hierarchic designator (HL7 v2.5.1 2.A.33): who an application or a facility is."""

    namespace: HdText | None = None
    """HD.1, the local name."""
    universal_id: Annotated[str, StringConstraints(min_length=1, max_length=199)]
    """HD.2, for example an OID."""
    universal_id_type: Literal["ISO", "DNS", "GUID", "UUID", "URI", "CLIA"]
    """HD.3, what kind of identifier HD.2 is (table 0301)."""


Identity = HdText | Hd


class Refusals(Frozen):
    """What happens after one refusal code."""

    retries: Annotated[int, Field(ge=0, le=1000)] = 3
    """How often the same message is tried again after a refusal."""
    then: ThenOnFailure = "set_aside"
    """What happens when the retries are spent."""


class OnRefusal(Refusals):
    """What happens after AE, AR, CE or CR; a code may have its own answer beside the default."""

    AE: Refusals | None = None
    """Application error (original mode)."""
    AR: Refusals | None = None
    """Application reject (original mode)."""
    CE: Refusals | None = None
    """Commit error (commit mode)."""
    CR: Refusals | None = None
    """Commit reject (commit mode)."""

    def answer_to(self, code: str) -> Refusals:
        """Return the policy for one MSA-1 code."""
        own: Refusals | None = {"AE": self.AE, "AR": self.AR, "CE": self.CE, "CR": self.CR}.get(code)
        return own or self


class OnNoReply(Frozen):
    """What happens when bytes left and no proof came back."""

    resends: Annotated[int, Field(ge=0, le=1000)] = 10
    """How often the same bytes are sent again under the same MSH-10."""
    then: ThenOnFailure = "set_aside"
    """What happens when the resends are spent."""


class Acknowledgement(Frozen):
    """Which acknowledgement delivers, and what the others do."""

    mode: Literal["original", "commit"] = "original"
    """`original`: MSH-15/16 empty, AA delivers. `commit`: AL/NE, CA or AA delivers."""
    on_refusal: OnRefusal = OnRefusal()
    """What AE, AR, CE and CR do."""
    on_no_reply: OnNoReply = OnNoReply()
    """What silence does."""
    stop_after: Annotated[int, Field(ge=1, le=100)] = 3
    """The lane stops when this many different messages in a row fared badly."""


class Retry(Frozen):
    """Back-off with full jitter between tries."""

    first: Wait = timedelta(seconds=5)
    """The cap of the first wait."""
    factor: Annotated[int, Field(ge=1, le=10)] = 2
    """How much the cap grows with each failure."""
    longest: Wait = timedelta(minutes=10)
    """The cap of every wait."""


class FileReference(Frozen):
    """Public repository content below `sites/`."""

    file: Annotated[str, StringConstraints(min_length=1)]
    """A path relative to `sites/`."""


class EnvReference(Frozen):
    """A secret in the environment of the process that opens the socket."""

    env: Annotated[str, StringConstraints(pattern=r"^[A-Z_][A-Z0-9_]*$")]
    """The variable's name."""


class PathReference(Frozen):
    """A secret in a file on the machine that opens the socket."""

    path: Annotated[str, StringConstraints(pattern=r"^/")]
    """An absolute path."""


Reference = FileReference | EnvReference | PathReference


class Tls(Frozen):
    """Transport security of the MLLP connection."""

    mode: Literal["off", "server", "mutual"] = "off"
    """`server` checks the EHR's certificate, `mutual` also shows ours."""
    trust: Reference | None = None
    """The authorities that the EHR's certificate is checked against."""
    certificate: Reference | None = None
    """Our certificate."""
    key: Reference | None = None
    """The key of our certificate."""


class EhrEndpoint(Frozen):
    """Where and how results reach one EHR."""

    display_name: Text
    """What people call the connection."""
    link: Name
    """The Link of the same site that carries the traffic."""
    host: Host
    """The EHR's address as seen from the Link."""
    port: Port
    """The EHR's listening port as seen from the Link."""
    status: Literal["active", "paused"] = "active"
    """`paused` accepts and keeps, and sends nothing."""
    sending_application: Identity = "BUTTERFLY"
    """MSH-3."""
    sending_facility: Identity
    """MSH-4."""
    receiving_application: Identity | None = None
    """MSH-5."""
    receiving_facility: Identity
    """MSH-6."""
    processing_id: Literal["P", "T", "D"] = "P"
    """MSH-11: production, training or debugging."""
    encoding: Encoding = "UTF-8"
    """The character encoding on the wire."""
    declare_encoding: bool = True
    """Whether MSH-18 names the encoding."""
    time_zone: str
    """The EHR's IANA time zone; the site's unless said otherwise."""
    preliminary_results: Literal["never", "when_attestation_requested"] = "never"
    """Whether a result is also sent when attestation is requested."""
    ack_timeout: TimeOut = timedelta(seconds=30)
    """How long an acknowledgement may take."""
    connection_timeout: TimeOut = timedelta(seconds=10)
    """How long a connection may take to open."""
    acknowledgement: Acknowledgement = Acknowledgement()
    """Which acknowledgement delivers, and what the others do."""
    retry: Retry = Retry()
    """Back-off between tries."""
    minimum_gap: Wait = timedelta(0)
    """The least time between two messages on one connection."""
    connection: Literal["keep_open", "per_message"] = "keep_open"
    """Whether the connection stays open between messages."""
    on_retarget: Literal["set_aside", "resend"] = "set_aside"
    """What happens to results that may have been received when the target changes."""
    tls: Tls = Tls()
    """Transport security."""
    message: Message = Message()
    """How a result is written."""
