"""What is trained: a network, and a head of our own on its embedding.

Shapes: images (n, 3, height, width), embedding (n, n_dimensions), metadata (n, n_metadata), logits
(n, n_classes).
"""

import numpy as np
import torch
from torch import Tensor, nn

from automl_skin.arrays import Float32Array
from automl_skin.backbones.device import Precision
from automl_skin.backbones.network import computing_in, embedding_of
from automl_skin.backbones.tuning.tuned_head import TunedHead
from automl_skin.seeding import generator

_SMALL = 0.01  # a head that starts near 0 sends no large gradient into pretrained weights


class LinearHead(nn.Module):
    """The torch side of `TunedHead`.

    Parameters
    ----------
    n_dimensions : int
    n_classes : int
    n_metadata : int
        0 for a head of images alone.
    metadata_width : int
        Hidden units that see the metadata.
    seed : int
        Draws the initial weights, with NumPy.

    Examples
    --------
    >>> head = LinearHead(64, 7, n_metadata=20, metadata_width=8, seed=0)
    >>> head(torch.zeros(5, 64), torch.zeros(5, 20)).shape
    torch.Size([5, 7])
    """

    def __init__(
        self, n_dimensions: int, n_classes: int, *, n_metadata: int = 0, metadata_width: int = 0, seed: int
    ) -> None:
        super().__init__()
        width = metadata_width if n_metadata else 0
        self.hidden = _layer(n_metadata, width, (2.0 / n_metadata) ** 0.5, seed, "hidden") if width else None
        self.last = _layer(n_dimensions + width, n_classes, _SMALL, seed, "last")

    def forward(self, embedding: Tensor, metadata: Tensor | None = None) -> Tensor:
        """Return logits."""
        if self.hidden is not None:
            assert metadata is not None
            embedding = torch.cat([embedding, torch.relu(self.hidden(metadata))], dim=1)
        logits: Tensor = self.last(embedding)
        return logits

    def to_tuned_head(self) -> TunedHead:
        """Return the same head without torch."""
        last, hidden = self.last, self.hidden
        if hidden is None:
            return TunedHead(_array(last.weight), _array(last.bias))
        return TunedHead(*map(_array, (last.weight, last.bias, hidden.weight, hidden.bias)))


def _layer(n_in: int, n_out: int, scale: float, seed: int, name: str) -> nn.Linear:
    layer = nn.Linear(n_in, n_out)
    drawn = scale * generator(seed, "tune", "head", name).standard_normal((n_out, n_in))
    with torch.no_grad():
        layer.weight.copy_(torch.from_numpy(drawn.astype(np.float32)))
        layer.bias.zero_()
    return layer


def _array(parameter: Tensor) -> Float32Array:
    values: Float32Array = parameter.detach().float().cpu().numpy().copy()
    return values


class TuningModel(nn.Module):
    """Network and head; the network computes in `precision`, the head in float32.

    Parameters
    ----------
    network : Module
        From `load_network`.
    head : LinearHead
    precision : {"float32", "bfloat16"}
    """

    def __init__(self, network: nn.Module, head: LinearHead, precision: Precision) -> None:
        super().__init__()
        self.network = network
        self.head = head
        self.precision = precision

    def forward(self, images: Tensor, metadata: Tensor | None = None) -> Tensor:
        """Return logits of normalised images."""
        with computing_in(self.precision, images.device):
            embedding = embedding_of(self.network, images)
        logits: Tensor = self.head(embedding, metadata)
        return logits


def count_dimensions(network: nn.Module, height: int, width: int) -> int:
    """Return the length of a network's embedding; timm has no attribute that says it for all networks."""
    images = torch.zeros(1, 3, height, width).contiguous(memory_format=torch.channels_last)
    with torch.inference_mode():
        return int(embedding_of(network, images).shape[1])
