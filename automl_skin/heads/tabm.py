"""TabM (Gorishniy et al. 2025): one network that answers as an ensemble of k, on the design matrix as it is."""

import math
from functools import partial
from typing import TYPE_CHECKING

from automl_skin.errors import ConfigError
from automl_skin.heads.cost import DesignSize
from automl_skin.heads.neural.config import TabmConfig, asks_of_numbers, choose_batch_size, estimate_metadata
from automl_skin.heads.neural.head import fit_modules, load_modules
from automl_skin.heads.protocol import Family
from automl_skin.heads.space import Categorical, Integer, Real, Space

if TYPE_CHECKING:
    import torch

    from automl_skin.heads.neural.tabm_network import TabmNetwork

MAX_SIZE = 100_000
"""Of the blocks of a head that is loaded, their width and their members: far above what any space holds."""

MAX_BLOCKS = 1000

# Ranges: the tuning spaces of Gorishniy et al. 2025 (appendix; n_blocks 1 to 5, width 64 to 1,024, dropout 0 to 0.5,
# rate 1e-4 to 5e-3, decay 0 or 1e-4 to 0.1, k 32; embeddings of 8 to 32 columns and 2 to 128 bins), narrowed for two
# CPU cores: k and width cost most, and a fixed schedule of few epochs needs a higher rate than early stopping does.
SPACE: Space = {
    "layers": Integer(1, 3),
    "width": Integer(32, 192, log=True),
    "k": Categorical(8, 16, 32),
    "dropout": Real(0.0, 0.5),
    "input_noise": Categorical(0.0, 0.2, 0.5),
    "label_smoothing": Real(0.0, 0.2),
    "learning_rate": Real(5e-4, 1e-2, log=True),
    "weight_decay": Real(1e-4, 0.3, log=True),
    "epochs": Integer(5, 20, log=True),
    "batch_size": Categorical(256, 512),
    "numeric_embedding": Categorical("none", "periodic", "piecewise"),
    "numeric_width": Integer(4, 24, log=True),
    "numeric_bins": Integer(2, 48, log=True),
    "frequency_scale": Real(0.01, 1.0, log=True),
}


def build(
    config: TabmConfig,
    n_image: int,
    n_metadata: int,
    n_scores: int,
    generator: "torch.Generator | None" = None,
    /,
) -> "TabmNetwork":
    """Return the network."""
    from automl_skin.heads.neural.tabm_network import TabmNetwork

    return TabmNetwork(config, n_image, n_metadata, n_scores, generator)


fit = partial(fit_modules, build)


def check_config(config: TabmConfig) -> None:
    """Check the settings of a head that is loaded, before memory is taken for it.

    Raises
    ------
    ConfigError
        If the blocks or members are none, too many or too wide.
    """
    sizes = (config.width, config.k)
    if min(sizes) < 1 or max(sizes) > MAX_SIZE or not 1 <= config.layers <= MAX_BLOCKS:
        wanted = f"1 to {MAX_BLOCKS} layers, and width and k of 1 to {MAX_SIZE}"
        raise ConfigError(f"expected {wanted}, got {config.layers} and {sizes}")


load = partial(load_modules, build, TabmConfig, check_config)


def estimate_seconds(config: TabmConfig, size: DesignSize) -> float:
    """Estimate the seconds of a fit: in every step k products of the batch with all weights."""
    n_columns = size.n_image + estimate_metadata(config, size.n_metadata)
    weights = config.width * (n_columns + (config.layers - 1) * config.width + size.n_classes)
    batch_size = choose_batch_size(config.batch_size, size.n_cases)
    n_batches = math.ceil(size.n_cases / batch_size)
    values = n_columns + 3 * config.layers * config.width
    step = 3e-3 + 6e-9 * weights + config.k * batch_size * (6e-11 * weights + 1.5e-9 * values)
    return config.members * config.epochs * n_batches * step


FAMILY = Family(
    "tabm",
    TabmConfig,
    SPACE,
    fit,
    load,
    estimate_seconds,
    of_trees=False,
    asks=asks_of_numbers,
)
