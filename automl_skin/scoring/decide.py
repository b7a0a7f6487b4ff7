"""From probabilities to what a user asked for: another prevalence, a decision."""

import math
from dataclasses import dataclass

import numpy as np

from automl_skin.arrays import BoolArray, FloatArray
from automl_skin.errors import ConfigError
from automl_skin.evaluation.operating_point import OperatingPoint
from automl_skin.export.facts import BundleFacts


@dataclass(frozen=True)
class ScoringOptions:
    """What a user asked for.

    Parameters
    ----------
    sensitivity : float or None
        Of the decision, in (0, 1); None for the one that the study was asked for.
    prevalence : float or None
        Share of positives where the model is used; None for that of the development cases.
    explain : bool
        Whether to say of what each probability is made.

    Raises
    ------
    ConfigError
        If the prevalence is no share.
    """

    sensitivity: float | None = None
    prevalence: float | None = None
    explain: bool = False

    def __post_init__(self) -> None:
        if self.prevalence is not None and not 0.0 < self.prevalence < 1.0:
            raise ConfigError(f"--prevalence: expected a share between 0 and 1, got {self.prevalence}")


def operating_point(facts: BundleFacts, sensitivity: float | None = None) -> OperatingPoint:
    """Return the bundle's operating point for a sensitivity, by default for the one that the study was asked for.

    Raises
    ------
    ConfigError
        If the bundle has no such point; the message lists the range.
    """
    points = {point.wanted: point for point in facts.operating_points}
    sensitivity = facts.sensitivity if sensitivity is None else sensitivity
    nearest = min(points, key=lambda wanted: abs(wanted - sensitivity), default=None)
    if nearest is None or not math.isclose(nearest, sensitivity, abs_tol=1e-9):
        message = (
            f"--sensitivity: expected one of {min(points)} to {max(points)} in steps of 0.01, got {sensitivity}"
            if points
            else "--sensitivity: expected a bundle of a binary target, got one of several classes"
        )
        raise ConfigError(message)
    return points[nearest]


def correct_prevalence(probabilities: FloatArray, prior: float, prevalence: float) -> FloatArray:
    """Return binary probabilities as they are where positives have another share (Saerens et al. 2002, eq. 2.4).

    Parameters
    ----------
    probabilities : ndarray of shape (n_cases, 2)
    prior, prevalence : float
        Share of positives among the development cases, and where the model is used.

    Examples
    --------
    >>> correct_prevalence(np.array([[0.5, 0.5]]), prior=0.5, prevalence=0.1).round(2).tolist()
    [[0.9, 0.1]]
    """
    weights = np.array([(1.0 - prevalence) / (1.0 - prior), prevalence / prior])
    weighted = probabilities * weights
    return np.asarray(weighted / weighted.sum(axis=1, keepdims=True))


def decide(facts: BundleFacts, probabilities: FloatArray, options: ScoringOptions) -> list[str]:
    """Return the class that each case is taken for; empty where it has no probability.

    A binary decision is by the threshold of the wanted sensitivity; with several classes it is the one class of the
    bundle's rule: the largest by the weights that the study chose, or the cheapest by its costs.

    Parameters
    ----------
    probabilities : ndarray of shape (n_cases, n_classes)
        Before any correction for prevalence: the threshold is of these.
    """
    known: BoolArray = np.asarray(np.isfinite(probabilities).all(axis=1))
    if facts.is_binary:
        threshold = operating_point(facts, options.sensitivity).threshold
        chosen = (probabilities[:, 1] >= threshold).astype(int)
    else:
        assert facts.rule is not None
        chosen = facts.rule.decide(np.where(known[:, None], probabilities, 0.0))
    return [facts.classes[label] if scored else "" for label, scored in zip(chosen, known, strict=True)]
