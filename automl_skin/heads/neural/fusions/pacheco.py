"""The image is reduced before the metadata stand beside it, so that they are not drowned (Pacheco & Krohling 2020).

The reducer is ``Dense, BatchNorm, ReLU, dropout 0.5``. The scores follow at once.

Deviation: the width of the reducer is a setting. The paper derives it from a combination factor, the share of the
image among all columns, and the code of its authors has 256 by default.
"""

from dataclasses import dataclass
from typing import TYPE_CHECKING

from automl_skin.heads.neural.fusions.protocol import NeuralFusion
from automl_skin.heads.neural.layers import BatchNorm, Dense, Layer
from automl_skin.heads.space import Integer, Real, Space

if TYPE_CHECKING:
    from torch import Tensor

    from automl_skin.heads.neural.engine import Engine


@dataclass(frozen=True)
class PachecoSettings:
    """Settings of the fusion.

    Parameters
    ----------
    width : int
        Outputs of the reducer.
    dropout : float
        Share of them dropped.
    """

    width: int = 256
    dropout: float = 0.5


# The code of the authors has 256; 80 columns of the image beside 20 of metadata are a combination factor of 0.8.
SPACE: Space = {"width": Integer(32, 512, log=True), "dropout": Real(0.0, 0.6)}


def layers(settings: PachecoSettings, n_image: int, n_metadata: int) -> dict[str, Layer]:  # noqa: ARG001
    """Return the reducer."""
    return {"reducer": Dense(n_image, settings.width), "reducer.norm": BatchNorm(settings.width)}


def forward(engine: "Engine", settings: PachecoSettings, image: "Tensor", metadata: "Tensor") -> "Tensor":
    """Return the reduced image and the metadata side by side."""
    reduced = engine.batch_norm("reducer.norm", engine.dense("reducer", image)).relu()
    return engine.concat([engine.drop(reduced, settings.dropout), metadata])


FUSION = NeuralFusion(
    "pacheco",
    "Pacheco & Krohling 2020, and their code",
    PachecoSettings,
    SPACE,
    layers,
    lambda settings, n_image, n_metadata: settings.width + n_metadata,  # noqa: ARG005
    forward,
    head={"layers": 0},
)
