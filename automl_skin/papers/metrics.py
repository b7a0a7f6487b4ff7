"""Metrics by the names that papers use, of all classes or of some.

A name is ``METRIC`` or ``METRIC of CLASS`` or ``METRIC of CLASS+CLASS``: ``auc of mel``, ``recall of nv``,
``auc of mel+bcc`` (their probabilities summed, against all others). A class with a question mark (``auc of mel+scc?``)
counts where the target has it. Without classes a metric of one side
(sensitivity, precision ...) is of the last class, the positive one of two.

Decisions are as papers take them: the class of the largest probability that the model gave, before any calibration.
`balanced_accuracy` alone is as a search has it: of calibrated probabilities over the classes' shares.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

import numpy as np
import sklearn.metrics

from automl_skin.arrays import BoolArray, FloatArray, IntArray
from automl_skin.errors import ConfigError, InputError
from automl_skin.metrics import ranking
from automl_skin.metrics.inputs import check_predictions, require_two_classes

SEPARATOR = " of "
OPTIONAL = "?"


@dataclass(frozen=True)
class PublishedMetric:
    """A metric with its classes.

    Parameters
    ----------
    name : str
        As it was asked for.
    function : callable
        ``(labels, probabilities) -> float``.
    calibrated : bool
        Whether it is of calibrated probabilities; else of those that the heads gave.
    """

    name: str
    function: Callable[[IntArray, FloatArray], float]
    calibrated: bool = False

    def on_parts(self, parts: Sequence[tuple[IntArray, FloatArray]]) -> FloatArray:
        """Return the metric on every part (fold); NaN where a part has too few classes for it."""
        values = []
        for labels, probabilities in parts:
            try:
                values.append(self.function(labels, probabilities))
            except InputError:  # one class alone, or none of the chosen ones
                values.append(float("nan"))
        return np.array(values)


def top_1(labels: IntArray, probabilities: FloatArray) -> float:
    """Return the share of the cases whose class has the largest probability (accuracy)."""
    labels, probabilities = check_predictions(labels, probabilities)
    return float(np.mean(probabilities.argmax(axis=1) == labels))


def mean_class_recall(labels: IntArray, probabilities: FloatArray) -> float:
    """Return the mean over the classes present of the share that is found, by the largest probability."""
    labels, probabilities = check_predictions(labels, probabilities)
    present = require_two_classes(labels)
    decisions = probabilities.argmax(axis=1)
    return float(np.mean([np.mean(decisions[labels == each] == each) for each in present]))


def macro_f1(labels: IntArray, probabilities: FloatArray) -> float:
    """Return the mean F1 over the classes present, by the largest probability."""
    labels, probabilities = check_predictions(labels, probabilities)
    present = require_two_classes(labels)
    return float(
        sklearn.metrics.f1_score(
            labels, probabilities.argmax(axis=1), labels=present, average="macro", zero_division=0.0
        )
    )


WHOLE: dict[str, Callable[[IntArray, FloatArray], float]] = {
    "auc": ranking.macro_auc,
    "average_precision": ranking.average_precision,
    "balanced_accuracy": ranking.balanced_accuracy,
    "brier": ranking.brier,
    "f1": macro_f1,
    "log_loss": ranking.log_loss,
    "mean_class_recall": mean_class_recall,
    "partial_auc": ranking.partial_auc,
    "top_1": top_1,
}
"""Metrics of all classes."""

SCORED: dict[str, Callable[[IntArray, FloatArray], float]] = {
    "auc": ranking.macro_auc,
    "average_precision": ranking.average_precision,
    "brier": ranking.brier,
    "partial_auc": ranking.partial_auc,
}
"""Metrics of some classes against the others, by their summed probability."""


def _share(hits: BoolArray, among: BoolArray) -> float:
    """Return the share of `hits` among some cases.

    Raises
    ------
    InputError
        If there are none.
    """
    if not among.any():
        raise InputError("cannot compute a share: no cases of those classes")
    return float(hits[among].mean())


DECIDED: dict[str, Callable[[BoolArray, BoolArray], float]] = {
    "recall": lambda truth, said: _share(said, truth),
    "sensitivity": lambda truth, said: _share(said, truth),
    "specificity": lambda truth, said: _share(~said, ~truth),
    "precision": _share,
    "accuracy": lambda truth, said: float(np.mean(truth == said)),
    "f1": lambda truth, said: float(2 * (truth & said).sum() / max(int(truth.sum() + said.sum()), 1)),
}
"""Metrics of decisions for or against some classes: ``(is of them, is said to be) -> float``."""

KNOWN = tuple(sorted({*WHOLE, *SCORED, *DECIDED}))


def classes_named(name: str) -> tuple[str, ...]:
    """Return the classes that the name of a metric needs; those with a question mark count where there are any.

    Examples
    --------
    >>> classes_named("auc of mel+bcc+scc?")
    ('mel', 'bcc')
    """
    return tuple(each for each in _all_named(name) if not each.endswith(OPTIONAL))


def _all_named(name: str) -> tuple[str, ...]:
    wanted = name.partition(SEPARATOR)[2]
    return tuple(part.strip() for part in wanted.split("+")) if wanted else ()


def present_classes(names: Iterable[str], classes: Sequence[str]) -> tuple[str, ...]:
    """Return names of classes without those that may be absent and are; all of them where none would be left.

    Examples
    --------
    >>> present_classes(["mel", "bcc?", "scc?"], ["nv", "mel", "bcc"])
    ('mel', 'bcc')
    """
    plain = [(each, each.removesuffix(OPTIONAL)) for each in names]
    return tuple(name for each, name in plain if each == name or name in classes) or tuple(
        name for _, name in plain
    )


def published_metric(name: str, classes: Sequence[str]) -> PublishedMetric:
    """Return a metric by its name.

    Parameters
    ----------
    name : str
        See the module's docstring.
    classes : sequence of str
        Names of the target's classes, in the order of the probabilities' columns.

    Raises
    ------
    ConfigError
        If the metric or a class is unknown.

    Examples
    --------
    >>> metric = published_metric("recall of nv", ("mel", "nv"))
    >>> metric.function(np.array([1, 1, 0]), np.array([[0.2, 0.8], [0.6, 0.4], [0.9, 0.1]]))
    0.5
    """
    base, named = name.partition(SEPARATOR)[0], present_classes(_all_named(name), classes)
    if base not in KNOWN:
        raise ConfigError(
            f"a metric: expected one of {', '.join(KNOWN)}, optionally `of CLASS`, got {name!r}"
        )
    if not named and base in WHOLE:
        return PublishedMetric(name, WHOLE[base], calibrated=base == "balanced_accuracy")
    chosen = named or (classes[-1],)
    unknown = [each for each in chosen if each not in classes]
    if unknown:
        raise ConfigError(
            f"the metric {name!r}: expected classes among {', '.join(classes)}, got {unknown[0]!r}"
        )
    if base not in SCORED and base not in DECIDED:
        raise ConfigError(
            f"the metric {name!r}: expected {base!r} alone, as it is of all classes, got it of some"
        )
    positions = [list(classes).index(each) for each in chosen]
    if base in DECIDED:
        return PublishedMetric(name, _decided(DECIDED[base], positions))
    return PublishedMetric(name, _scored(SCORED[base], positions))


def _decided(
    function: Callable[[BoolArray, BoolArray], float], positions: Sequence[int]
) -> Callable[[IntArray, FloatArray], float]:
    def value(labels: IntArray, probabilities: FloatArray) -> float:
        labels, probabilities = check_predictions(labels, probabilities)
        return function(np.isin(labels, positions), np.isin(probabilities.argmax(axis=1), positions))

    return value


def _scored(
    function: Callable[[IntArray, FloatArray], float], positions: Sequence[int]
) -> Callable[[IntArray, FloatArray], float]:
    def value(labels: IntArray, probabilities: FloatArray) -> float:
        labels, probabilities = check_predictions(labels, probabilities)
        score = np.clip(probabilities[:, list(positions)].sum(axis=1), 0.0, 1.0)
        return function(np.isin(labels, positions).astype(np.int64), np.stack([1.0 - score, score], axis=1))

    return value
