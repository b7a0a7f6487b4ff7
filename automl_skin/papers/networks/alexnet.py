"""AlexNet as torchvision has it, with its weights (Krizhevsky, One weird trick, arXiv:1404.5997)."""

from collections.abc import Mapping
from typing import Any

import torch
from timm.models import build_model_with_cfg, generate_default_cfgs, register_model
from torch import nn
from torchvision.models import AlexNet as TorchvisionAlexNet  # type: ignore[import-untyped]
from torchvision.models import AlexNet_Weights

_WIDTH = 4096


class AlexNet(TorchvisionAlexNet):  # type: ignore[misc]  # torchvision has no types
    """torchvision's network with what timm's networks offer.

    Its embedding is what its last layer sees: 4,096 values.

    Parameters
    ----------
    num_classes : int
        0 for no last layer.
    in_chans : int
        3; of no other number are there weights.
    drop_rate : float
        In front of both hidden layers, in training.
    """

    def __init__(self, num_classes: int = 1000, in_chans: int = 3, drop_rate: float = 0.5) -> None:
        if in_chans != 3:  # red, green, blue
            raise ValueError(f"AlexNet takes images of 3 channels, not {in_chans}")
        super().__init__(max(num_classes, 1), drop_rate)
        self.num_classes = num_classes
        self.num_features = 256
        self.head_hidden_size = _WIDTH
        self.reset_classifier(num_classes)

    def get_classifier(self) -> nn.Module:
        """Return the last layer."""
        last: nn.Module = self.classifier[-1]
        return last

    def reset_classifier(self, num_classes: int) -> None:
        """Put another last layer in place; none for 0 classes."""
        self.num_classes = num_classes
        self.classifier[-1] = nn.Linear(_WIDTH, num_classes) if num_classes else nn.Identity()

    def group_matcher(self, coarse: bool = False) -> Mapping[str, Any]:  # noqa: FBT001, FBT002, ARG002 - timm's
        """Return how parameters fall into stages: its layers, the first one first."""
        return {
            "stem": r"^features\.0\.",
            "maps": r"^features\.(\d+)\.",
            "hidden": r"^classifier\.(\d+)\.",
        }

    def forward_features(self, images: torch.Tensor) -> torch.Tensor:
        """Return the last map, shape (n, 256, height, width)."""
        features: torch.Tensor = self.features(images)
        return features

    def forward_head(self, features: torch.Tensor, *, pre_logits: bool = False) -> torch.Tensor:
        """Return scores, or what the last layer would see."""
        values: torch.Tensor = self.classifier[:-1](self.avgpool(features).flatten(1))
        return values if pre_logits else self.classifier[-1](values)

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        """Return scores, shape (n, num_classes)."""
        return self.forward_head(self.forward_features(images))


default_cfgs = generate_default_cfgs(
    {
        "alexnet.tv_in1k": {
            "url": AlexNet_Weights.IMAGENET1K_V1.url,
            "num_classes": 1000,
            "input_size": (3, 224, 224),
            "pool_size": (6, 6),
            "crop_pct": 0.875,
            "interpolation": "bilinear",
            "mean": (0.485, 0.456, 0.406),
            "std": (0.229, 0.224, 0.225),
            "first_conv": "features.0",
            "classifier": "classifier.6",
            "license": "bsd-3-clause",
        }
    }
)


@register_model  # type: ignore[untyped-decorator]
def alexnet(pretrained: bool = False, **arguments: Any) -> nn.Module:  # noqa: FBT001, FBT002 - timm's
    """Return the network, as ``timm.create_model("alexnet")`` does."""
    network: nn.Module = build_model_with_cfg(AlexNet, "alexnet", pretrained, **arguments)
    return network
