"""What stands in the small files of a study's folder, one record per file."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class Identity:
    """What makes a study what it is; a later call must agree with it.

    Parameters
    ----------
    digest : str
        Of the settings.
    settings : dict of str to value
        By name, those that may not change (`StudyConfig.identity`).
    """

    digest: str
    settings: dict[str, Any]


@dataclass(frozen=True)
class PreparedDigests:
    """Digests of what a study begins with; written when all of it is there.

    Parameters
    ----------
    labels, locked_labels, locked_cases : str
        Of the files of labels, and of that by which openings are counted.
    plan : str
    table, images : str
        Of the user's table and photographs.
    without_image : tuple of str
        Cases that have no readable photograph.
    """

    labels: str
    locked_labels: str
    locked_cases: str
    plan: str
    table: str
    images: str
    without_image: tuple[str, ...]


@dataclass(frozen=True)
class Costs:
    """What deciding each class (column) costs for each true class (row)."""

    classes: tuple[str, ...]
    matrix: tuple[tuple[float, ...], ...]


@dataclass(frozen=True)
class TrackingMark:
    """Tells this very study from another of the same name and settings, in MLflow."""

    study_digest: str


@dataclass(frozen=True)
class Budget:
    """How the time that a study is given is divided, and what was used of it.

    Parameters
    ----------
    seconds : float
        The whole of it.
    planned : mapping of str to float
        Seconds by step, those that were used before the plan included.
    trials : int
        As many as the plan has time for, by estimate.
    shift_cases : int
        Cases that are looked at under shift; 0 for none.
    used : mapping of str to float
        Seconds by step, over all calls.
    """

    seconds: float
    planned: Mapping[str, float]
    trials: int
    shift_cases: int
    used: Mapping[str, float] = field(default_factory=dict)

    @property
    def seconds_used(self) -> float:
        """All seconds that were used."""
        return sum(self.used.values())
