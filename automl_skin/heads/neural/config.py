"""Hyperparameters of the neural head."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from automl_skin.errors import ConfigError
from automl_skin.heads.neural.fusions.catalogue import fusion_by_name
from automl_skin.heads.space import Value

Activation = Literal["relu", "gelu"]
NumericEmbedding = Literal["none", "periodic", "piecewise"]

MIN_STEPS = 16
"""Steps of an epoch; a small study takes smaller batches."""


@dataclass(frozen=True)
class TrainingConfig:
    """How a network sees numbers and is trained, whatever its layers.

    Parameters
    ----------
    input_noise : float
        Standard deviation of the noise added to the inputs (which have unit variance).
    mixup : float
        Parameter of the beta distribution of mixup (Zhang et al. 2018); 0 is none.
    label_smoothing : float
    learning_rate : float
        AdamW's, at its peak: a tenth of the steps up, then a cosine down to 0.
    weight_decay : float
        AdamW's decoupled decay; a step shrinks by ``learning_rate * weight_decay``.
    epochs : int
    batch_size : int
        At most; an epoch takes at least 16 steps.
    balanced_sampling : bool
        Draw each batch with equal shares of the classes.
    members : int
        Networks of different seeds whose probabilities are averaged.
    modality_dropout : float
        Probability that a training case loses its image, and that it loses its metadata; at most 0.5.
    numeric_embedding : {"none", "periodic", "piecewise"}
        How a number among the metadata enters: as it is, or as a vector (Gorishniy et al. 2022).
    numeric_width : int
        Length of the vectors.
    numeric_bins : int
        Bins of a "piecewise" embedding, at most.
    frequency_scale : float
        Standard deviation of the first frequencies of a "periodic" embedding.
    """

    input_noise: float = 0.0
    mixup: float = 0.0
    label_smoothing: float = 0.05
    learning_rate: float = 2e-3
    weight_decay: float = 0.1
    epochs: int = 10
    batch_size: int = 256
    balanced_sampling: bool = False
    members: int = 1
    modality_dropout: float = 0.0
    numeric_embedding: NumericEmbedding = "none"
    numeric_width: int = 8
    numeric_bins: int = 16
    frequency_scale: float = 0.1


@dataclass(frozen=True)
class MlpConfig(TrainingConfig):
    """Shape and training of the network.

    Parameters
    ----------
    layers, width : int
        Hidden layers after the fusion (none: the scores follow at once), and the units of each.
    activation : {"relu", "gelu"}
    dropout : float
        Share of hidden units dropped.
    fusion : str
        How image and metadata meet, a name in `NEURAL_FUSIONS`; set by the chain, not by this family's space.
    fusion_settings : object or mapping, optional
        The fusion's own settings; its defaults where none are given.

    Raises
    ------
    ConfigError
        If the fusion is unknown, or the settings are not its own.

    Examples
    --------
    >>> MlpConfig(fusion="metanet", fusion_settings={"layers": 3}).fusion_settings
    MetanetSettings(layers=3, shape='narrow', width=32)
    """

    layers: int = 1
    width: int = 64
    activation: Activation = "gelu"
    dropout: float = 0.3
    fusion: str = "concat"
    fusion_settings: Any = None

    def __post_init__(self) -> None:
        fusion, settings = fusion_by_name(self.fusion), self.fusion_settings
        if settings is None or isinstance(settings, Mapping):
            object.__setattr__(self, "fusion_settings", fusion.configure(settings or {}))
        elif not isinstance(settings, fusion.settings):
            message = f"fusion_settings: expected those of {self.fusion}, got {settings!r}"
            raise ConfigError(f"{message}; give a mapping, or None for its defaults")


@dataclass(frozen=True)
class TabmConfig(TrainingConfig):
    """Shape and training of TabM.

    Parameters
    ----------
    layers, width : int
        Blocks of the backbone, and the units of each.
    k : int
        Members inside the network; `members` networks are trained one after the other.
    dropout : float
        Share of hidden units dropped.
    """

    layers: int = 2
    width: int = 96
    k: int = 16
    dropout: float = 0.1


def asks_of_numbers(name: str, chosen: Mapping[str, Value]) -> bool:
    """Return whether a setting of embedded numbers matters; all other settings do.

    Examples
    --------
    >>> asks_of_numbers("numeric_bins", {"numeric_embedding": "periodic"})
    False
    """
    embedding = chosen.get("numeric_embedding", "none")
    needed = {"numeric_width": embedding, "numeric_bins": "piecewise", "frequency_scale": "periodic"}
    return name not in needed or (embedding != "none" and needed[name] == embedding)


def estimate_metadata(config: TrainingConfig, n_metadata: int) -> int:
    """Return about how many columns of metadata a network sees: about half of them are numbers, if those are embedded.

    Examples
    --------
    >>> estimate_metadata(TrainingConfig(numeric_embedding="periodic", numeric_width=9), 20)
    100
    """
    if config.numeric_embedding == "none":
        return n_metadata
    return n_metadata + n_metadata * (config.numeric_width - 1) // 2


def choose_batch_size(batch_size: int, n_cases: int) -> int:
    """Return the cases in a batch: at most `batch_size`, and few enough for `MIN_STEPS` steps per epoch.

    Examples
    --------
    >>> choose_batch_size(256, 6400), choose_batch_size(256, 320)
    (256, 20)
    """
    return min(batch_size, max(math.ceil(n_cases / MIN_STEPS), 2))
