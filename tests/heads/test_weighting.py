import numpy as np
import pytest

from automl_skin.heads.weighting import class_weights

LABELS = np.array([0] * 16 + [2] * 4)


def test_none_is_none():
    assert class_weights(LABELS, 3, "none") is None


@pytest.mark.parametrize(("mode", "ratio"), [("balanced", 4.0), ("sqrt", 2.0)])
def test_ratio_of_a_rare_class_to_a_common_one(mode, ratio):
    weights = class_weights(LABELS, 3, mode)
    assert weights[-1] / weights[0] == pytest.approx(ratio)
    assert weights.mean() == pytest.approx(1.0)
