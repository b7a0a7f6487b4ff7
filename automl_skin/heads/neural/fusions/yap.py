"""Image and metadata side by side through an embedding network (Yap et al. 2018, methods).

Two fully connected layers of 1,024 units with ReLU; the scores follow at once.
"""

from dataclasses import dataclass
from typing import TYPE_CHECKING

from automl_skin.heads.neural.fusions.protocol import NeuralFusion
from automl_skin.heads.neural.fusions.widths import relu_stack
from automl_skin.heads.neural.layers import Dense, dense_stack
from automl_skin.heads.space import Categorical, Integer, Space

if TYPE_CHECKING:
    from torch import Tensor

    from automl_skin.heads.neural.engine import Engine


@dataclass(frozen=True)
class YapSettings:
    """Settings of the fusion.

    Parameters
    ----------
    layers : int
        Fully connected layers, each followed by ReLU; 0 leaves the columns side by side ("no embedding").
    width : int
        Outputs of each.
    """

    layers: int = 2
    width: int = 1024


# The paper tried depths and widths in a grid (figure S1) and chose two layers of 1,024.
SPACE: Space = {"layers": Integer(0, 3), "width": Categorical(128, 256, 512, 1024, 2048)}


def layers(settings: YapSettings, n_image: int, n_metadata: int) -> dict[str, Dense]:
    """Return the layers of the embedding network."""
    return dense_stack("embedding", [n_image + n_metadata, *[settings.width] * settings.layers])


def n_out(settings: YapSettings, n_image: int, n_metadata: int) -> int:
    """Return the outputs of the last layer."""
    return settings.width if settings.layers else n_image + n_metadata


def forward(engine: "Engine", settings: YapSettings, image: "Tensor", metadata: "Tensor") -> "Tensor":
    """Return the embedding of both."""
    return relu_stack(engine, "embedding", settings.layers, engine.concat([image, metadata]))


FUSION = NeuralFusion(
    "yap",
    "Yap et al. 2018, methods and figure S1",
    YapSettings,
    SPACE,
    layers,
    n_out,
    forward,
    asks=lambda name, chosen: name == "layers" or chosen["layers"] != 0,
    head={"layers": 0},
)
