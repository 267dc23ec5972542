"""OBR-3, the number by which an EHR keeps a report: which reports may share one, and what a study without one gets."""

import hmac
import json
import re
from collections.abc import Collection
from functools import lru_cache

from butterfly_gitops.delivery.patient import is_same_patient
from butterfly_gitops.hl7.control_id import crockford
from butterfly_gitops.model.delivery import Report, Target
from butterfly_gitops.model.host import same_host

_GENERATED = re.compile(r"BF[0-9A-HJKMNP-TV-Z]{14}")
_RANDOM_LENGTH = 14

Receiver = tuple[str, int, str, str]


def is_same_result(one: Report, other: Report) -> bool:
    """Tell whether two reports are of one study and one patient, and may so have one OBR-3."""
    return one.study == other.study and is_same_patient(one.patient, other.patient, frozenset())


def generated(key: str, alike: Collection[Report]) -> str:
    """Return the OBR-3 of a study and patient that bring none; `alike` are all their reports, whatever the endpoint.

    What one endpoint has, all get; until one has it, it is made from the study, the patient and a key that nobody else
    has, so that it tells nothing and cannot be guessed.
    """
    in_order = sorted(alike, key=lambda one: one.id)
    for one in in_order:
        if one.filler is not None and _GENERATED.fullmatch(one.filler):
            return one.filler
    first = in_order[0]
    # Of what the source says alone: an older copy of the state that goes on makes the same again, for nobody else.
    made = hmac.digest(key.encode(), " ".join([first.study, *sorted(first.patient)]).encode(), "sha256")
    return drawn(crockford(made[:_RANDOM_LENGTH]))


def drawn(letters: str) -> str:
    """Return an OBR-3 of random letters."""
    return f"BF{letters[:_RANDOM_LENGTH]}"


def receiver_of(target: Target) -> Receiver:
    """Return who keeps what arrives: listener, MSH-5 and MSH-6, whatever the Link, the site and TLS."""
    return _receiver(target.wire, target.text)


# Of an endpoint's targets most are asked for again and again.
@lru_cache(maxsize=4096)
def _receiver(wire: str, text: str) -> Receiver:
    listener, reader = json.loads(wire), json.loads(text)
    application, facility = (
        json.dumps(reader.get(f"receiving_{what}"), sort_keys=True) for what in ("application", "facility")
    )
    return same_host(listener["host"]), listener["port"], application, facility
