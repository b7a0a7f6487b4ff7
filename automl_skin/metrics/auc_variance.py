"""How far an AUC may be off: the variance of an estimate at any true AUC, with cases in groups.

Symbols: m positive and n negative cases; theta the true AUC and ``a`` the measured one. Every positive has the
share of negatives below it, every negative the share of positives above it (structural components: DeLong, DeLong &
Clarke-Pearson 1988, Biometrics 44). Their spread over cases is the variance of independent cases; summed within groups
first, it is that of groups (Obuchowski 1997, "Nonparametric analysis of clustered ROC curve data", Biometrics 53). The
ratio of both is the design effect.

The spread alone says nothing where the classes separate (it is 0) and too little where few cases are on the wrong side.
It is therefore shrunk towards what two normal distributions of equal width would show at that AUC, upwards only, and
moves with theta as theirs does, which makes the interval one of Newcombe's (2006, "Confidence intervals for an
effect size measure based on the Mann-Whitney statistic, part 2", Statistics in Medicine 25, method 5) with effective
sizes. With h = Phi^-1(theta) and T Owen's function, the variance of a component in that model is
``theta (1 - theta) - 2 T(h, 1 / sqrt 3)``.
"""

from dataclasses import dataclass

import numpy as np
import scipy.special
from scipy.stats import rankdata

from automl_skin.arrays import BoolArray, FloatArray, IntArray
from automl_skin.metrics.parts import Part, score_limits, student, unbiased

_PRIOR_GROUPS = 15
"""Groups on the model's side; against it stand the groups of a class times 4 a (1 - a), for of a nearly perfect ranking
few cases tell anything. Chosen by simulation, see `intervals.auc_interval`."""

_MIN_EFFECT = 0.2  # groups with cases of both classes may do better than independent cases, within reason


@dataclass(frozen=True)
class RankedClass:
    """One class ranked against the rest.

    Parameters
    ----------
    value : float
        The measured AUC.
    fewest_groups : int
        Groups with cases of the class, or of the rest, whichever are fewer.
    influence : array of shape (n_groups,)
        What each group adds to the error of the AUC; sums to 0.
    design_effect : float
        Variance with groups over variance of independent cases.
    counts, inflation : pair of float
        Cases of the class and of the rest; by how much their components spread more than in the model.
    """

    value: float
    fewest_groups: int
    influence: FloatArray
    design_effect: float
    counts: tuple[int, int]
    inflation: tuple[float, float]

    def variance(self, auc: float) -> float:
        """Return the variance that the measured AUC has where this is the true one."""
        m, n = self.counts
        of_class, of_rest = (
            more * _component_variance(auc, other) / size
            for more, size, other in zip(self.inflation, (m, n), (n, m), strict=True)
        )
        return self.design_effect * (of_class + of_rest)


def rank_class(positive: BoolArray, scores: FloatArray, codes: IntArray) -> RankedClass:
    """Rank one class against the rest.

    Parameters
    ----------
    positive : array of shape (n_cases,)
        Some true, some false.
    scores : array of shape (n_cases,)
    codes : array of int, shape (n_cases,)
        Group of each case, from 0.
    """
    sides = (positive, ~positive)
    m, n = int(positive.sum()), int((~positive).sum())
    overall = rankdata(scores)
    components = [
        (overall[side] - rankdata(scores[side])) / other for side, other in zip(sides, (n, m), strict=True)
    ]
    components[1] = 1 - components[1]
    value = float(components[0].mean())
    influence = np.zeros((2, int(codes.max()) + 1))
    n_groups, largest, spreads = [], [], []
    for row, (side, values) in enumerate(zip(sides, components, strict=True)):
        sizes = np.bincount(codes[side])
        influence[row] = np.bincount(codes[side], (values - value) / len(values), influence.shape[1])
        n_groups.append(int((sizes > 0).sum()))
        largest.append(float((sizes**2).sum() / len(values)))
        spreads.append(unbiased(float(((values - value) ** 2).mean()), len(values)))
    with_groups = sum(unbiased(float((row**2).sum()), k) for row, k in zip(influence, n_groups, strict=True))
    with_groups += 2 * float(influence[0] @ influence[1])
    alone = spreads[0] / m + spreads[1] / n
    return RankedClass(
        value=value,
        fewest_groups=min(n_groups),
        influence=influence.sum(axis=0),
        design_effect=float(np.clip(with_groups / alone, _MIN_EFFECT, 2 * max(largest)))
        if alone
        else max(largest),
        counts=(m, n),
        inflation=(
            _inflation(spreads[0], value, n, n_groups[0]),
            _inflation(spreads[1], value, m, n_groups[1]),
        ),
    )


def auc_part(positive: BoolArray, scores: FloatArray, codes: IntArray, value: float | None = None) -> Part:
    """Return the AUC of one class against the rest with its limits, or those that another value would have."""
    ranked = rank_class(positive, scores, codes)
    auc = ranked.value if value is None else value
    limits = score_limits(auc, ranked.variance, student(ranked.fewest_groups))
    return Part(auc, *limits, ranked.fewest_groups, ranked.influence)


def _component_variance(auc: float, n_other: int) -> float:
    """Return the variance of a component in the model; it is measured on `n_other` cases, which adds to it."""
    bernoulli = auc * (1 - auc)
    shared = 2 * float(scipy.special.owens_t(scipy.special.ndtri(auc), 1 / np.sqrt(3)))
    return max(bernoulli - shared, 0.0) * (n_other - 1) / n_other + bernoulli / n_other


def _inflation(spread: float, value: float, n_other: int, n_groups: int) -> float:
    expected = _component_variance(value, n_other)
    ratio = spread / expected if expected > 0 else 1.0
    weight = n_groups * 4 * value * (1 - value)
    return max(ratio, (_PRIOR_GROUPS + weight * ratio) / (_PRIOR_GROUPS + weight))
