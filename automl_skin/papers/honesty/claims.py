"""What a tool says of a study, and what is true of the same figures: the place where another tool can be put.

A tool is a function from the cases of a study to `Claims`. It is given labels, embeddings, metadata and patients,
divides them as it likes, and answers with its figures by the names in `TRUTHS` and with its models, which are asked
about cases that it never saw.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

import numpy as np

from automl_skin.arrays import FloatArray, IntArray
from automl_skin.metrics.calibration import calibration_line
from automl_skin.metrics.intervals import Interval
from automl_skin.metrics.odds import log_odds
from automl_skin.metrics.ranking import average_precision, balanced_accuracy, brier, macro_auc
from automl_skin.papers.honesty.worlds import Cases

MIN_SPREAD = 0.05
"""Standard deviation of the log-odds below which probabilities have no calibration slope to speak of."""

STACK, BEST, BASELINE = "stack", "best trial", "metadata alone"


@dataclass(frozen=True)
class Answers:
    """What the models of a tool say of new cases.

    Parameters
    ----------
    probabilities : mapping of str to ndarray of shape (n_cases, 2)
        By the model's name: `STACK`, `BEST`, `BASELINE`, as far as the tool has them.
    """

    labels: IntArray
    probabilities: Mapping[str, FloatArray]
    threshold: float
    priors: FloatArray

    def slope(self) -> float:
        """Return the stack's calibration slope; NaN where its answers are all but equal and no slope means anything."""
        positive = self.probabilities[STACK][:, 1]
        if np.std(log_odds(positive)) < MIN_SPREAD:
            return float("nan")
        return calibration_line(self.labels, positive).slope

    def auc(self, model: str) -> float:
        """Return the AUC of a model."""
        return macro_auc(self.labels, self.probabilities[model])

    @property
    def called(self) -> "np.ndarray[tuple[int], np.dtype[np.bool_]]":
        """Which cases the stack's threshold calls positive, shape (n_cases,)."""
        return np.asarray(self.probabilities[STACK][:, 1] >= self.threshold)

    def share(self, of: "np.ndarray[tuple[int], np.dtype[np.bool_]]", right: int | None = None) -> float:
        """Return the share of the called among some cases, or of a class among the called or not called ones."""
        values = self.called[of] if right is None else self.labels[of] == right
        return float(np.mean(values)) if len(values) else float("nan")


TRUTHS: dict[str, Callable[[Answers], float]] = {
    "AUC of the stack, locked": lambda new: new.auc(STACK),
    "AUC of the stack, out of fold": lambda new: new.auc(STACK),
    "AUC of the best trial, locked": lambda new: new.auc(BEST),
    "AUC of the best trial, out of fold": lambda new: new.auc(BEST),
    "AUC of the baseline, locked": lambda new: new.auc(BASELINE),
    "gain over the baseline, locked": lambda new: new.auc(STACK) - new.auc(BASELINE),
    "average precision, locked": lambda new: average_precision(new.labels, new.probabilities[STACK]),
    "balanced accuracy, locked": lambda new: balanced_accuracy(
        new.labels, new.probabilities[STACK], new.priors
    ),
    "Brier score, locked": lambda new: brier(new.labels, new.probabilities[STACK]),
    "calibration slope, locked": lambda new: new.slope(),
    "sensitivity asked for": lambda new: new.share(new.labels == 1),
    "sensitivity at the threshold, locked": lambda new: new.share(new.labels == 1),
    "specificity at the threshold, locked": lambda new: 1 - new.share(new.labels == 0),
    "PPV at the threshold, locked": lambda new: new.share(new.called, right=1),
    "NPV at the threshold, locked": lambda new: new.share(~new.called, right=0),
}
"""By a figure's name, the function that gives its true value on new cases."""


@dataclass(frozen=True)
class Claims:
    """What a tool says of a study.

    Parameters
    ----------
    figures : mapping of str to Interval
        By names in `TRUTHS`; a figure that the tool does not give is left out.
    score : callable
        Cases -> probabilities (n_cases, 2) by the model's name.
    threshold : float
        Of the stack's probability, for decisions; NaN where the tool gives none.
    priors : ndarray of shape (2,)
        Shares of the classes by which decisions of a balanced accuracy are made.
    taken : tuple of str
        Metadata fields that the models were given.
    """

    figures: Mapping[str, Interval]
    score: Callable[[Cases], Mapping[str, FloatArray]]
    threshold: float
    priors: FloatArray
    taken: tuple[str, ...] = field(default=())


Tool = Callable[[Cases, int], Claims]
"""``(cases of a study, seed) -> claims``."""
