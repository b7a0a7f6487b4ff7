"""How far the figures fall when the photographs are taken otherwise: other light, other lens, other processing.

Symbols: A, the AUC of the sampled out-of-fold cases at home; A_s, of the same cases under shift s, by the same
chains. ``auc_shifted`` is the mean of A_s over the shifts, ``auc_shifted_worst`` the smallest, and the fall is
A minus ``auc_shifted``: like with like, since both are of the same cases.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from automl_skin.arrays import FloatArray, IntArray
from automl_skin.evaluation.record import in_words
from automl_skin.evaluation.resampling import resampled_aucs
from automl_skin.metrics.intervals import Interval, central_range
from automl_skin.metrics.ranking import macro_auc

N_RESAMPLES = 200
"""Of the interval of a fall; every shift is one more model on each resample."""


@dataclass(frozen=True)
class ShiftedModel:
    """One model at home and under every shift.

    Parameters
    ----------
    auc_sample : float
        Of the sampled cases at home.
    by_shift : mapping of str to float
        AUC of the same cases under each shift.
    fall : Interval or None
        AUC at home minus its mean under shift, from paired resamples of whole groups; None where it was not drawn.
    """

    auc_sample: float
    by_shift: Mapping[str, float]
    fall: Interval | None = None

    @property
    def auc_shifted(self) -> float:
        """Mean over the shifts."""
        return float(np.mean(list(self.by_shift.values())))

    @property
    def worst(self) -> str:
        """The shift under which it is worst."""
        return min(self.by_shift, key=lambda name: self.by_shift[name])

    @property
    def auc_shifted_worst(self) -> float:
        """AUC under the worst shift."""
        return self.by_shift[self.worst]

    @property
    def metrics(self) -> dict[str, float]:
        """Figures by name, as runs and tables call them."""
        return {
            "auc_sample": self.auc_sample,
            "auc_shifted": self.auc_shifted,
            "auc_shifted_worst": self.auc_shifted_worst,
        }

    def in_words(self, name: str) -> str:
        """Return one sentence, with the model's name in it."""
        if all(value == self.auc_sample for value in self.by_shift.values()):
            return f"The AUC of the {name} stays at {self.auc_sample:.3f} under every shift."
        verb = "drops" if self.auc_shifted < self.auc_sample else "does not drop: it goes"
        change = ""
        if self.fall is not None:
            change = f", {in_words(Interval(-self.fall.value, -self.fall.high, -self.fall.low), signed=True)}"
        return (
            f"The AUC of the {name} {verb} from {self.auc_sample:.3f} to {self.auc_shifted:.3f} on average{change}; "
            f"at worst it is {self.auc_shifted_worst:.3f}, under {self.worst.replace('_', ' ')}."
        )


@dataclass(frozen=True)
class ShiftFigures:
    """What was measured under shift, on out-of-fold cases.

    Parameters
    ----------
    n_cases : int
        Sampled cases.
    n_development : int
        Cases that they were sampled from.
    models : mapping of str to ShiftedModel
        The stack first, then the best trial and the baselines.
    trials : mapping of int to ShiftedModel
        By number: the leading trials, the members of the stack, and the baselines.
    stack : str
        Digest of the stack that was measured.
    """

    n_cases: int
    n_development: int
    shifts: tuple[str, ...]
    models: Mapping[str, ShiftedModel]
    trials: Mapping[int, ShiftedModel] = field(default_factory=dict)
    stack: str = ""

    @property
    def first(self) -> str:
        """Name of the model that leads, the stack."""
        return next(iter(self.models))

    @property
    def metrics(self) -> dict[str, float]:
        """Figures of the leading model by name, and those of the others by theirs, as the parent run calls them."""
        metrics = dict(self.models[self.first].metrics)
        for name, model in self.models.items():
            if name != self.first:
                metrics[f"auc_shifted_{name.replace(' ', '_')}"] = model.auc_shifted
        return metrics

    @property
    def basis(self) -> str:
        """What the figures were measured on, as a sentence."""
        sampled = (
            f"all {self.n_cases:,}"
            if self.n_cases == self.n_development
            else f"{self.n_cases:,} of {self.n_development:,}"
        )
        names = ", ".join(name.replace("_", " ") for name in self.shifts)
        return (
            f"Measured by AUC on {sampled} development cases, each scored out of fold: at home, and with its "
            f"photographs under each of {len(self.shifts)} shifts ({names})."
        )

    def sentences(self) -> list[str]:
        """Return what is to be said, one sentence per model: the leading one first, then by how little they drop."""
        rest = sorted(
            (name for name in self.models if name != self.first),
            key=lambda name: self.models[name].auc_sample - self.models[name].auc_shifted,
        )
        return [self.models[name].in_words(name) for name in (self.first, *rest)]

    def lines(self) -> list[str]:
        """Return the figures as lines of text for a terminal."""
        return [f"Under shift: {self.basis}", *(f"  {text}" for text in self.sentences())]


def shifted_model(
    labels: IntArray,
    at_home: FloatArray,
    shifted: FloatArray,
    shifts: Sequence[str],
    groups: npt.ArrayLike | None = None,
    seed: int = 0,
) -> ShiftedModel:
    """Measure one model.

    Parameters
    ----------
    labels : ndarray of shape (n_sampled,)
    at_home : ndarray of shape (n_sampled, n_classes)
    shifted : ndarray of shape (n_shifts, n_sampled, n_classes)
    groups : array of shape (n_sampled,), optional
        With them the fall gets its interval.
    """
    by_shift = {name: macro_auc(labels, each) for name, each in zip(shifts, shifted, strict=True)}
    model = ShiftedModel(macro_auc(labels, at_home), by_shift)
    if groups is None:
        return model
    values = resampled_aucs(labels, [at_home, *shifted], groups, n_resamples=N_RESAMPLES, seed=seed)
    low, high = central_range(values[0] - values[1:].mean(axis=0))
    return ShiftedModel(model.auc_sample, by_shift, Interval(model.auc_sample - model.auc_shifted, low, high))
