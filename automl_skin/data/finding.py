"""One thing that the audit found."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True)
class Finding:
    """What a person should know before they believe a figure.

    Parameters
    ----------
    kind : str
        Such as ``leak``, ``damaged``, ``near duplicates``, ``contradiction``, ``missingness``, ``group`` or
        ``split``.
    column : str or None
        The column of the table that it is about.
    reason : str
        What was found, in one sentence.
    count : int
        How many rows, cases, images or pairs.
    examples : tuple of str
        A few of them.
    """

    kind: str
    column: str | None
    reason: str
    count: int = 0
    examples: tuple[str, ...] = ()

    def __str__(self) -> str:
        """Return the reason after the column, with the examples."""
        about = f"{self.column}: " if self.column else ""
        shown = f" ({'; '.join(self.examples)})" if self.examples else ""
        return f"[{self.kind}] {about}{self.reason}{shown}"


def some(values: "pd.Index[str] | pd.Series[str]", count: int = 5) -> tuple[str, ...]:
    """Return the first few values as examples."""
    return tuple(str(value) for value in values[:count])
