"""Development cases whose photographs were shifted: which cases, and what their embeddings are.

A case of fold k under shift is only for the networks that the chain of fold k applies, as it is unshifted: a tuned
network's embeddings hold the cases of those folds and of no other, and asking for others is an error.

Folder (inside that of the material; a set is added when it is first needed)::

    shifted.json     the sampled cases, the shifts in their order, and of each set its folds and digest
    <name>.npy       float32 (n_shifts, n_rows, n_dimensions); the rows are the sampled cases of the set's folds
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from automl_skin.arrays import Float32Array, FloatArray, IntArray
from automl_skin.chains.inputs import CaseInputs
from automl_skin.digests import digest_array
from automl_skin.errors import IntegrityError, LeakageError
from automl_skin.files import atomic_write
from automl_skin.records import read_record, write_record
from automl_skin.seeding import generator

MIN_PER_STRATUM = 10
"""Cases of each class and fold that are sampled, or all where there are fewer: a fold's own figure needs them."""

RECORD = "shifted.json"


@dataclass(frozen=True)
class Sample:
    """The cases that are looked at under shift, the same for all trials of a study.

    Parameters
    ----------
    positions : ndarray of int of shape (n_sampled,)
        Of the cases in the material, ascending.
    shifts : tuple of str
        Names of the shifts, in their order.
    """

    positions: IntArray
    shifts: tuple[str, ...]

    def beside(self, values: npt.NDArray[Any]) -> npt.NDArray[Any]:
        """Return values of all cases, and after them those of the sampled cases once for every shift."""
        return np.concatenate([values, *[values[self.positions]] * len(self.shifts)])

    def shift_of(self, n_cases: int) -> IntArray:
        """Return the shift of each row of `beside`: 0 at home, then 1, 2 ..."""
        numbers = np.arange(1, len(self.shifts) + 1, dtype=np.int64)
        return np.concatenate([np.zeros(n_cases, np.int64), np.repeat(numbers, len(self.positions))])


def sample_cases(cases: pd.DataFrame, count: int, seed: int) -> IntArray:
    """Return the positions of a fixed sample of the cases that have an image, ascending.

    The sample is stratified by class and fold. It holds `MIN_PER_STRATUM` cases of each stratum, or all, before the
    rest is dealt in proportion, so that a rare class has a figure under shift in every fold.

    Parameters
    ----------
    cases : DataFrame
        Of development material: columns ``target``, ``fold`` and ``has_image``.
    count : int
        Cases wanted; all of them if there are not more.
    seed : int
        The study's seed.
    """
    targets, folds = cases["target"].to_numpy(np.int64), cases["fold"].to_numpy(np.int64)
    strata = sorted(set(zip(targets.tolist(), folds.tolist(), strict=True)))
    has_image = cases["has_image"].to_numpy(np.bool_)
    members = [np.flatnonzero(has_image & (targets == target) & (folds == fold)) for target, fold in strata]
    sizes = np.array([len(rows) for rows in members], dtype=np.int64)
    chosen = [
        generator(seed, "shifted cases", *stratum).permutation(rows)[:quota]
        for stratum, rows, quota in zip(strata, members, quotas(sizes, count), strict=True)
    ]
    return np.sort(np.concatenate(chosen))


def quotas(sizes: IntArray, count: int) -> IntArray:
    """Return how many cases of each stratum are sampled: a few of each first, then in proportion.

    Examples
    --------
    >>> quotas(np.array([900, 90, 10]), 100).tolist()
    [74, 16, 10]
    >>> quotas(np.array([3, 4]), 100).tolist()
    [3, 4]
    """
    if count >= sizes.sum():
        return sizes
    least = np.minimum(sizes, max(1, min(MIN_PER_STRATUM, count // len(sizes))))
    free = sizes - least
    shares = max(count - int(least.sum()), 0) * free / max(int(free.sum()), 1)
    given = np.floor(shares).astype(np.int64)
    left = max(count - int(least.sum()), 0) - int(given.sum())
    largest_remainders = np.argsort(given - shares, kind="stable")[:left]
    given[largest_remainders] += 1
    return np.asarray(least + np.minimum(given, free))


@dataclass(frozen=True)
class ShiftedSet:
    """One network's embeddings of the sampled cases under every shift.

    Parameters
    ----------
    folds : tuple of int
        Folds whose cases are there: those whose chains apply the network.
    digest : str
        Of the array.
    unshifted : str
        Digest of the same network's embeddings of the unshifted cases: with another one they were computed otherwise.
    """

    folds: tuple[int, ...]
    digest: str
    unshifted: str


@dataclass(frozen=True)
class _ShiftedRecord:
    """What stands in ``shifted.json``."""

    cases: tuple[str, ...]
    shifts: tuple[str, ...]
    sets: dict[str, ShiftedSet] = field(default_factory=dict)


@dataclass(frozen=True)
class ShiftedMaterial:
    """The sampled cases under shift, as they lie in a folder.

    Parameters
    ----------
    folder : Path
    sample : Sample
    folds : ndarray of int of shape (n_sampled,)
        The fold that holds each sampled case.
    sets : mapping of str to ShiftedSet
        By embedding name.
    """

    folder: Path
    sample: Sample
    folds: IntArray
    sets: Mapping[str, ShiftedSet]

    @classmethod
    def read(cls, folder: Path, cases: pd.DataFrame) -> "ShiftedMaterial":
        """Read what `begin` and `add` wrote for the cases of a material.

        Raises
        ------
        IntegrityError
            If a sampled case is not one of the material's.
        """
        record = read_record(_ShiftedRecord, folder / RECORD)
        positions = cases.index.get_indexer(pd.Index(list(record.cases))).astype(np.int64)
        if strangers := int((positions < 0).sum()):
            message = (
                f"{folder / RECORD}: expected cases of the material, got {strangers} others; delete the folder, and "
                "it is made again from the cache"
            )
            raise IntegrityError(message)
        folds = cases["fold"].to_numpy(np.int64)[positions]
        return cls(folder, Sample(positions, record.shifts), folds, record.sets)

    def rows(self, fold: int) -> IntArray:
        """Return the rows of the sample that a fold holds."""
        return np.flatnonzero(self.folds == fold)

    def rows_of_set(self, folds: Sequence[int]) -> IntArray:
        """Return the rows of the sample that a set of these folds has."""
        return np.flatnonzero(np.isin(self.folds, folds))

    def add(self, name: str, values: Float32Array, folds: Sequence[int], unshifted: str) -> "ShiftedMaterial":
        """Keep a set: float32 of shape (n_shifts, n_rows, n_dimensions), rows as in `rows_of_set`."""
        expected = (len(self.sample.shifts), len(self.rows_of_set(folds)))
        assert values.shape[:2] == expected
        values = np.ascontiguousarray(values, dtype=np.float32)
        with atomic_write(_file(self.folder, name)) as path, path.open("wb") as file:
            np.save(file, values)
        added = ShiftedSet(tuple(folds), digest_array(values), unshifted)
        record = read_record(_ShiftedRecord, self.folder / RECORD)
        write_record(self.folder / RECORD, replace(record, sets={**record.sets, name: added}))
        return replace(self, sets={**self.sets, name: added})

    def block(self, name: str, fold: int) -> Float32Array:
        """Return the embeddings of a fold's sampled cases, shape (n_shifts, n_held, n_dimensions).

        Raises
        ------
        LeakageError
            If the chain of the fold does not apply the network: it may have been tuned on these cases.
        IntegrityError
            If the set is not there, or was changed.
        """
        if name not in self.sets:
            message = (
                f"{self.folder}: expected the embeddings {name} under shift, got none; run the search again"
            )
            raise IntegrityError(message)
        kept = self.sets[name]
        if fold not in kept.folds:
            listed = ", ".join(map(str, kept.folds)) or "none"
            message = (
                f"the cases of fold {fold}: expected networks that were tuned without it, got {name}, which is for "
                f"the cases of fold {listed}"
            )
            raise LeakageError(message)
        values = _verified(_file(self.folder, name), kept.digest)
        held = self.folds[self.rows_of_set(kept.folds)] == fold
        return np.asarray(values[:, held])

    def inputs(self, given: CaseInputs, names: Sequence[str], fold: int) -> CaseInputs:
        """Return a fold's sampled cases under the first shift, then under the second, and so on.

        Parameters
        ----------
        given : CaseInputs
            Of the material's cases, unshifted: metadata, and what else a chain needs.
        names : sequence of str
            Embeddings that the fold's chain applies.

        Returns
        -------
        CaseInputs
            Of n_shifts * n_held rows.
        """
        positions = np.tile(self.sample.positions[self.rows(fold)], len(self.sample.shifts))
        blocks = {name: self.block(name, fold) for name in names}
        flat = {name: block.reshape(-1, block.shape[2]) for name, block in blocks.items()}
        return replace(replace(given, embeddings={}).take(positions), embeddings=flat)

    def by_shift(self, probabilities: FloatArray) -> FloatArray:
        """Return what a chain says of `inputs` as an array of shape (n_shifts, n_held, n_classes)."""
        return probabilities.reshape(len(self.sample.shifts), -1, probabilities.shape[1])


def begin(folder: Path, cases: pd.DataFrame, sample: Sample) -> ShiftedMaterial:
    """Return the shifted material of a folder, empty if it is of another sample or not there."""
    fresh = _ShiftedRecord(tuple(map(str, cases.index[sample.positions])), sample.shifts)
    found = read_record(_ShiftedRecord, folder / RECORD) if (folder / RECORD).is_file() else None
    if found is None or replace(found, sets={}) != fresh:
        write_record(folder / RECORD, fresh)
    return ShiftedMaterial.read(folder, cases)


def _file(folder: Path, name: str) -> Path:
    return folder / f"{name}.npy"


@lru_cache(maxsize=128)
def _verified(path: Path, digest: str) -> Float32Array:
    """Return a set mapped into memory, its digest checked once per process."""
    values: Float32Array = np.load(path, mmap_mode="r")
    if digest_array(values) != digest:
        message = (
            f"{path}: expected the digest {digest[:16]}, got another; delete the file, and it is made again"
        )
        raise IntegrityError(message)
    return values
