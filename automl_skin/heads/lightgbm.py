"""Gradient-boosted trees by LightGBM (Ke et al. 2017)."""

import math
import re
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

FORMAT = 4
"""Of LightGBM's text; versions 4 of the library write it."""

DECISIONS = (0, 2, 4, 6, 8, 10)
"""Codes of a numeric split: 2 if a missing value goes left, plus 0, 4 or 8 for what counts as missing."""

# Finer bins cost time and gained nothing on projected embeddings (measured: 63 against 127).
MAX_BIN = 63


@dataclass(frozen=True)
class LightgbmConfig:
    """Names as in LightGBM's scikit-learn interface; `n_estimators` are rounds (one tree per class each)."""

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


class LightgbmHead(BoostedHead):
    """A fitted LightGBM model."""

    def ask(self, matrix: Float32Array) -> Any:
        """Return the library's probabilities."""
        return self.booster.predict(matrix, num_threads=1)


def fit(config: LightgbmConfig, design: Design, targets: Targets, seed: int, threads: int) -> LightgbmHead:
    """Fit a head; see `Family`."""
    import lightgbm

    parameters = _parameters(config, targets, seed, threads)
    data = lightgbm.Dataset(design.matrix, targets.codes, weight=targets.weights, params=parameters)
    booster = lightgbm.train(parameters, data, config.n_estimators)
    return _head(Signature.of(design, targets), read_model(booster.model_to_string()))


def load(folder: Path) -> LightgbmHead:
    """Load what `BoostedHead.save` wrote.

    Raises
    ------
    IntegrityError
        If the trees are not whole, or do not fit the head's columns and classes.
    """
    signature, trees = load_trees(folder, DECISIONS)
    is_leaf = trees.children[:, 0] == LEAF
    turns = np.flatnonzero(is_leaf[:-1] & ~is_leaf[1:]) + 1
    if not np.isin(turns, trees.starts).all():  # LightGBM numbers them apart
        wanted = "the leaves of each tree after its other nodes"
        message = f"{folder / FILE_NAME}: expected {wanted}; restore it or export again"
        raise IntegrityError(message)
    return _head(signature, trees)


def _head(signature: Signature, trees: BoostedTrees) -> LightgbmHead:
    import lightgbm

    try:
        booster = lightgbm.Booster(model_str=write_model(trees, signature))
    except lightgbm.basic.LightGBMError as error:
        raise IntegrityError(f"LightGBM cannot read the trees of a head ({error}); export again") from error
    return LightgbmHead(signature, trees, booster)


def read_model(text: str) -> BoostedTrees:
    """Return the trees of a model in LightGBM's text format; the library's own, not a stranger's."""
    blocks = text.split("\nTree=")[1:]
    parts = [
        _read_tree(dict(line.split("=", 1) for line in each.splitlines() if "=" in line)) for each in blocks
    ]
    joined = {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}
    n_scores = int(re.search(r"^num_tree_per_iteration=(\d+)$", text, re.MULTILINE)[1])  # type: ignore[index]
    return BoostedTrees(
        sizes=np.array([len(part["column"]) for part in parts], np.int32),
        offset=np.zeros(n_scores),
        version=np.array([FORMAT, 0, 0], np.int32),
        **joined,
    )


def _read_tree(fields: dict[str, str]) -> dict[str, Any]:
    """Return the arrays of one tree: its inner nodes in LightGBM's order, then its leaves."""
    n_leaves = int(fields["num_leaves"])
    n_inner = n_leaves - 1

    def numbers(name: str, kind: type) -> Any:
        return np.array(fields[name].split(), dtype=kind)

    sides = np.column_stack([numbers("left_child", np.int64), numbers("right_child", np.int64)])
    children = np.where(sides >= 0, sides, n_inner + ~sides)
    padding = np.zeros(n_leaves)
    return {
        "children": np.vstack([children, np.full((n_leaves, 2), LEAF)]).astype(np.int32),
        "column": np.concatenate([numbers("split_feature", np.int32), padding]).astype(np.int32),
        "value": np.concatenate([numbers("threshold", np.float64), numbers("leaf_value", np.float64)]),
        "decision": np.concatenate([numbers("decision_type", np.uint8), padding]).astype(np.uint8),
        "gain": np.concatenate([numbers("split_gain", np.float64), padding]),
        "cover": np.concatenate([numbers("internal_count", np.float64), numbers("leaf_count", np.float64)]),
    }


def write_model(trees: BoostedTrees, signature: Signature) -> str:
    """Return checked trees in LightGBM's text format."""
    n_scores, columns = signature.n_scores, range(signature.n_columns)
    blocks = [_write_tree(trees, number, span) for number, span in enumerate(trees.spans)]
    objective = "binary sigmoid:1" if n_scores == 1 else f"multiclass num_class:{n_scores}"
    lines = [
        "tree",
        f"version=v{trees.version[0]}",
        f"num_class={n_scores}",
        f"num_tree_per_iteration={n_scores}",
        "label_index=0",
        f"max_feature_idx={signature.n_columns - 1}",
        f"objective={objective}",
        f"feature_names={' '.join(f'Column_{each}' for each in columns)}",
        f"feature_infos={' '.join('none' for _ in columns)}",
        f"tree_sizes={' '.join(str(len(block)) for block in blocks)}",
        "",
        "",
    ]
    return "\n".join(lines) + "".join(blocks) + "end of trees\n\npandas_categorical:null\n"


def _write_tree(trees: BoostedTrees, number: int, span: slice) -> str:
    children = trees.children[span]
    n_inner = int((children[:, 0] != LEAF).sum())
    inner, leaves = slice(span.start, span.start + n_inner), slice(span.start + n_inner, span.stop)
    sides = np.where(children[:n_inner] < n_inner, children[:n_inner], ~(children[:n_inner] - n_inner))
    fields: dict[str, Any] = {
        "num_leaves": [len(children) - n_inner],
        "num_cat": [0],
        "split_feature": trees.column[inner],
        "split_gain": trees.gain[inner],
        "threshold": trees.value[inner],
        "decision_type": trees.decision[inner],
        "left_child": sides[:, 0],
        "right_child": sides[:, 1],
        "leaf_value": trees.value[leaves],
        "leaf_count": trees.cover[leaves].astype(np.int64),
        "internal_count": trees.cover[inner].astype(np.int64),
        "is_linear": [0],
        "shrinkage": [1],
    }
    lines = [f"{name}={' '.join(map(repr, np.asarray(values).tolist()))}" for name, values in fields.items()]
    return "\n".join([f"Tree={number}", *lines, "", "", ""])


def _parameters(config: LightgbmConfig, targets: Targets, seed: int, threads: int) -> dict[str, Any]:
    return {
        "objective": "multiclass" if targets.n_present > 2 else "binary",  # classes
        "num_class": targets.n_present if targets.n_present > 2 else 1,
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


FAMILY = Family("lightgbm", LightgbmConfig, SPACE, fit, load, estimate_seconds, of_trees=True)
