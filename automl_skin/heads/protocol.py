"""What every family of heads offers, and what a fitted head can do."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Protocol

from automl_skin.arrays import FloatArray
from automl_skin.errors import ConfigError
from automl_skin.heads.cost import DesignSize
from automl_skin.heads.design import Design
from automl_skin.heads.signature import Signature
from automl_skin.heads.space import Space, Value
from automl_skin.heads.training import Targets


class FittedHead(Protocol):
    """A head after fitting: predicts, and is saved without pickle."""

    @property
    def signature(self) -> Signature:
        """The columns that it expects, and the classes that it answers with."""
        ...

    def predict(self, design: Design) -> FloatArray:
        """Return probabilities of shape (n_cases, n_classes).

        One case scores like a batch: within 1e-6.
        """
        ...

    def save(self, folder: Path) -> None:
        """Write everything that the family's `load` needs into `folder`."""
        ...


Fit = Callable[[Any, Design, Targets, int, int], FittedHead]


@dataclass(frozen=True)
class Family:
    """The facts of one family.

    Parameters
    ----------
    name : str
        As in the catalogue, the command line and MLflow.
    config : type
        Frozen dataclass of the hyperparameters; every field has a default.
    space : mapping of str to Real, Integer or Categorical
        What is searched, by field of `config`. Other fields are set by whoever builds the chain.
    fit : callable
        ``fit(config, design, targets, seed, threads) -> FittedHead``. A class that is absent from the targets gets
        probability 0.
    load : callable
        ``load(folder) -> FittedHead`` for what `FittedHead.save` wrote.
    estimate_seconds : callable
        ``estimate_seconds(config, size)``: what `fit` costs; see `automl_skin.heads.cost`.
    of_trees : bool
        Whether embeddings have to be projected to a few hundred columns, for speed, and the prediction is a step
        function, whose gradient is 0 nearly everywhere.
    neural : bool
        Whether the head is a network in which image and metadata may meet in any way (`NEURAL_FUSIONS`).
    asks : callable
        ``asks(name, chosen)``: whether the setting `name` matters after those that are `chosen`; by default all do.
    package : str
        The package that it is fitted with, where that is an extra of the same name which may not be installed.
    """

    name: str
    config: type
    space: Space
    fit: Fit
    load: Callable[[Path], FittedHead]
    estimate_seconds: Callable[[Any, DesignSize], float]
    of_trees: bool
    neural: bool = False
    asks: Callable[[str, Mapping[str, Value]], bool] = lambda name, chosen: True  # noqa: ARG005
    package: str = ""

    @property
    def is_installed(self) -> bool:
        """Whether it can be fitted here; what was fitted elsewhere answers without its library."""
        return not self.package or find_spec(self.package) is not None

    def check_installed(self) -> None:
        """Raise a `ConfigError` unless the family can be fitted here."""
        if not self.is_installed:
            message = f"the family {self.name}: expected the package {self.package}, which is not installed"
            raise ConfigError(f"{message}; install it with pip install 'automl-skin[{self.package}]'")

    def configure(self, values: Mapping[str, Value]) -> Any:
        """Return the config with `values` in place of its defaults.

        Raises
        ------
        ConfigError
            If a name is not a setting of this family, or a value lies outside its range.
        """
        known = sorted(field.name for field in fields(self.config))
        for name, value in values.items():
            if name not in known:
                message = f"{self.name} has no setting {name!r}; it has {', '.join(known)}"
                raise ConfigError(message)
            if name in self.space and not self.space[name].contains(value):
                message = f"{self.name}'s {name}: expected {self.space[name]}, got {value!r}"
                raise ConfigError(message)
        return self.config(**values)
