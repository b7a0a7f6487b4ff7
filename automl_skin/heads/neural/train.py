"""Training of the neural head: a fixed number of epochs, so that no inner split is needed."""

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from automl_skin.errors import ConfigError
from automl_skin.heads.design import Design
from automl_skin.heads.neural.config import TrainingConfig, choose_batch_size
from automl_skin.heads.neural.modality import lose_modalities
from automl_skin.heads.neural.state import torch_threads
from automl_skin.heads.training import Targets

_WARM_UP_SHARE = 0.1
_MAX_GRADIENT_NORM = 1.0


@dataclass(frozen=True)
class _Cases:
    """Training cases as tensors; `goals` are smoothed class shares of shape (n_cases, n_present)."""

    image: Tensor
    metadata: Tensor
    goals: Tensor
    weights: Tensor

    def take(self, positions: Tensor) -> "_Cases":
        return _Cases(*(tensor[positions] for tensor in vars(self).values()))

    def mixed_with(self, other: "_Cases", share: float) -> "_Cases":
        pairs = zip(vars(self).values(), vars(other).values(), strict=True)
        return _Cases(*(torch.lerp(theirs, mine, share) for mine, theirs in pairs))


def train(
    build: Callable[[torch.Generator | None], nn.Module],
    config: TrainingConfig,
    design: Design,
    targets: Targets,
    seed: int,
    threads: int,
) -> nn.Module:
    """Return one trained module in evaluation mode; torch's global generator is not touched.

    Raises
    ------
    ConfigError
        If the training diverges.
    """
    generator = torch.Generator().manual_seed(seed)
    with torch_threads(threads):
        module = build(generator)
        cases = _tensors(design, targets, config.label_smoothing)
        batches = list(_batches(config, torch.from_numpy(targets.codes), generator))
        absent = _absent(design)
        augmented = (_augment(config, cases.take(each), absent, generator) for each in batches)
        _optimise(module, config, augmented, len(batches))
    if not all(bool(torch.isfinite(tensor).all()) for tensor in module.state_dict().values()):
        message = f"the training diverged; use a learning_rate below {config.learning_rate:g}"
        raise ConfigError(message)
    return module.eval()


def _optimise(module: nn.Module, config: TrainingConfig, batches: Iterator[_Cases], n_steps: int) -> None:
    parameters = list(module.parameters())
    optimiser = torch.optim.AdamW(
        parameters, lr=config.learning_rate, weight_decay=config.weight_decay, foreach=True
    )
    for step, batch in enumerate(batches):
        for group in optimiser.param_groups:
            group["lr"] = config.learning_rate * _schedule(step / n_steps)
        losses = _losses(module(batch.image, batch.metadata), batch.goals)
        optimiser.zero_grad()
        (losses * batch.weights).mean().backward()  # type: ignore[no-untyped-call]  # torch's own stubs
        torch.nn.utils.clip_grad_norm_(parameters, _MAX_GRADIENT_NORM)
        optimiser.step()


def _losses(scores: Tensor, goals: Tensor) -> Tensor:
    """Return each case's loss; of scores of several members, shape (n_cases, n_members, n_present), their mean."""
    if scores.ndim == 2:  # one member
        return functional.cross_entropy(scores, goals, reduction="none")
    logs = functional.log_softmax(scores, dim=2)
    return -(logs * goals[:, None]).sum(dim=2).mean(dim=1)


def _schedule(progress: float) -> float:
    """Return the share of the peak learning rate at `progress` from 0 to 1."""
    if progress < _WARM_UP_SHARE:
        return (progress + 0.01) / (_WARM_UP_SHARE + 0.01)
    return 0.5 * (1.0 + math.cos(math.pi * (progress - _WARM_UP_SHARE) / (1.0 - _WARM_UP_SHARE)))


def _batches(config: TrainingConfig, codes: Tensor, generator: torch.Generator) -> Iterator[Tensor]:
    n_cases = len(codes)
    batch_size = choose_batch_size(config.batch_size, n_cases)
    chances = 1.0 / torch.bincount(codes).double()[codes]
    for _ in range(config.epochs):
        if config.balanced_sampling:
            order = torch.multinomial(chances, n_cases, replacement=True, generator=generator)
        else:
            order = torch.randperm(n_cases, generator=generator)
        yield from torch.split(order, batch_size)


def _augment(config: TrainingConfig, batch: _Cases, absent: Tensor, generator: torch.Generator) -> _Cases:
    if config.mixup > 0.0:
        partner = batch.take(torch.randperm(len(batch.goals), generator=generator))
        batch = batch.mixed_with(partner, _mixing_share(config.mixup, generator))
    if config.input_noise > 0.0:
        image, metadata = (
            part + config.input_noise * torch.randn(part.shape, generator=generator)
            for part in (batch.image, batch.metadata)
        )
        batch = replace(batch, image=image, metadata=metadata)
    if config.modality_dropout > 0.0:
        share = config.modality_dropout
        image, metadata = lose_modalities(batch.image, batch.metadata, absent, share, generator)
        batch = replace(batch, image=image, metadata=metadata)
    return batch


def _mixing_share(alpha: float, generator: torch.Generator) -> float:
    """Draw from Beta(alpha, alpha) through two gamma variables of `torch._standard_gamma`."""
    concentration = torch.full((2,), alpha, dtype=torch.float64)
    gammas = torch._standard_gamma(concentration, generator=generator)  # noqa: SLF001 - the only seeded one
    return float(gammas[0] / gammas.sum())


def _tensors(design: Design, targets: Targets, smoothing: float) -> _Cases:
    goals = functional.one_hot(torch.from_numpy(targets.codes), targets.n_present).float()
    return _Cases(
        torch.from_numpy(design.image.copy()),
        torch.from_numpy(design.metadata.copy()),
        goals * (1.0 - smoothing) + smoothing / targets.n_present,
        torch.from_numpy(targets.weights).float(),
    )


def _absent(design: Design) -> Tensor:
    """Return what stands for metadata that are all missing, shape (n_metadata,)."""
    absent = design.metadata.mean(axis=0) if design.absent is None else design.absent
    return torch.from_numpy(np.array(absent, dtype=np.float32))
