import numpy as np
import pytest
import tabm as package
import torch
from torch.nn import functional

from automl_skin.errors import ConfigError, IntegrityError
from automl_skin.heads import tabm
from automl_skin.heads.design import Design
from automl_skin.heads.neural import train
from automl_skin.heads.neural.config import TabmConfig
from automl_skin.heads.neural.tabm_network import TabmNetwork
from automl_skin.heads.training import training_targets

CONFIG = TabmConfig(k=4, width=16, epochs=4)


def make_network(config=CONFIG, n_scores=3):
    return TabmNetwork(config, 5, 2, n_scores, torch.Generator().manual_seed(0))


def make_inputs(n_cases=20):
    generator = torch.Generator().manual_seed(1)
    return torch.randn(n_cases, 5, generator=generator), torch.randn(n_cases, 2, generator=generator)


def test_scores_are_those_of_the_package():
    network = make_network().eval()
    theirs = package.TabM(
        n_num_features=7,
        d_out=3,
        n_blocks=2,
        d_block=16,
        dropout=0.0,
        k=4,
        arch_type="tabm",
        start_scaling_init="random-signs",
    ).eval()
    theirs.load_state_dict(network.state_dict())
    image, metadata = make_inputs()
    probabilities = torch.softmax(theirs(torch.cat([image, metadata], dim=1)), dim=2).mean(dim=1)
    assert torch.allclose(torch.softmax(network(image, metadata), dim=1), probabilities, atol=1e-6)


def test_members_differ_from_the_first_step_on():
    scores = make_network(TabmConfig(k=4, width=16, dropout=0.0))(*make_inputs())
    assert scores.shape == (20, 4, 3)
    assert (scores.std(dim=1) > 0.0).all()


def test_the_loss_is_the_mean_of_the_members():
    """And not the loss of their mean, which lets members lean on each other."""
    scores = make_network()(*make_inputs())
    labels = torch.arange(20) % 3
    goals = functional.one_hot(labels, 3).float()
    losses = [functional.cross_entropy(scores[:, each], labels, reduction="none") for each in range(4)]
    assert torch.allclose(train._losses(scores, goals), torch.stack(losses).mean(dim=0), atol=1e-6)
    assert torch.allclose(train._losses(scores[:, 0], goals), losses[0], atol=1e-6)


def test_cases_beyond_one_part_are_answered_in_their_order(monkeypatch):
    network, inputs = make_network().double().eval(), [part.double() for part in make_inputs(50)]
    whole = network(*inputs)
    monkeypatch.setattr("automl_skin.heads.neural.tabm_network.ROWS_AT_ONCE", 7)
    assert torch.allclose(network(*inputs), whole, atol=1e-12)


def test_dropout_is_drawn_from_the_generator_of_the_head():
    first, second = (make_network(TabmConfig(k=4, width=16, dropout=0.5)) for _ in range(2))
    torch.manual_seed(0)
    one = first(*make_inputs())
    torch.manual_seed(1)
    assert (second(*make_inputs()) == one).all()
    assert (second(*make_inputs()) != one).any()


@pytest.mark.parametrize(
    "values", [{"k": 0}, {"width": 10**9}, {"layers": 0}, {"layers": 10**6}, {"k": 10**9}]
)
def test_settings_that_cannot_be_are_refused(values):
    with pytest.raises(ConfigError, match="expected 1 to 1000 layers, and width and k of 1 to 100000"):
        tabm.check_config(TabmConfig(**values))


def test_a_state_of_other_members_is_refused(tmp_path):
    rng = np.random.default_rng(0)
    design = Design(rng.normal(size=(60, 7)).astype(np.float32), 5)
    targets = training_targets(design, np.arange(60) % 2, 2, None)
    tabm.fit(CONFIG, design, targets, 0, 1).save(tmp_path)
    path = tmp_path / "network.json"
    path.write_text(path.read_text().replace('"k": 4', '"k": 5'))
    with pytest.raises(IntegrityError, match=r"member-0\.safetensors: expected"):
        tabm.load(tmp_path)
