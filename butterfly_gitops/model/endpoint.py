"""An EHR endpoint: the way in which results reach one EHR.

Each field is written once, here; the layers and their schemas are derived from it.
"""

from datetime import timedelta
from typing import Annotated, Literal

from pydantic import Field, StringConstraints

from butterfly_gitops.model.coding import UniversalIdType
from butterfly_gitops.model.frozen import Frozen
from butterfly_gitops.model.meaning import Meanings, PatternHint
from butterfly_gitops.model.message import Message
from butterfly_gitops.model.printable import HIDDEN
from butterfly_gitops.model.scalar import Name, Port, TimeOut, Wait

Encoding = Annotated[
    Literal[
        "US-ASCII", "ISO-8859-1", "ISO-8859-2", "ISO-8859-3", "ISO-8859-4", "ISO-8859-5", "ISO-8859-6",
        "ISO-8859-7", "ISO-8859-8", "ISO-8859-9", "ISO-8859-15", "windows-1252", "UTF-8",
    ],
    Meanings({
        "US-ASCII": "English letters only; MSH-18 stays empty.",
        "ISO-8859-1": "Western European; MSH-18 is 8859/1.",
        "ISO-8859-2": "Central European; MSH-18 is 8859/2.",
        "ISO-8859-3": "South European, with Maltese and Esperanto; MSH-18 is 8859/3.",
        "ISO-8859-4": "North European, with Baltic; MSH-18 is 8859/4.",
        "ISO-8859-5": "Cyrillic; MSH-18 is 8859/5.",
        "ISO-8859-6": "Arabic; MSH-18 is 8859/6.",
        "ISO-8859-7": "Greek; MSH-18 is 8859/7.",
        "ISO-8859-8": "Hebrew; MSH-18 is 8859/8.",
        "ISO-8859-9": "Turkish; MSH-18 is 8859/9.",
        "ISO-8859-15": "Western European with the euro sign; MSH-18 is 8859/15.",
        "windows-1252": "Western European as Windows writes it; HL7 has no name for it, so MSH-18 stays empty.",
        "UTF-8": "Every script; MSH-18 is UNICODE UTF-8.",
    }),
]  # fmt: skip
Text = Annotated[
    str,
    StringConstraints(min_length=1, max_length=200, pattern=r"[^ ]"),
    PatternHint("write a text of 1 to 200 characters, not of spaces alone"),
]
# Nothing that separates parts of a message, nothing that does not show, and no space at either end.
_NOT_IN_HD = rf"|^~\\&\x00-\x1f\x7f{HIDDEN}"
HD_PATTERN = rf"^[^ {_NOT_IN_HD}]([^{_NOT_IN_HD}]*[^ {_NOT_IN_HD}])?$"
_HD_HINT = PatternHint("leave out | ^ ~ \\ and &, which separate fields of HL7, and spaces at either end")
HdText = Annotated[str, StringConstraints(min_length=1, max_length=20, pattern=HD_PATTERN), _HD_HINT]
# A name or an IPv4 address, which hold no colon, or an IPv6 address, which holds several.
ENV_PATTERN = r"^[A-Z_][A-Z0-9_]*$"
PATH_PATTERN = r"^/"
HOST_PATTERN = r"^([A-Za-z0-9._-]+|[0-9A-Fa-f]*:[0-9A-Fa-f]*:[0-9A-Fa-f:.]*)$"
Host = Annotated[
    str,
    StringConstraints(min_length=1, max_length=253, pattern=HOST_PATTERN),
    PatternHint("write a host name or an IP address alone; its port stands in `port`"),
]
ThenOnFailure = Annotated[
    Literal["set_aside", "stop_lane"],
    Meanings(
        set_aside="The result waits for a person, and the next one is sent.",
        stop_lane="The endpoint stops, and all its results wait in order.",
    ),
]


class Hd(Frozen):
    """A hierarchic designator (HL7 v2.5.1 2.A.33): the name of an application or a facility."""

    namespace: HdText | None = Field(default=None, examples=["STE"])
    """HD.1, the local name."""
    universal_id: Annotated[
        str, StringConstraints(min_length=1, max_length=199, pattern=HD_PATTERN), _HD_HINT
    ] = Field(examples=["2.16.840.1.113883.3.9999.1"])
    """HD.2, for example an OID."""
    universal_id_type: UniversalIdType
    """HD.3, the kind of identifier in HD.2 (table 0301)."""


Identity = HdText | Hd


class Refusals(Frozen):
    """Retries after one refusal code, and the step after them."""

    retries: Annotated[int, Field(ge=0, le=1000)] = 3
    """The number of times that the same message is tried again after a refusal."""
    then: ThenOnFailure = "set_aside"
    """The step after the last retry."""


class OnRefusal(Refusals):
    """Retries after AE, AR, CE or CR; a code may have its own beside the default."""

    AE: Refusals | None = Field(default=None, examples=[{"retries": 5, "then": "stop_lane"}])
    """Application error (original mode)."""
    AR: Refusals | None = Field(default=None, examples=[{"retries": 0}])
    """Application reject (original mode)."""
    CE: Refusals | None = Field(default=None, examples=[{"retries": 5, "then": "stop_lane"}])
    """Commit error (commit mode)."""
    CR: Refusals | None = Field(default=None, examples=[{"retries": 0}])
    """Commit reject (commit mode)."""

    def answer_to(self, code: str) -> Refusals:
        """Return the policy for one MSA-1 code."""
        own: Refusals | None = {"AE": self.AE, "AR": self.AR, "CE": self.CE, "CR": self.CR}.get(code)
        return own or self


class OnNoReply(Frozen):
    """Resends when bytes left and no proof came back, and the step after them."""

    resends: Annotated[int, Field(ge=0, le=1000)] = 10
    """The number of times that the same bytes are sent again under the same MSH-10."""
    then: ThenOnFailure = "set_aside"
    """The step after the last resend."""


class Acknowledgement(Frozen):
    """The acknowledgement that delivers, and the reaction to others."""

    mode: Annotated[
        Literal["original", "commit"],
        Meanings(
            original="MSH-15 and MSH-16 stay empty, and AA delivers.",
            commit="MSH-15 is AL and MSH-16 is NE, and CA or AA delivers.",
        ),
    ] = "original"
    """The acknowledgement that the EHR is asked for."""
    on_refusal: OnRefusal = OnRefusal()
    """The reaction to AE, AR, CE and CR."""
    on_no_reply: OnNoReply = OnNoReply()
    """The reaction to silence."""
    stop_after: Annotated[int, Field(ge=1, le=100)] = 3
    """The lane stops when this many different messages in a row fared badly."""


class Retry(Frozen):
    """Back-off with full jitter between tries."""

    first: Wait = timedelta(seconds=5)
    """The cap of the first wait."""
    factor: Annotated[int, Field(ge=1, le=10)] = 2
    """The factor by which the cap grows with each failure."""
    longest: Wait = timedelta(minutes=10)
    """The cap of every wait."""


class FileReference(Frozen):
    """Public repository content below `sites/`."""

    file: Annotated[str, StringConstraints(min_length=1)] = Field(examples=["certs/epic-ca.pem"])
    """A path relative to `sites/`."""


class EnvReference(Frozen):
    """A secret in the environment of the process that opens the socket."""

    env: Annotated[
        str,
        StringConstraints(pattern=ENV_PATTERN),
        PatternHint("write the name of an environment variable: capitals, digits and _"),
    ] = Field(title="Environment variable", examples=["BGO_SECRET_STE_KEY"])
    """The variable's name."""


class PathReference(Frozen):
    """A secret in a file on the machine that opens the socket."""

    path: Annotated[
        str, StringConstraints(pattern=PATH_PATTERN), PatternHint("write an absolute path, starting with /")
    ] = Field(examples=["/etc/butterfly-gitops/ste.key"])
    """An absolute path."""


Reference = FileReference | EnvReference | PathReference


class Tls(Frozen):
    """Transport security of the MLLP connection."""

    mode: Annotated[
        Literal["off", "server", "mutual"],
        Meanings(
            off="Plain text.",
            server="TLS; the EHR's certificate is checked.",
            mutual="TLS; the EHR's certificate is checked, and ours is shown.",
        ),
    ] = "off"
    """Encryption of the connection, and whose certificates are checked."""
    trust: Reference | None = Field(default=None, examples=[{"file": "certs/epic-ca.pem"}])
    """The authorities that the EHR's certificate is checked against."""
    certificate: Reference | None = Field(default=None, examples=[{"file": "certs/ste.pem"}])
    """Our certificate."""
    key: Reference | None = Field(default=None, examples=[{"env": "BGO_SECRET_STE_KEY"}])
    """The key of our certificate."""


class EhrEndpoint(Frozen):
    """The way in which results reach one EHR."""

    display_name: Text = Field(examples=["Epic Bridges (production)"])
    """The name of the connection for people."""
    link: Name = Field(examples=["server-room"])
    """The Link of the same site that carries the traffic."""
    host: Host = Field(examples=["10.20.30.40", "hl7.example.org"])
    """The EHR's address as seen from the Link."""
    port: Port = Field(examples=[6661])
    """The EHR's listening port as seen from the Link."""
    status: Annotated[
        Literal["active", "paused"],
        Meanings(active="Results are sent.", paused="Results are accepted and kept, and none is sent."),
    ] = "active"
    """Whether results are sent; new endpoints begin paused, so that never two systems send at once."""
    encoding: Encoding = "UTF-8"
    """The character encoding on the wire."""
    declare_encoding: bool = True
    """Whether MSH-18 names the encoding."""
    time_zone: str = Field(examples=["America/New_York"])
    """The EHR's IANA time zone; the site's unless said otherwise."""
    sending_application: Identity = Field(default="BUTTERFLY", examples=["BUTTERFLY"])
    """MSH-3: the sender."""
    sending_facility: Identity = Field(examples=["STE"])
    """MSH-4: the facility whose results these are."""
    receiving_application: Identity | None = Field(default=None, examples=["EPIC"])
    """MSH-5: the receiver."""
    receiving_facility: Identity = Field(examples=["STE"])
    """MSH-6: the facility whose EHR this is."""
    processing_id: Annotated[
        Literal["P", "T", "D"], Meanings(P="Production.", T="Training.", D="Debugging.")
    ] = "P"
    """MSH-11: the use that the EHR may make of the messages."""
    preliminary_results: Annotated[
        Literal["never", "when_attestation_requested"],
        Meanings(
            never="Only final results are sent.",
            when_attestation_requested="A preliminary result is sent when attestation is requested.",
        ),
    ] = "never"
    """Whether a result is also sent before it is final."""
    ack_timeout: TimeOut = timedelta(seconds=30)
    """The longest time that an acknowledgement may take."""
    connection_timeout: TimeOut = timedelta(seconds=10)
    """The longest time that a connection may take to open."""
    acknowledgement: Acknowledgement = Acknowledgement()
    """The acknowledgement that delivers, and the reaction to others."""
    retry: Retry = Retry()
    """Back-off between tries."""
    minimum_gap: Wait = timedelta(0)
    """The least time between two messages on one connection."""
    connection: Annotated[
        Literal["keep_open", "per_message"],
        Meanings(
            keep_open="One connection carries one message after another.",
            per_message="Each message has a connection of its own.",
        ),
    ] = "keep_open"
    """Whether the connection stays open between messages."""
    on_retarget: Annotated[
        Literal["set_aside", "resend"],
        Meanings(
            set_aside="They wait for a person, who knows which of the two EHRs has them.",
            resend="They are sent to the new target, which may have them already.",
        ),
    ] = "set_aside"
    """Handling of results that may have been received when the target changes."""
    tls: Tls = Tls()
    """Transport security."""
    message: Message = Message()
    """The form in which a result is written."""
