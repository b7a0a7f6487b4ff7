"""MD-Net: MetaNet's channels plus MetaBlock's (Yin et al. 2022).

Deviation: the sum is taken of pooled channels as they are. The paper puts "dimensionality reduction and expansion
operations" around it; pooled channels of both have one shape already.
"""

from dataclasses import dataclass
from typing import TYPE_CHECKING

from automl_skin.heads.neural.fusions import metablock, metanet
from automl_skin.heads.neural.fusions.metablock import MetablockSettings
from automl_skin.heads.neural.fusions.metanet import MetanetSettings
from automl_skin.heads.neural.fusions.protocol import NeuralFusion
from automl_skin.heads.neural.layers import Layer
from automl_skin.heads.space import Space

if TYPE_CHECKING:
    from torch import Tensor

    from automl_skin.heads.neural.engine import Engine


@dataclass(frozen=True)
class MdnetSettings(MetablockSettings, MetanetSettings):
    """Settings of both: ``layers``, ``shape`` and ``width`` of MetaNet, ``norm`` of MetaBlock."""


SPACE: Space = {**metanet.SPACE, **metablock.SPACE}


def layers(settings: MdnetSettings, n_image: int, n_metadata: int) -> dict[str, Layer]:
    """Return the layers of both."""
    return {
        **metanet.layers(settings, n_image, n_metadata),
        **metablock.layers(settings, n_image, n_metadata),
    }


def forward(engine: "Engine", settings: MdnetSettings, image: "Tensor", metadata: "Tensor") -> "Tensor":
    """Return the sum of both."""
    weighted = metanet.forward(engine, settings, image, metadata)
    return weighted + metablock.forward(engine, settings, image, metadata)


FUSION = NeuralFusion(
    "mdnet",
    "Yin et al. 2022, MD-Net",
    MdnetSettings,
    SPACE,
    layers,
    metanet.FUSION.n_out,
    forward,
    asks=metanet.FUSION.asks,
)
