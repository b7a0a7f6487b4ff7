"""Shares of cases in groups, as if of fewer cases that are independent.

The effective number of cases is theirs over the design effect: the variance of the share with groups over that of
independent cases. With few hits or few misses a design effect cannot be measured; it is shrunk towards that of groups
which are each of one kind. Cases with a group each have none, and their limits are the exact ones.
"""

from dataclasses import dataclass

import numpy as np
from scipy.stats import beta

from automl_skin.arrays import BoolArray, FloatArray, IntArray
from automl_skin.metrics.parts import LEVEL, Part, student, unbiased

_PRIOR_GROUPS = 2
_MIN_EFFECT = 0.5


@dataclass(frozen=True)
class Rate:
    """A share of the counted cases; `effective` is how many independent cases tell as much."""

    value: float
    effective: float
    n_groups: int
    influence: FloatArray

    def exact(self) -> tuple[float, float]:
        """Return limits of Clopper & Pearson (1934) at the effective number (Korn & Graubard 1998)."""
        n, hits = self.effective, self.value * self.effective
        tail = (1 - LEVEL) / 2
        low = float(beta.ppf(tail, hits, n - hits + 1)) if self.value > 0 else 0.0
        high = float(beta.ppf(1 - tail, hits + 1, n - hits)) if self.value < 1 else 1.0
        return low, high

    def as_part(self) -> Part:
        """Return the share with Wilson's (1927) limits, which are on average right where exact ones are too wide."""
        z2 = student(self.n_groups) ** 2
        n, p = self.effective, self.value
        centre, reach = p + z2 / (2 * n), np.sqrt(z2 * (p * (1 - p) / n + z2 / (4 * n**2)))
        low, high = (float((centre + side) / (1 + z2 / n)) for side in (-reach, reach))
        return Part(p, max(low, 0.0), min(high, 1.0), self.n_groups, self.influence)


def group_rate(hits: BoolArray, counted: BoolArray, codes: IntArray) -> Rate:
    """Return the share of hits among the counted cases, at least one; arrays of shape (n_cases,)."""
    sizes = np.bincount(codes, counted)
    n, n_groups = int(counted.sum()), int((sizes > 0).sum())
    found = np.bincount(codes, counted & hits, len(sizes))
    value = float(found.sum() / n)
    influence = (found - value * sizes) / n
    of_one_kind = float((sizes**2).sum() / n)
    alone = value * (1 - value) / max(n - 1, 1)
    measured = unbiased(float((influence**2).sum()), n_groups) / alone if alone else of_one_kind
    weight = n_groups * 4 * value * (1 - value)
    effect = (_PRIOR_GROUPS * of_one_kind + weight * measured) / (_PRIOR_GROUPS + weight)
    return Rate(value, n / max(effect, _MIN_EFFECT), n_groups, influence)
