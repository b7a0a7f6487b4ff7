"""The fusions that a joint tuning may train, by name: those on pooled embeddings and those before pooling."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, fields
from typing import Any

from automl_skin.errors import ConfigError
from automl_skin.heads.neural.fusions.catalogue import NEURAL_FUSIONS, fusion_by_name
from automl_skin.heads.neural.layers import Layer
from automl_skin.heads.space import Value


@dataclass(frozen=True)
class PooledFusion:
    """A fusion on pooled embeddings with settings, between so many columns.

    Parameters
    ----------
    name : str
        In `automl_skin.heads.neural.fusions.catalogue.NEURAL_FUSIONS`.
    settings : mapping of str to value
        Those that are not its defaults.
    """

    name: str
    settings: Mapping[str, Any]
    n_image: int
    n_metadata: int

    @property
    def layers(self) -> Mapping[str, Layer]:
        """Its layers by name."""
        return fusion_by_name(self.name).layers(self.configured, self.n_image, self.n_metadata)

    @property
    def n_out(self) -> int:
        """Columns of the fused values."""
        return fusion_by_name(self.name).n_out(self.configured, self.n_image, self.n_metadata)

    @property
    def configured(self) -> Any:
        """All its settings."""
        return fusion_by_name(self.name).configure(self.settings)

    def fuse(self, engine: Any, image: Any, metadata: Any) -> Any:
        """Return the fused values of shape (n_rows, n_out), computed by an engine that has its layers."""
        return fusion_by_name(self.name).forward(engine, self.configured, image, metadata)


EMBEDDING_NETWORK = "yap"
"""The fusion that needs no metadata: fully connected layers on what stands side by side (Yap et al. 2018)."""


def is_pooled(name: str) -> bool:
    """Return whether a fusion takes pooled embeddings, and not the map or tokens before pooling."""
    return name in NEURAL_FUSIONS


def read_settings(name: str, typed: Mapping[str, str]) -> dict[str, Value]:
    """Return the settings of a fusion that a person typed, each in its own type.

    Raises
    ------
    ConfigError
        If there is no such fusion or setting, or a value is of the wrong type.

    Examples
    --------
    >>> read_settings("metanet", {"layers": "3", "shape": "published"})
    {'layers': 3, 'shape': 'published'}
    """
    kinds = _kinds(name)
    _check_known(name, typed, kinds)
    return {setting: _value(setting, kinds[setting], text) for setting, text in typed.items()}


def check_settings(name: str, settings: Mapping[str, Value]) -> None:
    """Check the settings of a fusion.

    Raises
    ------
    ConfigError
        If there is no such fusion or setting, or a value is of the wrong type or out of range.
    """
    kinds = _kinds(name)
    _check_known(name, settings, kinds)
    for setting, value in settings.items():
        if type(value) is not kinds[setting]:
            wanted = _WORDS[kinds[setting]]
            raise ConfigError(f"{setting} of a fusion: expected {wanted}, got {value!r}")
    if is_pooled(name):
        fusion_by_name(name).configure(settings)


_WORDS = {bool: "true or false", int: "a whole number", float: "a number", str: "a text"}


def _kinds(name: str) -> dict[str, type]:
    """Return the type of each setting of a fusion."""
    if is_pooled(name):
        return {each.name: type(each.default) for each in fields(fusion_by_name(name).settings)}
    import inspect

    from automl_skin.backbones.spatial.catalogue import SPATIAL_FUSIONS

    if name not in SPATIAL_FUSIONS:
        known = ", ".join([*NEURAL_FUSIONS, *SPATIAL_FUSIONS])
        raise ConfigError(f"a fusion for tuning: expected one of {known}, got {name!r}")
    parameters = inspect.signature(SPATIAL_FUSIONS[name]).parameters.items()
    return {each: type(of.default) for each, of in parameters if each not in {"trunk", "n_metadata"}}


def _check_known(name: str, settings: Iterable[str], known: Iterable[str]) -> None:
    for setting in settings:
        if setting not in known:
            message = f"the fusion {name} has no setting {setting!r}"
            raise ConfigError(f"{message}; it has {', '.join(known) or 'none'}")


def _value(setting: str, kind: type, text: str) -> Value:
    try:
        return {"true": True, "false": False}[text] if kind is bool else kind(text)
    except (KeyError, ValueError) as error:
        raise ConfigError(f"{setting} of a fusion: expected {_WORDS[kind]}, got {text!r}") from error
