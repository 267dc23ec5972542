"""A seeded source of study events: first results, preliminaries, corrections, withdrawals, late ones and repeats."""

import uuid
from datetime import UTC, datetime, timedelta

from tests.journeys.branch import ARCHIVES, SITE


class SourceOfEvents:
    """Makes events of studies that it remembers, as their archives would."""

    def __init__(self, chance):
        self._chance = chance
        self._studies = []
        self._made = []
        self._patients = 0

    def take(self, count):
        """Return that many new events, with a repeat of an earlier one here and there."""
        events = [self._one() for _ in range(count)]
        repeats = self._chance.randrange(3)
        # The same, word for word: known, and without effect.
        return events + [self._chance.choice(self._made[-200:]) for _ in range(repeats)]

    def _one(self):
        if len(self._studies) < 20:
            return self._first("finalized")
        match self._chance.choices(
            ("first", "preliminary", "next", "withdrawn", "late", "patient"), weights=(50, 14, 24, 4, 4, 4)
        )[0]:
            case "first":
                return self._first("finalized")
            case "preliminary":
                return self._first("attestation_requested")
            case "next":
                return self._next("finalized")
            case "withdrawn":
                return self._next(self._chance.choice(["reverted", "deleted"]))
            case "late":
                return self._event(self._recent(), "finalized", steps_back=1)
            case _:
                study = self._recent()
                study["patient"] = self._new_patient()
                return self._next("finalized", study)

    def _first(self, kind):
        study = {
            "id": f"S{len(self._studies)}",
            "archive": self._chance.choice(ARCHIVES),
            "revision": 1,
            "patient": self._new_patient(),
        }
        self._studies.append(study)
        return self._event(study, kind)

    def _new_patient(self):
        self._patients += 1
        return f"MRN{self._patients}"

    def _recent(self):
        return self._chance.choice(self._studies[-60:])

    def _next(self, kind, study=None):
        study = study or self._recent()
        study["revision"] += 1
        return self._event(study, kind)

    def _event(self, study, kind, *, steps_back=0):
        ago = timedelta(seconds=self._chance.choice([0, 0, 0, 0, 0.5, 2]))
        revision = max(1, study["revision"] - steps_back)
        event = {
            "event_id": uuid.UUID(int=self._chance.getrandbits(128)).hex,
            "event": kind,
            "occurred_at": (datetime.now(UTC) - ago).isoformat(),
            "archive": f"{SITE}/{study['archive']}",
            "study": {
                "id": study["id"],
                "revision": revision,
                "accession_number": study["id"],
                "exam_type": {"code": "EFAST", "display": "eFAST", "system": "L"},
                "report": [{"section": "findings", "text": f"No free fluid, look {revision}."}],
            },
            "patient": {"identifiers": [{"id": study["patient"], "authority": "STE", "type": "MR"}]},
        }
        self._made.append(event)
        return event
