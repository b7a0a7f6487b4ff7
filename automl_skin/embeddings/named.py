"""What names an embedding within a key: the photograph, and where metadata enter the network also their row."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from automl_skin.arrays import Float32Array
from automl_skin.digests import digest_array, digest_json
from automl_skin.errors import InputError


@dataclass(frozen=True)
class NamedImages:
    """Images that are asked for, by name.

    Parameters
    ----------
    names : list of str
        One per image: the digest of its bytes, or with metadata that of its bytes and its row; empty for one that
        could not be read.
    contents : mapping of str to str
        Digest of the bytes by name, where it is another.
    rows : mapping of str to ndarray of shape (n_metadata,), or None
        By name.
    """

    names: list[str]
    contents: Mapping[str, str]
    rows: Mapping[str, Float32Array] | None

    def content_of(self, name: str) -> str:
        """Return the digest of the bytes of an image."""
        return self.contents.get(name, name)

    def metadata_of(self, names: Sequence[str]) -> Float32Array | None:
        """Return the rows of some images, shape (n_names, n_metadata); None where there are none."""
        if self.rows is None:
            return None
        return np.stack([self.rows[name] for name in names]) if names else np.empty((0, 0), np.float32)


def named_images(images: pd.DataFrame, metadata: Float32Array | None) -> NamedImages:
    """Name images.

    Parameters
    ----------
    images : DataFrame of n_images rows
        Column ``content``, the digest of the bytes; empty or missing where an image could not be read.
    metadata : ndarray of shape (n_images, n_metadata), optional

    Raises
    ------
    InputError
        If there is not one row of metadata per image.
    """
    contents = ["" if pd.isna(content) else str(content) for content in images["content"]]
    if metadata is None:
        return NamedImages(contents, {}, None)
    if metadata.ndim != 2 or len(metadata) != len(contents):
        message = f"expected one row of metadata per image, got the shape {metadata.shape}"
        raise InputError(f"{message} for {len(contents)} images; encode the metadata of each image's case")
    rows = metadata.astype(np.float32)
    names = [
        digest_json([content, digest_array(row)]) if content else ""
        for content, row in zip(contents, rows, strict=True)
    ]
    return NamedImages(names, dict(zip(names, contents, strict=True)), dict(zip(names, rows, strict=True)))
