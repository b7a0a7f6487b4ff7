"""From a batch as read to what the network sees: cut, augmented, mixed, normalised; all of it on the device.

Where the input is smaller than the pixels it is cut out of them: anywhere in training, in the centre otherwise.
"""

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional

from automl_skin.backbones.tuning.batches import TuningBatch
from automl_skin.backbones.tuning.data import TuningData
from automl_skin.backbones.tuning.recipe import TuningRecipe
from automl_skin.backbones.tuning.withholding import withheld_shares, withhold

Mixing = Callable[[Tensor, Tensor], tuple[Tensor, Tensor]]


@dataclass(frozen=True, eq=False)
class Inputs:
    """What a step sees: images normalised (n, 3, height, width), soft labels (n, K), metadata or None.

    With towers the images are (n, n_roles, 3, height, width), and `present` (n, n_roles) says which a tower sees.
    """

    images: Tensor
    soft: Tensor
    metadata: Tensor | None
    present: Tensor | None = None

    def split(self, n_pieces: int) -> list["Inputs"]:
        """Return nearly equal pieces."""
        parts = (self.images, self.soft, self.metadata, self.present)
        split = [[None] * n_pieces if part is None else part.tensor_split(n_pieces) for part in parts]
        return [Inputs(*piece) for piece in zip(*split, strict=True)]


class Preparation:
    """Turns batches into inputs.

    Parameters
    ----------
    mean, std : tuple of float
        Of the pixel recipe.
    """

    def __init__(
        self,
        recipe: TuningRecipe,
        data: TuningData,
        mean: tuple[float, ...],
        std: tuple[float, ...],
        device: torch.device,
    ) -> None:
        self.n_classes = data.n_classes
        self.dropped = recipe.metadata_dropout
        self.device = device
        self.shift = torch.tensor(mean, device=device)[:, None, None]
        self.factor = torch.tensor(std, device=device).reciprocal()[:, None, None]
        self.absent = None if data.absent is None else torch.from_numpy(data.absent).float().to(device)
        self.cut = data.cut
        self.augment = _augmentation(recipe, *data.input_size)
        self.mixup = _mixup(recipe, data.n_classes)
        self.withheld = None
        if data.present is not None:
            shares = withheld_shares(data.present[data.trained], data.target_of[data.labels[data.trained]])
            of_labels = shares[data.target_of.clip(max=len(shares) - 1)]
            self.withheld = torch.from_numpy(of_labels).float().to(device)

    def for_training(self, batch: TuningBatch) -> Inputs:
        """Return augmented inputs; every random number is torch's."""
        batch = batch.to(self.device)
        pixels = _one_by_one(batch.pixels)
        images = _unit(pixels if self.cut is None else cut_anywhere(pixels, *self.cut))
        if self.augment is not None:
            images = self.augment(images)
        images, soft = self._mixed(images, batch.labels)
        images, present = self._normalised(images), batch.present
        metadata = self._with_absent(batch.metadata)
        if present is None or self.withheld is None:
            return Inputs(images, soft, metadata)
        present = withhold(present, self.withheld[batch.labels])
        return Inputs(_by_row(images, batch), soft, metadata, present)

    def for_watching(self, batch: TuningBatch) -> Inputs:
        """Return inputs as they are in use."""
        batch = batch.to(self.device)
        soft = functional.one_hot(batch.labels, self.n_classes).float()
        pixels = _one_by_one(batch.pixels)
        images = self._normalised(_unit(pixels if self.cut is None else cut_centre(pixels, *self.cut)))
        if batch.present is None:
            return Inputs(images, soft, batch.metadata)
        return Inputs(_by_row(images, batch), soft, batch.metadata, batch.present)

    def _normalised(self, images: Tensor) -> Tensor:
        normalised = images.sub(self.shift).mul_(self.factor)
        return normalised.contiguous(memory_format=torch.channels_last)

    def _mixed(self, images: Tensor, labels: Tensor) -> tuple[Tensor, Tensor]:
        if self.mixup is None:
            return images, functional.one_hot(labels, self.n_classes).float()
        return self.mixup(images, labels)

    def _with_absent(self, metadata: Tensor | None) -> Tensor | None:
        """Return metadata, some of them lost."""
        if metadata is None or self.absent is None:
            return metadata
        drawn = torch.rand(len(metadata), 1, device=self.device)
        return torch.where(drawn < self.dropped, self.absent, metadata)


def cut_anywhere(pixels: Tensor, height: int, width: int) -> Tensor:
    """Return a piece of each image, each at its own place, drawn by torch's generator.

    Parameters
    ----------
    pixels : Tensor of shape (n, any height, any width, 3)
        Not smaller than the piece.
    height, width : int
        Of the piece, pixels.

    Examples
    --------
    >>> cut_anywhere(torch.zeros(2, 300, 300, 3), 224, 224).shape
    torch.Size([2, 224, 224, 3])
    """
    n, device = len(pixels), pixels.device
    tops = torch.randint(pixels.shape[1] - height + 1, (n, 1), device=device)
    lefts = torch.randint(pixels.shape[2] - width + 1, (n, 1), device=device)
    rows = tops + torch.arange(height, device=device)
    columns = lefts + torch.arange(width, device=device)
    return pixels[torch.arange(n, device=device)[:, None, None], rows[:, :, None], columns[:, None, :]]


def cut_centre(pixels: Tensor, height: int, width: int) -> Tensor:
    """Return the centre of each image, as `automl_skin.images.recipe.centre` does of arrays."""
    top, left = (pixels.shape[1] - height) // 2, (pixels.shape[2] - width) // 2
    return pixels[:, top : top + height, left : left + width]


def _one_by_one(pixels: Tensor) -> Tensor:
    """Return photographs in one row after another: towers have several in each row."""
    return pixels.flatten(0, 1) if pixels.ndim == 5 else pixels  # rows, roles, height, width, colours


def _by_row(images: Tensor, batch: TuningBatch) -> Tensor:
    """Return images (n * n_roles, 3, height, width) as (n, n_roles, 3, height, width)."""
    n_rows, n_roles = batch.pixels.shape[:2]
    return images.view(n_rows, n_roles, *images.shape[1:])


def _unit(pixels: Tensor) -> Tensor:
    return pixels.permute(0, 3, 1, 2).float().div_(255.0)


def _augmentation(recipe: TuningRecipe, height: int, width: int) -> Callable[[Tensor], Tensor] | None:
    if recipe.augmentation == "none":
        return None
    from automl_skin.images.augment import augmenter

    made: Callable[[Tensor], Tensor] = augmenter(recipe.augmentation, height, width)
    return made


def _mixup(recipe: TuningRecipe, n_classes: int) -> Mixing | None:
    if not recipe.mixup:
        return None
    from torchvision.transforms import v2  # type: ignore[import-untyped]

    mixup: Mixing = v2.MixUp(alpha=recipe.mixup, num_classes=n_classes)
    return mixup
