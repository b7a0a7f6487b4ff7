"""Four panels that say what one trial is worth, for the list of runs."""

from collections.abc import Sequence

from automl_skin.arrays import FloatArray, IntArray
from automl_skin.evaluation.plots.calibration import draw_reliability
from automl_skin.evaluation.plots.confusion import draw_confusion
from automl_skin.evaluation.plots.curves import draw_precision_recall, draw_roc
from automl_skin.evaluation.plots.style import new_figure, to_png
from automl_skin.metrics.ranking import class_priors, decide

_DPI = 100  # drawn once per trial: speed before sharpness


def trial_overview(
    labels: IntArray, probabilities: FloatArray, classes: Sequence[str], *, name: str = "out of fold"
) -> bytes:
    """Draw ROC, precision-recall, calibration and confusion of one model as one PNG.

    The decisions are those of balanced accuracy: the class with the largest ratio of probability to its share.

    Parameters
    ----------
    labels : array of shape (n_cases,)
    probabilities : array of shape (n_cases, n_classes)
    name : str
        What the probabilities are, for the legends.
    """
    figure = new_figure(8.8, 8.4)
    (roc, precision), (calibration, matrix) = figure.subplots(2, 2)
    models = {name: probabilities}
    draw_roc(roc, labels, models, classes=classes)
    draw_precision_recall(precision, labels, models, classes=classes)
    draw_reliability(calibration, labels, models)
    decisions = decide(probabilities, class_priors(labels, len(classes)))
    draw_confusion(matrix, labels, decisions, classes)
    return to_png(figure, _DPI)
