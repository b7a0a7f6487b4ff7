"""Fixtures of several rooms: fabricated material, and chains that are fitted in an instant."""

import importlib.util
import io
import os
import sys
from contextlib import contextmanager
from pathlib import Path
from unittest import mock

import numpy as np
import pytest
from filelock import FileLock
from PIL import Image

from automl_skin.chains.config import FUSIONS, BranchConfig, ChainConfig
from automl_skin.chains.fitting import FoldFitter
from automl_skin.embeddings import tuning
from automl_skin.features.encoder import EncoderConfig
from automl_skin.heads.catalogue import FAMILIES, HEADS
from automl_skin.networks import FROZEN, NetworkId

# Every source of randomness on, and few of everything.
SMALL = {
    "lightgbm": {"n_estimators": 8, "min_child_samples": 10},
    "xgboost": {"n_estimators": 8},
    "random_forest": {"n_estimators": 8, "max_features": 0.3},
    "extra_trees": {"n_estimators": 16, "max_features": 0.3, "min_samples_leaf": 1},  # learns by heart
    "logistic": {},
    "mlp": {"epochs": 1, "width": 8, "mixup": 0.2, "input_noise": 0.2, "members": 2},
    "tabm": {"epochs": 1, "width": 8, "k": 4, "numeric_embedding": "piecewise", "numeric_width": 4},
    "catboost": {"n_estimators": 8},
}

NARROW = {
    "yap": {"width": 128},
    "ha": {"hidden": 64, "width": 32},
    "pacheco": {"width": 32},
    "gmu": {"width": 16},
}
"""Settings of neural fusions that are wide as published."""


def pytest_configure():
    # pytest-xdist's workers, which start later, have one core each: threads would wait for each other's
    os.environ.setdefault("OMP_NUM_THREADS", "1")


def _load(name):
    # with --import-mode=importlib test files cannot import each other by name
    spec = importlib.util.spec_from_file_location(f"shared_{name}", Path(__file__).with_name(f"{name}.py"))
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


_MATERIAL = _load("material")


@pytest.fixture(scope="session")
def pretend():
    """Pretend that this machine has an accelerator; see `pretended.py`."""
    return _load("pretended").pretend


@pytest.fixture(scope="session")
def end_to_end():
    """The module `tests/tiny_study.py`: searches, scores and commands on little data."""
    return _load("tiny_study")


@pytest.fixture(scope="session")
def make_once(tmp_path_factory, worker_id):
    """Make a folder by a function in the worker that needs it first, and return it; never write into it later."""
    base = tmp_path_factory.getbasetemp()
    shared = base if worker_id == "master" else base.parent  # of all workers

    def make(name, function):
        folder, done = shared / name, shared / f"{name}.done"
        with FileLock(shared / f"{name}.lock"):
            if not done.exists():
                function(folder)
                done.touch()
        return folder

    return make


@pytest.fixture(scope="session")
def tiny(end_to_end, make_once, tmp_path_factory):
    """A study of 70 synthetic lesions with its bundle; read it, never write into it."""
    return end_to_end.copy_tiny(make_once("tiny", end_to_end.make_tiny), tmp_path_factory.mktemp("tiny"))


@pytest.fixture(scope="session")
def multiclass_bundle(end_to_end, tiny, make_once):
    """A bundle of several classes on the pictures of `tiny`."""
    return make_once("several", lambda folder: end_to_end.make_multiclass(tiny, folder))


@pytest.fixture(scope="session")
def fabricate():
    """Draw a study; see `tests/material.py`."""
    return _MATERIAL.fabricate


@pytest.fixture(scope="session")
def material(fabricate):
    """Development material of two classes, about 270 cases."""
    return fabricate().development


@pytest.fixture(scope="session")
def material_of_four(fabricate):
    """Development material of four classes."""
    return fabricate(n_classes=4).development


@pytest.fixture(scope="session")
def with_tuned():
    """Add made-up tuned networks to a material; see `tests/material.py`."""
    return _MATERIAL.with_tuned


@pytest.fixture(scope="session")
def small_chain():
    """Make the configuration of a chain that is fitted in an instant."""

    def make(fusion="concat", family="logistic", **values):
        branches = FUSIONS[fusion].branches
        extra = {"fusion": fusion, "fusion_settings": NARROW.get(fusion)} if FUSIONS[fusion].neural else {}
        heads = [BranchConfig(family, HEADS[family].config(**SMALL.get(family, {}), **extra))]
        if len(branches) > 1:
            heads.append(BranchConfig("logistic", FAMILIES["logistic"].config()))
        tuned = "way" in values  # there are tuned networks of the first backbone alone
        backbones = () if fusion == "metadata" else ("net",) if tuned else ("net", "other")
        backbones = values.pop("backbones", backbones)
        tuning, towers = values.pop("tuning", FROZEN), values.pop("towers", False)
        roles = values.get("roles", ()) if towers else ("",)
        networks = tuple(NetworkId(name, "plain", tuning, (), role) for name in backbones for role in roles)
        return ChainConfig(fusion, tuple(heads), networks, **values)

    return make


@pytest.fixture(scope="session")
def make_fitter():
    """Make a `FoldFitter` of some material."""

    def make(material, seed=0):
        return FoldFitter(
            material.inputs,
            material.training_labels,
            material.folds,
            material.kinds,
            EncoderConfig(),
            seed,
            material.plan_digest,
        )

    return make


@pytest.fixture(scope="session")
def tuning_here():
    """A block in which networks are tuned in this process, without checkpoints and contact sheets; gives the jobs.

    That spares starting other processes, and much of the time that small networks take.
    """

    @contextmanager
    def here():
        given = []

        def tune_networks(jobs, store, devices, progress, tell):
            given.extend(jobs)
            for job in jobs:
                tuning.tune_one(job, store.folder, devices[0])
            return [tuning._outcome(job, store) for job in jobs]

        with (
            mock.patch("automl_skin.steps.tune.tune_networks", tune_networks),
            mock.patch("automl_skin.backbones.tuning.train.save_state"),
            mock.patch.object(tuning, "write_sheet"),
        ):
            yield given

    return here


@pytest.fixture(scope="session")
def two():
    """Labels and probabilities of two classes."""
    rng = np.random.default_rng(0)
    labels = (rng.random(300) < 0.25).astype(int)
    p = 1 / (1 + np.exp(-(2 * labels + rng.normal(-1.5, 1, 300))))
    return labels, np.column_stack([1 - p, p])


@pytest.fixture(scope="session")
def many():
    """Labels and probabilities of seven classes."""
    rng = np.random.default_rng(0)
    labels = rng.integers(0, 7, 300)
    z = np.exp(rng.normal(0, 1, (300, 7)) + 2 * np.eye(7)[labels])
    return labels, z / z.sum(axis=1, keepdims=True)


@pytest.fixture(scope="session")
def opened():
    """Return a function that reads a PNG and refuses an empty one."""

    def read(content):
        image = Image.open(io.BytesIO(content))
        assert image.format == "PNG"
        pixels = np.asarray(image.convert("L"))
        assert (pixels < 128).mean() > 0.002
        edge = np.concatenate([pixels[0], pixels[-1], pixels[:, 0], pixels[:, -1]])
        assert (edge == 255).all()  # nothing is cut off
        return image

    return read
