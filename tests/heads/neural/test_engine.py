"""Layers by name: in prediction each row is computed as if it were alone, and in float64."""

import numpy as np
import pytest
import torch

from automl_skin.heads.neural.engine import Engine
from automl_skin.heads.neural.layers import BatchNorm, Dense, LayerNorm, Parameter
from automl_skin.heads.neural.state import array_facts, load_module, module_arrays, torch_threads

LAYERS = {
    "a.dense": Dense(30, 7),
    "zero": Dense(30, 7, zero=True),
    "batch": BatchNorm(30),
    "layer": LayerNorm(30),
    "own": Parameter((30,), 0.25),
}
STEPS = {
    "dense": lambda engine, x: engine.dense("a.dense", x),
    "batch norm": lambda engine, x: engine.batch_norm("batch", x),
    "layer norm": lambda engine, x: engine.layer_norm("layer", x),
    "parameter": lambda engine, x: x * engine.parameter("own"),
    "silu": lambda engine, x: engine.silu(x),
    "gelu": lambda engine, x: engine.gelu(x),
    "concat": lambda engine, x: engine.concat([x, x]),
    "drop": lambda engine, x: engine.drop(x, 0.5, times=3),
}


@pytest.fixture(scope="module")
def engine():
    engine = Engine(LAYERS, torch.Generator().manual_seed(0))
    rows = torch.randn(500, 30, generator=torch.Generator().manual_seed(1)) * 3 + 1
    for _ in range(5):
        engine.batch_norm("batch", rows)  # statistics that are not those of the beginning
    return engine.eval()


@pytest.mark.parametrize("step", STEPS.values(), ids=list(STEPS))
@pytest.mark.parametrize("shape", [(40, 30), (10, 4, 30)])
def test_rows_stand_alone_in_float64(engine, step, shape):
    if len(shape) == 3 and step is STEPS["batch norm"]:
        pytest.skip("batch normalisation is of rows")
    values = 3 * torch.randn(shape, generator=torch.Generator().manual_seed(2))
    double = load_module(lambda: Engine(LAYERS), module_arrays(engine))
    with torch.inference_mode():
        together = step(double, values.double())
        assert together.dtype == torch.float64
        assert torch.allclose(together.float(), step(engine, values), atol=5e-6)
        for row in range(len(values)):
            alone = step(double, values[row : row + 1].double())
            assert float((alone - together[row : row + 1]).abs().max()) < 1e-12


def test_layers_begin_as_described(engine):
    arrays = module_arrays(engine)
    assert not arrays["layers.zero.weight"].any()
    assert not arrays["layers.zero.bias"].any()
    assert (arrays["layers.own.weight"] == np.float32(0.25)).all()
    assert set(arrays) >= {"layers.batch.running_mean", "layers.batch.running_var", "layers.a/dense.weight"}


def test_arrays_are_copies(engine):
    before = module_arrays(engine)["layers.own.weight"]
    before += 1.0
    assert (module_arrays(engine)["layers.own.weight"] == np.float32(0.25)).all()


def test_a_batch_of_one_case_is_normalised_as_in_prediction():
    engine = Engine({"batch": BatchNorm(3)}, torch.Generator())
    row = torch.tensor([[1.0, 2.0, 3.0]])
    assert torch.equal(engine.batch_norm("batch", row), engine.eval().batch_norm("batch", row))


@pytest.mark.parametrize("times", [1, 5])
def test_dropout_keeps_the_mean_in_training_alone(times):
    engine, ones = Engine({}, torch.Generator().manual_seed(0)), torch.ones(200, 200)
    dropped = engine.drop(ones, 0.3, times)
    assert abs(float(dropped.mean()) - 1.0) < 0.02
    assert abs(float((dropped == 0).float().mean()) - 0.3**times) < 0.02
    assert torch.equal(engine.eval().drop(ones, 0.3, times), ones)


def test_the_global_generator_is_not_touched():
    torch.manual_seed(0)
    before = torch.get_rng_state()
    Engine(LAYERS, torch.Generator().manual_seed(0)).drop(torch.ones(3, 3), 0.5)
    assert torch.equal(torch.get_rng_state(), before)


def test_dense_layers_begin_with_the_distribution_of_torch():
    made = Engine({"ours": Dense(400, 300)}, torch.Generator().manual_seed(0)).layers["ours"]
    torch.manual_seed(0)
    theirs = torch.nn.Linear(400, 300)
    for name in ("weight", "bias"):
        mine, usual = getattr(made, name).detach(), getattr(theirs, name).detach()
        assert abs(float(mine.std() / usual.std()) - 1.0) < 0.1
        assert float(mine.abs().max()) <= 0.05
        assert getattr(made, name).requires_grad


def test_facts_are_those_of_the_arrays(engine):
    facts = array_facts(lambda: Engine(LAYERS))
    assert facts == {name: (np.float32, array.shape) for name, array in module_arrays(engine).items()}


def test_threads_are_put_back():
    before = torch.get_num_threads()
    with torch_threads(before + 1):
        assert torch.get_num_threads() == before + 1
    assert torch.get_num_threads() == before
