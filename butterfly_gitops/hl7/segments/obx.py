"""OBX, observation (HL7 v2.5.1, 7.4.2): one part of the report, one value, one document."""

from collections import Counter
from dataclasses import dataclass
from operator import attrgetter

from butterfly_gitops.hl7.segment_map import Attribute, Field, SegmentMap


# Not frozen, for `numbered` completes it: a message has many rows, and making each anew would take long.
@dataclass(slots=True, repr=False)
class ObxRow:
    """One OBX: what it says, with its number and status; texts are escaped already."""

    type: str
    code: str
    value: str
    instance: str = ""
    unit: str = ""
    observed: str = ""
    status: str = ""
    number: str = ""

    def __repr__(self) -> str:
        """Show what it is, never what it says of a patient."""
        return f"ObxRow(type={self.type!r}, number={self.number!r})"


def numbered(rows: list[ObxRow], status: str, *, sub_id: str = "") -> list[ObxRow]:
    """Number the rows, tell alike ones apart, and give those a status or sub-id that have none of their own."""
    for number, row in enumerate(rows, start=1):
        row.number = str(number)
        row.status = row.status or status
        row.instance = row.instance or sub_id
    # As is usual; then they need no telling apart, whatever their sub-ids.
    if len(set(map(_CODE, rows))) < len(rows):
        _tell_apart(rows)
    return rows


_CODE = attrgetter("code")


def _tell_apart(rows: list[ObxRow]) -> None:
    """Number in OBX-4 what else agrees in OBX-3 and OBX-4: receivers replace such rows as one (7.4.2.4)."""
    how_often = Counter((row.code, row.instance) for row in rows)
    if len(how_often) == len(rows):
        return
    taken, next_number = set(how_often), Counter[tuple[str, str]]()
    for row in rows:
        key = row.code, row.instance
        while how_often[key] > 1 and (row.code, row.instance) in taken:
            next_number[key] += 1
            row.instance = ".".join(filter(None, (key[1], str(next_number[key]))))
        taken.add((row.code, row.instance))


OBX: SegmentMap[ObxRow] = SegmentMap(
    name="OBX",
    title="Observation",
    fields=(
        Field(1, "Set ID", Attribute("number"), "counts from 1"),
        Field(2, "Value Type", Attribute("type"), "table 0125"),
        Field(3, "Observation Identifier", Attribute("code"), "what is said"),
        Field(
            4,
            "Observation Sub-ID",
            Attribute("instance"),
            "fetus, side or repeat; tells alike OBX-3 apart; in v2.3.1, which requires it, else 1",
        ),
        Field(5, "Observation Value", Attribute("value"), "the value"),
        Field(
            6,
            "Units",
            Attribute("unit"),
            "unit of a number; a symbol of UCUM with its system by `message.unit_system`",
        ),
        Field(11, "Observation Result Status", Attribute("status"), "table 0085: as OBR-25; W withdraws"),
        Field(
            14,
            "Date/Time of the Observation",
            Attribute("observed"),
            "as OBR-7; of an attestation its own; the Study UID has none",
        ),
    ),
)
