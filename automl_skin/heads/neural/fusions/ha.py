"""The network of the winners of SIIM-ISIC 2020 (Ha et al. 2020, and their published code).

Metadata go through ``Dense 512, BatchNorm, Swish, dropout 0.3, Dense 128, BatchNorm, Swish``, stand beside the
image, and the scores follow five dropouts of 0.5, averaged. They average the scores of five; the scores are
linear, so that the mean of five dropped copies gives the same.
"""

from dataclasses import dataclass
from typing import TYPE_CHECKING

from automl_skin.heads.neural.fusions.protocol import NeuralFusion
from automl_skin.heads.neural.layers import BatchNorm, Dense, Layer
from automl_skin.heads.space import Categorical, Real, Space

if TYPE_CHECKING:
    from torch import Tensor

    from automl_skin.heads.neural.engine import Engine

N_DROPOUTS = 5


@dataclass(frozen=True)
class HaSettings:
    """Settings of the fusion.

    Parameters
    ----------
    hidden, width : int
        Outputs of the two layers on the metadata.
    dropout : float
        Share dropped between them.
    last_dropout : float
        Share dropped of image and metadata before the scores, by each of five dropouts.
    """

    hidden: int = 512
    width: int = 128
    dropout: float = 0.3
    last_dropout: float = 0.5


# The winners used 512 and 128, and once 128 and 32 (Ha et al. 2020, models of their ensemble).
SPACE: Space = {
    "hidden": Categorical(64, 128, 512),
    "width": Categorical(32, 128),
    "dropout": Real(0.0, 0.6),
    "last_dropout": Real(0.0, 0.7),
}


def layers(settings: HaSettings, n_image: int, n_metadata: int) -> dict[str, Layer]:  # noqa: ARG001
    """Return the layers on the metadata."""
    return {
        "metadata.0": Dense(n_metadata, settings.hidden),
        "norm.0": BatchNorm(settings.hidden),
        "metadata.1": Dense(settings.hidden, settings.width),
        "norm.1": BatchNorm(settings.width),
    }


def forward(engine: "Engine", settings: HaSettings, image: "Tensor", metadata: "Tensor") -> "Tensor":
    """Return image and transformed metadata side by side, dropped five times over in training."""
    hidden = engine.silu(engine.batch_norm("norm.0", engine.dense("metadata.0", metadata)))
    hidden = engine.drop(hidden, settings.dropout)
    hidden = engine.silu(engine.batch_norm("norm.1", engine.dense("metadata.1", hidden)))
    return engine.drop(engine.concat([image, hidden]), settings.last_dropout, times=N_DROPOUTS)


FUSION = NeuralFusion(
    "ha",
    "Ha et al. 2020 (SIIM-ISIC 2020, first place), and their code",
    HaSettings,
    SPACE,
    layers,
    lambda settings, n_image, n_metadata: n_image + settings.width,  # noqa: ARG005
    forward,
    head={"layers": 0},
)
