"""What every neural fusion promises, whatever its formula.

The made-up cases have 10 columns of the image x and 3 of metadata m. One column of metadata adds to the score, and
another says which of two image columns counts::

    logit = 2 m1 + 4 (x0 if m0 > 0 else x1)

A fusion followed by scores at once can learn the first part; those that gate, scale or embed both together learn the
second part as well.
"""

from functools import cache

import numpy as np
import pytest
import torch
from sklearn.metrics import roc_auc_score

from automl_skin.chains.config import FUSIONS
from automl_skin.chains.fitted import FittedChain
from automl_skin.chains.inputs import CaseInputs
from automl_skin.heads import mlp
from automl_skin.heads.design import Design
from automl_skin.heads.mlp import load
from automl_skin.heads.neural.config import MlpConfig
from automl_skin.heads.neural.fusions.catalogue import NEURAL_FUSIONS
from automl_skin.heads.neural.head import ModuleHead
from automl_skin.heads.neural.network import Network
from automl_skin.heads.neural.state import load_module, module_arrays
from automl_skin.heads.signature import Signature
from automl_skin.heads.training import training_targets

N_IMAGE, N_METADATA = 10, 3
CHOOSING = {"metanet", "metablock", "mdnet", "yap", "film", "gmu"}
SETTINGS = {
    "yap": {"width": 128},
    "ha": {"hidden": 64, "width": 32, "last_dropout": 0.2},
    "pacheco": {"dropout": 0.1},
}
EVERY_FUSION = pytest.mark.parametrize("fusion", NEURAL_FUSIONS)
OTHER_SETTINGS = [
    ("concat", {"layers": 2, "shape": "published"}),
    ("metanet", {"layers": 1}),
    ("metablock", {"norm": "layer"}),
    ("mdnet", {"norm": "layer", "shape": "published"}),
    ("yap", {"layers": 0}),
    ("film", {"layers": 1}),
]


def fit(config, design, labels, seed=0):
    """Fit on cases of equal weight."""
    return mlp.fit(config, design, training_targets(design, labels, 2, None), seed, 1)


def make_cases(n_cases, seed):
    rng = np.random.default_rng(seed)
    image, metadata = rng.normal(size=(n_cases, N_IMAGE)), rng.normal(size=(n_cases, N_METADATA))
    metadata[:, 0] = np.sign(metadata[:, 0])
    logits = 2 * metadata[:, 1] + 4 * np.where(metadata[:, 0] > 0, image[:, 0], image[:, 1])
    labels = rng.random(n_cases) < 1 / (1 + np.exp(-logits))
    return Design(np.hstack([image, metadata]).astype(np.float32), N_IMAGE), labels.astype(int), logits


def config_of(fusion, settings=None, **values):
    values = {
        "layers": 0,
        "epochs": 20,
        "batch_size": 64,
        "learning_rate": 3e-2,
        "weight_decay": 0.2,
        **values,
    }
    settings = SETTINGS.get(fusion) if settings is None else settings
    return MlpConfig(fusion=fusion, fusion_settings=settings, **values)


def network_of(config, seed=0):
    """Return a network in the middle of its training: its parameters and statistics are not the initial ones."""
    network = Network(config, N_IMAGE, N_METADATA, 3, torch.Generator().manual_seed(seed))
    generator = torch.Generator().manual_seed(seed + 1)
    with torch.no_grad():
        for tensor in network.state_dict().values():
            if tensor.is_floating_point():
                tensor.add_(0.4 * (torch.rand(tensor.shape, generator=generator) - 0.5))
    return network


def tensors(design):
    return [torch.from_numpy(part.copy()) for part in (design.image, design.metadata)]


@cache
def trained(fusion):
    """Return a head that was fitted on 1000 cases."""
    design, labels, _ = make_cases(1000, seed=0)
    return fit(config_of(fusion), design, labels)


@cache
def reached(fusion):
    design, labels, _ = make_cases(2000, seed=1)
    return roc_auc_score(labels, trained(fusion).predict(design)[:, 1])


@cache
def of_the_image_alone():
    (design, labels, _), (new, truth, _) = make_cases(1000, seed=0), make_cases(2000, seed=1)
    columns = [Design(each.image, N_IMAGE) for each in (design, new)]
    head = fit(config_of("concat"), columns[0], labels)
    return roc_auc_score(truth, head.predict(columns[1])[:, 1])


@EVERY_FUSION
def test_facts(fusion):
    facts = NEURAL_FUSIONS[fusion]
    assert facts.name == fusion
    assert facts.source
    assert FUSIONS[fusion].inputs == {"image", "metadata"}
    settings = facts.settings()
    assert all(values.contains(getattr(settings, name)) for name, values in facts.space.items())
    layers = facts.layers(settings, N_IMAGE, N_METADATA)
    assert not [name for name in layers if name == "last" or name.startswith("hidden")]


@pytest.mark.parametrize(
    ("fusion", "settings"), [*((each, None) for each in NEURAL_FUSIONS), *OTHER_SETTINGS]
)
def test_shapes_and_prediction_in_float64(fusion, settings):
    config = config_of(fusion, settings, layers=1)
    network, design = network_of(config).eval(), make_cases(60, seed=2)[0]
    with torch.no_grad():
        scores = network(*tensors(design))
    assert scores.shape == (60, 3)
    expected = torch.softmax(scores, dim=1).numpy()
    double = load_module(lambda: Network(config, N_IMAGE, N_METADATA, 3), module_arrays(network))
    signature = Signature(N_IMAGE + N_METADATA, N_IMAGE, (0, 1, 2), 3)
    found = ModuleHead(signature, config, (double,)).predict(design)
    assert np.abs(found - expected).max() < 1e-5
    assert expected.std(axis=0).min() > 0.01  # there is something to agree on


@EVERY_FUSION
def test_gradients_reach_both_inputs_and_every_parameter(fusion):
    network, design = network_of(config_of(fusion)), make_cases(60, seed=2)[0]
    parts = [part.requires_grad_() for part in tensors(design)]
    torch.logsumexp(network(*parts), dim=1).sum().backward()
    assert all(float(part.grad.abs().sum(dim=0).min()) > 0 for part in parts)
    assert [name for name, each in network.named_parameters() if each.grad is None] == []


@EVERY_FUSION
def test_one_row_is_scored_like_a_batch(fusion):
    design, head = make_cases(25, seed=3)[0], trained(fusion)
    together = head.predict(design)
    alone = [head.predict(Design(design.matrix[row : row + 1], N_IMAGE)) for row in range(25)]
    assert np.abs(np.concatenate(alone) - together).max() < 1e-9


@EVERY_FUSION
def test_seeds_repeat(fusion):
    design, labels, _ = make_cases(80, seed=4)
    config = config_of(fusion, epochs=1, layers=1, mixup=0.2, input_noise=0.2, modality_dropout=0.3)
    first, again, other = (fit(config, design, labels, seed=seed).predict(design) for seed in (5, 5, 6))
    assert (first == again).all()
    assert (first != other).any()


@EVERY_FUSION
def test_saved_and_loaded_it_says_the_same(fusion, tmp_path):
    design, head = make_cases(50, seed=3)[0], trained(fusion)
    head.save(tmp_path)
    assert load(tmp_path).config == head.config
    assert (load(tmp_path).predict(design) == head.predict(design)).all()


@EVERY_FUSION
def test_the_known_gain_is_found(fusion):
    design, labels, logits = make_cases(2000, seed=1)
    assert reached(fusion) > of_the_image_alone() + 0.04
    best_that_adds = roc_auc_score(labels, 2 * design.metadata[:, 1] + 2 * design.image[:, :2].sum(axis=1))
    if fusion in CHOOSING:
        assert reached(fusion) > roc_auc_score(labels, logits) - 0.08
        assert reached(fusion) > best_that_adds + 0.04
    else:  # so that the figures above do say something of choosing
        assert best_that_adds - 0.04 < reached(fusion) < best_that_adds + 0.01


@EVERY_FUSION
def test_chains_score_cases_without_metadata_or_without_an_image(
    fusion, material, small_chain, make_fitter, tmp_path
):
    chain, _ = make_fitter(material).fit(small_chain(fusion, "mlp"), 0)
    chain.save(tmp_path)
    loaded, inputs = FittedChain.load(tmp_path), material.inputs.take(np.arange(20))
    said = chain.raw(inputs)
    assert (loaded.raw(inputs) == said).all()
    nothing = inputs.metadata.mask(np.ones(inputs.metadata.shape, dtype=bool))
    blind = {name: np.zeros_like(values) for name, values in inputs.embeddings.items()}
    for lacking in (
        CaseInputs(inputs.embeddings, inputs.has_image, nothing),
        CaseInputs(blind, np.zeros(20, dtype=bool), inputs.metadata),
        CaseInputs(blind, np.zeros(20, dtype=bool), nothing),
    ):
        found = loaded.raw(lacking)
        assert np.isfinite(found).all()
        assert np.abs(found.sum(axis=1) - 1).max() < 1e-12
        assert (found != said).any()


@EVERY_FUSION
def test_a_case_less_to_train_on_makes_a_batch_of_one(fusion):
    """17 cases in batches of 16: normalisation over a batch of one case has no deviation."""
    design, labels, _ = make_cases(17, seed=5)
    found = fit(config_of(fusion, epochs=1, batch_size=16), design, labels).predict(design)
    assert np.isfinite(found).all()
