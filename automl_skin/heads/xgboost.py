"""Gradient-boosted trees by XGBoost (Chen and Guestrin 2016), on histograms."""

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from automl_skin.arrays import FloatArray, IntArray
from automl_skin.files import atomic_write
from automl_skin.heads.cost import DesignSize
from automl_skin.heads.design import Design
from automl_skin.heads.protocol import Family
from automl_skin.heads.signature import Signature, binary_columns
from automl_skin.heads.space import Integer, Real, Space
from automl_skin.heads.training import Targets, training_targets

if TYPE_CHECKING:
    import xgboost

FILE_NAME = "xgboost.ubj"
MAX_BIN = 64


@dataclass(frozen=True)
class XgboostConfig:
    """Names as in XGBoost; `n_estimators` are rounds (one tree a class each)."""

    n_estimators: int = 150
    learning_rate: float = 0.06
    max_depth: int = 4
    min_child_weight: float = 5.0
    subsample: float = 0.8
    colsample_bytree: float = 0.25
    reg_lambda: float = 1.0


# Ranges: TabArena's models/xgboost/hpo.py, narrowed on the side of speed as those of LightGBM.
SPACE: Space = {
    "n_estimators": Integer(40, 300, log=True),
    "learning_rate": Real(0.02, 0.2, log=True),
    "max_depth": Integer(2, 6),
    "min_child_weight": Real(1.0, 50.0, log=True),
    "subsample": Real(0.4, 1.0),
    "colsample_bytree": Real(0.05, 1.0, log=True),
    "reg_lambda": Real(0.01, 100.0, log=True),
}


@dataclass(frozen=True)
class XgboostHead:
    """A fitted XGBoost model, always as read back from its bytes."""

    signature: Signature
    content: bytes
    booster: "xgboost.Booster"

    def predict(self, design: Design) -> FloatArray:
        """Return probabilities of shape (n_cases, n_classes)."""
        self.signature.check(design)
        answer = np.asarray(self.booster.inplace_predict(design.matrix), dtype=np.float64)
        return self.signature.spread(binary_columns(answer) if answer.ndim == 1 else answer)

    def save(self, folder: Path) -> None:
        """Write ``head.json`` and XGBoost's universal binary JSON."""
        self.signature.write(folder)
        with atomic_write(folder / FILE_NAME) as temporary:
            temporary.write_bytes(self.content)


def fit(
    config: XgboostConfig,
    design: Design,
    labels: IntArray,
    n_classes: int,
    weights: FloatArray | None,
    seed: int,
    threads: int,
) -> XgboostHead:
    """Fit a head; see `Family`."""
    import xgboost

    targets = training_targets(design, labels, n_classes, weights)
    data = xgboost.QuantileDMatrix(
        design.matrix, targets.codes, weight=targets.weights, max_bin=MAX_BIN, nthread=threads
    )
    booster = xgboost.train(_parameters(config, targets, seed, threads), data, config.n_estimators)
    return _head(Signature.of(design, targets), bytes(booster.save_raw("ubj")))


def load(folder: Path) -> XgboostHead:
    """Load what `XgboostHead.save` wrote."""
    return _head(Signature.read(folder), (folder / FILE_NAME).read_bytes())


def _head(signature: Signature, content: bytes) -> XgboostHead:
    import xgboost

    booster = xgboost.Booster({"nthread": 1})
    booster.load_model(bytearray(content))
    return XgboostHead(signature, content, booster)


def _parameters(config: XgboostConfig, targets: Targets, seed: int, threads: int) -> dict[str, Any]:
    return {
        **_objective(targets.n_present),
        "tree_method": "hist",
        "max_bin": MAX_BIN,
        "eta": config.learning_rate,
        "max_depth": config.max_depth,
        "min_child_weight": config.min_child_weight,
        "subsample": config.subsample,
        "colsample_bytree": config.colsample_bytree,
        "lambda": config.reg_lambda,
        "seed": seed,
        "nthread": threads,
        "verbosity": 0,
    }


def _objective(n_present: int) -> dict[str, Any]:
    if n_present == 2:  # two classes
        return {"objective": "binary:logistic"}
    return {"objective": "multi:softprob", "num_class": n_present}


def estimate_seconds(config: XgboostConfig, size: DesignSize) -> float:
    """Estimate the seconds of a fit: histograms of the columns at every depth."""
    values = size.n_cases * config.subsample * size.n_columns * config.colsample_bytree * config.max_depth
    return config.n_estimators * size.n_scores * (2.2e-4 + 7.3e-10 * values)


FAMILY = Family("xgboost", XgboostConfig, SPACE, fit, load, estimate_seconds, wants_few_columns=True)
