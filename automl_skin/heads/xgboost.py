"""Gradient-boosted trees by XGBoost (Chen and Guestrin 2016), on histograms."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from automl_skin.arrays import Float32Array
from automl_skin.errors import IntegrityError
from automl_skin.heads.boosted import FILE_NAME, LEAF, BoostedHead, BoostedTrees, load_trees
from automl_skin.heads.cost import DesignSize
from automl_skin.heads.design import Design
from automl_skin.heads.protocol import Family
from automl_skin.heads.signature import Signature
from automl_skin.heads.space import Integer, Real, Space
from automl_skin.heads.training import Targets

MIN_VERSION = 3
NO_PARENT = 2**31 - 1
"""What XGBoost writes as the parent of a root."""
MAX_BIN = 64


@dataclass(frozen=True)
class XgboostConfig:
    """Names as in XGBoost; `n_estimators` are rounds (one tree per class each)."""

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


class XgboostHead(BoostedHead):
    """A fitted XGBoost model."""

    def ask(self, matrix: Float32Array) -> Any:
        """Return the library's probabilities."""
        return self.booster.inplace_predict(matrix)


def fit(config: XgboostConfig, design: Design, targets: Targets, seed: int, threads: int) -> XgboostHead:
    """Fit a head; see `Family`."""
    import xgboost

    data = xgboost.QuantileDMatrix(
        design.matrix, targets.codes, weight=targets.weights, max_bin=MAX_BIN, nthread=threads
    )
    booster = xgboost.train(_parameters(config, targets, seed, threads), data, config.n_estimators)
    return _head(Signature.of(design, targets), read_model(bytes(booster.save_raw("json"))))


def load(folder: Path) -> XgboostHead:
    """Load what `BoostedHead.save` wrote.

    Raises
    ------
    IntegrityError
        If the trees are not whole, or do not fit the head's columns and classes.
    """
    signature, trees = load_trees(folder, decisions=(0, 1))
    if trees.version[0] < MIN_VERSION:
        wanted = f"trees of XGBoost {MIN_VERSION} or newer"
        message = f"{folder / FILE_NAME}: expected {wanted}, got {trees.version[0]}; export again"
        raise IntegrityError(message)
    return _head(signature, trees)


def _head(signature: Signature, trees: BoostedTrees) -> XgboostHead:
    import xgboost

    booster = xgboost.Booster({"nthread": 1})
    booster.load_model(bytearray(write_model(trees, signature)))
    return XgboostHead(signature, trees, booster)


def read_model(content: bytes) -> BoostedTrees:
    """Return the trees of a model in XGBoost's JSON; the library's own, not a stranger's."""
    model = json.loads(content)
    learner = model["learner"]
    trees = learner["gradient_booster"]["model"]["trees"]

    def joined(name: str, kind: type) -> Any:
        return np.concatenate([np.array(tree[name], dtype=kind) for tree in trees])

    # since XGBoost 3.1 a list as text, before it a number as text
    offset = np.atleast_1d(json.loads(learner["learner_model_param"]["base_score"]))
    n_scores = int(learner["learner_model_param"]["num_class"]) or 1
    return BoostedTrees(
        sizes=np.array([len(tree["left_children"]) for tree in trees], np.int32),
        children=np.column_stack([joined(f"{side}_children", np.int32) for side in ("left", "right")]),
        column=joined("split_indices", np.int32),
        value=joined("split_conditions", np.float64),
        decision=joined("default_left", np.uint8),
        gain=joined("loss_changes", np.float64),
        cover=joined("sum_hessian", np.float64),
        offset=np.broadcast_to(offset.astype(np.float64), n_scores).copy(),
        version=np.array(model["version"], np.int32),
    )


def write_model(trees: BoostedTrees, signature: Signature) -> bytes:
    """Return checked trees in XGBoost's JSON."""
    n_scores, n_trees, columns = signature.n_scores, len(trees.sizes), str(signature.n_columns)
    offset = trees.offset.tolist()
    n_classes = str(n_scores if n_scores > 1 else 0)
    objective: dict[str, Any] = {"name": "binary:logistic", "reg_loss_param": {"scale_pos_weight": "1"}}
    if n_scores > 1:
        objective = {"name": "multi:softprob", "softmax_multiclass_param": {"num_class": n_classes}}
    learner = {
        "attributes": {},
        "feature_names": [],
        "feature_types": [],
        "gradient_booster": {
            "model": {
                "cats": {"enc": [], "feature_segments": [], "sorted_idx": []},
                "gbtree_model_param": {"num_parallel_tree": "1", "num_trees": str(n_trees)},
                "iteration_indptr": list(range(0, n_trees + 1, n_scores)),
                "tree_info": [number % n_scores for number in range(n_trees)],
                "trees": [
                    _write_tree(trees, number, span, columns) for number, span in enumerate(trees.spans)
                ],
            },
            "name": "gbtree",
        },
        "learner_model_param": {
            "base_score": json.dumps(offset if tuple(trees.version[:2]) >= (3, 1) else offset[0]),
            "boost_from_average": "1",
            "num_class": n_classes,
            "num_feature": columns,
            "num_target": "1",
        },
        "objective": objective,
    }
    return json.dumps({"learner": learner, "version": trees.version.tolist()}).encode()


def _write_tree(trees: BoostedTrees, number: int, span: slice, columns: str) -> dict[str, Any]:
    children = trees.children[span]
    n_nodes = len(children)
    parents = np.full(n_nodes, NO_PARENT)
    inner = np.flatnonzero(children[:, 0] != LEAF)
    parents[children[inner]] = inner[:, None]
    nothing = [0] * n_nodes
    return {
        "base_weights": [0.0] * n_nodes,
        "categories": [],
        "categories_nodes": [],
        "categories_segments": [],
        "categories_sizes": [],
        "default_left": trees.decision[span].tolist(),
        "id": number,
        "left_children": children[:, 0].tolist(),
        "loss_changes": trees.gain[span].tolist(),
        "parents": parents.tolist(),
        "right_children": children[:, 1].tolist(),
        "split_conditions": trees.value[span].tolist(),
        "split_indices": trees.column[span].tolist(),
        "split_type": nothing,
        "sum_hessian": trees.cover[span].tolist(),
        "tree_param": {
            "num_deleted": "0",
            "num_feature": columns,
            "num_nodes": str(n_nodes),
            "size_leaf_vector": "1",
        },
    }


def _parameters(config: XgboostConfig, targets: Targets, seed: int, threads: int) -> dict[str, Any]:
    objective: dict[str, Any] = {"objective": "binary:logistic"}
    if targets.n_present > 2:  # classes
        objective = {"objective": "multi:softprob", "num_class": targets.n_present}
    return {
        **objective,
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


def estimate_seconds(config: XgboostConfig, size: DesignSize) -> float:
    """Estimate the seconds of a fit: histograms of the columns at every depth."""
    values = size.n_cases * config.subsample * size.n_columns * config.colsample_bytree * config.max_depth
    return config.n_estimators * size.n_scores * (2.2e-4 + 7.3e-10 * values)


FAMILY = Family("xgboost", XgboostConfig, SPACE, fit, load, estimate_seconds, of_trees=True)
