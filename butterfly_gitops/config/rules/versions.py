"""The documentation of the versions that files have; `config.versions` reads them."""

from butterfly_gitops.config.rules.documentation import Rule
from butterfly_gitops.model.problem import Severity

RULES = (
    Rule(
        id="unknown-version",
        says="`version` is the format of the file, as a whole number. A file of a version that this program does "
        "not know may mean something else by the same words, so it is not read: a newer program has written it.",
        wrong='version: "1"',
        right="version: 1",
    ),
    Rule(
        id="older-version",
        says="A published version of a file stays readable: the file is checked by the rules of its version and "
        "taken as what it means today. New settings need today's version, so bring the file up to date when "
        "you next change it.",
        wrong="version: 1   (where 2 is today's)",
        right="version: 2",
        severity=Severity.NOTE,
    ),
)
