"""What fitting a chain costs, estimated before anything is fitted (`automl_skin.heads.cost`).

The heads are counted, and for everything else (designs, predictions, what projections and encoders that many chains
share come to on average) the same for every fold.
"""

from collections.abc import Mapping

from automl_skin.chains.config import FUSIONS, IMAGE, METADATA, ROTATION, ChainConfig
from automl_skin.chains.inputs import CaseInputs
from automl_skin.chains.roles import seen_roles
from automl_skin.chains.targets import TrainingLabels
from automl_skin.features.encoder import Kind
from automl_skin.heads.catalogue import HEADS
from automl_skin.heads.cost import DesignSize

SECONDS_PER_FOLD = 0.1
"""Of all that is not the fit of a head; measured on 1,200 cases with 3,584 columns."""


class ChainCost:
    """Estimates what chains cost on one material.

    Parameters
    ----------
    inputs : CaseInputs
        Of all development cases.
    labels : TrainingLabels
        Of the same cases.
    kinds : mapping of str to {"number", "category"}
        Of the metadata fields.
    n_folds : int
    """

    def __init__(
        self, inputs: CaseInputs, labels: TrainingLabels, kinds: Mapping[str, Kind], n_folds: int
    ) -> None:
        self.inputs = inputs
        self.n_folds = n_folds
        self.n_classes = {"target": labels.n_classes, "diagnosis": len(labels.class_of_diagnosis)}
        self.columns_of = {
            name: 1 if kind == "number" else int(inputs.metadata[name].nunique())
            for name, kind in kinds.items()
        }

    def seconds(self, config: ChainConfig) -> float:
        """Estimate the seconds of all folds, one after another on one thread."""
        image, metadata = self._image_columns(config), self._metadata_columns(config)
        n_cases = len(self.inputs) * (1 if config.way == ROTATION else self.n_folds - 1) // self.n_folds
        total = 0.0
        for inputs, branch in zip(FUSIONS[config.fusion].branches, config.branches, strict=True):
            size = DesignSize(
                n_cases,
                image if IMAGE in inputs else 0,
                metadata if METADATA in inputs else 0,
                self.n_classes[config.labels],
            )
            total += HEADS[branch.family].estimate_seconds(branch.head, size)
        return (SECONDS_PER_FOLD + total) * self.n_folds

    def _image_columns(self, config: ChainConfig) -> int:
        if not config.uses_image:
            return 0
        # a network that is not at hand counts nothing: whoever fits the chain says what is missing
        heads, embeddings = self.inputs.heads, self.inputs.embeddings
        names = config.image_names(0, self.n_folds)
        if config.uses_logits:
            total = sum(heads[name].n_classes for name in names if name in heads)
        else:
            total = sum(embeddings[name].shape[1] for name in names if name in embeddings)
            if self.inputs.has_role is not None and not config.towers:  # all kinds stand side by side
                total = total * len(seen_roles(config, self.inputs)) // len(self.inputs.roles)
        return min(config.components or total, total)

    def _metadata_columns(self, config: ChainConfig) -> int:
        if not config.uses_metadata:
            return 0
        return sum(self.columns_of[name] for name in config.fields or self.columns_of)
