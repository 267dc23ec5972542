"""MSH, the message header (HL7 v2.5.1, 2.15.9): who sends what to whom, and how it is to be answered."""

from butterfly_gitops.hl7.charset import charset_of
from butterfly_gitops.hl7.datatype import hd
from butterfly_gitops.hl7.result import Result
from butterfly_gitops.hl7.segment_map import Constant, Field, SegmentMap
from butterfly_gitops.hl7.version import VERSIONS
from butterfly_gitops.model.endpoint import EhrEndpoint


def _commit(word: str) -> str:
    return f"`{word}` where `acknowledgement.mode` is `commit`; empty is original mode (2.9.2)"


def _in_commit_mode(text: str) -> Constant:
    return Constant(lambda of: text if of.acknowledgement.mode == "commit" else "")


def _character_set(endpoint: EhrEndpoint) -> str:
    return charset_of(endpoint.encoding).declared if endpoint.declare_encoding else ""


def _message_type(endpoint: EhrEndpoint) -> str:
    return VERSIONS[endpoint.message.hl7_version].message_type


MSH: SegmentMap[Result] = SegmentMap(
    name="MSH",
    title="Message header",
    fields=(
        Field(
            3, "Sending Application", Constant(lambda of: hd(of.sending_application)), "`sending_application`"
        ),
        Field(4, "Sending Facility", Constant(lambda of: hd(of.sending_facility)), "`sending_facility`"),
        Field(
            5,
            "Receiving Application",
            Constant(lambda of: hd(of.receiving_application)),
            "`receiving_application`",
        ),
        Field(
            6, "Receiving Facility", Constant(lambda of: hd(of.receiving_facility)), "`receiving_facility`"
        ),
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
        Field(15, "Accept Acknowledgment Type", _in_commit_mode("AL"), _commit("AL")),
        Field(16, "Application Acknowledgment Type", _in_commit_mode("NE"), _commit("NE")),
        Field(
            18,
            "Character Set",
            Constant(_character_set),
            "`encoding` by its name in table 0211; empty for US-ASCII and where `declare_encoding` is false",
        ),
    ),
)
