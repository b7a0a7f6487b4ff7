from dataclasses import replace

import numpy as np
import pytest
import torch
from safetensors.numpy import load_file, save_file
from sklearn.metrics import roc_auc_score

from automl_skin.errors import IntegrityError
from automl_skin.heads import mlp
from automl_skin.heads.design import Design
from automl_skin.heads.neural.config import MlpConfig, TrainingConfig, asks_of_numbers
from automl_skin.heads.neural.numbers import FILE_NAME, NO_NUMBERS, Numbers, find_numbers, load_numbers
from automl_skin.heads.training import training_targets

PIECEWISE = TrainingConfig(numeric_embedding="piecewise", numeric_bins=4)
MLP = MlpConfig(numeric_embedding="piecewise", numeric_bins=8, epochs=30, batch_size=64, learning_rate=1e-2)


def make_metadata(n_cases=200, seed=0):
    """Return a level with a share where it is missing, a number, a constant, and a number of few values."""
    rng = np.random.default_rng(seed)
    level = rng.choice([0.0, 1.0, 0.37], size=n_cases)
    columns = [level, rng.normal(size=n_cases), np.ones(n_cases), rng.integers(0, 5, n_cases)]
    return np.column_stack(columns).astype(np.float32)


def make_cases(n_cases, seed):
    """Return cases that are told by the middle of a number, which no line and hardly a narrow network finds."""
    metadata = make_metadata(n_cases, seed)
    labels = (np.abs(metadata[:, 1]) < 0.7).astype(np.int64)
    image = np.random.default_rng(seed + 100).normal(size=(n_cases, 3)).astype(np.float32)
    return Design(np.hstack([image, metadata]), 3), labels


def fit(config, design, labels):
    return mlp.fit(config, design, training_targets(design, labels, 2, None), 0, 1)


def test_numbers_are_told_from_levels_and_bins_are_quantiles():
    metadata = make_metadata()
    numbers = find_numbers(PIECEWISE, metadata)
    assert numbers.columns == (1, 3)
    quantiles = np.quantile(metadata[:, 1], [0, 0.25, 0.5, 0.75, 1])
    assert numbers.edges[0] == pytest.approx(quantiles, abs=np.ptp(quantiles) / 500)
    assert (numbers.edges[0][0], numbers.edges[0][-1]) == pytest.approx((quantiles[0], quantiles[-1]))
    assert numbers.edges[1] == (0.0, 1.0, 2.0, 3.0, 4.0)
    assert find_numbers(replace(PIECEWISE, numeric_embedding="none"), metadata) == NO_NUMBERS


def test_values_of_one_place_make_fewer_bins():
    metadata = make_metadata()
    metadata[20:, 1] = 0.5
    edges = find_numbers(PIECEWISE, metadata).edges[0]
    assert 2 <= len(edges) < 5
    assert list(edges) == sorted(set(edges))


def test_no_bin_is_so_narrow_that_new_cases_are_thrown_far_out():
    metadata = make_metadata(1000)
    metadata[:, 1] = np.where(np.arange(1000) % 4 == 0, 1.0 + 1e-6 * metadata[:, 1], metadata[:, 1] * 0.2)
    edges = find_numbers(replace(PIECEWISE, numeric_bins=48), metadata).edges[0]
    assert np.diff(edges).min() > np.ptp(edges) / 300


@pytest.mark.parametrize("kind", ["piecewise", "periodic"])
def test_a_linear_network_bends_behind_embeddings(kind):
    (design, labels), (new, truth) = make_cases(1500, 0), make_cases(600, 1)
    plain = replace(MLP, layers=0, numeric_embedding="none")
    bent = replace(MLP, layers=0, numeric_embedding=kind, frequency_scale=0.3)
    aucs = [roc_auc_score(truth, fit(config, design, labels).predict(new)[:, 1]) for config in (plain, bent)]
    assert aucs[0] < 0.65
    assert aucs[1] > 0.9


def test_bins_are_those_of_training_alone():
    """New cases of whatever range change nothing of the head, and are scored as alone."""
    design, labels = make_cases(300, 0)
    head = fit(replace(MLP, epochs=2), design, labels)
    seen = design.metadata[:, 1]
    assert (head.numbers.edges[0][0], head.numbers.edges[0][-1]) == pytest.approx((seen.min(), seen.max()))
    far = design.matrix[:5].copy()
    far[:, 4] = 1e4
    both = Design(np.vstack([design.matrix, far]), 3)
    assert np.abs(head.predict(both)[:300] - head.predict(design)).max() < 1e-12


@pytest.fixture
def saved(tmp_path):
    design, labels = make_cases(120, 0)
    fit(replace(MLP, epochs=1), design, labels).save(tmp_path)
    return tmp_path


def many(arrays):
    edges = np.arange(2_000_000, dtype=np.float64)
    return {"edges": np.append(edges, [0.0, 1.0]), "sizes": np.array([len(edges), 2], np.int32)}


BREAKS = {
    "column outside": (lambda a: {"columns": np.array([1, 4], np.int32)}, "columns 0 to 3"),
    "column negative": (lambda a: {"columns": np.array([-1, 3], np.int32)}, "columns 0 to 3"),
    "column twice": (lambda a: {"columns": np.array([1, 1], np.int32)}, "different columns"),
    "sizes": (lambda a: {"sizes": a["sizes"] + 1}, "edges or more per column"),
    "no bin": (lambda a: {"sizes": np.array([1, len(a["edges"]) - 1], np.int32)}, "edges or more per column"),
    "negative size": (lambda a: {"sizes": np.array([-2, len(a["edges"]) + 2], np.int32)}, "edges or more"),
    "order": (lambda a: {"edges": a["edges"][::-1].copy()}, "ascending edges"),
    "too near": (
        lambda a: {"edges": np.r_[a["edges"][0], a["edges"][0] + 1e-12, a["edges"][2:]]},
        "ascending",
    ),
    "nan": (lambda a: {"edges": a["edges"] * np.nan}, "finite numbers as 'edges'"),
    "memory": (many, "at most 10000000 weights"),
    "nothing": (lambda a: {each: array[:0] for each, array in a.items()}, "columns 0 to 3"),
}


@pytest.mark.parametrize("what", BREAKS)
def test_numbers_that_are_none_are_refused(saved, what):
    change, message = BREAKS[what]
    arrays = load_file(saved / FILE_NAME)
    save_file({**arrays, **change(arrays)}, saved / FILE_NAME)
    with pytest.raises(IntegrityError, match=message):
        mlp.load(saved)


@pytest.mark.parametrize(
    ("name", "value"), [("numeric_width", 0), ("numeric_width", 10**8), ("frequency_scale", -1.0)]
)
def test_settings_that_cannot_be_are_refused(saved, name, value):
    config = replace(MLP, **{name: value})
    with pytest.raises(IntegrityError, match="expected possible settings"):
        load_numbers(config, 4, saved)


def test_missing_numbers_are_met_by_the_shapes(saved):
    (saved / FILE_NAME).unlink()
    with pytest.raises(IntegrityError, match=r"member-0\.safetensors: expected"):
        mlp.load(saved)


def test_loading_leaves_the_global_generator_alone(saved):
    torch.manual_seed(0)
    before = torch.get_rng_state()
    mlp.load(saved)
    assert (torch.get_rng_state() == before).all()


def test_columns_are_counted():
    assert Numbers((0, 2), ((0.0, 1.0), (0.0, 1.0))).count_columns(3, 4) == 9


@pytest.mark.parametrize(
    ("embedding", "asked"),
    [
        ("none", set()),
        ("piecewise", {"numeric_width", "numeric_bins"}),
        ("periodic", {"numeric_width", "frequency_scale"}),
    ],
)
def test_only_what_matters_is_asked(embedding, asked):
    names = {"numeric_width", "numeric_bins", "frequency_scale"}
    assert {name for name in names if asks_of_numbers(name, {"numeric_embedding": embedding})} == asked
    assert asks_of_numbers("width", {})
