"""Both engines compute the same; what `NumpyEngine` says of a row depends on that row alone."""

import numpy as np
import pytest
import torch

from automl_skin.heads.neural.layers import BatchNorm, Dense, LayerNorm, Parameter
from automl_skin.heads.neural.numpy_engine import NumpyEngine
from automl_skin.heads.neural.torch_engine import TorchEngine

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
    "relu": lambda engine, x: engine.relu(x),
    "silu": lambda engine, x: engine.silu(x),
    "gelu": lambda engine, x: engine.gelu(x),
    "sigmoid": lambda engine, x: engine.sigmoid(x),
    "tanh": lambda engine, x: engine.tanh(x),
    "concat": lambda engine, x: engine.concat([x, x]),
    "drop": lambda engine, x: engine.drop(x, 0.5, times=3),
}


@pytest.fixture(scope="module")
def engine():
    engine = TorchEngine(LAYERS, torch.Generator().manual_seed(0))
    rows = torch.randn(500, 30, generator=torch.Generator().manual_seed(1)) * 3 + 1
    for _ in range(5):
        engine.batch_norm("batch", rows)  # statistics that are not those of the beginning
    return engine.eval()


@pytest.mark.parametrize("step", STEPS.values(), ids=list(STEPS))
@pytest.mark.parametrize("shape", [(40, 30), (10, 4, 30)])
def test_engines_agree_and_rows_stand_alone(engine, step, shape):
    if len(shape) == 3 and step is STEPS["batch norm"]:
        pytest.skip("batch normalisation is of rows")
    values = 3 * np.random.default_rng(0).normal(size=shape).astype(np.float32)
    ours = NumpyEngine(engine.arrays())
    together = step(ours, values.astype(np.float64))
    with torch.no_grad():
        assert np.allclose(together, step(engine, torch.from_numpy(values)).numpy(), atol=5e-6)
    for row in range(len(values)):
        assert (step(ours, values[row : row + 1].astype(np.float64)) == together[row : row + 1]).all()


def test_layers_begin_as_described(engine):
    arrays = engine.arrays()
    assert not arrays["zero.weight"].any()
    assert not arrays["zero.bias"].any()
    assert (arrays["own.weight"] == np.float32(0.25)).all()
    assert set(arrays) >= {"batch.running_mean", "batch.running_var", "a.dense.weight", "layer.bias"}


def test_arrays_are_copies(engine):
    before = engine.arrays()["own.weight"]
    before += 1.0
    assert (engine.arrays()["own.weight"] == np.float32(0.25)).all()


def test_a_batch_of_one_case_is_normalised_as_in_prediction():
    engine = TorchEngine({"batch": BatchNorm(3)}, torch.Generator())
    row = torch.tensor([[1.0, 2.0, 3.0]])
    assert torch.equal(engine.batch_norm("batch", row), engine.eval().batch_norm("batch", row))


@pytest.mark.parametrize("times", [1, 5])
def test_dropout_keeps_the_mean_in_training_alone(times):
    engine, ones = TorchEngine({}, torch.Generator().manual_seed(0)), torch.ones(200, 200)
    dropped = engine.drop(ones, 0.3, times)
    assert abs(float(dropped.mean()) - 1.0) < 0.02
    assert abs(float((dropped == 0).float().mean()) - 0.3**times) < 0.02
    assert torch.equal(engine.eval().drop(ones, 0.3, times), ones)


def test_the_global_generator_is_not_touched():
    torch.manual_seed(0)
    before = torch.get_rng_state()
    TorchEngine(LAYERS, torch.Generator().manual_seed(0)).drop(torch.ones(3, 3), 0.5)
    assert torch.equal(torch.get_rng_state(), before)
