"""What an embedding depends on besides the image."""

from dataclasses import dataclass

from automl_skin.backbones.device import Precision


@dataclass(frozen=True)
class TunedOn:
    """Which rows tuned the weights: all development folds of a plan but the held-out ones."""

    plan_digest: str
    held_out_folds: tuple[int, ...]


@dataclass(frozen=True)
class EmbeddingKey:
    """What an embedding depends on besides the image; equal keys mean equal embeddings."""

    weights: str
    recipe: str
    views: int
    precision: Precision
    tuned_on: TunedOn | None = None

    @property
    def digest(self) -> str:
        """Digest of the key."""
        raise NotImplementedError
