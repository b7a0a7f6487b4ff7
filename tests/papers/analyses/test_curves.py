import numpy as np
import pytest
from PIL import Image

from automl_skin.metrics.ranking import macro_auc
from automl_skin.papers.analyses.catalogue import ANALYSES
from automl_skin.papers.analyses.curves import precision_recall, roc


def test_the_table_has_our_mean_and_deviation_beside_the_published_figure(context):
    made = context(2)
    section = roc(made, {"locked": True, "published": {"good": 0.4935}, "title": "Balanced"})
    values = [macro_auc(labels, each) for labels, each in made.parts("good", locked=True)]
    assert section.title == "Balanced"
    assert f"| good | {np.mean(values):.3f} ± {np.std(values, ddof=1):.3f} | 0.493 |" in section.markdown
    assert "| chance | 0." in section.markdown


def test_classes_together_against_the_others(context):
    made = context()
    section = roc(made, {"cells": ["good"], "positive": ["c", "d"]})
    values = [
        macro_auc((labels >= 2).astype(int), np.column_stack([each[:, :2].sum(1), each[:, 2:].sum(1)]))
        for labels, each in made.parts("good")
    ]
    assert f"| good | {np.mean(values):.3f} ±" in section.markdown


@pytest.mark.parametrize("analysis", [roc, precision_recall])
def test_one_picture(context, analysis):
    section = analysis(context(), {"file": "figure-2"})
    assert [path.name for path in section.pictures] == ["figure-2.png"]
    Image.open(section.pictures[0]).verify()


@pytest.mark.parametrize("name", ["roc", "precision_recall", "confusion", "box_plot"])
def test_without_a_cell_that_was_run_there_is_no_picture(context, name):
    section = ANALYSES[name](context(), {"cells": ["absent"]})
    assert section.pictures == ()
    assert "Not shown: absent (no weights)." in section.markdown
