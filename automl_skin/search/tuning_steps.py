"""What a round of tuning consists of, and what came of it, as plain values that a file can hold."""

import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from typing import Any, Literal

from automl_skin.backbones.tuning.epoch import Epoch
from automl_skin.backbones.tuning.names import changed_name, tuning_by_name
from automl_skin.backbones.tuning.recipe import TuningRecipe

State = Literal["finished", "failed", "skipped"]
RoundKind = Literal["ranking", "probe", "tuning"]


@dataclass(frozen=True)
class TuningStep:
    """One embedding set, tuned in one way.

    Parameters
    ----------
    backbone, recipe : str
        Names of the embedding set.
    base : str
        A name in `TUNINGS`.
    changes : mapping of str to str
        What is changed of it.
    """

    backbone: str
    recipe: str
    base: str
    changes: Mapping[str, str] = field(default_factory=dict)

    @property
    def set_name(self) -> tuple[str, str]:
        """Backbone and recipe."""
        return self.backbone, self.recipe

    @property
    def tuning(self) -> str:
        """What the tuning is called, its changes included."""
        return changed_name(self.base, self.changes)

    @property
    def tuning_recipe(self) -> TuningRecipe:
        """How the networks are tuned."""
        return tuning_by_name(self.base, self.changes)

    @property
    def pace(self) -> dict[str, str]:
        """Changes that may change the time of an image; the number of epochs does not."""
        return {name: value for name, value in self.changes.items() if name != "epochs"}

    @property
    def title(self) -> str:
        """What a person calls the step.

        Examples
        --------
        >>> TuningStep("resnet18", "plain", "full", {"epochs": "6"}).title
        'resnet18 plain full-6-epochs'
        """
        return f"{self.backbone} {self.recipe} {self.tuning}"

    def with_epochs(self, epochs: int) -> "TuningStep":
        """Return the step with another number of epochs."""
        return replace(self, changes={**self.changes, "epochs": str(epochs)})


@dataclass(frozen=True)
class StepOutcome:
    """What came of a step.

    Parameters
    ----------
    step : TuningStep
    state : {"finished", "failed", "skipped"}
    is_probe : bool
        Whether it was one short training, not a network a fold.
    reason : str
        Why it failed or was skipped.
    seconds : float
        Of the clock, as the curves of its networks tell.
    image_seconds : float
        Of one image in one epoch on one of the devices or processes that work side by side; NaN where unknown.
    inner_auc : float
        After the last epoch, mean over the networks; NaN where nothing was watched.
    held_out : tuple of tuple of int
        The folds that each network has not seen; the towers of a step stand one after the other.
    networks : tuple of str
        Names of the networks' folders in the cache, in the same order; empty where one failed.
    curves : tuple of tuple of Epoch
        Their epochs.
    pixels : str
        Name of the recipe that the networks see: a tuning with a colour constancy of its own has another one.
    began : float
        Seconds since 1970.
    roles : tuple of str
        The kind of photograph of each network; empty where networks are of all kinds.
    utility : float
        Of the best finished trial that uses the networks; known later, and not kept.
    """

    step: TuningStep
    state: State
    is_probe: bool = False
    reason: str = ""
    seconds: float = 0.0
    image_seconds: float = math.nan
    inner_auc: float = math.nan
    held_out: tuple[tuple[int, ...], ...] = ()
    networks: tuple[str, ...] = ()
    curves: tuple[tuple[Epoch, ...], ...] = ()
    pixels: str = ""
    began: float = 0.0
    roles: tuple[str, ...] = ()
    utility: float = math.nan

    def to_json(self) -> dict[str, Any]:
        """Return the outcome as JSON; what is not a number is null."""
        plain = {name: _without_nan(value) for name, value in asdict(self).items() if name != "utility"}
        return {**plain, "tuning": self.step.tuning}

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> "StepOutcome":
        """Return the outcome that `to_json` described."""
        numbers = {name: _or_nan(value[name]) for name in ("seconds", "image_seconds", "inner_auc", "began")}
        curves = tuple(tuple(_epoch(epoch) for epoch in curve) for curve in value["curves"])
        return cls(
            TuningStep(**value["step"]),
            value["state"],
            value["is_probe"],
            value["reason"],
            held_out=tuple(map(tuple, value["held_out"])),
            networks=tuple(value["networks"]),
            curves=curves,
            pixels=value["pixels"],
            roles=tuple(value.get("roles", ())),
            **numbers,
        )


@dataclass(frozen=True)
class Decision:
    """What is tuned next, and why; nothing where tuning is over.

    Parameters
    ----------
    kind : {"ranking", "probe", "tuning"}
        A probe is one short training of one fold a step, to be compared and timed; it has no trials.
    steps : tuple of TuningStep
        In their order.
    why : str
        One sentence for people.
    limit_seconds : float or None
        No step is begun after this.
    """

    kind: RoundKind
    steps: tuple[TuningStep, ...]
    why: str
    limit_seconds: float | None = None


def _without_nan(value: Any) -> Any:
    """Return a plain value with null in place of what is not a number, which JSON cannot say."""
    if isinstance(value, float):
        return None if math.isnan(value) else value
    if isinstance(value, dict):
        return {name: _without_nan(each) for name, each in value.items()}
    return [_without_nan(each) for each in value] if isinstance(value, list | tuple) else value


def _or_nan(value: float | None) -> float:
    return math.nan if value is None else float(value)


def _epoch(value: Mapping[str, Any]) -> Epoch:
    known: dict[str, Any] = {name: math.nan if each is None else each for name, each in value.items()}
    return Epoch(**known)
