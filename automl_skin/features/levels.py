"""One categorical column of the metadata: one column per level, rare levels together."""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from automl_skin.arrays import FloatArray

RARE = "(rare)"


@dataclass(frozen=True)
class LevelColumn:
    """What was fitted on one categorical column.

    Parameters
    ----------
    levels : tuple of str
        Levels with a column of their own; `RARE` is the last of them where there were rare levels.
    shares : tuple of float
        Share of each level in the training cases that have a value: what stands for a missing one.
    fill : str or None
        The level that is filled in for a missing one instead.
    """

    name: str
    levels: tuple[str, ...]
    shares: tuple[float, ...]
    fill: str | None = None

    @property
    def columns(self) -> tuple[str, ...]:
        """Names of the encoded columns."""
        return tuple(f"{self.name}={level}" for level in self.levels)

    @property
    def neutral(self) -> FloatArray:
        """What stands for a missing value, shape (n_levels,)."""
        if self.fill is None:
            return np.asarray(self.shares)
        return np.asarray(self.encode(np.array([float(self.levels.index(self.fill))]))[0])

    def read(self, values: pd.Series) -> FloatArray:
        """Return positions in `levels` of shape (n_cases,), NaN where missing.

        A level that was not seen in training counts as rare if there were rare ones, else as missing.
        """
        unseen = float(self.levels.index(RARE)) if RARE in self.levels else np.nan
        positions = {level: float(position) for position, level in enumerate(self.levels)}
        texts = level_texts(values)
        found = [np.nan if pd.isna(text) else positions.get(text, unseen) for text in texts]
        return np.asarray(found, dtype=np.float64)

    def encode(self, positions: FloatArray) -> FloatArray:
        """Return 0 and 1 of shape (n_cases, n_levels), NaN where missing."""
        encoded: FloatArray = (positions[:, None] == np.arange(len(self.levels))).astype(np.float64)
        encoded[np.isnan(positions)] = np.nan
        return encoded


def fit_levels(values: pd.Series, name: str, rare_below: int, imputation: str = "neutral") -> LevelColumn:
    """Fit the levels of one categorical column; those with fewer than `rare_below` cases are rare.

    With an `imputation` other than "neutral" the most frequent level is filled in (of equals the first by name).
    """
    counts = level_texts(values).value_counts()
    kept = {str(level): int(counts[level]) for level in sorted(counts.index) if counts[level] >= rare_below}
    n_rare = int(counts.sum()) - sum(kept.values())
    if n_rare:
        kept[RARE] = n_rare
    total = sum(kept.values())
    fill = None if imputation == "neutral" else _most_frequent(kept)
    return LevelColumn(name, tuple(kept), tuple(count / total for count in kept.values()), fill)


def _most_frequent(counts: dict[str, int]) -> str:
    """Return the level with most cases; all rare ones together are one only where there is no other."""
    return max(counts, key=lambda level: counts[level] if level != RARE else 0)


def level_texts(values: pd.Series) -> pd.Series:
    """Return levels as text, so that 1, 1.0 and "1" are one level.

    Examples
    --------
    >>> level_texts(pd.Series([1.0, None, 2.5])).tolist()
    ['1', nan, '2.5']
    """
    return values.astype(object).map(_text, na_action="ignore")


def _text(value: object) -> str:
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return str(value)
