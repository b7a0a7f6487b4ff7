"""Fitting chains fold by fold, with what chains have in common computed once.

The projection of an embedding and the encoded metadata depend on the fold and not on the head, so a
`FoldFitter` keeps them: a search of 200 trials fits a few dozen projections instead of a thousand.
"""

from collections import OrderedDict
from collections.abc import Callable, Hashable, Mapping
from dataclasses import dataclass, replace
from typing import Any, Generic, TypeVar

import numpy as np

from automl_skin.arrays import Float32Array, FloatArray, IntArray
from automl_skin.chains.config import FUSIONS, ChainConfig
from automl_skin.chains.fitted import FittedChain, build_design
from automl_skin.chains.inputs import CaseInputs
from automl_skin.chains.targets import TrainingLabels
from automl_skin.features.encoder import EncoderConfig, Kind, MetadataEncoder, fit_encoder
from automl_skin.features.projection import Projection, fit_projection
from automl_skin.heads.catalogue import FAMILIES
from automl_skin.heads.protocol import FittedHead
from automl_skin.heads.weighting import class_weights
from automl_skin.seeding import derive_seed, generator

Part = TypeVar("Part")

MOST_COMPONENTS = 256
"""A projection is fitted once with this many components; chains that want fewer take the first ones."""

NO_FOLD = -1
"""The fold that holds no row: everything is fitted on all of them."""

KEPT_BYTES = 1_500_000_000
"""Projected rows that are kept in memory by one process, at the most."""


@dataclass(frozen=True)
class Prepared(Generic[Part]):
    """A fitted part with the rows that it has already transformed."""

    part: Part
    training: Float32Array
    held: Float32Array


class FoldFitter:
    """Fits chains on development rows, and keeps what they share.

    Parameters
    ----------
    inputs : CaseInputs
        Of all development cases.
    labels : TrainingLabels
        Of the same cases.
    folds : ndarray of shape (n_cases,)
        Fold in which each case is held out.
    kinds : dict of str to {"number", "category"}
        Of the metadata fields.
    encoder : EncoderConfig
    seed : int
        The study's seed.
    """

    def __init__(
        self,
        inputs: CaseInputs,
        labels: TrainingLabels,
        folds: IntArray,
        kinds: Mapping[str, Kind],
        encoder: EncoderConfig,
        seed: int,
    ) -> None:
        self.inputs = inputs
        self.labels = labels
        self.folds = folds
        self.kinds = kinds
        self.encoder = encoder
        self.seed = seed
        self._kept: OrderedDict[Hashable, Prepared[Any]] = OrderedDict()

    def fit(self, config: ChainConfig, fold: int, threads: int = 1) -> tuple[FittedChain, FloatArray]:
        """Fit a chain without the rows of `fold` and apply it to them.

        Returns
        -------
        chain : FittedChain
            Not yet calibrated.
        held : ndarray of shape (n_held, n_classes)
            Uncalibrated probabilities of the fold's rows, in their order.
        """
        image = self._projected(config, fold) if config.uses_image else None
        metadata = self._encoded(fold) if config.uses_metadata else None
        chain = self._fit_chain(config, fold, image, metadata, threads)
        branches = chain.branch_probabilities(
            image.held if image else None, metadata.held if metadata else None
        )
        if config.fusion == "rank":
            chain = replace(chain, reference=np.sort(branches, axis=1))
        return chain, chain.combine(branches)

    def fit_all(self, config: ChainConfig, threads: int = 1) -> FittedChain:
        """Fit a chain on the rows of all folds; nothing is left to measure it on.

        Returns
        -------
        FittedChain
            Not calibrated, and in the fusion ``rank`` without its reference: both need out-of-fold rows.
        """
        image = self._projected(config, NO_FOLD) if config.uses_image else None
        metadata = self._encoded(NO_FOLD) if config.uses_metadata else None
        return self._fit_chain(config, NO_FOLD, image, metadata, threads)

    def _fit_chain(
        self,
        config: ChainConfig,
        fold: int,
        image: Prepared[Projection] | None,
        metadata: Prepared[MetadataEncoder] | None,
        threads: int,
    ) -> FittedChain:
        heads = self._fit_heads(config, fold, image, metadata, threads)
        _, class_of = self.labels.at_level(config.labels)
        projection, encoder = image.part if image else None, metadata.part if metadata else None
        return FittedChain(config, class_of, self.labels.n_classes, projection, encoder, heads)

    def _fit_heads(
        self,
        config: ChainConfig,
        fold: int,
        image: Prepared[Projection] | None,
        metadata: Prepared[MetadataEncoder] | None,
        threads: int,
    ) -> tuple[FittedHead, ...]:
        labels, class_of = self.labels.take(np.flatnonzero(self.folds != fold)).at_level(config.labels)
        weights = class_weights(labels, len(class_of), config.weighting)
        heads = []
        for position, branch in enumerate(FUSIONS[config.fusion].branches):
            design = build_design(
                branch, image.training if image else None, metadata.training if metadata else None
            )
            head = config.branches[position]
            seed = derive_seed(self.seed, "chain", fold, position)
            fit = FAMILIES[head.family].fit
            heads.append(fit(head.head, design, labels, len(class_of), weights, seed, threads))
        return tuple(heads)

    def _projected(self, config: ChainConfig, fold: int) -> Prepared[Projection]:
        """Return the projection of a fold, cut to the components that the chain wants."""
        most = None if config.components is None else MOST_COMPONENTS
        key = ("image", config.backbones, config.recipe, most, fold)
        full = self._keep(key, lambda: self._fit_projection(config, fold, most))
        if config.components is None:
            return full
        width = min(config.components, full.part.n_columns)
        narrow = full.part.narrow
        return Prepared(full.part.first(width), narrow(full.training, width), narrow(full.held, width))

    def _fit_projection(self, config: ChainConfig, fold: int, most: int | None) -> Prepared[Projection]:
        block = self.inputs.image_block(config.image_names(0, 1))
        training = (self.folds != fold) & self.inputs.has_image
        seed = derive_seed(self.seed, "projection", *config.backbones, config.recipe, fold)
        projection = fit_projection(block[training], most, seed=seed)
        rows = np.where(self.inputs.has_image[:, None], projection.transform(block), np.float32(0))
        return Prepared(projection, rows[self.folds != fold], rows[self.folds == fold])

    def _encoded(self, fold: int) -> Prepared[MetadataEncoder]:
        return self._keep(("metadata", fold), lambda: self._fit_encoder(fold))

    def _fit_encoder(self, fold: int) -> Prepared[MetadataEncoder]:
        metadata = self.inputs.metadata
        training = metadata.loc[self.folds != fold]
        encoder = fit_encoder(self.encoder, training, self.kinds)
        rng = generator(self.seed, "encoder", fold)
        held = metadata.loc[self.folds == fold]
        return Prepared(encoder, encoder.transform_training(training, rng), encoder.transform(held))

    def _keep(self, key: Hashable, make: Callable[[], Prepared[Any]]) -> Prepared[Any]:
        """Return what is kept under `key`, or make it; the least recently used goes first."""
        if key not in self._kept:
            self._kept[key] = make()
        self._kept.move_to_end(key)
        while len(self._kept) > 1 and self._bytes() > KEPT_BYTES:
            self._kept.popitem(last=False)
        return self._kept[key]

    def _bytes(self) -> int:
        return sum(prepared.training.nbytes + prepared.held.nbytes for prepared in self._kept.values())
