"""A gate that is closed at first: the network begins as one of images alone (Alayrac et al. 2022, Flamingo).

``image + tanh(a) * layers(metadata)`` with a = 0 in the beginning.

Deviation: one gate per channel. Flamingo has one in all for layers that begin pretrained; ours begin at random, and
each channel opens as far, and with the sign, that helps.
"""

from dataclasses import dataclass
from typing import TYPE_CHECKING

from automl_skin.heads.neural.fusions.protocol import NeuralFusion
from automl_skin.heads.neural.fusions.widths import metadata_sizes, relu_stack
from automl_skin.heads.neural.layers import Layer, Parameter, dense_stack
from automl_skin.heads.space import Integer, Space

if TYPE_CHECKING:
    from torch import Tensor

    from automl_skin.heads.neural.engine import Engine


@dataclass(frozen=True)
class TanhGateSettings:
    """Settings of the fusion.

    Parameters
    ----------
    layers : int
        Fully connected layers on the metadata, with ReLU between them.
    width : int
        Outputs of each but the last.
    """

    layers: int = 2
    width: int = 32


SPACE: Space = {"layers": Integer(1, 3), "width": Integer(8, 128, log=True)}  # as for MetaNet


def layers(settings: TanhGateSettings, n_image: int, n_metadata: int) -> dict[str, Layer]:
    """Return the layers on the metadata, and the gate."""
    sizes = metadata_sizes(n_metadata, settings.layers, n_image, settings.width, "narrow")
    return {**dense_stack("metadata", sizes), "gate": Parameter((n_image,))}


def forward(engine: "Engine", settings: TanhGateSettings, image: "Tensor", metadata: "Tensor") -> "Tensor":
    """Return the image, and on it as much of the metadata as the gate lets through."""
    hidden = relu_stack(engine, "metadata", settings.layers - 1, metadata)
    shift = engine.dense(f"metadata.{settings.layers - 1}", hidden)
    return image + engine.parameter("gate").tanh() * shift


FUSION = NeuralFusion(
    "tanh_gate",
    "Alayrac et al. 2022, section 2.2",
    TanhGateSettings,
    SPACE,
    layers,
    lambda settings, n_image, n_metadata: n_image,  # noqa: ARG005
    forward,
    asks=lambda name, chosen: name == "layers" or chosen["layers"] != 1,
)
