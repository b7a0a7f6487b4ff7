"""The table of neural fusions. To add one: add its file, and its line here."""

from automl_skin.errors import ConfigError
from automl_skin.heads.neural.fusions import (
    concat,
    film,
    gmu,
    ha,
    mdnet,
    metablock,
    metanet,
    pacheco,
    tanh_gate,
    yap,
)
from automl_skin.heads.neural.fusions.protocol import NeuralFusion

NEURAL_FUSIONS: dict[str, NeuralFusion] = {
    fusion.name: fusion
    for fusion in (
        concat.FUSION,
        metanet.FUSION,
        metablock.FUSION,
        mdnet.FUSION,
        ha.FUSION,
        yap.FUSION,
        pacheco.FUSION,
        film.FUSION,
        tanh_gate.FUSION,
        gmu.FUSION,
    )
}


def fusion_by_name(name: str) -> NeuralFusion:
    """Return a neural fusion.

    Raises
    ------
    ConfigError
        If the name is unknown; the message lists those that are known.
    """
    if name not in NEURAL_FUSIONS:
        message = f"unknown neural fusion {name!r}; choose one of {', '.join(NEURAL_FUSIONS)}"
        raise ConfigError(message)
    return NEURAL_FUSIONS[name]
