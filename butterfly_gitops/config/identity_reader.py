"""Reads MSH-3 to MSH-6: names that go into a message as they stand, so they hold nothing that would cut it.

Lengths and types are those of HL7 v2.5.1, 2.A.33 (HD).
"""

import re
from dataclasses import dataclass
from typing import Any, get_args

from pydantic import TypeAdapter, ValidationError

from butterfly_gitops.config.context import FAILED, Context, scalar_for, shown
from butterfly_gitops.config.tree import Node, Scalar
from butterfly_gitops.model.endpoint import Hd
from butterfly_gitops.model.hidden import HIDDEN

_FIELDS = {
    "sending_application": "MSH-3",
    "sending_facility": "MSH-4",
    "receiving_application": "MSH-5",
    "receiving_facility": "MSH-6",
    "namespace": "HD.1",
    "universal_id": "HD.2",
}
_DELIMITERS = "|^~\\&"
_DELETES = '""'  # 2.5.3
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f]")
_HIDDEN = re.compile(f"[{HIDDEN}]")
_ID_TYPES = get_args(Hd.model_fields["universal_id_type"].annotation)


@dataclass(frozen=True, slots=True, kw_only=True)
class IdentityReader:
    """Reads one name within the limits of its part of HD."""

    adapter: TypeAdapter[Any]
    wants: str = "a name that the EHR knows"

    def read(self, node: Node, at: Scalar, context: Context) -> Any:
        """Return the text as it was written, or FAILED after its problem was noted."""
        scalar = scalar_for(node, at, self.wants, context)
        if scalar is None:
            return FAILED
        if self._is_sound(scalar.text):
            return scalar.text
        called = f"{_FIELDS[at.text]} ({at.text})" if at.text in _FIELDS else at.text
        says, hint = self._fault(scalar)
        return context.refuse(scalar.place, rule="bad-identity", message=f"{called} {says}", hint=hint)

    def _is_sound(self, text: str) -> bool:
        if text == _DELETES or _CONTROL.search(text):
            return False
        try:
            self.adapter.validate_python(text)
        except ValidationError:
            return False
        return True

    def _fault(self, scalar: Scalar) -> tuple[str, str]:
        """What is wrong, said behind the name of the field, and what to write."""
        text, bare = scalar.text, scalar.text.strip()
        if bare in ("", _DELETES):
            why = ", which tells the receiver to delete what it has" if bare else ""
            return f"is {shown(scalar)}{why}", f"write {self.wants}"
        if text != bare:
            return f"is {shown(scalar)}, and spaces at its ends become part of the name", f'write "{bare}"'
        if odd := [one for one in _DELIMITERS if one in text]:
            return f'holds "{odd[0]}", which separates parts of a message', _hint_delimiters(text)
        if control := _CONTROL.search(text):
            return f"holds a control character (U+{ord(control[0]):04X})", "take it out"
        if hidden := _HIDDEN.search(text):
            return f"holds a character that nobody sees (U+{ord(hidden[0]):04X})", "take it out"
        most = self.adapter.json_schema()["maxLength"]
        return (
            f"has {len(text)} characters; HL7 v2.5.1 allows {most}",
            f"write a name that the EHR knows, of at most {most} characters",
        )


def _hint_delimiters(text: str) -> str:
    """A whole HD, as it stands in a message, has a form of its own here."""
    parts = text.split("^")
    if len(parts) == 3 and parts[2] in _ID_TYPES and parts[1] and not re.search(r"[|~\\&]", text):
        namespace = f"namespace: {parts[0]}, " if parts[0] else ""
        return f"write {{{namespace}universal_id: {parts[1]}, universal_id_type: {parts[2]}}}"
    return "leave out | ^ ~ \\ and &, which separate fields of HL7"
