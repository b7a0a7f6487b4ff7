"""A fitted chain: projection, encoder, heads, combination and calibrator of one fold.

Folder of a saved chain (no pickle; see `FittedChain.save`)::

    chain.json                  configuration, classes, calibrator
    arrays.safetensors          projection, encoder, rank reference, own heads of tuned networks
    branch-0/ ...               one head per branch, in its family's own format
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from automl_skin.arrays import BoolArray, Float32Array, FloatArray, IntArray, normalise_rows
from automl_skin.backbones.tuning.tuned_head import TunedHead
from automl_skin.chains.calibration import Calibrator, fit_calibrator
from automl_skin.chains.config import FUSIONS, IMAGE, METADATA, OWN, ChainConfig
from automl_skin.chains.inputs import CaseInputs
from automl_skin.chains.ranks import rank_positions
from automl_skin.chains.roles import ImageBlock, embeddings_block, logits_block, sees_image
from automl_skin.chains.targets import to_target_classes
from automl_skin.features.encoder import MetadataEncoder
from automl_skin.features.projection import Projection
from automl_skin.heads.catalogue import HEADS
from automl_skin.heads.design import Design
from automl_skin.heads.protocol import FittedHead
from automl_skin.heads.stored import read_arrays, write_arrays
from automl_skin.records import read_record, write_record


def build_design(branch: Sequence[str], image: Float32Array | None, metadata: Float32Array | None) -> Design:
    """Put the blocks that a branch sees side by side, the image first.

    Parameters
    ----------
    branch : sequence of {"image", "metadata"}
    image : ndarray of shape (n_cases, n_image_columns), optional
    metadata : ndarray of shape (n_cases, n_metadata_columns), optional
    """
    blocks = {IMAGE: image, METADATA: metadata}
    seen = [blocks[name] for name in branch]
    matrix = np.concatenate([block for block in seen if block is not None], axis=1)
    image_columns = image.shape[1] if image is not None and IMAGE in branch else 0
    return Design(np.ascontiguousarray(matrix, dtype=np.float32), image_columns)


def image_columns(
    config: ChainConfig, projection: Projection, block: ImageBlock, has_image: BoolArray
) -> Float32Array:
    """Return projected embeddings or logits; a case without an image gets zeros, the average image.

    So do the columns of a tower whose kind of photograph a case lacks, before they are projected.

    A network's own head answers such a case as it answers an embedding of zeros: there is no average to stand for it.
    """
    columns = projection.transform(block.filled(projection.mean))
    if config.way == OWN:
        return columns
    return np.where(has_image[:, None], columns, np.float32(0))


@dataclass(frozen=True)
class FittedChain:
    """Everything that was fitted on the training rows of one fold.

    Parameters
    ----------
    config : ChainConfig
    class_of : tuple of int
        For every class of the heads the target's class.
    n_classes : int
        Classes of the target.
    projection : Projection or None
    encoder : MetadataEncoder or None
    heads : tuple of FittedHead
        One per branch.
    reference : ndarray of shape (n_branches, n_held, n_classes), or None
        Sorted probabilities of the held-out rows, by which the fusion `rank` turns new ones into ranks.
    calibrator : Calibrator or None
        None until all folds are there.
    image_names : tuple of str
        The networks whose embeddings it is applied to, by name.
    tuned_heads : tuple of TunedHead
        Of these networks, where their logits are the image columns.
    """

    config: ChainConfig
    class_of: tuple[int, ...]
    n_classes: int
    projection: Projection | None
    encoder: MetadataEncoder | None
    heads: tuple[FittedHead, ...]
    reference: FloatArray | None = None
    calibrator: Calibrator | None = None
    image_names: tuple[str, ...] = ()
    tuned_heads: tuple[TunedHead, ...] = ()

    def project(self, inputs: CaseInputs, metadata: Float32Array | None = None) -> Float32Array | None:
        """Return the image columns; a case without an image gets zeros, the average image.

        Parameters
        ----------
        inputs : CaseInputs
        metadata : ndarray of shape (n_cases, n_metadata_columns), optional
            Encoded; heads that were tuned jointly with metadata need it.
        """
        if self.projection is None:
            return None
        if not self.config.uses_logits:
            block = embeddings_block(self.config, inputs, self.image_names)
        else:
            block = logits_block(self.config, inputs, self.image_names, self.tuned_heads, metadata)
        return image_columns(self.config, self.projection, block, sees_image(self.config, inputs))

    def branch_probabilities(self, image: Float32Array | None, metadata: Float32Array | None) -> FloatArray:
        """Return what each head says.

        Returns
        -------
        ndarray of shape (n_branches, n_cases, n_classes)
        """
        branches = FUSIONS[self.config.fusion].branches
        answers = [
            head.predict(build_design(branch, image, metadata))
            for head, branch in zip(self.heads, branches, strict=True)
        ]
        return np.stack([to_target_classes(answer, self.class_of, self.n_classes) for answer in answers])

    def combine(self, branches: FloatArray) -> FloatArray:
        """Combine the branches' probabilities as the fusion says; see `automl_skin.chains.config`."""
        if self.config.fusion == "rank":
            assert self.reference is not None
            ranks = rank_positions(branches, self.reference)
            return normalise_rows((ranks[0] + ranks[1]) / 2.0)
        if self.config.fusion == "late":
            weight = self.config.image_weight
            return np.asarray(weight * branches[0] + (1.0 - weight) * branches[1])
        return np.asarray(branches[0])

    def branches(self, inputs: CaseInputs) -> FloatArray:
        """Return what each head says of some cases, shape (n_branches, n_cases, n_classes)."""
        metadata = self.encoder.transform(inputs.metadata) if self.encoder else None
        return self.branch_probabilities(self.project(inputs, metadata), metadata)

    def raw(self, inputs: CaseInputs) -> FloatArray:
        """Return uncalibrated probabilities of shape (n_cases, n_classes)."""
        return self.combine(self.branches(inputs))

    def predict(self, inputs: CaseInputs) -> FloatArray:
        """Return calibrated probabilities of shape (n_cases, n_classes)."""
        return self.answer(self.branches(inputs))

    def answer(self, branches: FloatArray) -> FloatArray:
        """Return calibrated probabilities from what each head says, shape (n_branches, n_cases, n_classes)."""
        raw = self.combine(branches)
        return self.calibrator.apply(raw) if self.calibrator else raw

    def save(self, folder: Path) -> None:
        """Write the chain into an empty or new folder."""
        folder.mkdir(parents=True, exist_ok=True)
        arrays: dict[str, Any] = {}
        if self.projection is not None:
            arrays |= {f"projection.{key}": value for key, value in self.projection.to_arrays().items()}
        if self.reference is not None:
            arrays["reference"] = self.reference
        for number, tuned in enumerate(self.tuned_heads):
            arrays |= {f"tuned-{number}.{key}": value for key, value in tuned.to_arrays().items()}
        write_arrays(folder / "arrays.safetensors", arrays or {"empty": np.zeros(1)})
        for number, head in enumerate(self.heads):
            branch = folder / f"branch-{number}"
            branch.mkdir(exist_ok=True)
            head.save(branch)
        record = _ChainRecord(
            self.config,
            self.class_of,
            self.n_classes,
            self.encoder,
            self.calibrator,
            self.image_names,
            len(self.tuned_heads),
        )
        write_record(folder / "chain.json", record)

    @classmethod
    def load(cls, folder: Path) -> "FittedChain":
        """Read a chain that `save` wrote; nothing in the folder is executed.

        Raises
        ------
        IntegrityError
            If a file is damaged or a field is not of its type.
        """
        record = read_record(_ChainRecord, folder / "chain.json")
        arrays = read_arrays(folder / "arrays.safetensors")
        projection = _part(arrays, "projection")
        heads = [
            HEADS[branch.family].load(folder / f"branch-{number}")
            for number, branch in enumerate(record.config.branches)
        ]
        tuned = [TunedHead.from_arrays(_part(arrays, f"tuned-{each}")) for each in range(record.tuned_heads)]
        return cls(
            record.config,
            record.class_of,
            record.n_classes,
            Projection.from_arrays(projection) if projection else None,
            record.encoder,
            tuple(heads),
            arrays.get("reference"),
            record.calibrator,
            record.image_names,
            tuple(tuned),
        )


@dataclass(frozen=True)
class _ChainRecord:
    """What ``chain.json`` holds: everything of a chain but its arrays and its heads."""

    config: ChainConfig
    class_of: tuple[int, ...]
    n_classes: int
    encoder: MetadataEncoder | None
    calibrator: Calibrator | None
    image_names: tuple[str, ...]
    tuned_heads: int


def _part(arrays: dict[str, Any], name: str) -> dict[str, Any]:
    """Return the arrays whose name begins with `name` and a dot, without it."""
    prefix = f"{name}."
    return {key.removeprefix(prefix): value for key, value in arrays.items() if key.startswith(prefix)}


def cross_calibrate(
    raw: FloatArray, labels: IntArray, folds: IntArray
) -> tuple[list[Calibrator], FloatArray]:
    """Fit the calibrator of each fold on the out-of-fold rows of the other folds.

    Parameters
    ----------
    raw : ndarray of shape (n_cases, n_classes)
        Out-of-fold probabilities, uncalibrated.
    labels, folds : ndarray of shape (n_cases,)

    Returns
    -------
    calibrators : list of Calibrator, one per fold
    calibrated : ndarray of shape (n_cases, n_classes)
        Each row by the calibrator that was fitted without its fold.
    """
    calibrated = np.empty_like(raw)
    calibrators = []
    for fold in range(int(folds.max()) + 1):
        held = folds == fold
        calibrator = fit_calibrator(raw[~held], labels[~held])
        calibrated[held] = calibrator.apply(raw[held])
        calibrators.append(calibrator)
    return calibrators, calibrated


def with_reference(chain: FittedChain, reference: FloatArray) -> FittedChain:
    """Return the chain with the distributions that its ranks are positions in."""
    return replace(chain, reference=reference)


def with_calibrator(chain: FittedChain, calibrator: Calibrator) -> FittedChain:
    """Return the chain with its calibrator."""
    return replace(chain, calibrator=calibrator)
