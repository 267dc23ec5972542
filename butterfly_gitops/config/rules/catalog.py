"""Every rule by its id: what it says, why, and an example of each side, as `rules.toml` has it."""

import tomllib
from dataclasses import dataclass
from importlib.resources import files

from butterfly_gitops.model.problem import Severity


@dataclass(frozen=True, slots=True, kw_only=True)
class DocumentedRule:
    """One rule as `bgo explain` prints it; `wrong` and `right` are excerpts of files.

    `may_warn` is set where the rule is an error in some cases and a warning in others.
    """

    id: str
    says: str
    wrong: str
    right: str
    severity: Severity = Severity.ERROR
    may_warn: bool = False

    @property
    def may_be_silenced(self) -> bool:
        """Whether a comment with a reason can answer some of its problems: those that are no errors."""
        return self.may_warn or self.severity is not Severity.ERROR


def _read() -> dict[str, DocumentedRule]:
    text = files("butterfly_gitops.config.rules").joinpath("rules.toml").read_text(encoding="utf-8")
    return {
        name: DocumentedRule(id=name, **{**told, "severity": Severity(told.get("severity", Severity.ERROR))})
        for name, told in tomllib.loads(text).items()
    }


RULES = _read()
