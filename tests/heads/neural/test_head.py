"""A module of somebody else's library is a head like any other."""

from dataclasses import dataclass
from functools import partial

import numpy as np
import pytest
import torch
from sklearn.metrics import roc_auc_score
from torch import nn

from automl_skin.chains.config import BranchConfig, ChainConfig
from automl_skin.chains.fitted import FittedChain
from automl_skin.errors import IntegrityError
from automl_skin.heads.catalogue import HEADS
from automl_skin.heads.neural.config import TrainingConfig
from automl_skin.heads.neural.head import fit_modules, load_modules
from automl_skin.heads.protocol import Family
from automl_skin.networks import NetworkId


@dataclass(frozen=True)
class PlainConfig(TrainingConfig):
    width: int = 8


class SideBySide(nn.Sequential):
    """Torch's own layers on image and metadata side by side."""

    def forward(self, image, metadata):
        return super().forward(torch.cat([image, metadata], dim=1))


def build(config, n_image, n_metadata, n_scores, generator=None):
    with torch.random.fork_rng():
        torch.manual_seed(0 if generator is None else generator.initial_seed())
        first, last = nn.Linear(n_image + n_metadata, config.width), nn.Linear(config.width, n_scores)
        return SideBySide(first, nn.BatchNorm1d(config.width), nn.ReLU(), last)


def refuse_wide(config):
    if config.width > 100:
        raise IntegrityError("too wide")


FAMILY = Family(
    "plain",
    PlainConfig,
    {},
    partial(fit_modules, build),
    partial(load_modules, build, PlainConfig, refuse_wide),
    lambda config, size: 0.0,
    of_trees=False,
)


@pytest.fixture
def chain(monkeypatch, material, make_fitter):
    monkeypatch.setitem(HEADS, "plain", FAMILY)
    head = PlainConfig(epochs=8, members=2, mixup=0.2, modality_dropout=0.1)
    config = ChainConfig("concat", (BranchConfig("plain", head),), (NetworkId("net", "plain"),), 6)
    return make_fitter(material).fit(config, fold=1)


def test_a_module_is_fitted_saved_loaded_and_scores_one_case_like_a_batch(chain, material, tmp_path):
    fitted, held = chain
    rows = np.flatnonzero(material.folds == 1)
    assert roc_auc_score(material.labels[rows], held[:, 1]) > 0.7
    fitted.save(tmp_path)
    back = FittedChain.load(tmp_path)
    inputs = material.inputs.take(rows)
    assert np.abs(back.predict(inputs) - held).max() < 1e-9
    for row in range(5):
        assert np.abs(back.predict(inputs.take(np.array([row]))) - held[[row]]).max() < 1e-6


def test_a_state_of_other_shapes_is_refused(chain, tmp_path):
    fitted, _ = chain
    fitted.save(tmp_path)
    path = tmp_path / "branch-0" / "network.json"
    for width, message in ((9, "member-0.safetensors: expected"), (1000, "too wide")):
        path.write_text(path.read_text().replace('"width": 8', f'"width": {width}'))
        with pytest.raises(IntegrityError, match=message):
            FAMILY.load(tmp_path / "branch-0")
        path.write_text(path.read_text().replace(f'"width": {width}', '"width": 8'))
