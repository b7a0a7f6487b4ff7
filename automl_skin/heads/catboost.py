"""Gradient-boosted oblivious trees by CatBoost (Prokhorenkova et al. 2018).

CatBoost is fitted with and then left: a head keeps the trees as arrays, and answers from them without the library.
"""

import json
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
from scipy.special import expit, softmax

from automl_skin.arrays import FloatArray
from automl_skin.heads.cost import DesignSize
from automl_skin.heads.design import Design
from automl_skin.heads.oblivious import FILE_NAME, ObliviousTrees, load_oblivious
from automl_skin.heads.protocol import Family
from automl_skin.heads.signature import Signature, binary_columns
from automl_skin.heads.space import Integer, Real, Space
from automl_skin.heads.training import Targets

BORDER_COUNT = 64
"""As few as the other boosted families have, for speed."""

MIN_SHARE = 1e-6
"""Of a class whose cases have no weight, so that its logarithm is finite."""


@dataclass(frozen=True)
class CatboostConfig:
    """Names as in CatBoost; `n_estimators` are rounds, each one tree for all classes."""

    n_estimators: int = 150
    learning_rate: float = 0.08
    depth: int = 4
    l2_leaf_reg: float = 3.0
    subsample: float = 0.8
    rsm: float = 0.25


# Ranges: TabArena's models/catboost/hpo.py (depth 4 to 8, l2_leaf_reg 1e-4 to 5, subsample 0.7 to 1.0), narrowed on
# the side of speed as those of LightGBM, whose rounds, rate and share of the columns stand here as well.
SPACE: Space = {
    "n_estimators": Integer(40, 300, log=True),
    "learning_rate": Real(0.02, 0.2, log=True),
    "depth": Integer(2, 6),
    "l2_leaf_reg": Real(0.1, 30.0, log=True),
    "subsample": Real(0.4, 1.0),
    "rsm": Real(0.05, 1.0, log=True),
}


@dataclass(frozen=True)
class CatboostHead:
    """A fitted CatBoost model.

    Parameters
    ----------
    signature : Signature
    trees : ObliviousTrees
    """

    signature: Signature
    trees: ObliviousTrees

    def predict(self, design: Design) -> FloatArray:
        """Return probabilities of shape (n_cases, n_classes)."""
        self.signature.check(design)
        scores = self.trees.scores(design.matrix)
        several = scores.shape[1] > 1
        return self.signature.spread(
            softmax(scores, axis=1) if several else binary_columns(expit(scores[:, 0]))
        )

    def save(self, folder: Path) -> None:
        """Write ``head.json`` and the trees."""
        self.signature.write(folder)
        self.trees.save(folder / FILE_NAME)


def fit(config: CatboostConfig, design: Design, targets: Targets, seed: int, threads: int) -> CatboostHead:
    """Fit a head; see `Family`.

    Raises
    ------
    ConfigError
        If CatBoost is not installed.
    """
    FAMILY.check_installed()
    signature = Signature.of(design, targets)
    if (design.matrix == design.matrix[:1]).all():  # which CatBoost refuses
        return CatboostHead(signature, _constant(targets, signature.n_scores))
    model = fit_model(config, design, targets, seed, threads)
    return CatboostHead(signature, read_model(save_model(model), signature.n_scores))


def fit_model(config: CatboostConfig, design: Design, targets: Targets, seed: int, threads: int) -> Any:
    """Return CatBoost's own fitted model."""
    import catboost

    parameters = {
        "loss_function": "MultiClass" if targets.n_present > 2 else "Logloss",  # classes
        "iterations": config.n_estimators,
        "learning_rate": config.learning_rate,
        "depth": config.depth,
        "l2_leaf_reg": config.l2_leaf_reg,
        "bootstrap_type": "Bernoulli",
        "subsample": config.subsample,
        "rsm": config.rsm,
        "boosting_type": "Plain",
        "border_count": BORDER_COUNT,
        "random_seed": seed,
        "thread_count": threads,
        "allow_writing_files": False,
        "logging_level": "Silent",
    }
    pool = catboost.Pool(design.matrix, targets.codes, weight=targets.weights, thread_count=threads)
    return catboost.CatBoost(parameters).fit(pool)


def save_model(model: Any) -> bytes:
    """Return a model in CatBoost's JSON, which it writes to files alone."""
    with TemporaryDirectory() as folder:
        path = Path(folder) / "model.json"
        model.save_model(str(path), format="json")
        return path.read_bytes()


def read_model(content: bytes, n_scores: int) -> ObliviousTrees:
    """Return the trees of a model in CatBoost's JSON; the library's own, not a stranger's."""
    model = json.loads(content)
    trees = model["oblivious_trees"]
    splits = [split for tree in trees for split in tree["splits"] or []]
    _, offset = model["scale_and_bias"]  # the scale is 1 unless somebody sets another
    return ObliviousTrees(
        depths=np.array([len(tree["splits"] or []) for tree in trees], np.int32),
        column=np.array([split["float_feature_index"] for split in splits], np.int32),
        border=np.array([split["border"] for split in splits], np.float32),
        leaves=np.concatenate([np.reshape(tree["leaf_values"], (-1, n_scores)) for tree in trees]).astype(
            np.float64
        ),
        weights=np.concatenate([tree["leaf_weights"] for tree in trees]).astype(np.float64),
        offset=np.broadcast_to(np.asarray(offset, np.float64), n_scores).copy(),
    )


def load(folder: Path) -> CatboostHead:
    """Load what `CatboostHead.save` wrote.

    Raises
    ------
    IntegrityError
        If the trees are not whole, or do not fit the head's columns and classes.
    """
    return CatboostHead(*load_oblivious(folder))


def _constant(targets: Targets, n_scores: int) -> ObliviousTrees:
    """Return no tree at all: the shares of the classes in training."""
    shares = np.bincount(targets.codes, weights=targets.weights) / targets.weights.sum()
    logs = np.log(np.maximum(shares, MIN_SHARE))
    return ObliviousTrees(
        depths=np.zeros(0, np.int32),
        column=np.zeros(0, np.int32),
        border=np.zeros(0, np.float32),
        leaves=np.zeros((0, n_scores)),
        weights=np.zeros(0),
        offset=logs if n_scores > 1 else logs[1:] - logs[:1],
    )


def estimate_seconds(config: CatboostConfig, size: DesignSize) -> float:
    """Estimate the seconds of a fit: cases that are dealt to leaves, and histograms of the columns in all of them."""
    columns = size.n_columns * config.rsm
    dealt = size.n_cases * columns * config.depth
    bins = columns * BORDER_COUNT * (1 << config.depth)
    return config.n_estimators * (4.5e-4 + size.n_scores * (5e-10 * dealt + 9e-9 * bins))


FAMILY = Family(
    "catboost", CatboostConfig, SPACE, fit, load, estimate_seconds, of_trees=True, package="catboost"
)
