"""The transaction that takes back the starts of rules which a clock that was ahead has given them."""

from collections.abc import Iterable
from datetime import datetime

from butterfly_gitops.delivery.routing import true_start
from butterfly_gitops.model.delivery import Rule
from butterfly_gitops.store.interface import AuditEntry
from butterfly_gitops.store.rows import Rows


def correct_starts(rows: Rows, *, at: datetime) -> tuple[Rule, ...]:
    """See `Store.correct_starts`."""
    return correct(rows, rows.rules(), at=at)


def correct(rows: Rows, rules: Iterable[Rule], *, at: datetime) -> tuple[Rule, ...]:
    """Let no rule of these start later than now; return those that did, corrected. It is audited."""
    corrected = tuple(after for rule in rules if (after := true_start(rule, at=at)) is not rule)
    for rule in corrected:
        rows.put_rule(rule)
        rows.add_audit(
            AuditEntry(
                at=at,
                actor="clock",
                action="correct start",
                subject=f"{rule.site}/{rule.endpoint}",
                reason=f"our clock was set back: the rule from {rule.archive} starts {rule.start.isoformat()}, "
                f"not {(rule.start_was or rule.start).isoformat()}",
            )
        )
    return corrected
