"""Whether the locked test set says the same as the cross-validation before it."""

from collections.abc import Mapping

from automl_skin.evaluation.figures import Figures
from automl_skin.evaluation.record import in_words
from automl_skin.metrics.intervals import Interval


def find_disagreements(figures: Figures, expected: Mapping[str, Interval]) -> list[str]:
    """Return a warning for each model whose locked AUC and out-of-fold AUC have intervals that do not meet.

    Parameters
    ----------
    figures : Figures
    expected : mapping of str to Interval
        Out-of-fold AUC by the model's name, corrected where the model was chosen by it.
    """
    pairs = [
        (name, figures.models[name].auc, before)
        for name, before in expected.items()
        if name in figures.models
    ]
    return [
        _in_words(name, locked, before, figures.opened)
        for name, locked, before in pairs
        if locked.high < before.low or before.high < locked.low
    ]


def _in_words(name: str, locked: Interval, before: Interval, opened: str) -> str:
    where, why = (
        ("below", "The locked cases differ from the others, or something gives the labels of the others away")
        if locked.value < before.value
        else ("above", "The locked cases are easier than the others, and may be easier than those to come")
    )
    return (
        f"Warning: the AUC of the {name} is {in_words(locked)} on the locked test set ({opened}), {where} "
        f"the {in_words(before)} that cross-validation led to expect: the intervals do not meet. {why}."
    )
