"""The preparations by name: what a variant does to its table before it is understood."""

from collections.abc import Callable, Mapping
from typing import Any

import pandas as pd

from automl_skin.errors import ConfigError
from automl_skin.papers.preparations.chosen_cases import chosen_cases
from automl_skin.papers.preparations.image_folds import image_folds

Preparation = Callable[[pd.DataFrame, Mapping[str, Any]], pd.DataFrame]
"""``(table, options) -> table``; all columns are text as it stands in the file, and NA where missing."""

PREPARATIONS: dict[str, Preparation] = {
    "chosen_cases": chosen_cases,
    "image_folds": image_folds,
}


def preparation_by_name(name: str) -> Preparation:
    """Return a preparation.

    Raises
    ------
    ConfigError
        If there is none of that name.
    """
    if name not in PREPARATIONS:
        raise ConfigError(f"a preparation must be one of {', '.join(PREPARATIONS)}; found {name!r}")
    return PREPARATIONS[name]
