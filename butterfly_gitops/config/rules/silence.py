"""The documentation of comments that silence a warning; `config.silencing` reads them."""

from butterfly_gitops.config.rules.documentation import Rule
from butterfly_gitops.model.problem import Severity

HINT = "write `# bgo: ignore RULE: reason`, with the rule that stands in the warning's brackets"

RULES = (
    Rule(
        id="bad-silence",
        says="A comment that begins with `# bgo:` silences a warning or a note, and says why: `# bgo: ignore RULE: "
        "reason`, at the end of the line that the warning underlines or alone above that line. Without a reason "
        "nobody could tell later whether it still holds, so the warning stays. A comment answers for one "
        "rule; one that nearly has this form silences nothing, and is warned of.",
        wrong="display_name: Epic   # bgo: ignore unused-endpoint",
        right="display_name: Epic   # bgo: ignore unused-endpoint: goes live in May, CHG-4411",
        severity=Severity.WARNING,
    ),
    Rule(
        id="unknown-rule",
        says="A comment that silences names a rule as it stands in a problem's brackets; a misspelt one silences "
        "nothing.",
        wrong="# bgo: ignore not-entiteld: the grant comes in May",
        right="# bgo: ignore not-entitled: the grant comes in May",
        severity=Severity.WARNING,
    ),
    Rule(
        id="cannot-silence",
        says="Only warnings and notes are silenced. An error keeps its site as it runs, whatever a comment says, and "
        "a comment cannot answer for another comment.",
        wrong="port: 70000   # bgo: ignore out-of-range: our EHR is special",
        right="port: 6661",
        severity=Severity.WARNING,
    ),
    Rule(
        id="needless-silence",
        says="What this comment silences is not there: it was fixed, or stands in another line. A comment that stays "
        "behind would silence the next one unseen. It is only judged where the files have no error that may keep "
        "the rule from speaking.",
        wrong="preliminary_results: never   # bgo: ignore not-entitled: the grant comes in May",
        right="preliminary_results: never",
        severity=Severity.WARNING,
    ),
)

NEVER_SILENT = frozenset(rule.id for rule in RULES)
