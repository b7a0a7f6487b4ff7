"""Extremely randomised trees (Geurts, Ernst and Wehenkel 2006), grown by scikit-learn."""

import math
from dataclasses import dataclass

from automl_skin.heads.cost import DesignSize
from automl_skin.heads.design import Design
from automl_skin.heads.forest import ForestHead, load_forest, nodes_of
from automl_skin.heads.protocol import Family
from automl_skin.heads.signature import Signature
from automl_skin.heads.space import Categorical, Integer, Real, Space
from automl_skin.heads.training import Targets


@dataclass(frozen=True)
class ExtraTreesConfig:
    """Names as in scikit-learn; `max_features` is a share. Each tree sees all rows, as in the paper."""

    n_estimators: int = 120
    criterion: str = "gini"
    max_features: float = 0.08
    min_samples_leaf: int = 5


# Ranges: as the random forest's; random thresholds are cheap, so more columns may be tried in a node.
SPACE: Space = {
    "n_estimators": Integer(60, 200, log=True),
    "criterion": Categorical("gini", "entropy"),
    "max_features": Real(0.02, 0.2, log=True),
    "min_samples_leaf": Integer(2, 30, log=True),
}


def fit(config: ExtraTreesConfig, design: Design, targets: Targets, seed: int, threads: int) -> ForestHead:
    """Fit a head; see `Family`."""
    from sklearn.ensemble import ExtraTreesClassifier

    forest = ExtraTreesClassifier(**vars(config), random_state=seed, n_jobs=threads)
    forest.fit(design.matrix, targets.codes, targets.weights)
    return ForestHead(Signature.of(design, targets), nodes_of(forest.estimators_))


def estimate_seconds(config: ExtraTreesConfig, size: DesignSize) -> float:
    """Estimate the seconds of a fit: the cases of every node in the columns that it tries."""
    cases = size.n_cases * math.log2(max(size.n_cases / config.min_samples_leaf, 2.0))
    tried = max(config.max_features * size.n_columns, 1.0)
    return config.n_estimators * (1e-3 + cases * (4e-9 + 1.1e-8 * tried))


FAMILY = Family("extra_trees", ExtraTreesConfig, SPACE, fit, load_forest, estimate_seconds, of_trees=True)
