"""Tables of a comment, and the places that their cells name, kept to what a forge has room for."""

from collections.abc import Iterable, Sequence

from butterfly_gitops.model.address import Address
from butterfly_gitops.plan.wording import many

CELL_BUDGET = 8_000


def table(head: Sequence[str], rows: Iterable[Sequence[str]], *, budget: int) -> str:
    """The table, with as many rows as its budget of characters has room for."""
    lines = [f"| {' | '.join(head)} |".replace("|  |", "| |"), "|---" * len(head) + "|"]
    left_out = 0
    for row in rows:
        line = f"| {' | '.join(row)} |"
        budget -= len(line)
        if budget >= 0:
            lines.append(line)
        else:
            left_out += 1
    if left_out:
        lines += ["", f"{many(left_out, 'row', 'rows')} more: `bgo diff` shows all."]
    return "\n".join(lines)


def named(places: Sequence[Address], *, strong: bool = False) -> str:
    """All places, but for those that no comment would hold."""
    shown: list[str] = []
    budget = CELL_BUDGET
    for place in places:
        text = _place(place, strong=strong)
        budget -= len(text)
        if budget < 0:
            return f"{', '.join(shown)}, and {len(places) - len(shown)} more: `bgo diff` names all"
        shown.append(text)
    return ", ".join(shown)


def _place(place: Address, *, strong: bool) -> str:
    of_site = place.site if place.name is None else f"{place.site} / "
    name = place.name or ""
    if not strong:
        return f"{of_site}{name}"
    return f"{of_site}**{name}**" if name else f"**{of_site}**"
