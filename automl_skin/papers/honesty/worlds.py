"""Simulated studies with a known truth: cases of patients, with given embeddings and metadata.

Symbols, per case i of patient g(i)::

    z_i                      malignancy of the lesion, standard normal, correlated 0.5 between lesions of a patient
    eta_i = c + s z_i        log-odds of the positive class; y_i is drawn with them, so that the risk is the truth
    x_i (N_DIMENSIONS,)      embedding: a sine and a line of z_i + noise in two directions, noise in all others
    age, sex, site           metadata that depend on z_i weakly
    marker                   honest and strong in itself: z_i + noise, as a reader's score would be

Of a hidden case (a share of them, of either class) embedding and metadata show another lesion's z in place of z_i, as
those of an amelanotic melanoma do: scores of positive cases then spread wider than those of negative ones.

c and s are found so that the world has its prevalence and the AUC of the risk itself is the world's.
"""

from dataclasses import dataclass, field, replace
from functools import lru_cache

import numpy as np
import pandas as pd
from pydantic import ConfigDict
from pydantic.dataclasses import dataclass as checked_dataclass
from scipy.optimize import brentq
from scipy.special import expit

from automl_skin.arrays import Float32Array, FloatArray, IntArray
from automl_skin.errors import ConfigError
from automl_skin.metrics.ranking import macro_auc
from automl_skin.seeding import derive_seed, generator

N_DIMENSIONS = 12
LIKENESS = 0.5
"""Correlation of the malignancy of two lesions of one patient."""

SITES = ("back", "face", "leg")
_LARGE = 20_000  # draws by which a world's constants are found


@checked_dataclass(frozen=True, config=ConfigDict(extra="forbid"))
class World:
    """One kind of study, of which many are drawn.

    Parameters
    ----------
    cases : int
        Of the study, locked ones included.
    prevalence : float
        Share of positive cases.
    max_per_patient : int
        A patient has 1 to so many cases, each number as likely.
    auc : float
        Of the true risk; 0.5 for labels that nothing tells.
    leak : bool
        Whether the table has a column that gives the label away.
    hidden : float
        Share of cases of which neither embedding nor metadata shows anything.
    studies, smoke_studies : int
        How many are drawn, and in the short form.
    """

    name: str
    title: str
    cases: int
    prevalence: float
    auc: float
    max_per_patient: int = 1
    leak: bool = False
    hidden: float = 0.0
    studies: int = 500
    smoke_studies: int = 0

    def __post_init__(self) -> None:
        shares = 0 < self.prevalence < 1 and 0.5 <= self.auc < 1 and 0 <= self.hidden < 1
        if not (shares and self.cases > 1 <= self.max_per_patient):
            raise ConfigError(
                f"the world {self.name}: expected prevalence in (0, 1), auc in [0.5, 1), hidden in [0, 1), two cases "
                f"or more and one case or more per patient, got {self}"
            )


@dataclass(frozen=True)
class Cases:
    """Cases as a tool is given them.

    Parameters
    ----------
    metadata : DataFrame of shape (n_cases, n_fields)
        Index: the case.
    embeddings : ndarray of shape (n_cases, n_dimensions)
    patients : ndarray of shape (n_cases,)
    labels : ndarray of shape (n_cases,)
        1 for the positive class.
    """

    metadata: pd.DataFrame
    embeddings: Float32Array
    patients: IntArray = field(repr=False)
    labels: IntArray = field(repr=False)

    def __len__(self) -> int:
        return len(self.labels)


def draw_study(world: World, seed: int) -> Cases:
    """Draw one study; at least two cases of each class are in it."""
    for attempt in range(1000):
        drawn = _draw(world, world.cases, generator(seed, "world", world.name, attempt))
        if 2 <= drawn.labels.sum() <= len(drawn) - 2:
            return drawn
    raise ConfigError(f"the world {world.name}: expected cases of both classes, got none in 1000 draws")


def draw_new_cases(world: World, seed: int, n_cases: int) -> Cases:
    """Draw cases of other patients; a column that gives the label away is empty there, as in a clinic."""
    drawn = _draw(replace(world, leak=False), n_cases, generator(seed, "new cases", world.name))
    if world.leak:
        drawn.metadata["leak"] = pd.NA
    return drawn


def _draw(world: World, n_cases: int, rng: np.random.Generator) -> Cases:
    sizes = rng.integers(1, world.max_per_patient + 1, size=n_cases)
    patients = np.repeat(np.arange(n_cases), sizes)[:n_cases]
    shared = rng.standard_normal(n_cases)[patients]
    z = np.sqrt(LIKENESS) * shared + np.sqrt(1 - LIKENESS) * rng.standard_normal(n_cases)
    intercept, slope = _constants(world.prevalence, world.auc)
    labels = (rng.random(n_cases) < expit(intercept + slope * z)).astype(np.int64)
    hidden = rng.random(n_cases) < world.hidden
    z = np.where(hidden, rng.standard_normal(n_cases), z)  # from here on, what can be seen
    seen = z + 0.5 * rng.standard_normal((2, n_cases))
    embeddings = rng.standard_normal((n_cases, N_DIMENSIONS))
    embeddings[:, 0] += 2 * np.sin(seen[0])
    embeddings[:, 1] += seen[1]
    metadata = pd.DataFrame(
        {
            "age": np.round(55 + 15 * (0.4 * z + rng.standard_normal(n_cases))),
            "sex": np.where(rng.random(n_cases) < expit(0.4 * z), "male", "female"),
            "site": np.array(SITES)[np.digitize(0.5 * z + rng.standard_normal(n_cases), (-0.5, 0.5))],
            "marker": np.round(3 + 1.5 * (z + 1.5 * rng.standard_normal(n_cases))),
        },
        index=pd.Index([f"case-{position:05d}" for position in range(n_cases)], name="case"),
    )
    if world.leak:
        metadata["leak"] = np.where(labels == 1, "excised", "followed")
    return Cases(metadata, embeddings.astype(np.float32), patients, labels)


@lru_cache
def _constants(prevalence: float, auc: float) -> tuple[float, float]:
    """Return intercept and slope of the log-odds in z."""
    rng = generator(0, "constants")
    z, uniform = rng.standard_normal(_LARGE), rng.random(_LARGE)

    def intercept_of(slope: float) -> float:
        return float(brentq(lambda c: float(expit(c + slope * z).mean()) - prevalence, -60, 60))

    def excess(slope: float) -> float:
        risk: FloatArray = expit(intercept_of(slope) + slope * z)
        labels = (uniform < risk).astype(np.int64)
        return macro_auc(labels, np.column_stack([1 - risk, risk])) - auc

    slope = 0.0 if auc == 0.5 else float(brentq(excess, 0.01, 40))  # nothing to tell
    return intercept_of(slope), slope


def seed_of(world: World, number: int) -> int:
    """Return the seed of a study of a world."""
    return derive_seed(number, world.name)
