"""MSH, the message header (HL7 v2.5.1, 2.15.9): who sends what to whom, and how it is to be answered."""

from collections.abc import Callable

from butterfly_gitops.hl7.charset import charset_of
from butterfly_gitops.hl7.datatype import hd
from butterfly_gitops.hl7.result import Result
from butterfly_gitops.hl7.segment_map import Constant, Field, SegmentMap
from butterfly_gitops.hl7.version import VERSIONS
from butterfly_gitops.model.endpoint import EhrEndpoint, Identity


def _identity(number: int, name: str, identity: Callable[[EhrEndpoint], Identity | None]) -> Field[Result]:
    setting = name.lower().replace(" ", "_")
    return Field(number, name, Constant(lambda of: hd(identity(of))), f"`{setting}`")


def _in_commit_mode(number: int, name: str, word: str) -> Field[Result]:
    says = f"`{word}` where `acknowledgement.mode` is `commit`; empty is original mode (2.9.2)"
    return Field(number, name, Constant(lambda of: word if of.acknowledgement.mode == "commit" else ""), says)


def _character_set(endpoint: EhrEndpoint) -> str:
    return charset_of(endpoint.encoding).declared if endpoint.declare_encoding else ""


def _message_type(endpoint: EhrEndpoint) -> str:
    return VERSIONS[endpoint.message.hl7_version].message_type


MSH: SegmentMap[Result] = SegmentMap(
    name="MSH",
    title="Message header",
    fields=(
        _identity(3, "Sending Application", lambda of: of.sending_application),
        _identity(4, "Sending Facility", lambda of: of.sending_facility),
        _identity(5, "Receiving Application", lambda of: of.receiving_application),
        _identity(6, "Receiving Facility", lambda of: of.receiving_facility),
        Field(7, "Date/Time Of Message", lambda of: of.sent_at, "when the message was made"),
        Field(9, "Message Type", Constant(_message_type), "names the structure from v2.3.1 on"),
        Field(
            10,
            "Message Control ID",
            lambda of: of.control_id,
            "20 random characters of Crockford's base32, new content",
        ),
        Field(11, "Processing ID", Constant(lambda of: of.processing_id), "`processing_id`"),
        Field(12, "Version ID", Constant(lambda of: of.message.hl7_version), "`message.hl7_version`"),
        _in_commit_mode(15, "Accept Acknowledgment Type", "AL"),
        _in_commit_mode(16, "Application Acknowledgment Type", "NE"),
        Field(
            18,
            "Character Set",
            Constant(_character_set),
            "`encoding` by its name in table 0211; empty for US-ASCII and where `declare_encoding` is false",
        ),
    ),
)
