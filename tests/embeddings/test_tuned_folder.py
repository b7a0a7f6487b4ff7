import math

import pytest

from automl_skin.backbones.tuning.epoch import Epoch
from automl_skin.embeddings.tuned_folder import read_curve, write_curve
from automl_skin.errors import IntegrityError

CURVE = (Epoch(1, 2, 0.1 + 0.2, math.pi, 118.0, 1e-9, 5.0), Epoch(2, 2, 0.5, 0.75, 119.0, 3.0, 0.0))


def test_numbers_come_back_as_they_were(tmp_path):
    write_curve(tmp_path, CURVE)
    assert read_curve(tmp_path) == CURVE


def test_no_file_is_no_epoch(tmp_path):
    assert read_curve(tmp_path) == ()


def test_an_auc_that_is_not_known_stays_unknown(tmp_path):
    write_curve(tmp_path, [Epoch(1, 1, 0.5, math.nan, 118.0, 1.0, 0.0)])
    assert math.isnan(read_curve(tmp_path)[0].inner_auc)


@pytest.mark.parametrize("text", ["number,epochs\n1,2\n", "number,epochs,loss\n1,2,many\n"])
def test_another_table_is_refused(tmp_path, text):
    (tmp_path / "curve.csv").write_text(text)
    with pytest.raises(IntegrityError, match="expected the columns number, epochs, loss"):
        read_curve(tmp_path)
