"""A figure beside what the bare pipeline does and what is wanted of it, and the table of all."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from rich.table import Table


@dataclass(frozen=True, slots=True, kw_only=True)
class Figure:
    """One row.

    `bare` is what the bare pipeline does in the same run, where it does such a thing, or the program that the name
    tells; `wanted` says in words what `is_enough` checks.
    """

    name: str
    value: float
    unit: str
    bare: float | None = None
    wanted: str = ""
    is_enough: Callable[["Figure"], bool] | None = None

    @property
    def ratio(self) -> float | None:
        """How the value compares with the bare pipeline's."""
        return self.value / self.bare if self.bare else None

    @property
    def verdict(self) -> str:
        """Whether it is what is wanted."""
        if self.is_enough is None:
            return ""
        return "yes" if self.is_enough(self) else "no"


def at_most(limit: float) -> Callable[[Figure], bool]:
    return lambda figure: figure.value <= limit


def at_least(limit: float) -> Callable[[Figure], bool]:
    return lambda figure: figure.value >= limit


def at_least_half_of_bare(figure: Figure) -> bool:
    return figure.ratio is not None and figure.ratio >= 0.5


def table_of(figures: Sequence[Figure]) -> Table:
    """Lay figures out, one to a row."""
    table = Table()
    table.add_column("Figure")
    for column in ("Ours", "Bare", "Ratio"):
        table.add_column(column, justify="right")
    table.add_column("Wanted")
    table.add_column("So?")
    for one in figures:
        ratio = "" if one.ratio is None else f"{one.ratio:.2f}"
        bare = "" if one.bare is None else _written(one.bare, one.unit)
        table.add_row(one.name, _written(one.value, one.unit), bare, ratio, one.wanted, one.verdict)
    return table


def _written(value: float, unit: str) -> str:
    number = f"{value:,.0f}" if value >= 100 else f"{value:.3g}"
    return f"{number}{unit}" if unit.startswith("/") else f"{number} {unit}"
