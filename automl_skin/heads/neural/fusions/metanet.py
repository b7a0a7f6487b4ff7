"""MetaNet: metadata decides how much each channel of the image counts (Li et al. 2020, section 2).

The paper multiplies the channels of the last feature map before average pooling. A factor on a channel
commutes with the average, so on the pooled embedding it is the same function wherever the network ends in
a plain average pool; elsewhere it is a gate on the embedding.
"""

from dataclasses import dataclass
from typing import TYPE_CHECKING

from automl_skin.heads.neural.fusions.protocol import NeuralFusion
from automl_skin.heads.neural.fusions.widths import SHAPES, Shape, metadata_sizes, relu_stack
from automl_skin.heads.neural.layers import Dense, dense_stack
from automl_skin.heads.space import Integer, Space

if TYPE_CHECKING:
    from torch import Tensor

    from automl_skin.heads.neural.engine import Engine


@dataclass(frozen=True)
class MetanetSettings:
    """Settings of the fusion.

    Parameters
    ----------
    layers : int
        Fully connected layers, 1 to 4, with ReLU between them and a sigmoid at the end.
    shape : {"narrow", "published"}
        "published": each hidden layer is half as wide as the next one; the last has the image's columns.
    width : int
        Outputs of each hidden layer where `shape` is "narrow".
    """

    layers: int = 2
    shape: Shape = "narrow"
    width: int = 32


# Table 4 of Li et al. 2020: two or three layers are best, one and four are worse. Narrow layers are ours:
# 20 columns of metadata need no more.
SPACE: Space = {
    "layers": Integer(1, 4),
    "shape": SHAPES,
    "width": Integer(8, 128, log=True),
}


def layers(settings: MetanetSettings, n_image: int, n_metadata: int) -> dict[str, Dense]:
    """Return the layers of the gate."""
    sizes = metadata_sizes(n_metadata, settings.layers, n_image, settings.width, settings.shape)
    return dense_stack("gate", sizes)


def forward(engine: "Engine", settings: MetanetSettings, image: "Tensor", metadata: "Tensor") -> "Tensor":
    """Return gated channels: ``image * sigmoid(layers(metadata))``."""
    hidden = relu_stack(engine, "gate", settings.layers - 1, metadata)
    return image * engine.dense(f"gate.{settings.layers - 1}", hidden).sigmoid()


FUSION = NeuralFusion(
    "metanet",
    "Li et al. 2020, section 2 and figure 1(b)",
    MetanetSettings,
    SPACE,
    layers,
    lambda settings, n_image, n_metadata: n_image,  # noqa: ARG005
    forward,
    asks=lambda name, chosen: name != "width" or chosen["shape"] == "narrow",
)
