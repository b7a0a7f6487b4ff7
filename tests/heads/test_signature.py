import numpy as np
import pytest

from automl_skin.errors import InputError
from automl_skin.heads.design import Design
from automl_skin.heads.signature import Signature, binary_columns

SIGNATURE = Signature(n_columns=3, image_columns=2, classes=(0, 2), n_classes=4)


def test_comes_back_from_its_file(tmp_path):
    SIGNATURE.write(tmp_path)
    assert Signature.read(tmp_path) == SIGNATURE


def test_absent_classes_get_nothing():
    assert SIGNATURE.spread(binary_columns(np.array([0.25]))).tolist() == [[0.75, 0.0, 0.25, 0.0]]


@pytest.mark.parametrize(("n_columns", "image_columns"), [(4, 2), (3, 3)])
def test_other_columns_are_refused(n_columns, image_columns):
    with pytest.raises(InputError, match=r"fitted on 3 columns \(2 of the image\) and is given"):
        SIGNATURE.check(Design(np.zeros((1, n_columns), np.float32), image_columns))
