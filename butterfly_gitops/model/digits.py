"""A range of whole numbers as a pattern, so that a schema refuses what the program refuses."""


def digits_between(low: int, high: int) -> str:
    """A pattern of the numbers from `low` to `high`, without leading zeros; for 1 and 300 `([1-9]|[1-9][0-9]|…)`.

    It has no anchors, and no more than each dialect of patterns knows. Raises ValueError when there is no such number.
    """
    if not 0 <= low <= high:
        raise ValueError(f"no number is from {low} to {high}")
    blocks: list[str] = []
    while low <= high:
        free = _free_digits(low, high)
        step = 10**free
        head, first = divmod(low // step, 10)
        last = min(9, first + (high - low + 1) // step - 1)
        blocks.append(f"{head or ''}{_digit(first, last)}{_any(free)}")
        low += (last - first + 1) * step
    return f"({'|'.join(blocks)})"


def _free_digits(low: int, high: int) -> int:
    """How many digits at the end of `low`, all of them 0, may run to 9 without passing `high`."""
    free = 0
    while low and low % 10 ** (free + 1) == 0 and low + 10 ** (free + 1) - 1 <= high:
        free += 1
    return free


def _digit(first: int, last: int) -> str:
    return str(first) if first == last else f"[{first}-{last}]"


def _any(count: int) -> str:
    return "[0-9]" if count == 1 else f"[0-9]{{{count}}}" if count else ""
