"""Gradient-boosted trees by LightGBM (Ke et al. 2017)."""

import math
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from automl_skin.arrays import FloatArray, IntArray
from automl_skin.files import write_text
from automl_skin.heads.cost import DesignSize
from automl_skin.heads.design import Design
from automl_skin.heads.protocol import Family
from automl_skin.heads.signature import Signature, binary_columns
from automl_skin.heads.space import Integer, Real, Space
from automl_skin.heads.training import Targets, training_targets

if TYPE_CHECKING:
    import lightgbm

FILE_NAME = "lightgbm.txt"
# Finer bins cost time and gained nothing on projected embeddings (measured: 63 against 127).
MAX_BIN = 63


@dataclass(frozen=True)
class LightgbmConfig:
    """Names as in LightGBM's scikit-learn interface; `n_estimators` are rounds (one tree a class each)."""

    n_estimators: int = 150
    learning_rate: float = 0.06
    num_leaves: int = 12
    min_child_samples: int = 30
    feature_fraction: float = 0.25
    bagging_fraction: float = 0.8
    lambda_l2: float = 1.0


# Ranges: TabArena's models/lightgbm/hpo.py, narrowed on the side of speed (a fold fit of about a second on
# 6,400 rows and one thread): few leaves and rounds, a small share of the interchangeable embedding columns.
SPACE: Space = {
    "n_estimators": Integer(40, 300, log=True),
    "learning_rate": Real(0.02, 0.2, log=True),
    "num_leaves": Integer(4, 31, log=True),
    "min_child_samples": Integer(10, 100, log=True),
    "feature_fraction": Real(0.05, 1.0, log=True),
    "bagging_fraction": Real(0.4, 1.0),
    "lambda_l2": Real(0.01, 100.0, log=True),
}


@dataclass(frozen=True)
class LightgbmHead:
    """A fitted LightGBM model, always as read back from its text."""

    signature: Signature
    text: str
    booster: "lightgbm.Booster"

    def predict(self, design: Design) -> FloatArray:
        """Return probabilities of shape (n_cases, n_classes)."""
        self.signature.check(design)
        answer = np.asarray(self.booster.predict(design.matrix, num_threads=1), dtype=np.float64)
        return self.signature.spread(binary_columns(answer) if answer.ndim == 1 else answer)

    def save(self, folder: Path) -> None:
        """Write ``head.json`` and LightGBM's own text format."""
        self.signature.write(folder)
        write_text(folder / FILE_NAME, self.text)


def fit(
    config: LightgbmConfig,
    design: Design,
    labels: IntArray,
    n_classes: int,
    weights: FloatArray | None,
    seed: int,
    threads: int,
) -> LightgbmHead:
    """Fit a head; see `Family`."""
    import lightgbm

    targets = training_targets(design, labels, n_classes, weights)
    parameters = _parameters(config, targets, seed, threads)
    data = lightgbm.Dataset(design.matrix, targets.codes, weight=targets.weights, params=parameters)
    booster = lightgbm.train(parameters, data, config.n_estimators)
    return _head(Signature.of(design, targets), booster.model_to_string())


def load(folder: Path) -> LightgbmHead:
    """Load what `LightgbmHead.save` wrote."""
    return _head(Signature.read(folder), (folder / FILE_NAME).read_text(encoding="utf-8"))


def _head(signature: Signature, text: str) -> LightgbmHead:
    import lightgbm

    return LightgbmHead(signature, text, lightgbm.Booster(model_str=text))


def _parameters(config: LightgbmConfig, targets: Targets, seed: int, threads: int) -> dict[str, Any]:
    binary = targets.n_present == 2  # two classes
    objective = (
        {"objective": "binary"} if binary else {"objective": "multiclass", "num_class": targets.n_present}
    )
    return {
        **objective,
        "learning_rate": config.learning_rate,
        "num_leaves": config.num_leaves,
        "min_data_in_leaf": config.min_child_samples,
        "feature_fraction": config.feature_fraction,
        "bagging_fraction": config.bagging_fraction,
        "bagging_freq": 1,
        "lambda_l2": config.lambda_l2,
        "max_bin": MAX_BIN,
        "seed": seed,
        "num_threads": threads,
        "deterministic": True,
        "force_row_wise": True,
        "verbosity": -1,
    }


def estimate_seconds(config: LightgbmConfig, size: DesignSize) -> float:
    """Estimate the seconds of a fit: rows that are dealt to leaves, and histograms of the columns."""
    rows = size.n_cases * config.bagging_fraction * math.log2(max(config.num_leaves, 2))
    bins = size.n_columns * config.feature_fraction * config.num_leaves
    return config.n_estimators * size.n_scores * (5e-5 + 3.5e-8 * rows + 1.2e-6 * bins)


FAMILY = Family("lightgbm", LightgbmConfig, SPACE, fit, load, estimate_seconds, wants_few_columns=True)
