"""The table of families. To add one: add its file, and its line here."""

from collections.abc import Iterable

from automl_skin.heads import (
    catboost,
    extra_trees,
    lightgbm,
    logistic,
    mlp,
    own,
    random_forest,
    tabm,
    xgboost,
)
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

SEARCHED_FAMILIES = ("lightgbm", "xgboost", "random_forest", "extra_trees", "logistic", "mlp")
"""What a study searches by default; the others by name."""

HEADS: dict[str, Family] = {**FAMILIES, "own": own.FAMILY}
"""All that can stand in a chain: the families, which the search fits, and a tuned network's own head."""


def check_installed(names: Iterable[str]) -> None:
    """Raise a `ConfigError` unless all of these families can be fitted here."""
    for name in names:
        FAMILIES[name].check_installed()
