"""What every neural fusion is: facts, layers and one formula.

Shapes: image (n_cases, n_image), metadata (n_cases, n_metadata), result (n_cases, n_out). What follows (hidden
layers, scores) is not the fusion's.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, fields
from typing import TYPE_CHECKING, Any, Literal, Protocol

from automl_skin.errors import ConfigError
from automl_skin.heads.neural.layers import Layers
from automl_skin.heads.space import Space, Value

if TYPE_CHECKING:
    from torch import Tensor

    from automl_skin.heads.neural.engine import Engine

Needs = Literal["pooled", "grid"]


class FusionFormula(Protocol):
    """``forward(engine, settings, image, metadata)``: the fused values."""

    def __call__(self, engine: "Engine", settings: Any, image: "Tensor", metadata: "Tensor", /) -> "Tensor":
        """Return the fused values."""
        ...


@dataclass(frozen=True)
class NeuralFusion:
    """One way in which image and metadata meet inside a network.

    Parameters
    ----------
    name : str
    source : str
        Paper and equation.
    settings : type
        Frozen dataclass of its own settings; every field has a default.
    space : mapping of str to Real, Integer or Categorical
        What is searched, by field of `settings`, in the order of asking.
    layers : callable
        ``layers(settings, n_image, n_metadata)``: its layers by name, none called ``last`` or ``hidden...``.
    n_out : callable
        ``n_out(settings, n_image, n_metadata)``: columns of the result.
    forward : FusionFormula
    needs : {"pooled", "grid"}
        What of the image: the pooled embedding, or the map or tokens before pooling.
    asks : callable
        ``asks(name, chosen)``: whether the setting `name` matters after those that are `chosen`; by default all do.
    head : mapping of str to value
        Settings of the network after the fusion in the published form, where they are not its defaults.
    """

    name: str
    source: str
    settings: type
    space: Space
    layers: Callable[[Any, int, int], Layers]
    n_out: Callable[[Any, int, int], int]
    forward: FusionFormula
    needs: Needs = "pooled"
    asks: Callable[[str, Mapping[str, Value]], bool] = lambda name, chosen: True  # noqa: ARG005
    head: Mapping[str, Value] = field(default_factory=dict)

    def configure(self, values: Mapping[str, Value]) -> Any:
        """Return the settings with `values` in place of their defaults.

        Raises
        ------
        ConfigError
            If a name is not a setting of this fusion, or a value lies outside its range.
        """
        known = [each.name for each in fields(self.settings)]
        for name, value in values.items():
            if name not in known:
                message = (
                    f"the fusion {self.name} has no setting {name!r}; it has {', '.join(known) or 'none'}"
                )
                raise ConfigError(message)
            if name in self.space and not self.space[name].accepts(value):
                raise ConfigError(f"{self.name}'s {name}: expected {self.space[name]}, got {value!r}")
        return self.settings(**values)
