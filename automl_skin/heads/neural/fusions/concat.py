"""Columns side by side, the metadata after 0 to 4 fully connected layers (Li et al. 2020, section 3.5, table 4).

Where the design has no metadata the image goes through alone, and the other way round.
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
class ConcatSettings:
    """Settings of the fusion.

    Parameters
    ----------
    layers : int
        Fully connected layers with ReLU that the metadata goes through, 0 to 4.
    shape : {"narrow", "published"}
        "published": as many outputs as the image has columns, each hidden layer half as wide as the next one.
    width : int
        Outputs of each layer where `shape` is "narrow".
    """

    layers: int = 0
    shape: Shape = "narrow"
    width: int = 32


# Table 4 of Li et al. 2020 has 1 to 4 layers. Narrow layers are ours: 20 columns of metadata need no more.
SPACE: Space = {
    "layers": Integer(0, 4),
    "shape": SHAPES,
    "width": Integer(8, 128, log=True),
}


def layers(settings: ConcatSettings, n_image: int, n_metadata: int) -> dict[str, Dense]:
    """Return the layers on the metadata."""
    if not n_metadata:
        return {}
    n_out = n_image if settings.shape == "published" else settings.width
    return dense_stack(
        "metadata", metadata_sizes(n_metadata, settings.layers, n_out, settings.width, settings.shape)
    )


def n_out(settings: ConcatSettings, n_image: int, n_metadata: int) -> int:
    """Return the columns of image and metadata."""
    own = [layer.n_out for layer in layers(settings, n_image, n_metadata).values()]
    return n_image + [n_metadata, *own][-1]


def forward(engine: "Engine", settings: ConcatSettings, image: "Tensor", metadata: "Tensor") -> "Tensor":
    """Return image and metadata side by side."""
    if metadata.shape[-1]:
        metadata = relu_stack(engine, "metadata", settings.layers, metadata)
    return engine.concat([image, metadata])


FUSION = NeuralFusion(
    "concat",
    "Li et al. 2020, section 3.5 and table 4",
    ConcatSettings,
    SPACE,
    layers,
    n_out,
    forward,
    asks=lambda name, chosen: (
        name == "layers" or (chosen["layers"] != 0 and (name == "shape" or chosen["shape"] == "narrow"))
    ),
)
