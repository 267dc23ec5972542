"""What the format of a study event leaves open, and no message could say: such an event is refused wherever it is read."""

import re
from collections.abc import Iterator

from butterfly_gitops.hl7.datatype import is_nm
from butterfly_gitops.model.event_problems import event_problem
from butterfly_gitops.model.problem import Problem
from butterfly_gitops.model.study import Study

# Type and subtype; parameters may follow.
_MEDIA_TYPE = re.compile(r"[A-Za-z0-9][A-Za-z0-9!#$&^_.+-]*/[A-Za-z0-9][A-Za-z0-9!#$&^_.+-]* *(;|$)")


def problems_of_values(study: Study, pointer: str) -> Iterator[Problem]:
    """What is wrong with the values of a study; `pointer` leads to it in what was handed in."""
    for number, one in enumerate(study.observations):
        if one.type == "numeric" and not is_nm(one.value):
            yield event_problem(
                "wrong-value",
                "a numeric observation's value must be a number, as HL7 writes them (NM)",
                f"{pointer}/observations/{number}/value",
                hint="write digits such as 55 or -0.5, or make its type text",
            )
    for number, document in enumerate(study.documents):
        if not _MEDIA_TYPE.match(document.media_type):
            yield event_problem(
                "wrong-value",
                "this is no media type (RFC 6838), so nobody could tell what the document is",
                f"{pointer}/documents/{number}/media_type",
                hint="write application/pdf for a PDF",
            )
