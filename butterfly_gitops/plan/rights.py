"""Grants that take effect only once a person approved them: more rights for somebody, or no results for anybody.

All others take effect at once, above all those that take a right or an entitlement away.
"""

from pydantic import JsonValue

from butterfly_gitops.plan.change import Change
from butterfly_gitops.plan.consequence import Consequence, class_of

_EVERYWHERE = "*"
# Each level has what those before it have.
_LEVELS = ("none", "read", "read_write", "send")


def waits_for_approval(change: Change) -> bool:
    """Whether a change of the grants always waits for a person."""
    return gives_rights(change) or stops_everything(change)


def stops_everything(change: Change) -> bool:
    """Whether the subscription that sending needs is lost."""
    return change.kind == "grants" and class_of(change) is Consequence.RESULTS_STOP


def gives_rights(change: Change) -> bool:
    """Whether somebody may do more than before: a new role, a member, a site, or a higher level."""
    if change.kind != "access_role" or change.is_removed:
        return False
    if change.is_added:
        return True
    match change.setting:
        case "members":
            return bool(_names(change.new) - _names(change.old))
        case "sites":
            old = _names(change.old)
            return _EVERYWHERE not in old and bool(_names(change.new) - old)
        case _:
            return _LEVELS.index(str(change.new)) > _LEVELS.index(str(change.old))


def role_of(change: Change) -> str:
    """The name of the role that a change is about."""
    return (change.owner.field or "").removeprefix("access_roles.")


def _names(value: JsonValue) -> set[str]:
    return set(map(str, value)) if isinstance(value, list) else set()
