"""Tunings by name, and the grammar of their names: ``NAME``, or ``NAME field=value field=value ...``.

Wherever a tuning is named, fields of its recipe may be changed in the same breath: ``full epochs=6 loss=focal``.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace

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
    # Ahammed et al. 2025, section 5: a warm-up epoch at a tenth of the rate, which is the upper end of their range; the
    # watched part stands for their validation part
    "ahammed": TuningRecipe(
        epochs=100,
        optimizer="adam",
        learning_rate=3e-4,
        weight_decay=0.0,
        warm_up=1.0,
        warm_up_rate=0.1,
        augmentation="siim",
        fit="crop",
        labels="target",
        inner_parts=10,
        patience=10,
        metadata_dropout=0.0,
    ),
}

_LONGEST = 100  # of a name, which is part of file names, that may have 255 bytes


@dataclass(frozen=True)
class NamedTuning:
    """A tuning as a person names it.

    Parameters
    ----------
    base : str
        A name in `TUNINGS`.
    changes : mapping of str to str
        Values by field, as typed: ``{"epochs": "6"}``.
    """

    base: str
    changes: Mapping[str, str] = field(default_factory=dict)

    @property
    def title(self) -> str:
        """What a person calls it, and the name of its embeddings."""
        return changed_name(self.base, self.changes)

    @property
    def recipe(self) -> TuningRecipe:
        """How networks are tuned.

        Raises
        ------
        ConfigError
            If a name is unknown, or a value is of the wrong type or out of range.
        """
        return tuning_by_name(self.base, self.changes)


def parse_tuning(text: str, changes: Mapping[str, str] | None = None) -> NamedTuning:
    """Return what a name says.

    Parameters
    ----------
    text : str
        ``NAME``, or ``NAME field=value field=value ...``.
    changes : mapping of str to str, optional
        Those that hold for every named tuning; what stands in `text` wins.

    Raises
    ------
    ConfigError
        If the text is not of this form, or names a field twice. What is named is checked when the recipe is asked for.

    Examples
    --------
    >>> parse_tuning("full epochs=6 sampling=balanced", {"epochs": "2"}).title
    'full-6-epochs-balanced-sampling'
    """
    base, *parts = text.split() or [""]
    own = read_changes(parts, f"the tuning {text!r}")
    if not base or "=" in base:
        message = (
            f"a tuning must be named NAME or NAME field=value ..., such as 'full epochs=6'; found {text!r}"
        )
        raise ConfigError(f"{message}; known names are {', '.join(TUNINGS)}")
    return NamedTuning(base, {**(changes or {}), **own})


def read_changes(parts: "list[str] | tuple[str, ...]", where: str) -> dict[str, str]:
    """Return changes of a recipe by field.

    Parameters
    ----------
    parts : sequence of str
        Each ``field=value``.
    where : str
        Where they stand, for the message.

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
            message = f"{where} must be name=value, each name once, such as epochs=6"
            raise ConfigError(f"{message}; found {text!r}")
        changes[name] = value
    return changes


def tuning_by_name(name: str, changes: Mapping[str, str] | None = None) -> TuningRecipe:
    """Return a recipe of `TUNINGS`, with some fields changed.

    Parameters
    ----------
    name : str
        A name in `TUNINGS`.
    changes : mapping of str to str, optional
        Values by field, as typed by a person: ``{"epochs": "6"}``.

    Raises
    ------
    ConfigError
        If a name is unknown, or a value is of the wrong type or out of range.

    Examples
    --------
    >>> tuning_by_name("head", {"epochs": "6", "warm_up": "0"}).epochs
    6
    """
    if name not in TUNINGS:
        message = f"unknown tuning {name!r}{suggestion(name, TUNINGS)}"
        raise ConfigError(f"{message}; known are {', '.join(TUNINGS)}")
    values = {field: read_field(field, text) for field, text in (changes or {}).items()}
    return replace(TUNINGS[name], **values)  # type: ignore[arg-type]  # the recipe checks its fields


def changed_name(name: str, changes: Mapping[str, str] | None = None) -> str:
    """Return what a person calls a changed recipe.

    Examples
    --------
    >>> changed_name("full", {"label_smoothing": "0.1", "epochs": "6"})
    'full-6-epochs-0.1-label-smoothing'

    One of many changes goes by their number and digest, since it is part of file names.
    """
    parts = [f"{_plain(text)}-{field.replace('_', '-')}" for field, text in sorted((changes or {}).items())]
    full = "-".join([name, *parts])
    return full if len(full) <= _LONGEST else f"{name}-{len(parts)}-changes-{digest_json(parts)[:8]}"


def _plain(text: str) -> str:
    """Return a value in letters that names of files and of MLflow's metrics may have.

    Examples
    --------
    >>> _plain("layers=2,width=8")
    'layers-2_width-8'
    """
    return re.sub(r"[^\w.-]", "_", text.strip().replace("=", "-"))
