"""MetaBlock: metadata amplify and shift each channel of the image (Pacheco & Krohling 2021, and their code).

With the image x and the metadata m: ``sigmoid(tanh(f(m) * x) + g(m))``, where f and g are a fully connected
layer with normalisation each.

Deviation: x is the pooled embedding, one value per channel. The paper's equation has feature maps; its code takes
the pooled embedding too, but folds its columns into maps of 32, which fits few widths and ties columns together that
have nothing in common.
"""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from automl_skin.heads.neural.fusions.protocol import NeuralFusion
from automl_skin.heads.neural.layers import BatchNorm, Dense, Layer, LayerNorm
from automl_skin.heads.space import Categorical, Space

if TYPE_CHECKING:
    from torch import Tensor

    from automl_skin.heads.neural.engine import Engine


@dataclass(frozen=True)
class MetablockSettings:
    """Settings of the fusion.

    Parameters
    ----------
    norm : {"batch", "layer"}
        Normalisation after the two layers: over the batch as published, or over the columns of a case, which
        does not depend on who else is in the batch.
    """

    norm: Literal["batch", "layer"] = "batch"


SPACE: Space = {"norm": Categorical("batch", "layer")}  # "layer" is ours


def layers(settings: MetablockSettings, n_image: int, n_metadata: int) -> dict[str, Layer]:
    """Return f and g."""
    norm = BatchNorm(n_image) if settings.norm == "batch" else LayerNorm(n_image)
    return {
        "block.f": Dense(n_metadata, n_image),
        "block.f.norm": norm,
        "block.g": Dense(n_metadata, n_image),
        "block.g.norm": norm,
    }


def forward(engine: "Engine", settings: MetablockSettings, image: "Tensor", metadata: "Tensor") -> "Tensor":
    """Return the channels, amplified and shifted, from 0 to 1."""
    normalise = engine.batch_norm if settings.norm == "batch" else engine.layer_norm
    f, g = (normalise(f"{name}.norm", engine.dense(name, metadata)) for name in ("block.f", "block.g"))
    return ((f * image).tanh() + g).sigmoid()


FUSION = NeuralFusion(
    "metablock",
    "Pacheco & Krohling 2021, MetaBlock, and their code",
    MetablockSettings,
    SPACE,
    layers,
    lambda settings, n_image, n_metadata: n_image,  # noqa: ARG005
    forward,
)
