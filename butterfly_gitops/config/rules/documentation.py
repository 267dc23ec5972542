"""How a rule is documented: what it says, why, and an example of each side."""

from dataclasses import dataclass

from butterfly_gitops.model.problem import Severity


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """One rule as `bgo explain` prints it; `wrong` and `right` are excerpts of files."""

    id: str
    says: str
    wrong: str
    right: str
    severity: Severity = Severity.ERROR
