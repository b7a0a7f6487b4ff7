"""Tunings by name, and the grammar of their names: ``NAME``, or ``NAME field=value field=value ...``.

Wherever a tuning is named, fields of its recipe may be changed in the same breath: ``full epochs=6 loss=focal``.
Settings of its fusion are changed as ``fusion.NAME``: ``joint fusion=metanet fusion.layers=2``.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from automl_skin.backbones.tuning.fusions import read_settings
from automl_skin.backbones.tuning.recipe import TuningRecipe, read_field
from automl_skin.backbones.tuning.recipe_values import suggestion
from automl_skin.digests import digest_json
from automl_skin.errors import ConfigError

TUNINGS: dict[str, TuningRecipe] = {
    "head": TuningRecipe(mode="head", learning_rate=3e-3),
    "partial": TuningRecipe(mode="partial", learning_rate=1e-3),
    "full": TuningRecipe(),
    "joint": TuningRecipe(mode="joint"),
    "robust": TuningRecipe(augmentation="siim", colour="shades_of_grey", wise=0.5, batch_norm="kept"),
}

OF_FUSION = "fusion."
"""What the name of a change begins with that is a setting of the fusion."""

MAX_NAME = 100
"""Letters of a tuning's name, which is part of file names; those may have 255 bytes."""


@dataclass(frozen=True)
class Tuning:
    """A recipe of `TUNINGS`, and what is changed of it.

    Parameters
    ----------
    base : str
        A name in `TUNINGS`.
    changes : mapping of str to str
        Values by field, as typed: ``{"epochs": "6"}``.

    Examples
    --------
    >>> tuning = Tuning.parse("full epochs=6 label_smoothing=0.1")
    >>> tuning.name
    'full-6-epochs-0.1-label-smoothing'
    >>> str(tuning)
    'full epochs=6 label_smoothing=0.1'
    """

    base: str
    changes: Mapping[str, str] = field(default_factory=dict)

    def __str__(self) -> str:
        return " ".join([self.base, *(f"{name}={value}" for name, value in sorted(self.changes.items()))])

    @classmethod
    def parse(cls, text: str, changes: Mapping[str, str] | None = None) -> "Tuning":
        """Return what a text says.

        Parameters
        ----------
        text : str
            ``NAME``, or ``NAME field=value field=value ...``.
        changes : mapping of str to str, optional
            Those that hold for every tuning; what stands in `text` wins.

        Raises
        ------
        ConfigError
            If the text is not of this form, or names a field twice. What is named is checked when the recipe is asked
            for.
        """
        base, *parts = text.split() or [""]
        own = read_changes(parts, f"the tuning {text!r}")
        if not base or "=" in base:
            message = (
                f"a tuning: expected NAME or NAME field=value ..., such as 'full epochs=6', got {text!r}"
            )
            raise ConfigError(f"{message}; known names are {', '.join(TUNINGS)}")
        return cls(base, {**(changes or {}), **own})

    @property
    def name(self) -> str:
        """What people, files and MLflow's metrics call it: many changes go by their number and digest."""
        parts = [
            f"{_plain(text)}-{re.sub(r'[_.]', '-', name)}" for name, text in sorted(self.changes.items())
        ]
        full = "-".join([self.base, *parts])
        return full if len(full) <= MAX_NAME else f"{self.base}-{len(parts)}-changes-{digest_json(parts)[:8]}"

    @property
    def pace(self) -> dict[str, str]:
        """Changes that may change the time of an image; the number of epochs does not."""
        return {name: value for name, value in self.changes.items() if name != "epochs"}

    @property
    def recipe(self) -> TuningRecipe:
        """How networks are tuned.

        Raises
        ------
        ConfigError
            If a name is unknown, or a value is of the wrong type or out of range.
        """
        if self.base not in TUNINGS:
            message = f"unknown tuning {self.base!r}{suggestion(self.base, TUNINGS)}"
            raise ConfigError(f"{message}; known are {', '.join(TUNINGS)}")
        recipe, values, settings = TUNINGS[self.base], dict[str, Any](), dict[str, str]()
        for name, text in self.changes.items():
            if name.startswith(OF_FUSION):
                settings[name.removeprefix(OF_FUSION)] = text
            else:
                values[name] = read_field(name, text)
        if settings:
            values["fusion_settings"] = read_settings(values.get("fusion", recipe.fusion), settings)
        return replace(recipe, **values)


def read_changes(parts: Sequence[str], where: str) -> dict[str, str]:
    """Return changes of a recipe by field, of texts ``field=value`` that stand in `where`.

    Raises
    ------
    ConfigError
        If one has not this form, or a field stands twice.

    Examples
    --------
    >>> read_changes(["epochs=6", "loss=focal"], "tuning_set")
    {'epochs': '6', 'loss': 'focal'}
    """
    changes: dict[str, str] = {}
    for text in parts:
        name, equals, value = (part.strip() for part in text.partition("="))
        if not (name and equals and value) or name in changes:
            message = f"{where}: expected name=value, each name once, such as epochs=6"
            raise ConfigError(f"{message}, got {text!r}")
        changes[name] = value
    return changes


def _plain(text: str) -> str:
    """Return a value in letters that names of files and of MLflow's metrics may have.

    Examples
    --------
    >>> _plain("50,120")
    '50_120'
    """
    return re.sub(r"[^\w.-]", "_", text.strip())
