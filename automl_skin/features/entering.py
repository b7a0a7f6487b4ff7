"""The metadata that enter a network, encoded as when it was tuned."""

import json
from collections.abc import Iterable

import pandas as pd

from automl_skin.arrays import Float32Array
from automl_skin.backbones.catalogue import Backbone
from automl_skin.features.encoder import MetadataEncoder
from automl_skin.records import from_plain


def entering_rows(backbone: Backbone, metadata: pd.DataFrame, cases: Iterable[str]) -> Float32Array | None:
    """Return the encoded metadata of the case of each image, as `extract` takes them.

    Parameters
    ----------
    metadata : DataFrame
        Index: the cases, each once.
    cases : iterable of str, of length n_images
        The case that each image shows.

    Returns
    -------
    ndarray of shape (n_images, n_metadata), float32, or None
        None for a network that sees images alone.
    """
    if not backbone.spatial:
        return None
    encoder = from_plain(
        MetadataEncoder, json.loads(backbone.spatial)["encoder"], f"the metadata of {backbone.name}"
    )
    return encoder.transform(metadata.loc[list(cases)])
