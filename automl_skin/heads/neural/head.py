"""A torch module as a head: any that answers ``module(image, metadata)`` with one score per class that is present.

A family of such heads has a config that extends `TrainingConfig`, and a builder. What is saved is the module's state.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np

from automl_skin.arrays import FloatArray
from automl_skin.errors import ConfigError, IntegrityError
from automl_skin.heads.design import Design
from automl_skin.heads.neural.config import TrainingConfig
from automl_skin.heads.neural.numbers import NO_NUMBERS, Numbers, find_numbers, load_numbers
from automl_skin.heads.signature import Signature
from automl_skin.heads.stored import check_arrays, read_arrays, write_arrays
from automl_skin.heads.training import Targets
from automl_skin.records import read_record, write_record
from automl_skin.seeding import derive_seed

if TYPE_CHECKING:
    import torch
    from torch import nn

CONFIG_NAME = "network.json"
MAX_MEMBERS = 100_000


class Build(Protocol):
    """``build(config, n_image, n_metadata, n_scores, generator)``: the module.

    It draws its initial weights, and what it drops in training, from the generator; without one its weights do not
    matter, since a saved state follows.
    """

    def __call__(
        self,
        config: Any,
        n_image: int,
        n_metadata: int,
        n_scores: int,
        generator: "torch.Generator | None" = None,
        /,
    ) -> "nn.Module":
        """Return the module."""
        ...


@dataclass(frozen=True, eq=False)
class ModuleHead:
    """Trained modules, whose probabilities are averaged.

    Parameters
    ----------
    signature : Signature
    config : TrainingConfig
    modules : tuple of Module
        In evaluation mode and float64.
    numbers : Numbers
        The metadata columns that are embedded.
    """

    signature: Signature
    config: TrainingConfig
    modules: "tuple[nn.Module, ...]"
    numbers: Numbers = NO_NUMBERS

    def predict(self, design: Design) -> FloatArray:
        """Return the mean probabilities of the members, shape (n_cases, n_classes)."""
        import torch

        from automl_skin.heads.neural.state import THREADS, torch_threads

        self.signature.check(design)
        image, metadata = (
            torch.from_numpy(part.astype(np.float64)) for part in (design.image, design.metadata)
        )
        with torch_threads(THREADS), torch.inference_mode():
            total = sum(torch.softmax(module(image, metadata), dim=1).numpy() for module in self.modules)
        return self.signature.spread(np.asarray(total))

    def save(self, folder: Path) -> None:
        """Write ``head.json``, ``network.json``, one file of arrays per member, and what is embedded, if anything."""
        from automl_skin.heads.neural.state import module_arrays

        self.signature.write(folder)
        write_record(folder / CONFIG_NAME, self.config)
        if self.numbers:
            self.numbers.save(folder)
        for number, module in enumerate(self.modules):
            write_arrays(_member_path(folder, number), module_arrays(module))


def fit_modules(
    build: Build, config: TrainingConfig, design: Design, targets: Targets, seed: int, threads: int
) -> ModuleHead:
    """Train the members of a head; see `Family`."""
    from automl_skin.heads.neural.state import load_module, module_arrays
    from automl_skin.heads.neural.train import train

    signature = Signature.of(design, targets)
    numbers = find_numbers(config, design.metadata)
    make = _maker(build, config, signature, numbers)
    seeds = [derive_seed(seed, "member", number) for number in range(config.members)]
    trained = [train(make, config, design, targets, each, threads) for each in seeds]
    modules = tuple(load_module(partial(make, None), module_arrays(each)) for each in trained)
    return ModuleHead(signature, config, modules, numbers)


def load_modules(
    build: Build, kind: type[TrainingConfig], check: Callable[[Any], None], folder: Path
) -> ModuleHead:
    """Load what `ModuleHead.save` wrote.

    Parameters
    ----------
    build : Build
    kind : type
        The family's config.
    check : callable
        ``check(config)`` raises a `ConfigError` unless the module may be built.
    folder : Path

    Raises
    ------
    IntegrityError
        If the arrays are not those of the settings, columns and classes.
    """
    from automl_skin.heads.neural.state import array_facts, load_module

    signature, path = Signature.read(folder), folder / CONFIG_NAME
    try:
        config = read_record(kind, path)
        check(config)
    except ConfigError as error:
        message = f"{path}: expected the settings of a neural head ({error}); export again"
        raise IntegrityError(message) from error
    if not 1 <= config.members <= MAX_MEMBERS:
        message = f"{path}: expected 1 to {MAX_MEMBERS} members, got {config.members}; export again"
        raise IntegrityError(message)
    numbers = load_numbers(config, signature.n_columns - signature.image_columns, folder)
    make = _maker(build, config, signature, numbers)
    make_empty = partial(make, None)
    facts = array_facts(make_empty)
    paths = [_member_path(folder, number) for number in range(config.members)]
    members = []
    for member in paths:
        arrays = read_arrays(member)
        check_arrays(member, arrays, facts)
        if any(name.endswith("running_var") and array.min() < 0 for name, array in arrays.items()):
            raise IntegrityError(f"{member}: expected variances of 0 or more; export again")
        members.append(load_module(make_empty, arrays))
    return ModuleHead(signature, config, tuple(members), numbers)


def _maker(
    build: Build, config: TrainingConfig, signature: Signature, numbers: Numbers
) -> "Callable[[torch.Generator | None], nn.Module]":
    n_image, n_scores = signature.image_columns, len(signature.classes)
    n_metadata = signature.n_columns - n_image

    def make(generator: "torch.Generator | None") -> "nn.Module":
        if not numbers:
            return build(config, n_image, n_metadata, n_scores, generator)
        from automl_skin.heads.neural.embedded import Embedded

        def behind(n_columns: int) -> "nn.Module":
            return build(config, n_image, n_columns, n_scores, generator)

        return Embedded(config, numbers, n_metadata, behind, generator)

    return make


def _member_path(folder: Path, number: int) -> Path:
    return folder / f"member-{number}.safetensors"
