"""Looking for the photographs of a bundle's training among those of a labelled set."""

from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import numpy.typing as npt
import pandas as pd

from automl_skin.arrays import BoolArray, FloatArray, IntArray
from automl_skin.data.manifest import Manifest
from automl_skin.evaluation.labelled import evaluate_scores
from automl_skin.evaluation.overlap import Overlap
from automl_skin.export.bundle import read_photographs
from automl_skin.images.inspect import inspect_images
from automl_skin.images.known_photographs import EXACTLY, NEARLY, NEW


def find_known_cases(bundle: Path, manifest: Manifest) -> IntArray:
    """Return for every case how well its best known photograph is known: `NEW`, `NEARLY` or `EXACTLY`.

    Parameters
    ----------
    bundle : Path
        One that was verified.
    """
    found = manifest.images[manifest.images["status"] == "found"]
    with TemporaryDirectory() as folder:  # these photographs belong to no study's cache
        seen = inspect_images(manifest.images_root, list(found["path"]), Path(folder))
    whole = (seen.table["error"] == "").to_numpy()
    contents = list(seen.table.loc[whole, "content"])
    known = read_photographs(bundle).find(contents, seen.fingerprints[whole])
    by_case = pd.Series(known, index=found["case"].to_numpy()[whole]).groupby(level=0).max()
    return by_case.reindex(manifest.cases.index, fill_value=NEW).to_numpy(np.int64)


def measure_overlap(
    known: IntArray,
    labels: IntArray,
    probabilities: FloatArray,
    groups: npt.NDArray[np.object_],
    threshold: float | None,
    classes: tuple[str, ...],
) -> Overlap:
    """Return how many cases are known, and the figures of those whose whole group is new.

    Parameters
    ----------
    known : ndarray of shape (n_cases,)
        As from `find_known_cases`; the other arguments are those of `evaluate_scores`.
    """
    new: BoolArray = ~np.isin(groups, groups[known != NEW])
    exactly, nearly = int((known == EXACTLY).sum()), int((known == NEARLY).sum())
    overlap = Overlap(len(known), exactly, nearly, int((~new).sum()) - exactly - nearly)
    if overlap.n_new in {0, len(known)} or not np.isfinite(probabilities[new]).all(axis=1).any():
        return overlap
    figures = evaluate_scores(labels[new], probabilities[new], groups[new], threshold, classes=classes)
    counts = (overlap.n_exactly, overlap.n_nearly, overlap.n_related)
    return Overlap(len(known), *counts, figures.auc, figures.sensitivity, figures.specificity)
