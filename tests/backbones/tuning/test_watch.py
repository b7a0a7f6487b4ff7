import pytest
import torch

from automl_skin.backbones.tuning.model import LinearHead, TuningModel
from automl_skin.backbones.tuning.watch import LossWatch, check_weights
from automl_skin.errors import TuningError


def test_the_mean_is_over_images():
    watch = LossWatch(1)
    for step in range(40):
        watch.add(torch.tensor(float(step)), 2, 0.1)
    assert watch.mean() == pytest.approx(sum(range(40)) / 80)
    assert watch.n_images == 80


def test_the_step_that_diverged_is_named():
    watch = LossWatch(4)
    watch.add(torch.tensor(1.0), 2, 0.1)
    watch.add(torch.tensor(float("inf")), 2, 0.2)
    with pytest.raises(
        TuningError, match=r"loss is inf in step 2 of epoch 4 at learning rate 0\.2; use a smaller"
    ):
        watch.mean()


def test_weights_that_are_not_finite_are_found():
    model = TuningModel(torch.nn.BatchNorm2d(3), LinearHead(4, 2, seed=0), "float32")
    check_weights(model, 2, 0.1)
    model.network.running_var[1] = torch.nan
    with pytest.raises(
        TuningError, match=r"a weight is not finite at the end of epoch 2 at learning rate 0\.1"
    ):
        check_weights(model, 2, 0.1)
