"""The fusions that a joint tuning may train, by name: those on pooled embeddings and those before pooling."""

from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any

from automl_skin.errors import ConfigError
from automl_skin.heads.neural.fusions.catalogue import NEURAL_FUSIONS, fusion_by_name
from automl_skin.heads.neural.layers import Layer


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


def is_pooled(name: str) -> bool:
    """Return whether a fusion takes pooled embeddings, and not the map or tokens before pooling."""
    return name in NEURAL_FUSIONS


def read_settings(name: str, text: str) -> dict[str, Any]:
    """Return the settings of a fusion as a person types them: ``layers=3,width=64``.

    Raises
    ------
    ConfigError
        If there is no such fusion or setting, or a value is of the wrong type or out of range.

    Examples
    --------
    >>> read_settings("metanet", "layers=3,shape=published")
    {'layers': 3, 'shape': 'published'}
    """
    typed = dict(part.split("=", 1) for part in text.split(",") if part)
    if not is_pooled(name):
        return _spatial_settings(name, typed)
    fusion = fusion_by_name(name)
    kinds = {field.name: type(field.default) for field in fields(fusion.settings)}
    values = {setting: _value(setting, kinds.get(setting, str), each) for setting, each in typed.items()}
    fusion.configure(values)
    return values


def _spatial_settings(name: str, typed: Mapping[str, str]) -> dict[str, Any]:
    import inspect

    from automl_skin.backbones.spatial.catalogue import SPATIAL_FUSIONS

    if name not in SPATIAL_FUSIONS:
        known = ", ".join([*NEURAL_FUSIONS, *SPATIAL_FUSIONS])
        raise ConfigError(f"a fusion for tuning: expected one of {known}, got {name!r}")
    parameters = inspect.signature(SPATIAL_FUSIONS[name]).parameters
    kinds = {each: type(parameter.default) for each, parameter in parameters.items()}
    known_settings = [each for each in kinds if each not in {"trunk", "n_metadata"}]
    for setting in typed:
        if setting not in known_settings:
            message = f"the fusion {name} has no setting {setting!r}"
            raise ConfigError(f"{message}; it has {', '.join(known_settings) or 'none'}")
    return {setting: _value(setting, kinds[setting], each) for setting, each in typed.items()}


def _value(setting: str, kind: type, text: str) -> Any:
    if kind is bool:
        if text not in {"true", "false"}:
            raise ConfigError(f"{setting} of a fusion: expected true or false, got {text!r}")
        return text == "true"
    try:
        return kind(text)
    except ValueError as error:
        wanted = "a whole number" if kind is int else "a number"
        raise ConfigError(f"{setting} of a fusion: expected {wanted}, got {text!r}") from error
