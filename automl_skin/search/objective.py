"""One fold of one trial: the unit of work that a worker is given.

A worker reads the material once and keeps what chains have in common; it knows development cases only.
"""

import time
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from threadpoolctl import threadpool_limits

from automl_skin.arrays import FloatArray
from automl_skin.chains.config import ChainConfig
from automl_skin.chains.fitted import FittedChain
from automl_skin.chains.fitting import FoldFitter
from automl_skin.features.encoder import EncoderConfig
from automl_skin.search.material import Material, written_digest

THREADS = 1
"""Threads of one fit. One, so that floating-point sums have one order; cores are used by more workers."""


@dataclass(frozen=True)
class Bench:
    """Where a worker finds its material, and what all trials of the study share.

    Parameters
    ----------
    material : Path
        Folder of the development material.
    encoder : EncoderConfig
    seed : int
        The study's seed.
    """

    material: Path
    encoder: EncoderConfig
    seed: int


@dataclass(frozen=True)
class FoldOutcome:
    """What came of one fold of one trial.

    Parameters
    ----------
    held : ndarray of shape (n_held, n_classes)
        Uncalibrated probabilities of the fold's cases.
    seconds : float
    """

    held: FloatArray
    seconds: float


def evaluate_fold(bench: Bench, config: ChainConfig, fold: int) -> FoldOutcome:
    """Fit a chain without a fold and apply it to the fold."""
    start = time.perf_counter()
    _, held = fit_fold(bench, config, fold)
    return FoldOutcome(held, time.perf_counter() - start)


def fit_fold(bench: Bench, config: ChainConfig, fold: int) -> tuple[FittedChain, FloatArray]:
    """Return the fitted chain, not yet calibrated, and its probabilities of the fold's cases."""
    with threadpool_limits(THREADS):
        return _fitter(bench, written_digest(bench.material)).fit(config, fold, THREADS)


@lru_cache(maxsize=1)
def _fitter(bench: Bench, digest: str) -> FoldFitter:  # noqa: ARG001 - material made anew is read anew
    material = Material.read(bench.material)
    return FoldFitter(
        material.inputs,
        material.training_labels,
        material.folds,
        dict(material.kinds),
        bench.encoder,
        bench.seed,
    )
