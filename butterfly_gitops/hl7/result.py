"""One result for one endpoint, as a layout gets it: everything else is decided."""

from dataclasses import dataclass, field
from typing import NamedTuple, TypeVar

from butterfly_gitops.hl7.timestamp import WallClock
from butterfly_gitops.hl7.version import Version
from butterfly_gitops.model.coding import ProviderIdChoice
from butterfly_gitops.model.delivery import ResultStatus
from butterfly_gitops.model.message import Message
from butterfly_gitops.model.study import Attending, Encounter, Patient, Person, Study

Provider = TypeVar("Provider", Person, Attending)

NO_ENCOUNTER = Encounter()
"""Stands for the encounter of a study that has none."""


class Providers(NamedTuple):
    """The people of a study, each with the identifier that this EHR knows.

    `first` has the first person of each role; the interpreter is who answers for the report: the attester, else the
    author, else the performer.
    """

    people: tuple[Person, ...]
    first: dict[str, Person]
    interpreter: Person | None


def providers_of(study: Study, choice: ProviderIdChoice | None) -> Providers:
    """Collect the people of a study as an EHR knows them."""
    people = study.people if choice is None else tuple(known_as(person, choice) for person in study.people)
    first: dict[str, Person] = {person.role: person for person in reversed(people)}
    interpreter = first.get("attester") or first.get("author") or first.get("performer")
    return Providers(people, first, interpreter)


def known_as(person: Provider, choice: ProviderIdChoice | None) -> Provider:
    """Give a person the identifier that an EHR knows, or none where it must not see another authority's."""
    if choice is None or not person.id:
        return person
    is_foreign = choice.authority is not None and person.authority not in (None, choice.authority)
    if is_foreign:
        return person.model_copy(update={"id": None}) if choice.others == "leave_out" else person
    return person.model_copy(
        update={"authority": person.authority or choice.authority, "id_type": person.id_type or choice.type}
    )


# Not frozen, though nothing changes it: one is made for each message, and freezing takes four times as long.
@dataclass(slots=True, kw_only=True)
class Result:
    """One result, ready to be laid out; times are printed already (MSH-7, OBR-7, OBR-22), `filler` is escaped."""

    study: Study
    patient: Patient
    encounter: Encounter
    version: Version
    clock: WallClock
    status: ResultStatus
    control_id: str
    filler: str = field(repr=False)
    sent_at: str
    observed: str
    status_time: str
    options: Message
    providers: Providers

    @property
    def is_addendum(self) -> bool:
        """Tell whether the EHR adds this text to the report that it has, in place of replacing it."""
        return self.status is ResultStatus.C and self.options.corrections == "addendum"

    @property
    def obr_25(self) -> str:
        """Table 0123: W is not in it, so a withdrawal is a correction there."""
        return ResultStatus.C if self.status is ResultStatus.W else self.obx_11

    @property
    def obx_11(self) -> str:
        """Table 0085: agrees with OBR-25, but for W."""
        if self.status is ResultStatus.C:
            return self.options.corrected_as
        return self.status

    @property
    def orc_5(self) -> str:
        """Table 0038: completed, or some results available."""
        return "A" if self.status is ResultStatus.P else "CM"

    @property
    def visit(self) -> str:
        """PV1-19, where the visit number belongs there."""
        return (self.encounter.visit_number or "") if self.options.visit_number == "PV1-19" else ""
