"""What is trained: a network, and a head of our own on its embedding.

Shapes: images (n, 3, height, width), embedding (n, n_dimensions), metadata (n, n_metadata), logits
(n, n_classes).
"""

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from automl_skin.arrays import Float32Array
from automl_skin.backbones.device import Precision
from automl_skin.backbones.network import computing_in, embedding_of
from automl_skin.backbones.spatial.catalogue import is_spatial
from automl_skin.backbones.tuning.fusions import PooledFusion
from automl_skin.backbones.tuning.inputs import Inputs
from automl_skin.backbones.tuning.joint_towers import JointTowers
from automl_skin.backbones.tuning.tuned_fusion import TunedFusion
from automl_skin.backbones.tuning.tuned_head import TunedHead
from automl_skin.heads.neural.engine import Engine
from automl_skin.heads.neural.fusions.ha import N_DROPOUTS
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

    def __init__(self, fusion: PooledFusion, n_classes: int, *, seed: int) -> None:
        super().__init__()
        self.fusion = fusion
        drawn = torch.Generator().manual_seed(derive_seed(seed, "tune", "head", fusion.name))
        self.engine = Engine({**fusion.layers, LAST: Dense(fusion.n_out, n_classes)}, drawn)
        self.engine.generator = torch.default_generator
        draw_layer(self.last, SMALL, seed, LAST)

    @property
    def sees_metadata(self) -> bool:
        """Whether the fusion has columns for metadata; an embedding network may have none."""
        return self.fusion.n_metadata > 0

    @property
    def last(self) -> nn.Linear:
        """The linear layer."""
        layer = self.engine.layers[LAST]
        assert isinstance(layer, nn.Linear)
        return layer

    def forward(self, embedding: Tensor, metadata: Tensor | None = None) -> Tensor:
        """Return logits of shape (n, n_classes)."""
        if metadata is None:
            metadata = embedding.new_empty((len(embedding), 0))
        return self.engine.dense(LAST, self.fusion.fuse(self.engine, embedding, metadata))

    def to_tuned_head(self, towers: JointTowers | None = None) -> TunedHead:
        """Return the same head as arrays; `towers` are those whose embeddings it sees side by side."""
        arrays = module_arrays(self.engine)
        weight, bias = (arrays.pop(f"layers.{LAST}.{part}") for part in ("weight", "bias"))
        return TunedHead(weight, bias, fusion=TunedFusion(self.fusion, arrays), towers=towers)


def draw_layer(layer: nn.Linear, scale: float, seed: int, name: str) -> None:
    """Draw the weights of a layer anew, with NumPy; its bias becomes 0."""
    drawn = scale * generator(seed, "tune", "head", name).standard_normal(tuple(layer.weight.shape))
    with torch.no_grad():
        layer.weight.copy_(torch.from_numpy(drawn.astype(np.float32)))
        layer.bias.zero_()


class LinearHead(nn.Module):
    """The torch side of `TunedHead`.

    Parameters
    ----------
    n_metadata : int
        0 for a head of images alone.
    metadata_width : int
        Hidden units that see the metadata.
    seed : int
        Draws the initial weights, with NumPy.
    dropout : float
        Share of the input that each of five dropouts drops in training; the mean of their scores, which are linear,
        is that of the mean of five dropped copies.

    Examples
    --------
    >>> head = LinearHead(64, 7, n_metadata=20, metadata_width=8, seed=0)
    >>> head(torch.zeros(5, 64), torch.zeros(5, 20)).shape
    torch.Size([5, 7])
    """

    def __init__(
        self,
        n_dimensions: int,
        n_classes: int,
        *,
        n_metadata: int = 0,
        metadata_width: int = 0,
        seed: int,
        dropout: float = 0.0,
    ) -> None:
        super().__init__()
        self.dropout = dropout
        width = metadata_width if n_metadata else 0
        self.hidden = _layer(n_metadata, width, (2.0 / n_metadata) ** 0.5, seed, "hidden") if width else None
        self.last = _layer(n_dimensions + width, n_classes, SMALL, seed, "last")

    @property
    def sees_metadata(self) -> bool:
        """Whether there is a hidden layer on the metadata."""
        return self.hidden is not None

    def forward(self, embedding: Tensor, metadata: Tensor | None = None) -> Tensor:
        """Return logits."""
        if self.hidden is not None:
            assert metadata is not None
            embedding = torch.cat([embedding, torch.relu(self.hidden(metadata))], dim=1)
        if self.training and self.dropout:
            dropped = [functional.dropout(embedding, self.dropout) for _ in range(N_DROPOUTS)]
            embedding = torch.stack(dropped).mean(dim=0)
        logits: Tensor = self.last(embedding)
        return logits

    def to_tuned_head(self) -> TunedHead:
        """Return the same head without torch."""
        last, hidden = self.last, self.hidden
        if hidden is None:
            return TunedHead(_array(last.weight), _array(last.bias))
        weight, bias = _array(hidden.weight), _array(hidden.bias)
        return TunedHead(_array(last.weight), _array(last.bias), weight, bias)


def _layer(n_in: int, n_out: int, scale: float, seed: int, name: str) -> nn.Linear:
    layer = nn.Linear(n_in, n_out)
    draw_layer(layer, scale, seed, name)
    return layer


def _array(parameter: Tensor) -> Float32Array:
    values: Float32Array = parameter.detach().float().cpu().numpy().copy()
    return values


class TowersHead(nn.Module):
    """A head on the embeddings of all towers, and what stands in for an absent photograph.

    Parameters
    ----------
    fused : FusedHead
        On the columns of all towers.
    roles : tuple of str
        In the order of the towers.
    """

    def __init__(self, fused: FusedHead, roles: tuple[str, ...]) -> None:
        super().__init__()
        self.fused = fused
        self.roles = roles
        self.absent = nn.Parameter(torch.zeros(len(roles), fused.fusion.n_image // len(roles)))

    @property
    def sees_metadata(self) -> bool:
        """Whether metadata meet the embeddings."""
        return self.fused.sees_metadata

    def forward(self, embedding: Tensor, metadata: Tensor | None = None) -> Tensor:
        """Return logits of shape (n, n_classes) from the embeddings of all towers side by side."""
        logits: Tensor = self.fused(embedding, metadata)
        return logits

    def to_tuned_head(self) -> TunedHead:
        """Return the same head as arrays."""
        return self.fused.to_tuned_head(JointTowers(self.roles, _array(self.absent)))


class TuningModel(nn.Module):
    """Network and head; the network computes in `precision`, the head in float32.

    Parameters
    ----------
    network : Module
        From `load_network`.
    """

    def __init__(
        self, network: nn.Module, head: LinearHead | FusedHead | TowersHead, precision: Precision
    ) -> None:
        super().__init__()
        self.network = network
        self.head = head
        self.precision = precision

    @property
    def networks(self) -> list[nn.Module]:
        """The networks that learn: one, but for towers that are tuned together."""
        return [self.network]

    def answer(self, inputs: Inputs) -> Tensor:
        """Return logits of a step's inputs."""
        logits: Tensor = self(inputs.images, inputs.metadata)
        return logits

    @property
    def sees_metadata(self) -> bool:
        """Whether network or head is given metadata."""
        return self.head.sees_metadata or is_spatial(self.network)

    def forward(self, images: Tensor, metadata: Tensor | None = None) -> Tensor:
        """Return logits of normalised images.

        Parameters
        ----------
        images : Tensor of shape (n, 3, height, width)
        metadata : Tensor of shape (n, n_metadata), optional
        """
        with computing_in(self.precision, images.device):
            embedding = embedding_of(self.network, images, metadata if is_spatial(self.network) else None)
        logits: Tensor = self.head(embedding, metadata)
        return logits


def count_dimensions(network: nn.Module, height: int, width: int, n_metadata: int = 0) -> int:
    """Return the length of a network's embedding; timm has no attribute that says it for all networks.

    Parameters
    ----------
    height, width : int
        Of the images, pixels.
    n_metadata : int
        Columns of metadata that enter the network.
    """
    images = torch.zeros(1, 3, height, width).contiguous(memory_format=torch.channels_last)
    metadata = torch.zeros(1, n_metadata) if is_spatial(network) else None
    with torch.inference_mode():
        return int(embedding_of(network, images, metadata).shape[1])
