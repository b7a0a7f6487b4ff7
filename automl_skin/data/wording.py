"""Wording of messages about tables."""

from collections.abc import Iterable


def list_some(items: Iterable[object], shown: int = 5) -> str:
    """Return the first few items, and how many more there are.

    Examples
    --------
    >>> list_some([1, 2, 3]), list_some(range(2_000), 3)
    ('1, 2, 3', '0, 1, 2 and 1,997 more')
    """
    every = list(map(str, items))
    rest = f" and {len(every) - shown:,} more" if len(every) > shown else ""
    return ", ".join(every[:shown]) + rest
