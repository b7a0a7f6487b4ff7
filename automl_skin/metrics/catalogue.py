"""The metrics that a search can maximise and a report can show."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

import numpy as np

from automl_skin.arrays import FloatArray, IntArray
from automl_skin.errors import ConfigError
from automl_skin.metrics import decisions, f1, ranking, weighted
from automl_skin.metrics.costs import expected_cost_of, resampled_cost_of


@dataclass(frozen=True)
class Metric:
    """One way to say how good probabilities are.

    Parameters
    ----------
    function : callable
        ``(labels, probabilities) -> float``.
    resampled : callable, optional
        ``(labels, probabilities, weights of shape (n_resamples, n_cases)) -> (n_resamples,)``, the same on
        many resamples at once. Without it rows are repeated one resample after the other.
    of_ranks : bool
        Whether it reads the order of the cases alone; else the probabilities must mean what they say.
    rule : callable, optional
        Fits the decisions that the metric judges, on other cases than those that it is given
        (`automl_skin.metrics.decisions`); without it there is nothing to fit.
    of_decided : Metric, optional
        The metric of probabilities that the rule was applied to, where that is another one.
    smooth : Metric, optional
        What a search maximises on them instead: the same with ramps for jumps.
    several_alone : bool
        Whether the rule is of more than two classes.
    """

    name: str
    function: Callable[[IntArray, FloatArray], float]
    greater_is_better: bool
    resampled: Callable[[IntArray, FloatArray, FloatArray], FloatArray] | None = None
    of_ranks: bool = True
    rule: decisions.Rule | None = None
    of_decided: "Metric | None" = None
    smooth: "Metric | None" = None
    several_alone: bool = False

    def rule_for(self, n_classes: int) -> decisions.Rule | None:
        """Return what fits the decisions; None where there is nothing to fit."""
        return None if n_classes == 2 and self.several_alone else self.rule  # binary

    @property
    def judged(self) -> "Metric":
        """The metric of probabilities that the rule was applied to."""
        return self.of_decided or self

    @property
    def maximised(self) -> "Metric":
        """What a search maximises on probabilities that the rule was applied to."""
        return self.smooth or self.judged

    def utility(self, labels: IntArray, probabilities: FloatArray) -> float:
        """Return the value with the sign by which greater is better."""
        return self.sign * self.function(labels, probabilities)

    @property
    def sign(self) -> int:
        """1 where greater is better, else -1."""
        return 1 if self.greater_is_better else -1

    def on_resamples(self, labels: IntArray, probabilities: FloatArray, weights: FloatArray) -> FloatArray:
        """Return the value on every resample, shape (n_resamples,); NaN where one class only is left."""
        if self.resampled is not None:
            return self.resampled(labels, probabilities, weights)
        return np.array([self._repeated(labels, probabilities, times) for times in weights])

    def _repeated(self, labels: IntArray, probabilities: FloatArray, times: FloatArray) -> float:
        rows = np.repeat(np.arange(len(labels)), times.astype(np.int64))
        if len(np.unique(labels[rows])) < 2:  # nothing to rank
            return float("nan")
        return self.function(labels[rows], probabilities[rows])


_BY_LARGEST = Metric(
    "balanced_accuracy", ranking.recall_of_largest, True, weighted.weighted_recall_of_largest, False
)


def _f1(
    name: str,
    function: Callable[..., float],
    resampled: Callable[..., FloatArray],
    rule: decisions.Rule,
) -> Metric:
    """Return an F1 at 0.5; once thresholds are folded back, it is measured smoothly (`f1.RAMP`)."""
    smooth = Metric(
        name,
        partial(function, call=f1.call_smoothly),
        True,
        partial(resampled, call=f1.call_smoothly),
        False,
    )
    return Metric(name, function, True, resampled, False, rule, smooth=smooth)


METRICS = {
    metric.name: metric
    for metric in (
        Metric("auc", ranking.macro_auc, True, weighted.weighted_auc),
        Metric("average_precision", ranking.average_precision, True, weighted.weighted_average_precision),
        Metric(
            "balanced_accuracy",
            ranking.balanced_accuracy,
            True,
            weighted.weighted_balanced_accuracy,
            False,
            decisions.by_share_weights,
            _BY_LARGEST,
            several_alone=True,
        ),
        Metric("partial_auc", ranking.partial_auc, True, weighted.weighted_partial_auc),
        Metric("log_loss", ranking.log_loss, False, weighted.weighted_log_loss, False),
        Metric("brier", ranking.brier, False, weighted.weighted_brier, False),
        _f1("macro_f1", f1.macro_f1, f1.resampled_macro_f1, decisions.by_thresholds),
        _f1("weighted_f1", f1.weighted_f1, f1.resampled_weighted_f1, decisions.by_thresholds),
        _f1("f1", f1.binary_f1, f1.resampled_binary_f1, decisions.by_positive_threshold),
        Metric(
            "macro_f1_largest",
            partial(f1.macro_f1, call=f1.call_largest),
            True,
            partial(f1.resampled_macro_f1, call=f1.call_largest),
            False,
            decisions.by_f1_weights,
        ),
    )
}


COST = "expected_cost"


def metric_by_name(name: str, min_tpr: float = 0.8, costs: FloatArray | None = None) -> Metric:
    """Return a metric of `METRICS`, or ``expected_cost``.

    Parameters
    ----------
    min_tpr : float
        The bound of ``partial_auc`` and of no other.
    costs : array of shape (n_classes, n_classes), optional
        Of ``expected_cost``: true classes in rows, decided ones in columns.

    Raises
    ------
    ConfigError
        If there is no metric of that name, the bound lies outside [0, 1), or costs are missing.
    """
    if name == COST:
        if costs is None:
            raise ConfigError(f"metric {COST}: expected a table of costs, got none; give --costs FILE")
        return Metric(COST, partial(expected_cost_of, costs), False, partial(resampled_cost_of, costs), False)
    if name not in METRICS:
        raise ConfigError(f"metric: expected one of {', '.join([*METRICS, COST])}, got {name!r}")
    if name != "partial_auc":
        return METRICS[name]
    ranking.check_min_tpr(min_tpr)
    return Metric(
        name,
        partial(ranking.partial_auc, min_tpr=min_tpr),
        True,
        partial(weighted.weighted_partial_auc, min_tpr=min_tpr),
    )
