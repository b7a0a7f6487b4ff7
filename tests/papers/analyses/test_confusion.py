import numpy as np
import pytest
from PIL import Image

from automl_skin.papers.analyses.confusion import average_confusion, confusion, draw_confusions


@pytest.mark.parametrize("locked", [False, True])
def test_a_matrix_a_cell(context, locked):
    section = confusion(context(), cells={"good": "Image"}, locked=locked, note="The paper's figure 5.")
    assert section.markdown.startswith("The paper's figure 5.")
    assert ("mean number of cases" in section.markdown) == locked
    Image.open(section.pictures[0]).verify()


def one_hot(decisions):
    return np.eye(2)[decisions]


def test_shares_are_means_over_the_models_of_the_folds():
    labels = np.array([0, 0, 1, 1])
    shares, counts = average_confusion([(labels, one_hot([0, 0, 1, 1])), (labels, one_hot([0, 1, 0, 0]))])
    assert shares.tolist() == [[0.75, 0.25], [0.5, 0.5]]
    assert counts.tolist() == [[1.5, 0.5], [1.0, 1.0]]


@pytest.mark.parametrize("pooled", [False, True])
def test_pictures(two, many, opened, pooled):
    opened(draw_confusions({"one": [two]}, ["benign", "malignant"], pooled=pooled))
    names = ["actinic keratosis", "bcc", "bkl", "dermatofibroma", "melanoma", "naevus", "vascular"]
    opened(draw_confusions({name: [many, many] for name in ("a", "b", "c", "d")}, names, pooled=pooled))
