"""Hyperparameters of the neural head."""

from dataclasses import dataclass
from typing import Literal

from automl_skin.heads.space import Integer, Space

Activation = Literal["relu", "gelu"]
Fusion = Literal["concat", "metanet"]

# MetaNet's share of the space, searched where the fusion is "metanet". Table 4 of Li et al. 2020: two or
# three layers are best, one and four are worse. Its hidden width is half of 2,048 channels; ours is narrow
# because 20 columns of metadata need no more.
METANET_SPACE: Space = {"metanet_layers": Integer(1, 4), "metanet_width": Integer(8, 128, log=True)}


@dataclass(frozen=True)
class MlpConfig:
    """Shape and training of the network.

    Parameters
    ----------
    layers, width : int
        Hidden layers, and the units of each.
    activation : {"relu", "gelu"}
    dropout : float
        Share of hidden units dropped.
    input_noise : float
        Standard deviation of the noise added to the inputs (which have unit variance).
    mixup : float
        Parameter of the beta distribution of mixup (Zhang et al. 2018); 0 is none.
    label_smoothing : float
    learning_rate : float
        AdamW's, at its peak: a tenth of the steps up, then a cosine down to 0.
    weight_decay : float
        AdamW's decoupled decay; a step shrinks by ``learning_rate * weight_decay``.
    epochs : int
    batch_size : int
        At most; an epoch takes at least 16 steps.
    balanced_sampling : bool
        Draw each batch with equal shares of the classes.
    members : int
        Networks of different seeds whose probabilities are averaged.
    fusion : {"concat", "metanet"}
        How image and metadata meet; set by the chain, not by this family's space.
    metanet_layers, metanet_width : int
        See `automl_skin.heads.neural.metanet`.
    """

    layers: int = 1
    width: int = 64
    activation: Activation = "gelu"
    dropout: float = 0.3
    input_noise: float = 0.0
    mixup: float = 0.0
    label_smoothing: float = 0.05
    learning_rate: float = 2e-3
    weight_decay: float = 0.1
    epochs: int = 10
    batch_size: int = 256
    balanced_sampling: bool = False
    members: int = 1
    fusion: Fusion = "concat"
    metanet_layers: int = 2
    metanet_width: int = 32
