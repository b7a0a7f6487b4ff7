import numpy as np
import pytest

from automl_skin.errors import InputError
from automl_skin.heads import own
from automl_skin.heads.catalogue import FAMILIES, HEADS
from automl_skin.heads.design import Design
from automl_skin.heads.training import training_targets

LOGITS = np.random.default_rng(0).normal(size=(9, 3)).astype(np.float32)
DESIGN = Design(LOGITS, image_columns=3)


def fit(design, n_classes=3):
    targets = training_targets(design, np.arange(design.n_cases) % 3, n_classes, None)
    return own.fit(own.OwnConfig(), design, targets, 0, 1)


def test_the_answer_is_the_softmax_of_the_columns_saved_and_alone(tmp_path):
    head = fit(DESIGN)
    powers = np.exp(LOGITS.astype(np.float64))
    answer = head.predict(DESIGN)
    np.testing.assert_allclose(answer, powers / powers.sum(axis=1, keepdims=True), rtol=1e-12)
    head.save(tmp_path)
    back = own.load(tmp_path)
    for row in range(len(LOGITS)):
        assert np.abs(back.predict(Design(LOGITS[[row]], 3)) - answer[[row]]).max() < 1e-12


def test_columns_must_be_logits():
    with pytest.raises(InputError, match="one logit for each of 4 classes, got 3 columns"):
        fit(DESIGN, n_classes=4)
    with pytest.raises(InputError, match=r"2 of the image"):
        fit(Design(LOGITS, image_columns=2))


def test_it_is_a_head_and_no_family_to_choose():
    assert "own" not in FAMILIES
    assert HEADS["own"] is own.FAMILY
