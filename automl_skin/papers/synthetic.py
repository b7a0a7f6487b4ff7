"""Synthetic data under the names that a paper's table has: for the small form, or where the paper's are not public.

What a variant's `synthetic` and `smoke` say of the data::

    lesions   how many are drawn (60)
    pairs     whether a case has a dermoscopic and a close-up photograph (false)
    rename    new name of some of the table's columns: {diagnosis = "dx", site = "localization"}
    values    new values of some columns, after renaming: {dx = {nevus = "nv"}}
    cells     of `smoke`: the only cells of the small form (all)

All else that `smoke` says is a setting of a study.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pandas as pd

from automl_skin.digests import digest_json
from automl_skin.files import atomic_write
from automl_skin.steps.events import Listener, start_progress
from automl_skin.synthetic.pairs import generate_pairs, pairs_folder
from automl_skin.synthetic.study import generate, study_folder

OF_DATA = ("lesions", "pairs", "rename", "values", "cells")
LESIONS = 60


def settings_alone(smoke: Mapping[str, Any]) -> dict[str, Any]:
    """Return what is a setting of a study."""
    return {name: value for name, value in smoke.items() if name not in OF_DATA}


def synthetic_settings(said: Mapping[str, Any], seed: int, cache: Path, tell: Listener) -> dict[str, Any]:
    """Draw synthetic data where they are not there yet, and return table and images as settings.

    Parameters
    ----------
    said : mapping
        See the module's docstring.
    """
    lesions = int(said.get("lesions", LESIONS))
    draw, name = (generate_pairs, pairs_folder) if said.get("pairs") else (generate, study_folder)
    folder = name(cache, n_lesions=lesions, seed=seed)
    made = draw(
        folder, n_lesions=lesions, seed=seed, progress=start_progress(tell, "Drawing synthetic lesions")
    )
    renamed = {key: dict(said.get(key, {})) for key in ("rename", "values")}
    if not any(renamed.values()):
        return {"data": [str(made.table)], "images": str(made.images)}
    table = pd.read_csv(made.table).rename(columns=renamed["rename"])
    for column, names in renamed["values"].items():
        table[column] = table[column].replace(names)
    path = cache / "prepared" / f"{folder.name}-{digest_json(renamed)[:8]}.csv"
    with atomic_write(path) as temporary:
        table.to_csv(temporary, index=False, lineterminator="\n")
    return {"data": [str(path)], "images": str(made.images)}
