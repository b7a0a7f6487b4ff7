"""The metrics that a search can maximise and a report can show."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

import numpy as np

from automl_skin.arrays import FloatArray, IntArray
from automl_skin.errors import ConfigError
from automl_skin.metrics import ranking, weighted


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
    """

    name: str
    function: Callable[[IntArray, FloatArray], float]
    greater_is_better: bool
    resampled: Callable[[IntArray, FloatArray, FloatArray], FloatArray] | None = None
    of_ranks: bool = True

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


METRICS = {
    metric.name: metric
    for metric in (
        Metric("auc", ranking.macro_auc, True, weighted.weighted_auc),
        Metric("average_precision", ranking.average_precision, True, weighted.weighted_average_precision),
        Metric(
            "balanced_accuracy", ranking.balanced_accuracy, True, weighted.weighted_balanced_accuracy, False
        ),
        Metric("partial_auc", ranking.partial_auc, True, weighted.weighted_partial_auc),
        Metric("log_loss", ranking.log_loss, False, weighted.weighted_log_loss, False),
        Metric("brier", ranking.brier, False, weighted.weighted_brier, False),
    )
}


def metric_by_name(name: str, min_tpr: float = 0.8) -> Metric:
    """Return a metric of `METRICS`; `min_tpr` is the bound of ``partial_auc`` and of no other.

    Raises
    ------
    ConfigError
        If there is no metric of that name, or the bound lies outside [0, 1).
    """
    if name not in METRICS:
        raise ConfigError(f"metric: expected one of {', '.join(METRICS)}, got {name!r}")
    if name != "partial_auc":
        return METRICS[name]
    ranking.check_min_tpr(min_tpr)
    return Metric(
        name,
        partial(ranking.partial_auc, min_tpr=min_tpr),
        True,
        partial(weighted.weighted_partial_auc, min_tpr=min_tpr),
    )
