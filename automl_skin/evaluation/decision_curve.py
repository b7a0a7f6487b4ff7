"""The decision curve: what acting on a model's probabilities is worth, against treating all or none."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from automl_skin.arrays import FloatArray, IntArray
from automl_skin.evaluation.record import listed
from automl_skin.metrics.decision import net_benefit

THRESHOLDS = tuple(percent / 100 for percent in range(1, 61))
"""Above 0.6 nobody would wait with a lesion that may be malignant."""

SHOWN = (0.02, 0.05, 0.1, 0.2, 0.3, 0.5)
"""Thresholds of the table."""


@dataclass(frozen=True)
class DecisionCurve:
    """Net benefit over threshold probabilities (Vickers & Elkin 2006), in true positives per case.

    Parameters
    ----------
    thresholds : tuple of float
    models : mapping of str to tuple of float
        Net benefit at every threshold; the first model leads.
    treat_all : tuple of float
        Net benefit of treating every case; that of treating none is 0.
    """

    thresholds: tuple[float, ...]
    models: Mapping[str, tuple[float, ...]]
    treat_all: tuple[float, ...]

    @property
    def first(self) -> str:
        """Name of the model that leads."""
        return next(iter(self.models))

    def sentence(self) -> str:
        """Say at which thresholds the leading model is worth more than treating all and treating none."""
        better = np.array(self.models[self.first]) > np.maximum(self.treat_all, 0)
        ranges = [_in_percent(self.thresholds[start], self.thresholds[end]) for start, end in _runs(better)]
        if not ranges:
            return (
                f"At no threshold does the {self.first} have a higher net benefit than treating all or none."
            )
        return (
            f"The {self.first} has a higher net benefit than treating all and treating none at threshold probabilities "
            f"of {listed(ranges)}."
        )

    def rows(self) -> list[tuple[float, dict[str, float]]]:
        """Return threshold and net benefit by name at some thresholds, for a table."""
        columns = {**self.models, "treat all": self.treat_all, "treat none": (0.0,) * len(self.thresholds)}
        positions = [self.thresholds.index(each) for each in SHOWN if each in self.thresholds]
        return [
            (self.thresholds[i], {name: values[i] for name, values in columns.items()}) for i in positions
        ]


def decision_curve(
    labels: IntArray, models: Mapping[str, FloatArray], thresholds: Sequence[float] = THRESHOLDS
) -> DecisionCurve | None:
    """Return the decision curve of some models; None for a target of several classes.

    Parameters
    ----------
    labels : array of shape (n_cases,)
    models : mapping of str to array of shape (n_cases, n_classes)
    thresholds : sequence of float
        Each in (0, 1).
    """
    if next(iter(models.values())).shape[1] != 2:  # one positive class
        return None
    at = np.array(thresholds)
    curves = {name: _plain(net_benefit(labels, p[:, 1], at)) for name, p in models.items()}
    return DecisionCurve(tuple(thresholds), curves, _plain(net_benefit(labels, np.ones(len(labels)), at)))


def _plain(values: FloatArray) -> tuple[float, ...]:
    return tuple(float(value) for value in values)


def _runs(flags: npt.NDArray[np.bool_]) -> list[tuple[int, int]]:
    """Return first and last position of every stretch of true flags."""
    edges = np.flatnonzero(np.diff(np.concatenate([[False], flags, [False]]).astype(np.int8)))
    return [(int(start), int(end) - 1) for start, end in edges.reshape(-1, 2)]


def _in_percent(low: float, high: float) -> str:
    return f"{low:.0%}" if low == high else f"{low:.0%} to {high:.0%}"
