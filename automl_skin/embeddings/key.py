"""What an embedding depends on besides the image, and which cases it may score."""

from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING

from automl_skin.digests import digest_json
from automl_skin.errors import LeakageError

if TYPE_CHECKING:  # the workers of a search read keys, and none of them waits for torch
    from automl_skin.backbones.device import Precision

_VERSION = 1  # counts changes of `embed` that change embeddings: old ones no longer match


@dataclass(frozen=True)
class TunedOn:
    """Which rows tuned the weights: all development folds of a plan but the held-out ones.

    The locked test set never tunes weights.

    Parameters
    ----------
    plan_digest : str
        Of the fold plan.
    held_out_folds : tuple of int
        Folds that the weights have not seen.
    """

    plan_digest: str
    held_out_folds: tuple[int, ...]


@dataclass(frozen=True)
class EmbeddingKey:
    """What an embedding depends on besides the image; equal keys mean equal embeddings.

    The device is not part of it: devices of one precision differ by rounding.

    Parameters
    ----------
    weights : str
        Digest of architecture and weights, from `network_digest`.
    recipe : str
        ``Recipe.digest``.
    views : int
        1, 4 or 8.
    precision : {"float32", "bfloat16", "float16"}
        Of the forward pass.
    tuned_on : TunedOn, optional
        None for frozen weights, which have seen no label and are shared by all studies.
    shift : str
        What was done to the photographs before the recipe, as `images.shifts.shift_key` names it; empty if nothing.
    """

    weights: str
    recipe: str
    views: int
    precision: "Precision"
    tuned_on: TunedOn | None = None
    shift: str = ""

    @property
    def digest(self) -> str:
        """What tells keys apart."""
        return digest_json({"version": _VERSION, **asdict(self)})


def check_tuned_on(tuned_on: TunedOn, plan_digest: str, fold: int | None) -> None:
    """Refuse to score the cases of a fold with weights that were tuned on them.

    Parameters
    ----------
    plan_digest : str
        Of the study's fold plan.
    fold : int or None
        Whose cases are to be scored; None for the locked test set, which no weights were tuned on.

    Raises
    ------
    LeakageError
        If the weights were tuned under another plan, or on this fold.
    """
    if tuned_on.plan_digest != plan_digest:
        message = f"tuned weights: expected those of the study's own fold plan {plan_digest[:12]}"
        raise LeakageError(
            f"{message}, got plan {tuned_on.plan_digest[:12]}; tune them again under this plan"
        )
    if fold is not None and fold not in tuned_on.held_out_folds:
        held_out = ", ".join(map(str, tuned_on.held_out_folds)) or "none"
        message = f"the cases of fold {fold}: expected weights that were tuned without it"
        raise LeakageError(f"{message}, got some that held out {held_out}")
