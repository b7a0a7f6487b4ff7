from dataclasses import replace

import numpy as np
import pytest
from sklearn.metrics import roc_auc_score

from automl_skin.errors import ConfigError, InputError
from automl_skin.heads import mlp
from automl_skin.heads.design import Design
from automl_skin.heads.neural.config import MlpConfig
from automl_skin.heads.training import training_targets

CONFIG = MlpConfig(epochs=6, batch_size=64)


def fit(config, design, labels):
    """Fit on cases of equal weight."""
    return mlp.fit(config, design, training_targets(design, labels, 2, None), 0, 1)


def make_cases(n_cases=400):
    """Return cases whose metadata says which image column counts."""
    rng = np.random.default_rng(0)
    image, metadata = rng.normal(size=(n_cases, 8)), rng.choice([-1.0, 1.0], size=(n_cases, 1))
    labels = np.where(metadata[:, 0] > 0, image[:, 0], image[:, 1]) > 0
    return Design(np.hstack([image, metadata]).astype(np.float32), 8), labels.astype(int)


def test_members_are_averaged():
    design, labels = make_cases()
    one, two = (fit(replace(CONFIG, members=n), design, labels) for n in (1, 2))
    alone = [replace(two, modules=(module,)).predict(design) for module in two.modules]
    assert (one.predict(design) == alone[0]).all()
    assert np.allclose(two.predict(design), np.mean(alone, axis=0), atol=1e-15)
    assert (alone[0] != alone[1]).any()


def test_balanced_sampling_raises_the_rare_class():
    rng = np.random.default_rng(0)
    design, labels = (
        Design(rng.normal(size=(400, 3)).astype(np.float32), 3),
        (np.arange(400) % 10 == 0).astype(int),
    )
    plain, balanced = (
        fit(replace(CONFIG, balanced_sampling=b), design, labels).predict(design)[:, 1].mean()
        for b in (False, True)
    )
    assert plain < 0.25
    assert balanced > 0.35


def test_metanet_gates_by_metadata():
    design, labels = make_cases(1200)
    config = MlpConfig(epochs=20, batch_size=64, learning_rate=1e-2, fusion="metanet", dropout=0.0)
    head = fit(config, Design(design.matrix[:800], 8), labels[:800])
    scores = head.predict(Design(design.matrix[800:], 8))[:, 1]
    assert roc_auc_score(labels[800:], scores) > 0.95
    blind = Design(np.hstack([design.matrix[800:, :8], np.zeros((400, 1), np.float32)]), 8)
    assert roc_auc_score(labels[800:], head.predict(blind)[:, 1]) < 0.9


@pytest.mark.parametrize("image_columns", [0, 9])
def test_metanet_needs_both_kinds_of_columns(image_columns):
    design, labels = make_cases()
    with pytest.raises(InputError, match="metanet joins image and metadata: expected columns of both"):
        fit(MlpConfig(fusion="metanet"), Design(design.matrix, image_columns), labels)


def test_divergence_is_named():
    design, labels = make_cases()
    with pytest.raises(ConfigError, match=r"use a learning_rate below 1e\+30"):
        fit(replace(CONFIG, learning_rate=1e30), design, labels)


def test_modality_dropout_teaches_to_answer_from_either_alone():
    """The image says more than the metadata, so that a network hardly looks at the metadata unless it must."""
    rng = np.random.default_rng(0)
    labels = rng.integers(0, 2, size=1500)
    signs = np.where(labels == 1, 1.0, -1.0)[:, None]
    image = 2.0 * signs + rng.normal(size=(1500, 4))
    metadata = signs + rng.normal(size=(1500, 2))
    design = Design(np.hstack([image, metadata]).astype(np.float32), 4)
    blind = Design(np.hstack([np.zeros((1500, 4)), metadata]).astype(np.float32), 4)
    losses = []
    for share in (0.0, 0.3):
        head = fit(replace(CONFIG, modality_dropout=share), design, labels)
        losses.append(-np.log(head.predict(blind)[np.arange(1500), labels]).mean())
    assert losses[1] < losses[0] - 0.03


def test_lost_metadata_look_as_the_design_says_or_like_their_mean():
    design, labels = make_cases(200)
    config = replace(CONFIG, modality_dropout=0.3)
    mean = design.metadata.mean(axis=0)
    unsaid, same, other = (
        fit(config, replace(design, absent=absent), labels).predict(design)
        for absent in (None, mean, mean + np.float32(3))
    )
    assert (unsaid == same).all()
    assert (unsaid != other).any()
