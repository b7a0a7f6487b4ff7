"""Tables in Markdown, and figures as papers print them."""

import math
from collections.abc import Iterable, Sequence

import numpy as np

from automl_skin.arrays import FloatArray


def format_table(columns: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Return a table in Markdown; a bar in a cell becomes a slash.

    Examples
    --------
    >>> print(format_table(["model", "AUC"], [["forest", "0.81"]]))
    | model | AUC |
    | --- | --- |
    | forest | 0.81 |
    """
    lines = [columns, ["---"] * len(columns), *rows]
    return "\n".join(f"| {' | '.join(cell.replace('|', '/') for cell in line)} |" for line in lines)


def mean_and_deviation(values: FloatArray | Sequence[float]) -> tuple[float, float]:
    """Return mean and sample standard deviation of the values that are finite; NaN if none is."""
    known = np.asarray(values, np.float64)
    known = known[np.isfinite(known)]
    if not len(known):
        return math.nan, math.nan
    return float(known.mean()), float(known.std(ddof=1)) if len(known) > 1 else 0.0


def format_spread(values: FloatArray | Sequence[float]) -> str:
    """Return mean and standard deviation; the mean alone of a single value.

    Examples
    --------
    >>> format_spread([0.80, 0.84]), format_spread([0.5])
    ('0.820 ± 0.028', '0.500')
    """
    mean, deviation = mean_and_deviation(values)
    return f"{mean:.3f} ± {deviation:.3f}" if len(values) > 1 else f"{mean:.3f}"
