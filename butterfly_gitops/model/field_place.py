"""Places in a message: a field of a segment, or a part of one, by HL7's own numbers."""

from typing import Annotated

from pydantic import StringConstraints

from butterfly_gitops.model.meaning import PatternHint

FIELD_PATTERN = r"^(MSH|PID|PV1|ORC|TQ1|OBR|OBX)-[1-9][0-9]?$"
PLACE_PATTERN = r"^(MSH|PID|PV1|ORC|TQ1|OBR|OBX)-[1-9][0-9]?(\.[1-9][0-9]?){0,2}$"
FieldName = Annotated[
    str,
    StringConstraints(pattern=FIELD_PATTERN),
    PatternHint("write a field of MSH, PID, PV1, ORC, TQ1, OBR or OBX, such as OBR-31"),
]
FieldPlace = Annotated[
    str,
    StringConstraints(pattern=PLACE_PATTERN),
    PatternHint("write a field of MSH, PID, PV1, ORC, TQ1, OBR or OBX, or a part of one, such as PV1-3.4"),
]
FixedText = Annotated[str, StringConstraints(min_length=1, max_length=200)]
