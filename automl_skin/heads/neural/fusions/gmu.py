"""Gated multimodal unit: for each unit, how much of the image and how much of the metadata (Arevalo et al. 2017).

``z * tanh(W_v image) + (1 - z) * tanh(W_t metadata)`` with ``z = sigmoid(W_z [image, metadata])``.
"""

from dataclasses import dataclass
from typing import TYPE_CHECKING

from automl_skin.heads.neural.fusions.protocol import NeuralFusion
from automl_skin.heads.neural.layers import Dense
from automl_skin.heads.space import Integer, Space

if TYPE_CHECKING:
    from torch import Tensor

    from automl_skin.heads.neural.engine import Engine


@dataclass(frozen=True)
class GmuSettings:
    """Settings of the fusion.

    Parameters
    ----------
    width : int
        Units.
    """

    width: int = 64


SPACE: Space = {"width": Integer(16, 512, log=True)}  # the paper's grid: 64, 128, 256, 512


def layers(settings: GmuSettings, n_image: int, n_metadata: int) -> dict[str, Dense]:
    """Return the layers of image, metadata and gate."""
    sizes = {"unit.image": n_image, "unit.metadata": n_metadata, "unit.gate": n_image + n_metadata}
    return {name: Dense(n_in, settings.width) for name, n_in in sizes.items()}


def forward(engine: "Engine", settings: GmuSettings, image: "Tensor", metadata: "Tensor") -> "Tensor":  # noqa: ARG001
    """Return a mixture of both."""
    seen = engine.dense("unit.image", image).tanh()
    told = engine.dense("unit.metadata", metadata).tanh()
    gate = engine.dense("unit.gate", engine.concat([image, metadata])).sigmoid()
    return told + gate * (seen - told)


FUSION = NeuralFusion(
    "gmu",
    "Arevalo et al. 2017, gated multimodal unit of two modalities",
    GmuSettings,
    SPACE,
    layers,
    lambda settings, n_image, n_metadata: settings.width,  # noqa: ARG005
    forward,
)
