"""Differences between the HL7 versions in which a result can be written."""

from dataclasses import dataclass

_DEPARTMENTS = frozenset({"RAD", "RUS", "OUS", "VUS", "CUS"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Version:
    """One version of the standard, as far as an ORU^R01 of ours meets it."""

    id: str
    """MSH-12."""
    message_type: str
    """MSH-9: the message structure is named from v2.3.1 on."""
    coded: str
    """OBX-2 of a coded value: CWE is a value type from v2.5 on (table 0125)."""
    sexes: str = "FMOUAN"
    """Table 0001: A (ambiguous) and N (not applicable) came with v2.4."""
    unnamed: str = "U"
    """XPN.7 of a patient without a name (table 0200): unspecified, or other before v2.3.1."""
    departments: frozenset[str] = _DEPARTMENTS
    """Of the codes that OBR-24 may hold, those of table 0074: v2.4 has IMG, v2.5 lost it again."""
    requires_timing: bool = False
    """ORC-7 and OBR-27 must be valued."""
    requires_sub_id: bool = False
    """OBX-4 must be valued, in an OBX that no other resembles too."""


VERSIONS = {
    version.id: version
    for version in (
        Version(
            id="2.3", message_type="ORU^R01", coded="CE", sexes="FMOU", unnamed="O", requires_timing=True
        ),
        Version(id="2.3.1", message_type="ORU^R01^ORU_R01", coded="CE", sexes="FMOU", requires_sub_id=True),
        Version(id="2.4", message_type="ORU^R01^ORU_R01", coded="CE", departments=_DEPARTMENTS | {"IMG"}),
        Version(id="2.5.1", message_type="ORU^R01^ORU_R01", coded="CWE"),
    )
}
