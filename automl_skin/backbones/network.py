"""Networks: loaded with their weights, saved, and turned into embeddings.

An embedding is ``forward_head(forward_features(x), pre_logits=True)`` in timm's terms: what the network's own
classifier would see.
"""

import hashlib
import json
from contextlib import AbstractContextManager, nullcontext
from functools import partial
from pathlib import Path
from typing import Any, Protocol, cast

import numpy as np
import timm
import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import load_file, save_file
from torch import nn

from automl_skin.arrays import Float32Array, Pixels
from automl_skin.backbones import hub
from automl_skin.backbones.catalogue import Backbone
from automl_skin.backbones.device import Precision
from automl_skin.backbones.fetch import load_pretrained
from automl_skin.backbones.memory import MicroBatch
from automl_skin.backbones.random_weights import draw_weights, untouched_torch_seed
from automl_skin.backbones.spatial.catalogue import add_metadata
from automl_skin.backbones.spatial.features import SpatialNetwork
from automl_skin.backbones.views import check_views, each_view
from automl_skin.digests import digest_json
from automl_skin.errors import BackboneError, ConfigError
from automl_skin.files import atomic_write, write_json

CPU_BATCH, GPU_BATCH = 4, 64
"""Images of one forward pass. On a CPU, 4 on one core are as fast per image as 16 (within a tenth, seven pairs of
network and precision on an AMD EPYC), and one image need not wait for more."""


class _TimmNetwork(Protocol):
    def forward_features(self, images: torch.Tensor) -> torch.Tensor: ...

    def forward_head(self, features: torch.Tensor, *, pre_logits: bool) -> torch.Tensor: ...


def load_network(backbone: Backbone, drop_path: float = 0.0) -> nn.Module:
    """Load a backbone without its classifier, in evaluation mode, on the CPU.

    Torch's random numbers are left as they were.

    Parameters
    ----------
    drop_path : float
        Share of residual branches that a network in training mode drops (stochastic depth); changes no
        weight.

    Raises
    ------
    BackboneError
        If the weights cannot be found, downloaded, read, or do not fit the architecture.
    ConfigError
        If the architecture drops no branches and `drop_path` is not 0.
    """
    with untouched_torch_seed():
        network = _build(backbone, _arguments(backbone, drop_path))
    network.requires_grad_(requires_grad=False)
    return network.eval().to(memory_format=torch.channels_last)


def _arguments(backbone: Backbone, drop_path: float) -> dict[str, float]:
    if drop_path == 0.0:
        return {}
    if not _drops_paths(backbone.architecture, drop_path):
        message = f"{backbone.architecture} has no residual branches to drop, and drop_path is {drop_path:g}"
        raise ConfigError(f"{message}; set drop_path=0 or choose another backbone")
    return {"drop_path_rate": drop_path}


def _drops_paths(architecture: str, rate: float) -> bool:
    try:
        with torch.device("meta"):
            network = timm.create_model(architecture, pretrained=False, drop_path_rate=rate)
    except TypeError:  # an unexpected argument
        return False
    return any("DropPath" in type(module).__name__ for module in network.modules())


def _build(backbone: Backbone, arguments: dict[str, float]) -> nn.Module:
    if backbone.weights == "folder":
        return _from_folder(backbone, arguments)
    every = {**json.loads(backbone.model_args), **arguments}
    if backbone.weights == "timm":
        tagged = f"{backbone.architecture}.{backbone.tag}" if backbone.tag else backbone.architecture
        return load_pretrained(tagged, **every)
    network: nn.Module = timm.create_model(backbone.architecture, pretrained=False, num_classes=0, **every)
    draw_weights(network, backbone.seed)
    return network


def _from_folder(backbone: Backbone, arguments: dict[str, float]) -> nn.Module:
    assert backbone.folder is not None
    hub.read_config(backbone.folder)
    try:
        if backbone.spatial:
            return _spatial_from_folder(backbone, backbone.folder, arguments)
        network: nn.Module = timm.create_model(
            f"local-dir:{backbone.folder}",
            pretrained=True,
            num_classes=0,
            **json.loads(backbone.model_args),
            **arguments,
        )
    except (SafetensorError, RuntimeError, TypeError, KeyError, ValueError) as error:
        first = str(error).strip().splitlines()[0] if str(error).strip() else type(error).__name__
        message = f"{backbone.folder}: expected whole weights that fit {backbone.architecture}"
        raise BackboneError(f"{message}, got: {first}; bring the folder again") from error
    return network


def _spatial_from_folder(backbone: Backbone, folder: Path, arguments: dict[str, float]) -> nn.Module:
    model_args = json.loads(backbone.model_args)
    trunk = timm.create_model(
        backbone.architecture, pretrained=False, num_classes=0, **model_args, **arguments
    )
    network = _with_metadata(trunk, backbone)
    network.load_state_dict(load_file(folder / hub.WEIGHTS))
    return network


def check_shapes(backbone: Backbone) -> None:
    """Check that a folder of `save_network` holds the arrays of its network, before memory is taken for them.

    Raises
    ------
    BackboneError
        If names or shapes are others.
    """
    assert backbone.folder is not None
    model_args = json.loads(backbone.model_args)
    try:
        with torch.device("meta"):  # shapes without values
            network: nn.Module = timm.create_model(
                f"local-dir:{backbone.folder}", pretrained=False, num_classes=0, **model_args
            )
            if backbone.spatial:
                network = _with_metadata(network, backbone)
    except NotImplementedError:  # what few architectures compute with values, when they are built
        return
    wanted = {name: list(tensor.shape) for name, tensor in network.state_dict().items()}
    with safe_open(backbone.folder / hub.WEIGHTS, framework="pt") as file:
        found = {name: file.get_slice(name).get_shape() for name in file.keys()}  # noqa: SIM118 - not a mapping
    if found != wanted:
        name = next(each for each in sorted({*found, *wanted}) if found.get(each) != wanted.get(each))
        message = f"{backbone.folder / hub.WEIGHTS}: expected {wanted.get(name, 'nothing')} as {name!r}"
        raise BackboneError(f"{message}, got {found.get(name, 'nothing')}; bring the folder again")


def _with_metadata(trunk: nn.Module, backbone: Backbone) -> nn.Module:
    spatial = json.loads(backbone.spatial)
    return add_metadata(trunk, spatial["fusion"], spatial["n_metadata"], 0, spatial["settings"])


def save_network(backbone: Backbone, network: nn.Module, folder: Path) -> None:
    """Write a network in hub layout; `backbone_from_folder` and `load_network` bring back the same weights.

    timm opens the folder too, unless metadata enter the network.

    Raises
    ------
    StorageError
        If the folder cannot be written or the disk is full.
    """
    state = {name: tensor.detach().cpu().contiguous() for name, tensor in network.state_dict().items()}
    with atomic_write(folder / hub.WEIGHTS) as temporary:
        save_file(state, temporary, metadata={"format": "pt"})
    spatial = {"spatial": json.loads(backbone.spatial)} if backbone.spatial else {}
    write_json(
        folder / hub.CONFIG,
        {
            **spatial,
            "architecture": backbone.architecture,
            "num_classes": 0,
            "model_args": json.loads(backbone.model_args),
            "pretrained_cfg": {
                "tag": backbone.tag,
                "input_size": [3, backbone.height, backbone.width],
                "fixed_input_size": backbone.fixed_size,
                "interpolation": backbone.interpolation,
                "mean": backbone.mean,
                "std": backbone.std,
                "num_classes": 0,
                "license": backbone.licence,
            },
        },
    )


def weights_digest(network: nn.Module) -> str:
    """Return the digest of a network's weights, whatever their order, memory format and device."""
    whole = hashlib.sha256()
    for name, tensor in sorted(network.state_dict().items()):
        whole.update(f"{name} {tensor.dtype} {tuple(tensor.shape)}\n".encode())
        values = tensor.detach().cpu().contiguous().view(-1).view(torch.uint8).numpy()
        whole.update(values.data)
    return whole.hexdigest()


def network_digest(backbone: Backbone, network: nn.Module) -> str:
    """Return the digest of what decides embeddings: architecture, its arguments, and weights.

    The weights alone do not: ``pad_type`` changes what a network computes and none of its weights.
    """
    spatial = {"spatial": json.loads(backbone.spatial)} if backbone.spatial else {}
    return digest_json(
        {
            **spatial,
            "architecture": backbone.architecture,
            "model_args": json.loads(backbone.model_args),
            "weights": weights_digest(network),
        }
    )


def embed(
    network: nn.Module,
    images: Pixels,
    *,
    mean: tuple[float, float, float],
    std: tuple[float, float, float],
    views: int = 1,
    device: torch.device,
    precision: Precision,
    metadata: Float32Array | None = None,
    passes: MicroBatch | None = None,
) -> Float32Array:
    """Turn images into embeddings.

    Every forward pass has the same number of images (the last is filled up with zeros), because libraries choose other
    kernels for other shapes, and sums of another order differ in their last bits.

    Parameters
    ----------
    network : Module
        From `load_network`, already on `device`.
    images : ndarray of shape (n, height, width, 3)
        RGB, uint8, of the recipe's size.
    mean, std : tuple of float
        Of the recipe.
    views : {1, 4, 8}
        Flips, and for square images transposes, whose embeddings are averaged.
    device, precision
        From `resolve_device` and `resolve_precision`.
    metadata : ndarray of shape (n, n_metadata), optional
        Encoded; of the same rows, for a network that metadata enter.
    passes : MicroBatch, optional
        From `begin_passes`, the same for all calls: where the memory is short, it remembers what fits.

    Returns
    -------
    ndarray of shape (n, n_dimensions)
        float32.

    Raises
    ------
    ConfigError
        If the number of views does not fit this size.
    BackboneError
        If a single image does not fit the memory.
    """
    check_views(views, *images.shape[1:3])
    passes = passes or begin_passes(device)
    scale = Normalisation(mean, std, device)
    pieces: list[Float32Array] = []
    done = 0
    while not pieces or done < len(images):
        part, known = images[done:], None if metadata is None else metadata[done:]
        work = partial(_embed_pass, network, part, known, scale, views, precision)
        pieces.append(passes.run(work))
        done += len(pieces[-1])
    return np.concatenate(pieces)[: len(images)]


def begin_passes(device: torch.device, size: int = 0) -> MicroBatch:
    """Return how many images go through a network at once on a device.

    Parameters
    ----------
    size : int
        Of the user's choice; 0 for what suits the device. A CPU has one size: of another, last digits would differ
        between search and scoring, and nothing is gained.
    """
    if device.type == "cpu":
        return MicroBatch(CPU_BATCH, learns=False)
    return MicroBatch(size or GPU_BATCH, learns=False)


class Normalisation:
    """Turns uint8 (n, height, width, 3) into float32 (n, 3, height, width) in channels-last memory."""

    def __init__(self, mean: tuple[float, ...], std: tuple[float, ...], device: torch.device) -> None:
        self.device = device
        self.shift = torch.tensor(mean, dtype=torch.float64).mul(255.0).float().to(device)
        self.factor = torch.tensor(std, dtype=torch.float64).mul(255.0).reciprocal().float().to(device)

    def __call__(self, images: Pixels) -> torch.Tensor:
        """Return normalised images on the device."""
        pixels = torch.from_numpy(np.ascontiguousarray(images)).to(self.device)
        return pixels.float().sub_(self.shift).mul_(self.factor).permute(0, 3, 1, 2)


def _embed_pass(
    network: nn.Module,
    images: Pixels,
    metadata: Float32Array | None,
    normalise: Normalisation,
    views: int,
    precision: Precision,
    size: int,
) -> Float32Array:
    """Return the embeddings of the first `size` images; rows of zeros where there are fewer."""
    images, metadata = images[:size], None if metadata is None else metadata[:size]
    n_filling = size - len(images)
    if n_filling:
        images = np.concatenate([images, np.zeros((n_filling, *images.shape[1:]), np.uint8)])
    known = None if metadata is None else _filled(metadata, len(images)).to(normalise.device)
    pixels = normalise(images)
    found = _mean_of_views(network, pixels, known, views, precision)
    if precision == "float16" and not np.isfinite(found).all():  # its range ends at 65,504
        found = _mean_of_views(network, pixels, known, views, "float32")
    return found


def _mean_of_views(
    network: nn.Module, pixels: torch.Tensor, metadata: torch.Tensor | None, views: int, precision: Precision
) -> Float32Array:
    with torch.inference_mode(), computing_in(precision, pixels.device):
        total: Any = 0.0
        for view in each_view(pixels, views):
            total = total + embedding_of(
                network, view.contiguous(memory_format=torch.channels_last), metadata
            )
        return cast("Float32Array", (total / views).cpu().numpy())


def _filled(metadata: Float32Array, n_rows: int) -> torch.Tensor:
    filling = np.zeros((n_rows - len(metadata), metadata.shape[1]), np.float32)
    return torch.from_numpy(np.concatenate([metadata.astype(np.float32), filling]))


def embedding_of(
    network: nn.Module, images: torch.Tensor, metadata: torch.Tensor | None = None
) -> torch.Tensor:
    """Return what the network's own classifier would see, float32 of shape (n, n_dimensions).

    Parameters
    ----------
    images : Tensor of shape (n, 3, height, width)
        Normalised.
    metadata : Tensor of shape (n, n_metadata), optional
        Encoded, for a network that metadata enter (see `automl_skin.backbones.spatial`).
    """
    if metadata is not None:
        return cast("SpatialNetwork", network).embed(images, metadata).float()
    timm_network = cast("_TimmNetwork", network)
    features = timm_network.forward_features(images)
    return timm_network.forward_head(features, pre_logits=True).float()


def computing_in(precision: Precision, device: torch.device) -> AbstractContextManager[object]:
    """Return the context in which a network computes in a precision."""
    if precision == "float32":
        return nullcontext()
    return torch.autocast(device.type, torch.bfloat16 if precision == "bfloat16" else torch.float16)
