"""A plain convolutional network of our own: the baseline that is trained from scratch in Levine et al. 2025.

The paper (section IV A 3) says "several convolutional layers with max pooling, followed by flattening into dense
layers", and no sizes. Here: three layers of 32, 64 and 128 filters of 3 x 3, each with ReLU and max pooling by 2, then
one hidden layer of 128 units, as in the tutorials that such baselines come from.
"""

from collections.abc import Mapping
from typing import Any

import torch
from timm.models import build_model_with_cfg, generate_default_cfgs, register_model
from torch import nn

_FILTERS = (32, 64, 128)
_HIDDEN = 128
_MAP = 16  # height and width of the last map of images of 128 x 128, which is flattened


class PlainCnn(nn.Module):
    """The network.

    Deviation from the paper: the last map is brought to 16 x 16 before it is flattened, by adaptive max pooling, so
    that images of any size go through. At 128 x 128 it has that size already and nothing changes.

    Parameters
    ----------
    num_classes : int
        0 for no last layer.
    in_chans : int
        Channels of the image.
    drop_rate : float
        After the hidden layer, in training.

    Examples
    --------
    >>> network = PlainCnn(num_classes=0)
    >>> network(torch.zeros(2, 3, 128, 128)).shape
    torch.Size([2, 128])
    """

    def __init__(self, num_classes: int = 1000, in_chans: int = 3, drop_rate: float = 0.5) -> None:
        super().__init__()
        sizes = (in_chans, *_FILTERS)
        self.features = nn.Sequential(
            *(_block(n_in, n_out) for n_in, n_out in zip(sizes, _FILTERS, strict=False))
        )
        self.hidden = nn.Linear(_FILTERS[-1] * _MAP**2, _HIDDEN)
        self.drop = nn.Dropout(drop_rate)
        self.num_features = _FILTERS[-1]
        self.head_hidden_size = _HIDDEN
        self.reset_classifier(num_classes)

    def get_classifier(self) -> nn.Module:
        """Return the last layer."""
        return self.last

    def reset_classifier(self, num_classes: int) -> None:
        """Put another last layer in place; none for 0 classes."""
        self.num_classes = num_classes
        self.last: nn.Module = nn.Linear(_HIDDEN, num_classes) if num_classes else nn.Identity()

    def group_matcher(self, coarse: bool = False) -> Mapping[str, Any]:  # noqa: FBT001, FBT002, ARG002 - timm's
        """Return how parameters fall into stages: its layers, the first one first."""
        return {"stem": r"^features\.0\.", "maps": r"^features\.(\d+)\.", "hidden": r"^hidden\."}

    def forward_features(self, images: torch.Tensor) -> torch.Tensor:
        """Return the last map, shape (n, 128, height, width)."""
        features: torch.Tensor = self.features(images)
        return features

    def forward_head(self, features: torch.Tensor, *, pre_logits: bool = False) -> torch.Tensor:
        """Return scores, or what the last layer would see."""
        flat = nn.functional.adaptive_max_pool2d(features, _MAP).flatten(1)
        values: torch.Tensor = self.drop(torch.relu(self.hidden(flat)))
        return values if pre_logits else self.last(values)

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        """Return scores, shape (n, num_classes)."""
        return self.forward_head(self.forward_features(images))


def _block(n_in: int, n_out: int) -> nn.Sequential:
    return nn.Sequential(nn.Conv2d(n_in, n_out, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2))


# no weights: the network is trained from scratch, as `plain_cnn.random`
default_cfgs = generate_default_cfgs(
    {
        "plain_cnn.untrained": {
            "url": "",
            "num_classes": 1000,
            "input_size": (3, 128, 128),
            "interpolation": "bilinear",
            "mean": (0.5, 0.5, 0.5),
            "std": (0.5, 0.5, 0.5),
            "first_conv": "features.0.0",
            "classifier": "last",
        }
    }
)


@register_model  # type: ignore[untyped-decorator]
def plain_cnn(pretrained: bool = False, **arguments: Any) -> nn.Module:  # noqa: FBT001, FBT002 - timm's
    """Return the network, as ``timm.create_model("plain_cnn")`` does."""
    network: nn.Module = build_model_with_cfg(PlainCnn, "plain_cnn", pretrained, **arguments)
    return network
