from unittest import mock

import pytest
from PIL import Image

from automl_skin.metrics.ranking import average_precision
from automl_skin.papers.analyses import box_plot


def test_a_value_a_fold(context):
    made = context()
    with mock.patch.object(box_plot, "box_plot", return_value=b"") as drawn:
        box_plot.boxes(made, {"cells": ["good"], "locked": True, "published": {"good": [0.6, 0.01]}})
    assert drawn.call_args.args == (
        {"good": [average_precision(*part) for part in made.parts("good", locked=True)]},
    )
    assert drawn.call_args.kwargs["published"] == {"good": (0.6, 0.01)}


@pytest.mark.parametrize("options", [{}, {"metric": "auc", "positive": ["d"], "title": "Melanoma"}])
def test_pictures(context, options):
    Image.open(box_plot.boxes(context(), options).pictures[0]).verify()
