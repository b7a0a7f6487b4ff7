import numpy as np
import pytest
import torch
from torch.nn import functional

from automl_skin.backbones.tuning.loss import class_weights, make_loss
from automl_skin.backbones.tuning.recipe import TuningRecipe

CPU = torch.device("cpu")
LOGITS = torch.from_numpy(np.random.default_rng(0).normal(size=(50, 3)))
LABELS = torch.from_numpy(np.random.default_rng(1).integers(0, 3, 50))
HARD = functional.one_hot(LABELS, 3).double()
COUNTS = np.array([30, 15, 5])


def loss_of(soft, **values):
    return make_loss(TuningRecipe(**values), COUNTS, CPU)(LOGITS.float(), soft.float())


def test_cross_entropy_and_smoothing_are_those_of_torch():
    for smoothing in (0.0, 0.1):
        expected = functional.cross_entropy(LOGITS, LABELS, reduction="none", label_smoothing=smoothing)
        torch.testing.assert_close(loss_of(HARD, label_smoothing=smoothing), expected.float())


def test_rare_classes_weigh_the_inverse_of_their_share():
    weights = class_weights(COUNTS)
    assert torch.allclose(weights * torch.tensor([30.0, 15.0, 5.0]), torch.tensor(50 / 3))
    torch.testing.assert_close(loss_of(HARD, loss="weighted"), loss_of(HARD) * weights[LABELS])


def test_a_class_without_rows_weighs_nothing():
    assert class_weights(np.array([4, 0])).tolist() == [1.0, 0.0]


def test_focal_is_the_equation():
    p = LOGITS.softmax(dim=1)[torch.arange(50), LABELS]
    torch.testing.assert_close(loss_of(HARD, loss="focal"), (-((1 - p) ** 2) * p.log()).float())


@pytest.mark.parametrize("kind", ["cross_entropy", "weighted", "focal"])
def test_soft_labels_are_mixed_losses(kind):
    other = HARD.roll(1, 1)
    mixed = loss_of(0.3 * HARD + 0.7 * other, loss=kind, label_smoothing=0.1)
    parts = [loss_of(soft, loss=kind, label_smoothing=0.1) for soft in (HARD, other)]
    torch.testing.assert_close(mixed, 0.3 * parts[0] + 0.7 * parts[1])


def test_focal_has_finite_gradients_where_the_network_is_sure():
    logits = torch.tensor([[200.0, -200.0], [-200.0, 200.0]], requires_grad=True)
    soft = torch.tensor([[1.0, 0.0], [1.0, 0.0]])
    make_loss(TuningRecipe(loss="focal"), np.array([1, 1]), CPU)(logits, soft).sum().backward()
    assert bool(logits.grad.isfinite().all())
