"""Small neural networks on the design matrix, averaged over seeds, with any fusion of image and metadata."""

import math
from functools import partial
from typing import TYPE_CHECKING

from automl_skin.errors import ConfigError, InputError
from automl_skin.heads.cost import DesignSize
from automl_skin.heads.design import Design
from automl_skin.heads.neural.config import MlpConfig, choose_batch_size, estimate_metadata
from automl_skin.heads.neural.formula import count_weights
from automl_skin.heads.neural.head import ModuleHead, fit_modules, load_modules
from automl_skin.heads.protocol import Family
from automl_skin.heads.space import Categorical, Integer, Real, Space
from automl_skin.heads.training import Targets

if TYPE_CHECKING:
    import torch

    from automl_skin.heads.neural.network import Network

MAX_SIZE = 100_000
"""Of the layers of a head that is loaded, and of their width: far above what any space holds."""

# No hidden layer: as published for MetaNet, MetaBlock and Ha's network, whose scores follow the fusion at once.
# Ranges: Gorishniy et al. 2021 (rtdl) for dropout, rate and decay; shape and epochs bounded so that a fold
# fit takes seconds on one thread (6,400 rows x 1,280 columns).
SPACE: Space = {
    "layers": Integer(0, 2),
    "width": Integer(16, 192, log=True),
    "activation": Categorical("gelu", "relu"),
    "dropout": Real(0.0, 0.6),
    "input_noise": Categorical(0.0, 0.2, 0.5),
    "mixup": Categorical(0.0, 0.2, 1.0),
    "label_smoothing": Real(0.0, 0.2),
    "learning_rate": Real(2e-4, 1e-2, log=True),
    "weight_decay": Real(1e-3, 1.0, log=True),
    "epochs": Integer(5, 15, log=True),
    "batch_size": Categorical(256, 512),
    "balanced_sampling": Categorical(False, True),
    "members": Integer(1, 3),
}


def build(
    config: MlpConfig,
    n_image: int,
    n_metadata: int,
    n_scores: int,
    generator: "torch.Generator | None" = None,
    /,
) -> "Network":
    """Return the network."""
    from automl_skin.heads.neural.network import Network

    return Network(config, n_image, n_metadata, n_scores, generator)


def fit(config: MlpConfig, design: Design, targets: Targets, seed: int, threads: int) -> ModuleHead:
    """Fit a head; see `Family`.

    Raises
    ------
    InputError
        If another fusion than concat is asked for and the design has no image or no metadata columns.
    """
    _check_fusion(config, design)
    return fit_modules(build, config, design, targets, seed, threads)


def check_config(config: MlpConfig) -> None:
    """Check the settings of a head that is loaded, before memory is taken for it.

    Raises
    ------
    ConfigError
        If the layers are too many or too wide.
    """
    sizes = (config.layers, config.width)
    if min(sizes) < 0 or max(sizes) > MAX_SIZE:
        raise ConfigError(f"expected layers and width of 0 to {MAX_SIZE}, got {sizes}")


load = partial(load_modules, build, MlpConfig, check_config)


def _check_fusion(config: MlpConfig, design: Design) -> None:
    if config.fusion != "concat" and not 0 < design.image_columns < design.n_columns:
        message = (
            f"{config.fusion} joins image and metadata: expected columns of both, got {design.image_columns} of the "
            f"image and {design.n_columns - design.image_columns} of the metadata; use the fusion concat"
        )
        raise InputError(message)


def estimate_seconds(config: MlpConfig, size: DesignSize) -> float:
    """Estimate the seconds of a fit: in every step the optimiser's work on all weights, and products with the batch."""
    n_metadata = estimate_metadata(config, size.n_metadata)
    weights = count_weights(config, size.n_image, n_metadata, size.n_classes)
    batch_size = choose_batch_size(config.batch_size, size.n_cases)
    n_batches = math.ceil(size.n_cases / batch_size)
    step = 1e-3 + weights * (6e-9 + 6e-11 * batch_size) + 2.6e-9 * batch_size * (size.n_image + n_metadata)
    return config.members * config.epochs * n_batches * step


OF_HIDDEN_LAYERS = {"width", "activation", "dropout"}

FAMILY = Family(
    "mlp",
    MlpConfig,
    SPACE,
    fit,
    load,
    estimate_seconds,
    of_trees=False,
    neural=True,
    asks=lambda name, chosen: name not in OF_HIDDEN_LAYERS or chosen["layers"] != 0,
)
