"""Three layers of a cell on its development cases: what goes in, what the network makes of it, and what it answers.

Fold networks have no column in common, so each case is seen by the networks that held it out, and layers are looked
at fold by fold.
"""

from collections.abc import Sequence

import numpy as np
import pandas as pd

from automl_skin.arrays import FloatArray, IntArray
from automl_skin.errors import ConfigError
from automl_skin.features.encoder import fit_encoder
from automl_skin.images.decode import decode
from automl_skin.images.folder import ImageFolder
from automl_skin.images.recipe import resize
from automl_skin.papers.context import ReproduceContext
from automl_skin.search.trial import TrialRecord

INPUT, FEATURES, PREDICTION = "Input", "FE", "Pred"
LAYERS = (INPUT, FEATURES, PREDICTION)
"""As Ahammed et al. 2025 call them in table 6."""

SIDE = 32
"""Pixels of the photographs of the input layer, each way."""

_SMALLEST = 1e-12  # probability that log-odds are taken of


def read_layer(context: ReproduceContext, cell: str, name: str, rows: IntArray) -> FloatArray:
    """Return one layer of a cell for cases of one fold.

    Parameters
    ----------
    cell : str
        One that has figures.
    name : {"Input", "FE", "Pred"}
        Photographs of 32 by 32 pixels; embeddings of the network that held the fold out; out-of-fold log-odds of each
        class. Where the model sees metadata, the encoded metadata stand beside the first.
    rows : ndarray of shape (n_rows,)
        Positions of the cases, all of one fold.

    Returns
    -------
    ndarray of shape (n_rows, n_columns)
    """
    record = context.finished[cell].record
    if record is None or not record.plan.config.uses_image:
        raise ConfigError(f"cell {cell!r}: expected a model that sees the image, got one that does not")
    if name == INPUT:
        return _input(context, record, rows)
    if name == FEATURES:
        fold = int(context.folds[rows[0]])
        names = record.plan.config.image_names(fold, context.material.n_folds)
        block = context.material.inputs.only(names).take(rows).image_block(names)
        return block.astype(np.float64)
    probabilities = np.clip(context.probabilities(cell)[rows], _SMALLEST, 1.0 - _SMALLEST)
    odds: FloatArray = np.log(probabilities / (1.0 - probabilities))
    return odds


def _input(context: ReproduceContext, record: TrialRecord, rows: IntArray) -> FloatArray:
    cases = context.material.cases.index[rows]
    pixels = read_photographs(context, list(cases)).reshape(len(rows), -1) / 255.0
    if not sees_metadata(context, record):
        return pixels
    metadata = context.material.inputs.metadata
    if record.plan.config.fields:
        metadata = metadata[list(record.plan.config.fields)]
    training = metadata[context.folds != context.folds[rows[0]]]
    encoder = fit_encoder(context.study.config.encoder, training, context.material.kinds)
    return np.hstack([pixels, encoder.transform(metadata.iloc[rows]).astype(np.float64)])


def sees_metadata(context: ReproduceContext, record: TrialRecord) -> bool:
    """Return whether a cell's answer depends on metadata: in its chain, or in a network that was tuned with them."""
    config = record.plan.config
    names = config.image_names(0, context.material.n_folds)
    heads = [context.material.inputs.heads.get(name) for name in names]
    return config.uses_metadata or any(head is not None and head.n_metadata > 0 for head in heads)


def read_photographs(context: ReproduceContext, cases: Sequence[str]) -> FloatArray:
    """Return the first photograph of each case, shape (n_cases, SIDE, SIDE, 3)."""
    images = context.manifest.images.dropna(subset="path").drop_duplicates("case").set_index("case")
    folder = ImageFolder(context.manifest.images_root)
    paths = [str(path) for path in images["path"].reindex(pd.Index(cases))]
    shown = [decode(folder.read(path), name=path, minimum_side=SIDE) for path in paths]
    return np.stack([resize(each, SIDE, SIDE) for each in shown]).astype(np.float64)
