"""FiLM: metadata scale and shift each channel of the image (Perez et al. 2018, equations 1 and 2).

``(1 + gamma(m)) * image + beta(m)``: gamma and beta are the two halves of the last layer on the metadata. The 1 is
the paper's own: a scale near 0 would silence a channel.
"""

from dataclasses import dataclass
from typing import TYPE_CHECKING

from automl_skin.heads.neural.fusions.protocol import NeuralFusion
from automl_skin.heads.neural.fusions.widths import relu_stack
from automl_skin.heads.neural.layers import Dense, dense_stack
from automl_skin.heads.space import Integer, Space

if TYPE_CHECKING:
    from torch import Tensor

    from automl_skin.heads.neural.engine import Engine


@dataclass(frozen=True)
class FilmSettings:
    """Settings of the fusion.

    Parameters
    ----------
    layers : int
        Fully connected layers on the metadata; gamma and beta share all but the last.
    width : int
        Outputs of the shared ones.
    """

    layers: int = 2
    width: int = 32


SPACE: Space = {"layers": Integer(1, 3), "width": Integer(8, 128, log=True)}  # as for MetaNet


def layers(settings: FilmSettings, n_image: int, n_metadata: int) -> dict[str, Dense]:
    """Return the shared layers, then those of gamma and beta."""
    shared = [n_metadata, *[settings.width] * (settings.layers - 1)]
    ends = {name: Dense(shared[-1], n_image) for name in ("gamma", "beta")}
    return {**dense_stack("metadata", shared), **ends}


def forward(engine: "Engine", settings: FilmSettings, image: "Tensor", metadata: "Tensor") -> "Tensor":
    """Return the channels, scaled and shifted."""
    hidden = relu_stack(engine, "metadata", settings.layers - 1, metadata)
    return image + engine.dense("gamma", hidden) * image + engine.dense("beta", hidden)


FUSION = NeuralFusion(
    "film",
    "Perez et al. 2018, equations 1 and 2",
    FilmSettings,
    SPACE,
    layers,
    lambda settings, n_image, n_metadata: n_image,  # noqa: ARG005
    forward,
    asks=lambda name, chosen: name == "layers" or chosen["layers"] != 1,
)
