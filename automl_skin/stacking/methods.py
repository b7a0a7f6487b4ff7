"""Ways to choose members and weights, from the simplest on; each looks only at the rows that it is given."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from automl_skin.arrays import FloatArray, IntArray
from automl_skin.metrics.catalogue import Metric
from automl_skin.stacking.blend import Blend, fit_logistic

POOL = 30
"""Trials that the greedy selection chooses from."""

AVERAGED = 8
"""Members of the plain average, the rank average and the logistic rule."""

GREEDY_STEPS = 25
GREEDY_TOLERANCE = 3e-4


@dataclass(frozen=True)
class Rows:
    """Out-of-fold probabilities of the rows that a choice may look at.

    Parameters
    ----------
    numbers : tuple of int
        Numbers of the trials, of length n_trials.
    probabilities : ndarray of shape (n_trials, n_cases, n_classes)
        Calibrated.
    labels, folds : ndarray of shape (n_cases,)
    metric : Metric
        What the study maximises.
    kinds : tuple of str
        What kind of chain each trial is, of length n_trials; without it, each is of its own kind.
    """

    numbers: tuple[int, ...]
    probabilities: FloatArray
    labels: IntArray
    folds: IntArray
    metric: Metric
    kinds: tuple[str, ...] = ()

    @cached_property
    def by_fold(self) -> list[tuple[IntArray, IntArray]]:
        """Positions and labels of the rows of each fold that is there."""
        positions = [np.flatnonzero(self.folds == fold) for fold in np.unique(self.folds)]
        return [(rows, self.labels[rows]) for rows in positions]

    def utilities(self, probabilities: FloatArray) -> tuple[float, ...]:
        """Return the metric on each fold that is there, greater is better."""
        return tuple(self.metric.utility(labels, probabilities[rows]) for rows, labels in self.by_fold)

    def utility(self, probabilities: FloatArray) -> float:
        """Return the mean over folds of the metric, greater is better."""
        return float(np.mean(self.utilities(probabilities)))

    def order(self) -> list[int]:
        """Return the positions of the trials, the best first, equal ones by number."""
        return list(self._order)

    def candidates(self, count: int) -> list[int]:
        """Return the positions of `count` trials: the best of each kind first, then the best of the rest.

        A search that has found something good tries it again and again with small changes; the best trials
        alone would be one model many times over, and their average hardly better than one of them.
        """
        kinds = self.kinds or self.numbers
        firsts: dict[str | int, int] = {}
        for position in self._order:
            firsts.setdefault(kinds[position], position)
        leaders = list(firsts.values())
        rest = [position for position in self._order if position not in set(leaders)]
        return [*leaders, *rest][:count]

    @cached_property
    def _order(self) -> tuple[int, ...]:
        utilities = [self.utility(each) for each in self.probabilities]
        positions = range(len(utilities))
        return tuple(sorted(positions, key=lambda each: (-utilities[each], self.numbers[each])))


Method = Callable[[Rows], Blend]


def best_single(rows: Rows) -> Blend:
    """Take the best trial alone."""
    return Blend("average", (rows.numbers[rows.order()[0]],), (1.0,))


def plain_average(rows: Rows) -> Blend:
    """Average a few good trials of different kinds."""
    return _equal("average", rows)


def rank_average(rows: Rows) -> Blend:
    """Average the ranks of a few good trials of different kinds."""
    return _equal("rank", rows)


def greedy_selection(rows: Rows) -> Blend:
    """Add, again and again, the trial that helps most, with replacement (Caruana et al. 2004).

    The earliest step is taken whose figure is within `GREEDY_TOLERANCE` of the best: every member costs time at
    scoring, and the last ones add noise.
    """
    pool = rows.candidates(POOL)
    total = np.zeros(rows.probabilities.shape[1:])
    chosen: list[int] = []
    history: list[float] = []
    for step in range(1, GREEDY_STEPS + 1):
        utilities = [rows.utility((total + rows.probabilities[position]) / step) for position in pool]
        best = pool[int(np.argmax(utilities))]
        chosen.append(best)
        history.append(max(utilities))
        total += rows.probabilities[best]
    enough = np.array(history) >= max(history) - GREEDY_TOLERANCE
    chosen = chosen[: int(np.argmax(enough)) + 1]
    members = sorted(set(chosen), key=chosen.index)
    weights = tuple(chosen.count(member) / len(chosen) for member in members)
    return Blend("average", tuple(rows.numbers[member] for member in members), weights)


def logistic_stacking(rows: Rows) -> Blend:
    """Fit a logistic regression on the logits of a few good trials of different kinds."""
    positions = rows.candidates(AVERAGED)
    members = tuple(rows.numbers[position] for position in positions)
    return fit_logistic(members, rows.probabilities[positions], rows.labels)


def _equal(rule: str, rows: Rows) -> Blend:
    members = tuple(rows.numbers[position] for position in rows.candidates(AVERAGED))
    weights = (1.0 / len(members),) * len(members)
    return Blend("rank" if rule == "rank" else "average", members, weights)


METHODS: dict[str, Method] = {
    "best trial": best_single,
    "average": plain_average,
    "rank average": rank_average,
    "greedy selection": greedy_selection,
    "logistic stacking": logistic_stacking,
}
"""From the simplest to the most flexible."""
