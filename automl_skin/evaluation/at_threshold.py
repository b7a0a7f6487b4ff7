"""What a threshold that was fixed before is worth on cases that had no part in choosing it."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from automl_skin.arrays import BoolArray, FloatArray, IntArray
from automl_skin.evaluation.operating_point import OperatingPoint
from automl_skin.evaluation.record import in_words
from automl_skin.metrics.intervals import Interval, rate_intervals
from automl_skin.metrics.thresholds import confusion


@dataclass(frozen=True)
class AtThreshold:
    """The decisions of a stored threshold against the truth.

    Parameters
    ----------
    threshold, wanted : float
        Probabilities from the threshold on are positive decisions; it was chosen for the sensitivity `wanted`.
    counts : tuple of int
        True negatives, false positives, false negatives, true positives.
    sensitivity, specificity, ppv, npv : Interval or None
        None where no case is counted: of that class, or with that decision.
    is_promised : bool
        Whether there were positive groups enough to promise `wanted` when the threshold was chosen.
    """

    threshold: float
    wanted: float
    counts: tuple[int, int, int, int]
    sensitivity: Interval | None
    specificity: Interval | None
    ppv: Interval | None
    npv: Interval | None
    is_promised: bool = True

    @property
    def stands_for(self) -> str:
        """What the threshold was chosen for, in words."""
        unsure = "" if self.is_promised else ", which so few positive groups could not promise"
        return f"a sensitivity of {self.wanted:g}{unsure}"

    @property
    def one_sided(self) -> str:
        """What to know where all cases get the same decision; else empty."""
        negative, false_alarms, missed, found = self.counts
        if negative + missed == 0:
            return "Every case is called positive: at this threshold the model decides nothing."
        if false_alarms + found == 0:
            return "No case is called positive: at this threshold the model decides nothing."
        return ""

    @property
    def rates(self) -> dict[str, Interval | None]:
        """The four rates by name."""
        return {
            "sensitivity": self.sensitivity,
            "specificity": self.specificity,
            "PPV": self.ppv,
            "NPV": self.npv,
        }

    @property
    def metrics(self) -> dict[str, float]:
        """The rates that are defined with the ends of their intervals, by name."""
        known = {name.lower(): rate for name, rate in self.rates.items() if rate is not None}
        return {
            f"{name}{end}": value
            for name, rate in known.items()
            for end, value in (("", rate.value), ("_low", rate.low), ("_high", rate.high))
        }

    def describe(self) -> str:
        """Return the rates and the counts in words."""
        negative, false_alarms, missed, found = self.counts
        rates = ", ".join(f"{name} {in_words(rate)}" for name, rate in self.rates.items())
        same = f". {self.one_sided}" if self.one_sided else ""
        return (
            f"{rates}; {found} of {found + missed} positive cases found, {false_alarms} of "
            f"{negative + false_alarms} negative ones taken for positive{same}"
        )


def measure_at_threshold(
    labels: IntArray, scores: FloatArray, groups: npt.ArrayLike, point: OperatingPoint
) -> AtThreshold:
    """Measure the decisions of a stored operating point.

    Parameters
    ----------
    labels : array of shape (n_cases,)
        1 for the positive class, 0 otherwise.
    scores : array of shape (n_cases,)
        Probability of the positive class.
    groups : array of shape (n_cases,)
    """
    called = scores >= point.threshold
    positive = labels == 1
    (negative, false_alarms), (missed, found) = confusion(labels, called.astype(np.int64)).tolist()

    def rate(hits: BoolArray, counted: BoolArray) -> Interval | None:
        if not counted.any():
            return None
        return rate_intervals(hits[None, :], counted, groups)[0]

    return AtThreshold(
        point.threshold,
        point.wanted,
        (negative, false_alarms, missed, found),
        sensitivity=rate(called, positive),
        specificity=rate(~called, ~positive),
        ppv=rate(positive, called),
        npv=rate(~positive, ~called),
        is_promised=point.is_promised,
    )
