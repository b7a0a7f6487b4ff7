"""What decides the weights of a tuned network."""

from dataclasses import asdict, dataclass

from automl_skin.backbones.device import Precision
from automl_skin.backbones.tuning.recipe import TuningRecipe
from automl_skin.digests import digest_json
from automl_skin.embeddings.key import TunedOn

_VERSION = 1  # counts changes of the training that change weights: old networks no longer match


@dataclass(frozen=True)
class TuningKey:
    """Everything that decides tuned weights; equal keys mean equal networks.

    Device and threads are not part of its digest: they differ by rounding, and a network that was trained on another
    machine is found here. Machine, threads and folder stay the same within a study on one machine, where
    weights are reproduced to the bit.

    Parameters
    ----------
    network : str
        Digest of architecture and weights that the training begins with, from `network_digest`.
    recipe : str
        ``Recipe.digest`` of the pixels.
    tuning : TuningRecipe
        Its `colour`, `size`, `fit` and `resize` are in `recipe` already and are left out.
    tuned_on : TunedOn
        Plan and held-out folds.
    labels : str
        Digest of the training rows in order: content of the image, label, whether it is watched.
    metadata : str
        Digest of the encoder and of the encoded rows; empty without metadata.
    seed : int
        Of this training.
    threads : int
        That compute, on the CPU.
    role : str
        The kind of photograph that a tower is tuned on; empty for a network of all kinds.
    towers : tuple of str
        The kinds of photograph of towers that are tuned together; empty otherwise.
    """

    network: str
    recipe: str
    tuning: TuningRecipe
    tuned_on: TunedOn
    labels: str
    metadata: str
    precision: Precision
    seed: int
    threads: int
    role: str = ""
    towers: tuple[str, ...] = ()

    @property
    def digest(self) -> str:
        """What tells keys apart."""
        facts = {**asdict(self), "tuning": self.tuning.digest}
        del facts["threads"]
        if not self.towers:
            del facts["towers"]
        return digest_json({"version": _VERSION, **facts})
