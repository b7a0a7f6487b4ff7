import numpy as np
from matplotlib.figure import Figure

from automl_skin.evaluation.plots.overview import draw_confusion, trial_overview


def test_four_panels(two, many, opened):
    assert opened(trial_overview(*two, ["benign", "malignant"])).size == (880, 840)
    opened(trial_overview(*many, [f"n{k}" for k in range(7)]))


def test_cells_hold_counts_and_recalls():
    axes = Figure().add_subplot()
    draw_confusion(axes, np.array([0, 0, 0, 1]), np.array([0, 0, 1, 1]), ["benign", "malignant"])
    assert [text.get_text() for text in axes.texts] == ["2\n67%", "1\n33%", "0\n0%", "1\n100%"]
    assert [text.get_text() for text in axes.get_yticklabels()] == ["benign", "malignant"]


def test_many_classes_one_without_cases_are_drawn(many):
    names = ["actinic keratosis", "bcc", "bkl", "dermatofibroma", "melanoma", "naevus", "without cases"]
    axes = Figure().add_subplot()
    draw_confusion(axes, np.minimum(many[0], 5), many[1].argmax(axis=1), names)
    assert len(axes.texts) == 49
    assert axes.get_xticklabels()[0].get_rotation() == 35
