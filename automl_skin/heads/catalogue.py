"""The table of families. To add one: add its file, and its line here."""

from automl_skin.heads import catboost, extra_trees, lightgbm, logistic, mlp, own, random_forest, tabm, xgboost
from automl_skin.heads.protocol import Family

FAMILIES: dict[str, Family] = {
    "lightgbm": lightgbm.FAMILY,
    "xgboost": xgboost.FAMILY,
    "random_forest": random_forest.FAMILY,
    "extra_trees": extra_trees.FAMILY,
    "logistic": logistic.FAMILY,
    "mlp": mlp.FAMILY,
    "tabm": tabm.FAMILY,
    "catboost": catboost.FAMILY,
}

HEADS: dict[str, Family] = {**FAMILIES, "own": own.FAMILY}
"""All that can stand in a chain: the families, which the search fits, and a tuned network's own head."""
