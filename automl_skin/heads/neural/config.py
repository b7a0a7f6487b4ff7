"""Hyperparameters of the neural head."""

from collections.abc import Mapping
from dataclasses import InitVar, dataclass
from typing import Any, Literal

from automl_skin.errors import ConfigError
from automl_skin.heads.neural.fusions.catalogue import fusion_by_name

Activation = Literal["relu", "gelu"]


@dataclass(frozen=True)
class MlpConfig:
    """Shape and training of the network.

    Parameters
    ----------
    layers, width : int
        Hidden layers after the fusion (none: the scores follow at once), and the units of each.
    activation : {"relu", "gelu"}
    dropout : float
        Share of hidden units dropped.
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
    fusion : str
        How image and metadata meet, a name in `NEURAL_FUSIONS`; set by the chain, not by this family's space.
    fusion_settings : object or mapping, optional
        The fusion's own settings; its defaults where none are given.
    metanet_layers, metanet_width : int, optional
        Settings of metanet as they stood in descriptions before there were other fusions.

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
    fusion: str = "concat"
    fusion_settings: Any = None
    metanet_layers: InitVar[int | None] = None
    metanet_width: InitVar[int | None] = None

    def __post_init__(self, metanet_layers: int | None, metanet_width: int | None) -> None:
        settings = {} if self.fusion_settings is None else self.fusion_settings
        if self.fusion == "metanet" and isinstance(settings, Mapping):
            before = {"layers": metanet_layers, "width": metanet_width}
            settings = {**{name: value for name, value in before.items() if value is not None}, **settings}
        object.__setattr__(self, "fusion_settings", _settings(self.fusion, settings))


def _settings(name: str, settings: Any) -> Any:
    fusion = fusion_by_name(name)
    if isinstance(settings, Mapping):
        return fusion.configure(settings)
    if not isinstance(settings, fusion.settings):
        message = f"fusion_settings must be those of {name}, found {settings!r}"
        raise ConfigError(f"{message}; give a mapping, or None for its defaults")
    return settings
