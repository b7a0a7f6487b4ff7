"""What choosing the best of many trials does to its figure, and who is tied with it.

Symbols: T trials, K folds, R resamples of whole groups. u (T,), the trials' utilities, means over the folds as in the
search; d (T, R), the same on the groups that a resample drew.

The best of 200 out-of-fold figures is an overestimate even if each is honest. BBC-CV (Tsamardinos, Greasidou &
Borboudakis 2018, "Bootstrapping the out-of-sample predictions for efficient and accurate cross-validation", Machine
Learning 107) repeats the choice on resamples of the out-of-fold predictions and looks at the chosen trial on the
cases that were not drawn. Deviations from the paper: groups are drawn, not cases, so that no lesion is on both sides;
the choice is the search's, by the mean over folds; and the optimism is the mean difference, on the same undrawn cases,
between the trial that is best on all of them and the one that was chosen. That has the paper's expectation, and a
fraction of its Monte Carlo error, since most of what an undrawn sample does it does to both.

BBC-CV takes the predictions as given. They are not independent of what was not drawn: the label of case i helped to
say what is said of j, and that of j what is said of i, and a chain that gets one right by luck gets the other right by
the same luck. With B_ij what the labels of i and j together give a trial, B'_ij the same seen from j, q their
correlation (`AGREEMENT`), w_i how often a group was drawn and v_i = [w_i = 0], the variance of a trial's luck is
2 + 2q on all pairs and 4 + 2q on drawn ones, and the covariance of drawn and undrawn is 2q where it should be 0. With
t the variance of how good the trials truly are, in the same unit, the best is too good by (2 + 2q) / sqrt(t + 2 + 2q)
and BBC-CV finds sqrt(t + 2 + 2q) - (t + 2q) / sqrt(t + 4 + 2q): from 0.65 of it at t = 0 to 0.85 where trials differ.
The optimism is divided by that share, with t from the analysis of variance of trials by folds.

This is the luck of labels that say nothing. What a chain learns of a signal makes it truly better, so that its
labels' luck is then no luck. With z the standard errors by which the best trial, after BBC-CV, is above chance, the
second order was measured to be needed in full below 2.5, to a quarter at 5 and hardly at 6: what is added is
multiplied by 1 / (1 + (z / 4)^4). Without all this the best of 30 trials of permuted labels is corrected to 0.550 at
100 cases, with it to 0.50.

Trials that were stopped early were candidates: they take part with the folds that they finished, which are compared
with what the finished trials reached on the same folds. They win no tie and are never called the best.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from automl_skin.arrays import BoolArray, FloatArray, IntArray
from automl_skin.errors import InputError
from automl_skin.metrics.corrected_interval import SAME, greatest_value, interval_around
from automl_skin.metrics.folds import Fold, fold_utilities
from automl_skin.metrics.inputs import group_codes
from automl_skin.metrics.intervals import Interval, weight_blocks
from automl_skin.metrics.parts import LEVEL
from automl_skin.seeding import generator

N_RESAMPLES = 500
"""Enough: the Monte Carlo error of the optimism is then below a tenth of the interval's half width."""

N_PERMUTATIONS = 20
"""Of labels, for the figure that chance gives."""

AGREEMENT = 0.77
"""Measured with ridge and kernel chains on permuted labels, at 100, 300 and 1,000 cases; 1 for a linear smoother."""


@dataclass(frozen=True)
class CorrectedBest:
    """The best trial's figure before and after the correction for having been chosen.

    Parameters
    ----------
    best : int
        Position of the best trial; the first of equals.
    naive : float
        Its value: the mean over the folds.
    corrected : float
        `naive` without the optimism of the choice.
    interval : Interval
        Around `corrected`; it covers what new cases show, the doubt about the correction included.
    bias : float
        By how much the naive figure is too good: above 0 is optimism, for losses too.
    """

    best: int
    naive: float
    corrected: float
    interval: Interval
    bias: float


@dataclass(frozen=True)
class Choice:
    """What having chosen the best trial means.

    Parameters
    ----------
    best : CorrectedBest
    tied : ndarray of bool, shape (n_trials,)
        The trials that may be as good as the best one, itself included.
    """

    best: CorrectedBest
    tied: BoolArray


def examine_choice(
    folds: Sequence[Fold],
    probabilities: FloatArray,
    groups: npt.ArrayLike,
    *,
    n_resamples: int = N_RESAMPLES,
    seed: int = 0,
) -> Choice:
    """Correct the figure of the best trial for the choice among all of them, and say who is tied with it.

    Parameters
    ----------
    folds : sequence of Fold
        By which the choice is made.
    probabilities : ndarray of shape (n_trials, n_rows, n_classes)
        Out-of-fold probabilities. A trial that was stopped early has NaN on the folds that it did not finish.
    groups : array of shape (n_rows,)
    seed : int
        The study's seed.

    Raises
    ------
    InputError
        If no trial has finished, or one has a fold in part.
    """
    trials = np.asarray(probabilities, dtype=np.float64)
    scored = _scored_folds(folds, trials)
    group_codes(groups, trials.shape[1])
    finished = np.flatnonzero(scored.all(axis=1))
    by_fold = np.array([fold_utilities(folds, trials[trial]) for trial in finished])
    values = by_fold.mean(axis=1)
    best = int(finished[np.argmax(values)])
    drawn, optimism = [], []
    for weights in weight_blocks(groups, n_resamples, seed):
        on_drawn = _utilities(folds, trials, scored, weights)
        chosen = np.where(np.isnan(on_drawn), -np.inf, on_drawn).argmax(axis=0)
        drawn.append(on_drawn[finished])
        optimism.append(_optimism(folds, trials, scored, weights == 0, chosen, best))
    on_drawn = np.concatenate(drawn, axis=1)
    on_drawn = on_drawn[:, ~np.isnan(on_drawn).any(axis=0)]
    found = float(_mean_known(np.concatenate(optimism)))
    tied = np.zeros(len(trials), np.bool_)
    tied[finished] = _tied(values, on_drawn)
    sign = folds[0].metric.sign
    naive, of_best = sign * float(values.max()), sign * on_drawn[int(np.argmax(values))]
    chance = sign * _chance(folds, trials[best], seed)
    z = sign * (naive - sign * found - chance) / max(float(of_best.std()), SAME)
    bias = found * (1 + (1 / share_found(by_fold) - 1) * second_order_left(z))
    # a negative optimism is noise of the resamples, and carries no figure beyond its bounds
    top = greatest_value(folds, trials.shape[2]) if sign > 0 else np.inf
    corrected = float(np.clip(naive - sign * bias, 0.0, top))
    interval = interval_around(corrected, naive, of_best, folds, trials[best], groups)
    return Choice(CorrectedBest(best, naive, corrected, interval, sign * (naive - corrected)), tied)


def share_found(by_fold: FloatArray) -> float:
    """Return which share of the best trial's optimism BBC-CV finds, in (0, 1]; see the module's symbols.

    Parameters
    ----------
    by_fold : ndarray of shape (n_trials, n_folds)
        Utilities of the finished trials.
    """
    n_trials, n_folds = by_fold.shape
    if n_trials < 2 or n_folds < 2:
        return 1.0
    of_trial = by_fold.mean(axis=1, keepdims=True)
    rest = by_fold - of_trial - by_fold.mean(axis=0) + by_fold.mean()
    between = n_folds * float(of_trial.var(ddof=1))
    within = float((rest**2).sum()) / ((n_trials - 1) * (n_folds - 1))
    by_chance = within * (1 + AGREEMENT) / (1 - AGREEMENT / (n_folds - 1))
    luck = 2 + 2 * AGREEMENT
    truth = luck * max(between / max(by_chance, SAME) - 1, 0.0)
    total = np.sqrt(truth + luck)
    found = total - (truth + 2 * AGREEMENT) / np.sqrt(truth + luck + 2)
    return float(found * total / luck)


def second_order_left(z: float) -> float:
    """Return how much of the second order is optimism, for a best trial that is z standard errors above chance."""
    return 1 / (1 + (max(z, 0.0) / 4) ** 4)


def _chance(folds: Sequence[Fold], probabilities: FloatArray, seed: int) -> float:
    """Return the utility of a trial when labels are permuted within the folds."""
    rng = generator(seed, "chance")
    values = []
    for fold in folds:
        metric, decide = fold.decisions(probabilities)
        decided = decide(probabilities[fold.rows])
        values += [metric.utility(rng.permutation(fold.labels), decided) for _ in range(N_PERMUTATIONS)]
    return float(np.mean(values))


def _scored_folds(folds: Sequence[Fold], trials: FloatArray) -> BoolArray:
    """Return which folds each trial has finished, shape (n_trials, n_folds)."""
    if trials.ndim != 3 or not len(trials):  # three axes
        raise InputError(
            f"probabilities: expected shape (n_trials >= 1, n_rows, n_classes), got {trials.shape}"
        )
    known: BoolArray = np.asarray(np.isfinite(trials).all(axis=2))
    scored = np.stack([known[:, fold.rows].all(axis=1) for fold in folds], axis=1)
    begun = np.stack([known[:, fold.rows].any(axis=1) for fold in folds], axis=1)
    partly = np.flatnonzero((scored != begun).any(axis=1))
    if len(partly):
        raise InputError(f"expected finite probabilities of whole folds, got others in trial {partly[0]}")
    if not scored.all(axis=1).any():
        raise InputError(f"expected a trial that has finished all folds, got none of {len(trials)}")
    return scored


def _utilities(
    folds: Sequence[Fold], trials: FloatArray, scored: BoolArray, weights: FloatArray
) -> FloatArray:
    """Return every trial's utility on every resample, (n_trials, n_resamples); NaN where it is not defined.

    A stopped trial's folds are compared with the mean of the finished trials on them.
    """
    above, level = [], []
    finished = scored.all(axis=1)
    for position, fold in enumerate(folds):
        drawn = _of_rows(weights, fold)
        values = np.full((len(trials), len(weights)), np.nan)
        for trial in np.flatnonzero(scored[:, position]):
            values[trial] = fold.utilities(trials[trial], drawn)
        level.append(values[finished].mean(axis=0))
        above.append(values - level[-1])
    return _mean_known(np.stack(above)) + _mean_known(np.stack(level))


def _optimism(
    folds: Sequence[Fold],
    trials: FloatArray,
    scored: BoolArray,
    left_out: BoolArray,
    chosen: IntArray,
    best: int,
) -> FloatArray:
    """Return by how much the best trial is better than the chosen one on what was not drawn, (n_resamples,)."""
    differences = np.full((len(folds), len(chosen)), np.nan)
    for position, fold in enumerate(folds):
        undrawn = _of_rows(left_out.astype(np.float64), fold)
        of_best = fold.utilities(trials[best], undrawn)
        for trial in np.unique(chosen[scored[chosen, position]]):
            at = np.flatnonzero(chosen == trial)
            of_chosen = of_best[at] if trial == best else fold.utilities(trials[trial], undrawn[at])
            differences[position, at] = of_best[at] - of_chosen
    return _mean_known(differences)


def _of_rows(weights: FloatArray, fold: Fold) -> FloatArray:
    """Return the weights of a fold's rows; cases lie together in memory for all resamples, as `weighted` reads them."""
    return np.ascontiguousarray(weights.T[fold.rows]).T


def _mean_known(values: FloatArray) -> FloatArray:
    """Average over the first axis what is not NaN; NaN where nothing is left."""
    known = ~np.isnan(values)
    summed, count = np.where(known, values, 0.0).sum(axis=0), known.sum(axis=0)
    return np.where(count > 0, summed / np.maximum(count, 1), np.nan)


def _tied(values: FloatArray, resampled: FloatArray) -> BoolArray:
    """Return which trials may be as good as the best one, shape (n_trials,).

    Every trial is compared with the best of the others, all at once (Hsu 1984, "Constrained simultaneous confidence
    intervals for multiple comparisons with the best", Annals of Statistics 12), here by resamples and studentised: a
    trial is tied unless the best of the others beats it by more than, on 95 % of the resamples, the luckiest of the
    others would if all were equal. Resamples see a variance of 2 where it is 2 + 2q (see the module's symbols): their
    luck is stretched by the root of 1 + q. Of trials that are equal in truth each is called tied with 95 %.

    Parameters
    ----------
    values : ndarray of shape (n_trials,)
    resampled : ndarray of shape (n_trials, n_resamples)
    """
    luck = np.sqrt(1 + AGREEMENT) * (resampled - values[:, None])
    tied = np.ones(len(values), np.bool_)
    for trial, value in enumerate(values):
        gaps, chance = values - value, luck - luck[trial]
        errors = chance.std(axis=1)
        apart = errors > SAME
        if (gaps[~apart] > SAME).any():
            tied[trial] = False
        elif apart.any():
            luckiest = (chance[apart] / errors[apart, None]).max(axis=0)
            tied[trial] = (gaps[apart] / errors[apart]).max() <= max(np.quantile(luckiest, LEVEL), 0.0)
    return tied
