"""Ways to choose members and weights, from the simplest on; each looks only at the rows that it is given."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from automl_skin.arrays import BoolArray, FloatArray, IntArray
from automl_skin.metrics.catalogue import Metric
from automl_skin.metrics.folds import Fold, fold_utilities, split_by_fold
from automl_skin.metrics.robust import AT_HOME
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

    A row is a case. With the objective ``robust`` there are more rows: some cases again under every shift, as
    their own fold's chains see them then; they carry their case's fold.

    Parameters
    ----------
    numbers : tuple of int
        Numbers of the trials, of length n_trials.
    probabilities : ndarray of shape (n_trials, n_rows, n_classes)
        Calibrated.
    labels, folds : ndarray of shape (n_rows,)
    metric : Metric
        What the study maximises.
    kinds : tuple of str
        What kind of chain each trial is, of length n_trials; without it, each is of its own kind.
    shift : ndarray of int of shape (n_rows,), optional
        0 at home, else the number of the shift; without it all rows are at home.
    """

    numbers: tuple[int, ...]
    probabilities: FloatArray
    labels: IntArray
    folds: IntArray
    metric: Metric
    kinds: tuple[str, ...] = ()
    shift: IntArray | None = None

    @cached_property
    def at_home(self) -> BoolArray:
        """Whether each row is a case as it was photographed, shape (n_rows,)."""
        return np.ones(len(self.labels), np.bool_) if self.shift is None else self.shift == AT_HOME

    @cached_property
    def by_fold(self) -> list[Fold]:
        """The rows of each fold that is there, with what is maximised on them."""
        return split_by_fold(self.labels, self.folds, self.metric, self.shift)

    @cached_property
    def row_weights(self) -> FloatArray | None:
        """Weights of the rows for who fits on them, of mean 1 per case; None where all are at home.

        Rows at home have half of the weight and shifted ones the other half, as in the objective.
        """
        if self.at_home.all():
            return None
        n_home, n_shifted = int(self.at_home.sum()), int((~self.at_home).sum())
        return np.where(self.at_home, 0.5, 0.5 * n_home / n_shifted)

    def utilities(self, probabilities: FloatArray) -> tuple[float, ...]:
        """Return the objective on each fold that is there, greater is better."""
        return fold_utilities(self.by_fold, probabilities)

    def utility(self, probabilities: FloatArray) -> float:
        """Return the mean over folds of the objective, greater is better."""
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
    return fit_logistic(members, rows.probabilities[positions], rows.labels, rows.row_weights)


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
