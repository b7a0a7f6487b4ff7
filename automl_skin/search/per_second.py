"""Which of several proposals promises most per second of fitting.

The tree-structured Parzen estimator models the answers of good trials by a density l and those of the others by g; the
expected improvement of a proposal x is proportional to ``1 / (gamma + (1 - gamma) g(x) / l(x))``, where gamma is the
share of good trials (Bergstra et al. 2011, equation 5). Divided by a power of what the proposal costs, it is the
expected improvement per second (Snoek et al. 2012). So several proposals are drawn, and the best by that is tried.

Seconds are estimates from settings and the size of the data (`automl_skin.chains.cost`), never measured ones, so that
proposals do not depend on the clock.
"""

import math
import warnings
from collections.abc import Collection, Sequence
from typing import Any, TypeVar

import numpy as np
import optuna
from optuna.samplers import TPESampler

from automl_skin.arrays import FloatArray

N_CANDIDATES = 8
"""Proposals that are drawn for one trial."""

COST_EXPONENT = 0.5
"""Power of the cost: 0 would be blind to it, 1 is per second."""

SECONDS_BESIDE = 1.0
"""Added to every estimate: what a trial takes besides fitting, so that a moment's chain is not worth ten others."""


Sampler = TypeVar("Sampler", bound=TPESampler)


class DensityRatioSampler(TPESampler):
    """The sampler, remembering log l(x) - log g(x) of what it chose.

    Attributes
    ----------
    ratios : dict of frozenset of str to float
        By the names of the answers that were drawn together; empty before there are enough trials.
    """

    def __init__(self, **settings: Any) -> None:
        super().__init__(**settings)
        self.ratios: dict[frozenset[str], float] = {}

    def _compute_acquisition_func(
        self, samples: dict[str, FloatArray], mpe_below: Any, mpe_above: Any
    ) -> FloatArray:
        # of Optuna's insides; a test says when they change
        values: FloatArray = super()._compute_acquisition_func(samples, mpe_below, mpe_above)
        self.ratios[frozenset(samples)] = float(np.max(values))
        return values

    def log_ratio(self, asked: Collection[str]) -> float:
        """Return log l(x) - log g(x) of the answers that a chain asked for; NaN before there are enough trials.

        Answers of other heads, which are drawn as well, do not count.
        """
        known = [ratio for names, ratio in self.ratios.items() if names <= {*asked}]
        return sum(known) if known else math.nan


def make_tpe(kind: type[Sampler], seed: int, n_startup_trials: int) -> Sampler:
    """Return a sampler that draws together what belongs together; a plain one needs none of Optuna's insides."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", optuna.exceptions.ExperimentalWarning)
        return kind(seed=seed, group=True, n_startup_trials=n_startup_trials)


def share_of_good(n_trials: int) -> float:
    """Return gamma: the share of the trials that the estimator calls good (Optuna's default, a tenth, at most 25)."""
    return min(math.ceil(0.1 * n_trials), 25) / n_trials if n_trials else 0.1


def gain_per_second(log_ratio: float, seconds: float, gamma: float) -> float:
    """Return the logarithm of the expected improvement per second, up to a constant.

    Examples
    --------
    >>> gain_per_second(2.0, 1.0, 0.1) > gain_per_second(2.0, 100.0, 0.1)
    True
    """
    improvement = -math.log(gamma + (1.0 - gamma) * math.exp(-log_ratio))
    return improvement - COST_EXPONENT * math.log(SECONDS_BESIDE + seconds)


def choose_candidate(log_ratios: Sequence[float], seconds: Sequence[float], gamma: float) -> int:
    """Return the position of the best candidate, the first of equal ones; the first where nothing is known yet."""
    if any(math.isnan(ratio) for ratio in log_ratios):
        return 0
    values = [gain_per_second(ratio, cost, gamma) for ratio, cost in zip(log_ratios, seconds, strict=True)]
    return int(np.argmax(values))
