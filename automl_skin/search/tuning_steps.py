"""What is asked of tuning, what a round of it consists of, and what came of it."""

import math
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Literal

from automl_skin.backbones.tuning.epoch import Epoch
from automl_skin.backbones.tuning.names import Tuning
from automl_skin.chains.config import ROTATION, rotated
from automl_skin.networks import NetworkId
from automl_skin.records import NullableFloat
from automl_skin.search.tuning_settings import AUTO_TUNING

State = Literal["finished", "failed", "skipped"]
RoundKind = Literal["ranking", "probe", "tuning"]


@dataclass(frozen=True)
class TuningStep:
    """A frozen network that is tuned, and how.

    Examples
    --------
    >>> TuningStep(NetworkId("resnet18", "plain"), Tuning("full", {"epochs": "6"})).title
    'resnet18 plain full-6-epochs'
    """

    network: NetworkId
    tuning: Tuning

    @property
    def title(self) -> str:
        """What a person calls the step."""
        return self.tuned.title

    @property
    def tuned(self) -> NetworkId:
        """Its networks together, by the recipe of the frozen one: a tuning may have pixels of its own."""
        return replace(self.network, tuning=self.tuning.name)

    def with_epochs(self, epochs: int) -> "TuningStep":
        """Return the step with another number of epochs."""
        return replace(
            self, tuning=replace(self.tuning, changes={**self.tuning.changes, "epochs": str(epochs)})
        )


@dataclass(frozen=True)
class TuningRequest:
    """What is asked of tuning, and the facts of the study that decide what fits.

    Parameters
    ----------
    names : tuple of str
        ``("auto",)`` or names in `TUNINGS`, each maybe with changes of its own: ``full epochs=6``.
    n_images, n_folds : int
        Of the development part.
    lanes : int
        Networks that are tuned side by side.
    changes : mapping of str to str
        Of every tuning.
    budget_seconds : float or None
        None for as long as it takes, 0 for no tuning.
    ways : tuple of str
    robust : bool
        Whether figures under shift count.
    has_metadata : bool
    n_towers : int
        Kinds of photograph with networks of their own, among which the images are dealt; 1 for networks of all kinds,
        and for towers that are tuned together.
    n_together : int
        Towers that are tuned together, in one training; 1 where each network has its own.
    """

    names: tuple[str, ...]
    n_images: int
    n_folds: int
    lanes: int = 1
    changes: Mapping[str, str] = field(default_factory=dict)
    budget_seconds: float | None = None
    ways: tuple[str, ...] = ("within", "logits", "own")
    robust: bool = False
    has_metadata: bool = True
    n_towers: int = 1
    n_together: int = 1

    @property
    def is_empty(self) -> bool:
        """Whether nothing is to be tuned."""
        return self.budget_seconds == 0.0

    @property
    def is_auto(self) -> bool:
        """Whether the search chooses the tunings."""
        return self.names == (AUTO_TUNING,)

    @property
    def base(self) -> str:
        """The tuning that is tried first."""
        return ("robust" if self.robust else "full") if self.is_auto else self.names[0]

    @property
    def held_out(self) -> tuple[tuple[int, ...], ...]:
        """The folds that each network of a step has not seen."""
        singles = tuple((fold,) for fold in range(self.n_folds)) if set(self.ways) - {ROTATION} else ()
        pairs = {tuple(sorted((fold, rotated(fold, self.n_folds)))) for fold in range(self.n_folds)}
        return (*singles, *sorted(pairs)) if ROTATION in self.ways else singles

    def step(self, network: NetworkId, name: str) -> TuningStep:
        """Return a tuning of a frozen network with the changes that hold for all; those in its name win."""
        return TuningStep(network, Tuning.parse(name, self.changes))


@dataclass(frozen=True)
class TunedNetwork:
    """One network of a step.

    Parameters
    ----------
    network : NetworkId
        By the recipe that it sees, which a tuning with a colour constancy of its own changes.
    curve : tuple of Epoch
        Its finished epochs.
    folder : str
        Its folder in the cache; empty where a network of the step failed.
    """

    network: NetworkId
    curve: tuple[Epoch, ...] = ()
    folder: str = ""


@dataclass(frozen=True)
class StepOutcome:
    """What came of a step.

    Parameters
    ----------
    step : TuningStep
    state : {"finished", "failed", "skipped"}
    is_probe : bool
        Whether it was one short training, not a network per fold.
    reason : str
        Why it failed or was skipped.
    seconds : float
        Of the clock, as the curves of its networks tell.
    image_seconds : float
        Of one image in one epoch on one of the devices or processes that work side by side; NaN where unknown.
    inner_auc : float
        After the last epoch, mean over the networks; NaN where nothing was watched.
    networks : tuple of TunedNetwork
        The towers of a step stand one after the other; empty where it was skipped.
    began : float
        Seconds since 1970.
    """

    step: TuningStep
    state: State
    is_probe: bool = False
    reason: str = ""
    seconds: float = 0.0
    image_seconds: NullableFloat = math.nan
    inner_auc: NullableFloat = math.nan
    networks: tuple[TunedNetwork, ...] = ()
    began: float = 0.0

    @property
    def tuned(self) -> NetworkId:
        """Its networks together."""
        return self.networks[0].network.together if self.networks else self.step.tuned

    @property
    def folders(self) -> tuple[str, ...]:
        """The folders of its networks in the cache; none where one failed."""
        return tuple(each.folder for each in self.networks if each.folder)


@dataclass(frozen=True)
class Decision:
    """What is tuned next, and why; nothing where tuning is over.

    Parameters
    ----------
    kind : {"ranking", "probe", "tuning"}
        A probe is one short training of one fold per step, to be compared and timed; it has no trials.
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
