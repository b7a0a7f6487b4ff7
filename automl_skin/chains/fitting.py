"""Fitting chains fold by fold, with what chains have in common computed once.

The projection of an embedding and the encoded metadata depend on the fold and not on the head, so a
`FoldFitter` keeps them: a search of 200 trials fits a few dozen projections instead of a thousand.
"""

from collections import OrderedDict
from collections.abc import Callable, Hashable, Mapping
from dataclasses import dataclass, replace
from typing import Any, Generic, TypeVar

import numpy as np

from automl_skin.arrays import BoolArray, Float32Array, FloatArray, IntArray
from automl_skin.backbones.tuning.tuned_head import TunedHead
from automl_skin.chains.config import FUSIONS, METADATA, OWN, ROTATION, ChainConfig, rotated
from automl_skin.chains.fitted import FittedChain, build_design, image_columns
from automl_skin.chains.inputs import CaseInputs
from automl_skin.chains.networks import check_networks
from automl_skin.chains.roles import ImageBlock, embeddings_block, logits_block, own_heads, sees_image
from automl_skin.chains.targets import TrainingLabels
from automl_skin.errors import ConfigError
from automl_skin.features.encoder import EncoderConfig, Kind, MetadataEncoder, fit_encoder
from automl_skin.features.projection import Projection, fit_projection, identity_projection
from automl_skin.heads.catalogue import HEADS
from automl_skin.heads.protocol import FittedHead
from automl_skin.heads.training import training_targets
from automl_skin.heads.weighting import class_weights
from automl_skin.networks import GIVEN
from automl_skin.seeding import derive_seed, generator

Part = TypeVar("Part")

MAX_COMPONENTS = 256
"""A projection is fitted once with this many components; chains that want fewer take the first ones."""

NO_FOLD = -1
"""The fold that holds no row: everything is fitted on all of them."""

MAX_KEPT_BYTES = 1_500_000_000
"""Projected rows that are kept in memory by one process, at the most."""


@dataclass(frozen=True)
class Transformed(Generic[Part]):
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
    plan_digest : str
        Of the study's fold plan, under which tuned networks must have been tuned.
    """

    def __init__(
        self,
        inputs: CaseInputs,
        labels: TrainingLabels,
        folds: IntArray,
        kinds: Mapping[str, Kind],
        encoder: EncoderConfig,
        seed: int,
        plan_digest: str = "",
    ) -> None:
        self.inputs = inputs
        self.labels = labels
        self.folds = folds
        self.kinds = kinds
        self.encoder = encoder
        self.seed = seed
        self.plan_digest = plan_digest
        self.n_folds = int(folds.max()) + 1
        self._kept: OrderedDict[Hashable, Transformed[Any]] = OrderedDict()

    def fit(self, config: ChainConfig, fold: int, threads: int = 1) -> tuple[FittedChain, FloatArray]:
        """Fit a chain without the rows of `fold` and apply it to them.

        Returns
        -------
        chain : FittedChain
            Not yet calibrated.
        held : ndarray of shape (n_held, n_classes)
            Uncalibrated probabilities of the fold's rows, in their order.

        Raises
        ------
        LeakageError
            If a tuned network saw what it must not have seen; see `automl_skin.chains.networks`.
        """
        check_networks(config, fold, self.n_folds, self.inputs, self.plan_digest)
        image = self._projected(config, fold) if config.uses_image else None
        metadata = self._encoded(config, fold) if self._needs_encoder(config, fold) else None
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

        Raises
        ------
        ConfigError
            If the chain has tuned networks: none of them was tuned on all rows.
        """
        refuse_tuned(config)
        image = self._projected(config, NO_FOLD) if config.uses_image else None
        metadata = self._encoded(config, NO_FOLD) if config.uses_metadata else None
        return self._fit_chain(config, NO_FOLD, image, metadata, threads)

    def _fit_chain(
        self,
        config: ChainConfig,
        fold: int,
        image: Transformed[Projection] | None,
        metadata: Transformed[MetadataEncoder] | None,
        threads: int,
    ) -> FittedChain:
        heads = self._fit_heads(config, fold, image, metadata, threads)
        _, class_of = self._labels(config, fold)
        projection, encoder = image.part if image else None, metadata.part if metadata else None
        return FittedChain(
            config,
            class_of,
            self.labels.n_classes,
            projection,
            encoder,
            heads,
            image_names=config.image_names(fold, self.n_folds),
            tuned_heads=self._tuned_heads(config, fold),
        )

    def _fit_heads(
        self,
        config: ChainConfig,
        fold: int,
        image: Transformed[Projection] | None,
        metadata: Transformed[MetadataEncoder] | None,
        threads: int,
    ) -> tuple[FittedHead, ...]:
        labels, class_of = self._labels(config, fold)
        weights = class_weights(labels, len(class_of), config.weighting)
        absent = metadata.part.absent() if metadata else None
        heads = []
        for position, branch in enumerate(FUSIONS[config.fusion].branches):
            design = build_design(
                branch, image.training if image else None, metadata.training if metadata else None
            )
            design = replace(design, absent=absent if METADATA in branch else None)
            head = config.branches[position]
            seed = derive_seed(self.seed, "chain", fold, position)
            fit = HEADS[head.family].fit
            targets = training_targets(design, labels, len(class_of), weights)
            heads.append(fit(head.head, design, targets, seed, threads))
        return tuple(heads)

    def _training(self, config: ChainConfig, fold: int) -> BoolArray:
        """Return which rows a fold's chain is fitted on."""
        if config.way == ROTATION:
            return np.equal(self.folds, rotated(fold, self.n_folds))
        return np.not_equal(self.folds, fold)

    def _labels(self, config: ChainConfig, fold: int) -> tuple[IntArray, tuple[int, ...]]:
        """Return the labels of the training rows, and the target's class of each class of the heads."""
        level = config.labels
        if config.way == OWN:
            level = self._own_level(self._tuned_heads(config, fold)[0])
        return self.labels.take(np.flatnonzero(self._training(config, fold))).at_level(level)

    def _own_level(self, head: TunedHead) -> str:
        """Return at which level a network's own head answers."""
        n_diagnoses = len(self.labels.class_of_diagnosis)
        levels = {n_diagnoses: "diagnosis", self.labels.n_classes: "target"}
        if head.n_classes not in levels:
            message = (
                f"a tuned network: expected answers for the {self.labels.n_classes} classes or {n_diagnoses} diagnoses "
                f"of the study, got a head of {head.n_classes}; run the search again, so that it is tuned anew"
            )
            raise ConfigError(message)
        return levels[head.n_classes]

    def _tuned_heads(self, config: ChainConfig, fold: int) -> tuple[TunedHead, ...]:
        """Return the own heads of the networks of a fold, where a chain needs them."""
        names = config.image_names(fold, self.n_folds) if config.uses_logits else ()
        return own_heads(config, names, self.inputs.heads)

    def _needs_encoder(self, config: ChainConfig, fold: int) -> bool:
        return config.uses_metadata or any(head.n_metadata for head in self._tuned_heads(config, fold))

    def _projected(self, config: ChainConfig, fold: int) -> Transformed[Projection]:
        """Return the projection of a fold, cut to the components that the chain wants."""
        most = None if config.components is None else MAX_COMPONENTS
        key = ("image", config.networks, config.way, config.roles, most, fold)
        full = self._keep(key, lambda: self._fit_projection(config, fold, most))
        if config.components is None:
            return full
        width = min(config.components, full.part.n_columns)
        narrow = full.part.narrow
        return Transformed(full.part.first(width), narrow(full.training, width), narrow(full.held, width))

    def _fit_projection(self, config: ChainConfig, fold: int, most: int | None) -> Transformed[Projection]:
        # rows beyond these are not touched: a network of `rotation` was not applied to them
        training, held = np.flatnonzero(self._training(config, fold)), np.flatnonzero(self.folds == fold)
        blocks = [self._image_block(config, fold, rows) for rows in (training, held)]
        if config.way == OWN:
            identity = identity_projection(blocks[1].values.shape[1])
            return Transformed(identity, blocks[0].values, blocks[1].values)
        tuned = [config.tuning, config.way] if config.is_tuned else []
        # given vectors draw as the same vectors made here do
        recipe = "plain" if config.recipe == GIVEN else config.recipe
        seed = derive_seed(self.seed, "projection", *config.backbones, recipe, fold, *tuned)
        has_image = sees_image(config, self.inputs)
        _require_image(config, has_image[training])
        seen = blocks[0].filled(blocks[0].averages)[has_image[training]]
        projection = fit_projection(seen, most, seed=seed)
        columns = [
            image_columns(config, projection, block, has_image[rows])
            for block, rows in zip(blocks, (training, held), strict=True)
        ]
        return Transformed(projection, *columns)

    def _image_block(self, config: ChainConfig, fold: int, rows: IntArray) -> ImageBlock:
        """Return embeddings or logits of some rows, each by a network of which the chain may know it."""
        if not config.uses_logits:
            names = config.image_names(fold, self.n_folds)
            return embeddings_block(config, self.inputs.only(names).take(rows), names)
        if config.way == OWN:
            return self._logits(config, fold, rows)
        folds = self.folds[rows]
        parts = [self._logits(config, each, rows[folds == each]) for each in np.unique(folds).tolist()]
        return ImageBlock.in_order(parts, np.argsort(folds, kind="stable"))

    def _logits(self, config: ChainConfig, fold: int, rows: IntArray) -> ImageBlock:
        """Return what the networks without a fold say of some rows."""
        names, heads = config.image_names(fold, self.n_folds), self._tuned_heads(config, fold)
        inputs = self.inputs.only(names).take(rows)
        metadata = None
        if any(head.n_metadata for head in heads):
            if config.fields:
                message = "the networks' own heads were tuned with all metadata fields"
                raise ConfigError(f"{message}, and the chain is to see {', '.join(config.fields)} alone")
            metadata = self._encoded(config, fold).part.transform(inputs.metadata)
        return logits_block(config, inputs, names, heads, metadata)

    def _encoded(self, config: ChainConfig, fold: int) -> Transformed[MetadataEncoder]:
        key = ("metadata", config.way == ROTATION, config.fields, fold)
        return self._keep(key, lambda: self._fit_encoder(config, fold))

    def _fit_encoder(self, config: ChainConfig, fold: int) -> Transformed[MetadataEncoder]:
        metadata = self.inputs.metadata[self._fields(config)]
        training = metadata.loc[self._training(config, fold)]
        encoder = fit_encoder(self.encoder, training, self.kinds)
        rng = generator(self.seed, "encoder", fold)
        held = metadata.loc[self.folds == fold]
        return Transformed(encoder, encoder.transform_training(training, rng), encoder.transform(held))

    def _fields(self, config: ChainConfig) -> list[str]:
        """Return the metadata fields that a chain sees, in their own order."""
        every = [str(name) for name in self.inputs.metadata]
        unknown = [name for name in config.fields if name not in every]
        if unknown:
            message = (
                f"fields of a chain: expected metadata fields of the study ({', '.join(every) or 'none'})"
            )
            raise ConfigError(f"{message}, got {', '.join(unknown)}")
        return [name for name in every if name in (config.fields or every)]

    def _keep(self, key: Hashable, make: Callable[[], Transformed[Any]]) -> Transformed[Any]:
        """Return what is kept under `key`, or make it; the least recently used goes first."""
        if key not in self._kept:
            self._kept[key] = make()
        self._kept.move_to_end(key)
        while len(self._kept) > 1 and self._bytes() > MAX_KEPT_BYTES:
            self._kept.popitem(last=False)
        return self._kept[key]

    def _bytes(self) -> int:
        return sum(prepared.training.nbytes + prepared.held.nbytes for prepared in self._kept.values())


def _require_image(config: ChainConfig, has_image: BoolArray) -> None:
    """Refuse to fit a chain where none of the training cases shows it anything.

    Raises
    ------
    ConfigError
        If so.
    """
    if not has_image.any():
        kinds = " or ".join(config.roles) or "image"
        message = f"no training case has a readable photograph ({kinds})"
        raise ConfigError(f"{message}; let the chain see another kind of photograph")


def refuse_tuned(config: ChainConfig) -> None:
    """Refuse to fit a chain on all rows whose networks were tuned.

    Raises
    ------
    ConfigError
        If they were.
    """
    if not config.is_tuned:
        return
    message = (
        f"a chain can be fitted on all rows only where its networks are frozen. Those of "
        f"{config.title!r} were each tuned without a fold; export without --refit, or a study with `--tuning none`"
    )
    raise ConfigError(message)
