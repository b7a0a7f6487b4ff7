"""The torch side of a head in which image and metadata meet by a fusion, trained end to end with the network."""

import numpy as np
import torch
from torch import Tensor, nn

from automl_skin.backbones.tuning.fusions import PooledFusion
from automl_skin.backbones.tuning.tuned_fusion import TunedFusion
from automl_skin.backbones.tuning.tuned_head import TunedHead
from automl_skin.heads.neural.engine import Engine
from automl_skin.heads.neural.layers import Dense
from automl_skin.heads.neural.state import module_arrays
from automl_skin.seeding import derive_seed, generator

LAST = "last"
SMALL = 0.01  # a head that starts near 0 sends no large gradient into pretrained weights


class FusedHead(nn.Module):
    """A fusion and a linear layer on what it gives.

    Parameters
    ----------
    seed : int
        Draws the initial weights; what is dropped in training is drawn by torch's own generator, which the training
        seeds at each step.

    Examples
    --------
    >>> head = FusedHead(PooledFusion("metanet", {}, 64, 20), 7, seed=0)
    >>> head(torch.zeros(5, 64), torch.zeros(5, 20)).shape
    torch.Size([5, 7])
    """

    sees_metadata = True

    def __init__(self, fusion: PooledFusion, n_classes: int, *, seed: int) -> None:
        super().__init__()
        self.fusion = fusion
        drawn = torch.Generator().manual_seed(derive_seed(seed, "tune", "head", fusion.name))
        self.engine = Engine({**fusion.layers, LAST: Dense(fusion.n_out, n_classes)}, drawn)
        self.engine.generator = torch.default_generator
        draw_layer(self.last, SMALL, seed, LAST)

    @property
    def last(self) -> nn.Linear:
        """The linear layer."""
        layer = self.engine.layers[LAST]
        assert isinstance(layer, nn.Linear)
        return layer

    def forward(self, embedding: Tensor, metadata: Tensor | None = None) -> Tensor:
        """Return logits of shape (n, n_classes)."""
        assert metadata is not None
        return self.engine.dense(LAST, self.fusion.fuse(self.engine, embedding, metadata))

    def to_tuned_head(self) -> TunedHead:
        """Return the same head as arrays."""
        arrays = module_arrays(self.engine)
        weight, bias = (arrays.pop(f"layers.{LAST}.{part}") for part in ("weight", "bias"))
        return TunedHead(weight, bias, fusion=TunedFusion(self.fusion, arrays))


def draw_layer(layer: nn.Linear, scale: float, seed: int, name: str) -> None:
    """Draw the weights of a layer anew, with NumPy; its bias becomes 0."""
    drawn = scale * generator(seed, "tune", "head", name).standard_normal(tuple(layer.weight.shape))
    with torch.no_grad():
        layer.weight.copy_(torch.from_numpy(drawn.astype(np.float32)))
        layer.bias.zero_()
