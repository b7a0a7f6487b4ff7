"""The formula of the neural head: fusion, hidden layers, scores."""

from typing import TYPE_CHECKING

from automl_skin.heads.neural.config import MlpConfig
from automl_skin.heads.neural.fusions.catalogue import fusion_by_name
from automl_skin.heads.neural.layers import Dense, Layer, dense_stack

if TYPE_CHECKING:
    from torch import Tensor

    from automl_skin.heads.neural.engine import Engine


def network_layers(config: MlpConfig, n_image: int, n_metadata: int, n_scores: int) -> dict[str, Layer]:
    """Return the layers of the whole network in the order in which their weights are drawn.

    Examples
    --------
    >>> list(network_layers(MlpConfig(fusion="metanet", layers=1), 64, 20, 3))
    ['gate.0', 'gate.1', 'hidden.0', 'last']
    """
    fusion = fusion_by_name(config.fusion)
    fused = fusion.n_out(config.fusion_settings, n_image, n_metadata)
    sizes = [fused, *[config.width] * config.layers]
    return {
        **fusion.layers(config.fusion_settings, n_image, n_metadata),
        **dense_stack("hidden", sizes),
        "last": Dense(sizes[-1], n_scores),
    }


def count_weights(config: MlpConfig, n_image: int, n_metadata: int, n_scores: int) -> int:
    """Return the weights of all fully connected layers, which is nearly all that is learnt.

    Examples
    --------
    >>> count_weights(MlpConfig(layers=1, width=10), 64, 20, 2)
    860
    """
    layers = network_layers(config, n_image, n_metadata, n_scores).values()
    return sum(layer.n_in * layer.n_out for layer in layers if isinstance(layer, Dense))


def network_scores(engine: "Engine", config: MlpConfig, image: "Tensor", metadata: "Tensor") -> "Tensor":
    """Return scores of shape (n_cases, n_scores), before the softmax.

    Parameters
    ----------
    engine : Engine
        With the layers of `network_layers`.
    config : MlpConfig
    image : Tensor of shape (n_cases, n_image)
    metadata : Tensor of shape (n_cases, n_metadata)
    """
    values = fusion_by_name(config.fusion).forward(engine, config.fusion_settings, image, metadata)
    for number in range(config.layers):
        hidden = engine.dense(f"hidden.{number}", values)
        values = engine.drop(
            hidden.relu() if config.activation == "relu" else engine.gelu(hidden), config.dropout
        )
    return engine.dense("last", values)
