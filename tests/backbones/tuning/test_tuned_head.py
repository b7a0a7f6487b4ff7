import numpy as np
import pytest

from automl_skin.backbones.tuning.tuned_head import HEAD, TunedHead
from automl_skin.errors import ConfigError, IntegrityError


def drawn(*shape):
    return np.random.default_rng(len(shape)).normal(size=shape).astype(np.float32)


IMAGE = TunedHead(drawn(3, 40), drawn(3))
JOINT = TunedHead(drawn(3, 44), drawn(3), drawn(4, 7), drawn(4))
HEADS = pytest.mark.parametrize("head", [IMAGE, JOINT], ids=["image", "joint"])


@HEADS
def test_logits_are_those_of_the_formula(head):
    embedding, metadata = drawn(9, 40), drawn(9, 7)
    inputs = embedding.astype(np.float64)
    if head is JOINT:
        hidden = np.maximum(metadata.astype(np.float64) @ JOINT.metadata_weight.T + JOINT.metadata_bias, 0)
        inputs = np.concatenate([inputs, hidden], axis=1)
    expected = inputs @ head.weight.T.astype(np.float64) + head.bias
    np.testing.assert_allclose(head.logits(embedding, metadata), expected, rtol=0, atol=1e-10)


@HEADS
def test_a_row_alone_is_as_among_others(head):
    embedding, metadata = drawn(2000, 40), drawn(2000, 7)
    together = head.logits(embedding, metadata)
    alone = np.concatenate([head.logits(embedding[i : i + 1], metadata[i : i + 1]) for i in (0, 7, 1999)])
    assert np.abs(alone - together[[0, 7, 1999]]).max() < 1e-12


@HEADS
def test_a_saved_head_comes_back(head, tmp_path):
    head.save(tmp_path)
    again = TunedHead.load(tmp_path)
    assert (again.n_classes, again.n_dimensions) == (3, 40)
    assert again.n_metadata == (7 if head is JOINT else 0)
    assert all(np.array_equal(array, again.to_arrays()[name]) for name, array in head.to_arrays().items())


def test_what_does_not_fit_is_named(tmp_path):
    with pytest.raises(IntegrityError, match="expected arrays that fit each other"):
        TunedHead(drawn(3, 40), drawn(2))
    with pytest.raises(IntegrityError, match="expected arrays that fit each other"):
        TunedHead(drawn(3, 40), drawn(3), drawn(4, 7))
    with pytest.raises(IntegrityError, match="expected weight and bias"):
        TunedHead.from_arrays({"weight": drawn(3, 40)})
    with pytest.raises(IntegrityError, match="expected a tuned head"):
        TunedHead.load(tmp_path)
    (tmp_path / HEAD).write_bytes(b"nothing")
    with pytest.raises(IntegrityError, match="expected a tuned head"):
        TunedHead.load(tmp_path)
    with pytest.raises(ConfigError, match="embedding of this head: expected 40 columns"):
        IMAGE.logits(drawn(2, 41))
    with pytest.raises(ConfigError, match="needs metadata, got none"):
        JOINT.logits(drawn(2, 40))
    with pytest.raises(ConfigError, match="metadata of this head: expected 7 columns"):
        JOINT.logits(drawn(2, 40), drawn(2, 6))
