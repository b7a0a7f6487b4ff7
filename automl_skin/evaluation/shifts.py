"""How far the figures fall when the photographs are taken otherwise: other light, other lens, other processing.

Symbols: A, the AUC of the sampled out-of-fold cases at home; A_s, of the same cases under shift s, by the same
chains. ``auc_shifted`` is the mean of A_s over the shifts, ``auc_shifted_worst`` the smallest, and the change is
``auc_shifted`` minus A: like with like, since both are of the same cases. Of the stack and what stands beside it the
changes alone are told: it was chosen on these cases, so that A is too good (promise 2).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np
import numpy.typing as npt

from automl_skin.arrays import FloatArray, IntArray
from automl_skin.evaluation.record import in_words
from automl_skin.evaluation.resampling import resampled_aucs
from automl_skin.metrics.intervals import Interval, central_range, fewest_groups
from automl_skin.metrics.parts import MIN_GROUPS
from automl_skin.metrics.ranking import macro_auc

N_RESAMPLES = 200
"""Of the interval of a change; every shift is one more model on each resample."""


@dataclass(frozen=True)
class ShiftedModel:
    """One model at home and under every shift.

    Parameters
    ----------
    auc_sample : float
        Of the sampled cases at home.
    by_shift : mapping of str to float
        AUC of the same cases under each shift.
    change : Interval or None
        Mean AUC under shift minus that at home, from paired resamples of whole groups; None where it was not drawn.
    changes : mapping of str to Interval
        The same under each shift; empty where it was not drawn.
    """

    auc_sample: float
    by_shift: Mapping[str, float]
    change: Interval | None = None
    changes: Mapping[str, Interval] = field(default_factory=dict)

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

    @property
    def is_steady(self) -> bool:
        """Whether no shift changes anything, as for a model without photographs."""
        return all(value == self.auc_sample for value in self.by_shift.values())

    @property
    def mean_change(self) -> float:
        """Mean AUC under shift minus that at home."""
        return float(np.mean([value - self.auc_sample for value in self.by_shift.values()]))

    def describe_change(self, shift: str) -> str:
        """Return in words how the AUC changes under one shift."""
        if self.by_shift[shift] == self.auc_sample:
            return "none"
        if shift in self.changes:
            return in_words(self.changes[shift], signed=True)
        return f"{self.by_shift[shift] - self.auc_sample:+.3f}"

    def describe_mean_change(self) -> str:
        """Return in words how the AUC changes in the mean over the shifts."""
        if self.is_steady:
            return "none"
        return f"{self.mean_change:+.3f}" if self.change is None else in_words(self.change, signed=True)

    def in_words(self, name: str) -> str:
        """Return one sentence, with the model's name in it."""
        if self.is_steady:
            return f"The AUC of the {name} changes under no shift."
        return (
            f"The AUC of the {name} changes by {self.describe_mean_change()} on average; at worst by "
            f"{self.describe_change(self.worst)}, under {self.worst.replace('_', ' ')}."
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
        """Changes of the leading model by name, and those of the others by theirs, as the parent run calls them."""
        leading = self.models[self.first]
        metrics = {
            "auc_change_shifted": leading.mean_change,
            "auc_change_shifted_worst": leading.auc_shifted_worst - leading.auc_sample,
        }
        if leading.change is not None:
            metrics["auc_change_shifted_low"] = leading.change.low
            metrics["auc_change_shifted_high"] = leading.change.high
        for name, model in self.models.items():
            if name != self.first:
                metrics[f"auc_change_shifted_{name.replace(' ', '_')}"] = model.mean_change
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
            f"photographs under each of {len(self.shifts)} shifts ({names}). Models were chosen on these cases, so "
            "that their level here is too good: changes alone are given."
        )

    def sentences(self) -> list[str]:
        """Return what is to be said, one sentence per model: the leading one first, then by how little they drop."""
        rest = sorted(
            (name for name in self.models if name != self.first),
            key=lambda name: -self.models[name].mean_change,
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
        With them the changes get their intervals.
    """
    by_shift = {name: macro_auc(labels, each) for name, each in zip(shifts, shifted, strict=True)}
    model = ShiftedModel(macro_auc(labels, at_home), by_shift)
    if groups is None:
        return model
    values = resampled_aucs(labels, [at_home, *shifted], groups, n_resamples=N_RESAMPLES, seed=seed)
    drawn = values[1:] - values[0]
    enough = fewest_groups(labels, groups) >= MIN_GROUPS
    change = Interval(model.mean_change, *central_range(drawn.mean(axis=0)), enough=enough)
    changes = {
        name: Interval(by_shift[name] - model.auc_sample, *central_range(of_shift), enough=enough)
        for name, of_shift in zip(shifts, drawn, strict=True)
    }
    return replace(model, change=change, changes=changes)
