"""Whether photographs are ones that a model was trained on, told without having those.

Of each photograph 208 bytes are kept. The first 16 of the SHA-256 of its file find it byte for byte. Its look finds it
where it was saved again: the low frequencies of `automl_skin.images.neighbours`, as directions in 8 bits each, which no
more than a blur of 8 x 8 patches could be drawn from.

There are no pixels to verify a look by, as `automl_skin.images.duplicates` does, so two have to be much alike. Measured
on HAM10000 (200 x 150 pixels, 7,359 photographs known): of 2,656 photographs of other lesions one is found, and that is
the same skin. Of 400 known ones all are found when turned by 90 degrees, flipped, made smaller or saved as PNG or as
JPEG of quality 90, 99 % at quality 50, 87 % when brighter by 20 %, 36 % when 5 % are cut off each side. How often
another photograph of the same lesion is found was not measured.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from automl_skin.arrays import Float32Array, IntArray
from automl_skin.images.neighbours import ORIENTATIONS, describe, oriented

NEW, NEARLY, EXACTLY = 0, 1, 2
"""What a photograph is: not known, much alike to a known one, or the same file."""

ALIKE = 0.985
"""Cosine between two looks from which they are those of one photograph."""

CONTENT_BYTES = 16
LOOK_LENGTH = 192

_CHUNK = 256  # photographs compared at one time

Contents = npt.NDArray[np.uint8]
Looks = npt.NDArray[np.int8]


@dataclass(frozen=True)
class KnownPhotographs:
    """Photographs by digest and look, each content once, in the order of the digests.

    Parameters
    ----------
    contents : ndarray of shape (n_photographs, 16)
        uint8, of the SHA-256 of each file.
    looks : ndarray of shape (n_photographs, 192)
        int8, as from `look_at`.
    """

    contents: Contents
    looks: Looks

    @classmethod
    def of(cls, contents: Sequence[str], looks: Looks) -> "KnownPhotographs":
        """Return them in an order that tells nothing of the table that they stood in.

        Parameters
        ----------
        contents : sequence of str
            SHA-256 of each file, hexadecimal.
        looks : ndarray of shape (n_photographs, 192)
        """
        digests, first = np.unique(_digests(contents), axis=0, return_index=True)
        return cls(digests, np.ascontiguousarray(looks[first]))

    def find(self, contents: Sequence[str], fingerprints: Float32Array) -> IntArray:
        """Return for every photograph whether it is `NEW`, `NEARLY` or `EXACTLY` known.

        Parameters
        ----------
        contents : sequence of str
            SHA-256 of each file, hexadecimal.
        fingerprints : ndarray of shape (n_images, FINGERPRINT_LENGTH)

        Returns
        -------
        ndarray of shape (n_images,)
        """
        found = np.where(self._likeness(fingerprints) >= ALIKE, NEARLY, NEW)
        known = {digest.tobytes() for digest in self.contents}
        same = [digest.tobytes() in known for digest in _digests(contents)]
        return np.where(same, EXACTLY, found)

    def _likeness(self, fingerprints: Float32Array) -> Float32Array:
        """Return the greatest cosine between each photograph, turned or flipped, and a known one."""
        likeness = np.full(len(fingerprints), -1.0, np.float32)
        directions = _unit(self.looks.astype(np.float32)).T
        for start in range(0, len(fingerprints) if directions.size else 0, _CHUNK):
            part = slice(start, start + _CHUNK)
            described = describe(fingerprints[part])
            for orientation in ORIENTATIONS:
                turned = _unit(oriented(described, orientation).reshape(len(described), -1))
                np.maximum(likeness[part], (turned @ directions).max(axis=1), out=likeness[part])
        return likeness


def look_at(fingerprints: Float32Array) -> Looks:
    """Return the looks of photographs, shape (n_images, 192), from fingerprints (n_images, FINGERPRINT_LENGTH)."""
    flat = describe(fingerprints).reshape(len(fingerprints), LOOK_LENGTH)
    largest = np.maximum(np.abs(flat).max(axis=1, keepdims=True), 1e-6)
    return np.asarray(np.round(127 * flat / largest), np.int8)


def _unit(rows: Float32Array) -> Float32Array:
    """Return rows of length 1; a photograph of one colour has no direction, and is like no other."""
    lengths = np.linalg.norm(rows, axis=1, keepdims=True)
    return np.asarray(np.divide(rows, lengths, out=np.zeros_like(rows), where=lengths > 1e-6))


def _digests(contents: Sequence[str]) -> Contents:
    """Return the first bytes of digests, shape (n_contents, 16)."""
    joined = b"".join(bytes.fromhex(content)[:CONTENT_BYTES] for content in contents)
    return np.frombuffer(joined, np.uint8).reshape(-1, CONTENT_BYTES)
