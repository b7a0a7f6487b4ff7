"""What is wanted of tuning, and what it has to reckon with."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from automl_skin.backbones.tuning.names import Tuning
from automl_skin.chains.config import ROTATION, rotated
from automl_skin.networks import NetworkId
from automl_skin.search.tuning_settings import AUTO_TUNING
from automl_skin.search.tuning_steps import TuningStep


@dataclass(frozen=True)
class TuningWishes:
    """What is wanted of tuning, and what it has to reckon with.

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
        None for as long as it takes.
    ways : tuple of str
    robust : bool
        Whether figures under shift count.
    has_metadata : bool
    n_towers : int
        Kinds of photograph with networks of their own, among which the images are dealt; 1 for networks of all kinds.
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
