"""Small neural networks on the design matrix, averaged over seeds, with any fusion of image and metadata."""

import math
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, cast

import numpy as np
import numpy.typing as npt

from automl_skin.arrays import FloatArray, IntArray
from automl_skin.errors import ConfigError, InputError, IntegrityError
from automl_skin.files import read_json, write_json
from automl_skin.heads.cost import DesignSize
from automl_skin.heads.design import Design
from automl_skin.heads.neural.batches import choose_batch_size
from automl_skin.heads.neural.config import MlpConfig
from automl_skin.heads.neural.formula import count_weights, network_layers
from automl_skin.heads.neural.forward import network_probabilities
from automl_skin.heads.neural.layers import shapes_of
from automl_skin.heads.protocol import Family
from automl_skin.heads.signature import Signature
from automl_skin.heads.space import Choice, Integer, Real, Space
from automl_skin.heads.stored import Facts, check_arrays, read_arrays, write_arrays
from automl_skin.heads.training import training_targets
from automl_skin.records import check_record
from automl_skin.seeding import derive_seed

CONFIG_NAME = "mlp.json"
MAX_SIZE = 100_000
"""Of the layers, their width and the members of a head that is loaded: far above what any space holds."""

# No hidden layer: as published for MetaNet, MetaBlock and Ha's network, whose scores follow the fusion at once.
# Ranges: Gorishniy et al. 2021 (rtdl) for dropout, rate and decay; shape and epochs bounded so that a fold
# fit takes seconds on one thread (6,400 rows x 1,280 columns).
SPACE: Space = {
    "layers": Integer(0, 2),
    "width": Integer(16, 192, log=True),
    "activation": Choice("gelu", "relu"),
    "dropout": Real(0.0, 0.6),
    "input_noise": Choice(0.0, 0.2, 0.5),
    "mixup": Choice(0.0, 0.2, 1.0),
    "label_smoothing": Real(0.0, 0.2),
    "learning_rate": Real(2e-4, 1e-2, log=True),
    "weight_decay": Real(1e-3, 1.0, log=True),
    "epochs": Integer(5, 15, log=True),
    "batch_size": Choice(256, 512),
    "balanced_sampling": Choice(False, True),
    "members": Integer(1, 3),
}


@dataclass(frozen=True)
class MlpHead:
    """Trained networks.

    Parameters
    ----------
    signature : Signature
    config : MlpConfig
    networks : tuple of dict
        The state of each member, as arrays; see `network_probabilities`.
    """

    signature: Signature
    config: MlpConfig
    networks: tuple[dict[str, npt.NDArray[Any]], ...]

    def predict(self, design: Design) -> FloatArray:
        """Return the mean probabilities of the members, shape (n_cases, n_classes)."""
        self.signature.check(design)
        total = np.zeros((design.n_cases, len(self.signature.classes)))
        for arrays in self.networks:
            total += network_probabilities(arrays, self.config, design)
        return self.signature.spread(total)

    def save(self, folder: Path) -> None:
        """Write ``head.json``, ``mlp.json`` and one file of arrays a member."""
        self.signature.write(folder)
        write_json(folder / CONFIG_NAME, asdict(self.config))
        for number, arrays in enumerate(self.networks):
            write_arrays(_member_path(folder, number), arrays)


def fit(
    config: MlpConfig,
    design: Design,
    labels: IntArray,
    n_classes: int,
    weights: FloatArray | None,
    seed: int,
    threads: int,
) -> MlpHead:
    """Fit a head; see `Family`.

    Raises
    ------
    InputError
        If another fusion than concat is asked for and the design has no image or no metadata columns.
    """
    from automl_skin.heads.neural.train import train_network

    _check_fusion(config, design)
    targets = training_targets(design, labels, n_classes, weights)
    networks = [
        train_network(config, design, targets, derive_seed(seed, "member", number), threads)
        for number in range(config.members)
    ]
    return MlpHead(Signature.of(design, targets), config, tuple(net.arrays() for net in networks))


def load(folder: Path) -> MlpHead:
    """Load what `MlpHead.save` wrote.

    Raises
    ------
    IntegrityError
        If the networks are not those of the settings, columns and classes.
    """
    signature, path = Signature.read(folder), folder / CONFIG_NAME
    try:
        config = MlpConfig(**cast("dict[str, Any]", read_json(path)))
    except (AttributeError, ConfigError, TypeError, ValueError) as error:
        raise IntegrityError(
            f"{path}: expected the settings of a neural head ({error}); export again"
        ) from error
    check_record(config)
    check_record(config.fusion_settings)
    sizes = (config.layers, config.width, config.members)
    if min(sizes) < 0 or max(sizes) > MAX_SIZE or not config.members:
        message = (
            f"{path}: expected layers, width and members of at most {MAX_SIZE}, got {sizes}; export again"
        )
        raise IntegrityError(message)
    networks = tuple(read_arrays(_member_path(folder, number)) for number in range(config.members))
    n_metadata = signature.n_columns - signature.image_columns
    layers = network_layers(config, signature.image_columns, n_metadata, len(signature.classes))
    facts: dict[str, Facts] = {name: (np.float32, shape) for name, shape in shapes_of(layers).items()}
    for number, arrays in enumerate(networks):
        check_arrays(_member_path(folder, number), arrays, facts)
        if any(name.endswith("running_var") and array.min() < 0 for name, array in arrays.items()):
            message = f"{_member_path(folder, number)}: expected variances of 0 or more; export again"
            raise IntegrityError(message)
    return MlpHead(signature, config, networks)


def _member_path(folder: Path, number: int) -> Path:
    return folder / f"member-{number}.safetensors"


def _check_fusion(config: MlpConfig, design: Design) -> None:
    if config.fusion != "concat" and not 0 < design.image_columns < design.n_columns:
        message = (
            f"{config.fusion} joins image columns and metadata columns and needs both, found {design.image_columns} "
            f"of the image and {design.n_columns - design.image_columns} of metadata; use the fusion concat"
        )
        raise InputError(message)


def estimate_seconds(config: MlpConfig, size: DesignSize) -> float:
    """Estimate the seconds of a fit: in every step the optimiser's work on all weights, and products with the batch."""
    weights = count_weights(config, size.n_image, size.n_metadata, size.n_classes)
    batch_size = choose_batch_size(config.batch_size, size.n_cases)
    n_batches = math.ceil(size.n_cases / batch_size)
    step = 1e-3 + weights * (6e-9 + 6e-11 * batch_size) + 2.6e-9 * batch_size * size.n_columns
    return config.members * config.epochs * n_batches * step


OF_HIDDEN_LAYERS = {"width", "activation", "dropout"}

FAMILY = Family(
    "mlp",
    MlpConfig,
    SPACE,
    fit,
    load,
    estimate_seconds,
    wants_few_columns=False,
    neural=True,
    asks=lambda name, chosen: name not in OF_HIDDEN_LAYERS or chosen["layers"] != 0,
)
