"""The small form of a study: synthetic lesions under the names that the paper's table has.

`smoke` of a variant holds settings of a study, and what is said here of the synthetic data::

    lesions   how many are drawn (60)
    rename    new name of some of its columns: {diagnosis = "dx", site = "localization"}
    values    new values of some columns, after renaming: {dx = {nevus = "nv"}}
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pandas as pd

from automl_skin.digests import digest_json
from automl_skin.files import atomic_write
from automl_skin.synthetic.study import generate, study_folder
from automl_skin.workflow.understand import Reporter

OF_DATA = ("lesions", "rename", "values")
LESIONS = 60


def without_synthetic(smoke: Mapping[str, Any]) -> dict[str, Any]:
    """Return what is a setting of a study."""
    return {name: value for name, value in smoke.items() if name not in OF_DATA}


def synthetic_settings(smoke: Mapping[str, Any], cache: Path, report: Reporter) -> dict[str, Any]:
    """Draw the synthetic data where it is not there yet, and return table and images as settings."""
    lesions, seed = int(smoke.get("lesions", LESIONS)), int(smoke.get("seed", 0))
    folder = study_folder(cache, n_lesions=lesions, seed=seed)
    made = generate(folder, n_lesions=lesions, seed=seed, progress=report("Drawing synthetic lesions"))
    rename, values = dict(smoke.get("rename", {})), dict(smoke.get("values", {}))
    if not rename and not values:
        return {"data": str(made.table), "images": str(made.images)}
    table = pd.read_csv(made.table).rename(columns=rename)
    for column, names in values.items():
        table[column] = table[column].replace(names)
    path = cache / "prepared" / f"{folder.name}-{digest_json([rename, values])[:8]}.csv"
    with atomic_write(path) as temporary:
        table.to_csv(temporary, index=False, lineterminator="\n")
    return {"data": str(path), "images": str(made.images)}
