"""Whether a labelled set holds photographs that trained the model, and what the other cases say."""

from dataclasses import dataclass

from automl_skin.evaluation.record import in_words
from automl_skin.metrics.intervals import Interval


@dataclass(frozen=True)
class Overlap:
    """The cases of a labelled set that the model may have been trained on, and figures without them.

    Parameters
    ----------
    n_cases : int
        All of the set.
    n_exactly : int
        Cases with a photograph whose file trained the model.
    n_nearly : int
        Further cases with one that looks nearly the same.
    n_related : int
        Further cases of the same patients or lesions as these.
    new_auc, new_sensitivity, new_specificity : Interval or None
        Of the cases that are none of these, as the same figures of all cases.
    """

    n_cases: int
    n_exactly: int
    n_nearly: int
    n_related: int
    new_auc: Interval | None = None
    new_sensitivity: Interval | None = None
    new_specificity: Interval | None = None

    @property
    def n_new(self) -> int:
        """Cases that the model was not trained on, as far as photographs can tell."""
        return self.n_cases - self.n_exactly - self.n_nearly - self.n_related

    def lines(self) -> list[str]:
        """Return what was found, as lines of text."""
        n_known = self.n_exactly + self.n_nearly
        if n_known == 0:
            return ["No case shows a photograph that trained the model, by its file or by its look"]
        related = f"; {self.n_related:,} more are of the same patients or lesions" if self.n_related else ""
        found = (
            f"Warning: {n_known:,} of {self.n_cases:,} cases show a photograph that trained the model "
            f"({self.n_exactly:,} exactly, {self.n_nearly:,} nearly){related}. Figures with them are too good."
        )
        if self.n_new == 0:
            return [found, "No case is left that could tell how good the model is on new ones"]
        figures = {
            "AUC": self.new_auc,
            "sensitivity": self.new_sensitivity,
            "specificity": self.new_specificity,
        }
        told = [f"{name} {in_words(value)}" for name, value in figures.items() if value is not None]
        return [found, f"On the {self.n_new:,} others: {', '.join(told) or 'no figure, they are too few'}"]
