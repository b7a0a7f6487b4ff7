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
from automl_skin.chains.networks import check_networks
from automl_skin.features.encoder import EncoderConfig
from automl_skin.search.material import Material, written_digest
from automl_skin.search.shifted import ShiftedMaterial

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
    shifted : Path, optional
        Folder of the sampled cases under shift; without it folds are evaluated at home alone.
    """

    material: Path
    encoder: EncoderConfig
    seed: int
    shifted: Path | None = None


@dataclass(frozen=True)
class FoldOutcome:
    """What came of one fold of one trial.

    Parameters
    ----------
    held : ndarray of shape (n_held, n_classes)
        Uncalibrated probabilities of the fold's cases.
    seconds : float
    shifted : ndarray of shape (n_shifts, n_sampled, n_classes), optional
        Uncalibrated probabilities of the fold's sampled cases under every shift.
    """

    held: FloatArray
    seconds: float
    shifted: FloatArray | None = None


def make_fitter(material: Material, encoder: EncoderConfig, seed: int) -> FoldFitter:
    """Return what fits chains on the cases of a material, by its folds."""
    return FoldFitter(
        material.inputs,
        material.training_labels,
        material.folds,
        dict(material.kinds),
        encoder,
        seed,
        material.plan_digest,
    )


def evaluate_fold(bench: Bench, config: ChainConfig, fold: int) -> FoldOutcome:
    """Fit a chain without a fold and apply it to the fold, and to its sampled cases under shift if asked to."""
    start = time.perf_counter()
    chain, held = fit_fold(bench, config, fold)
    shifted = None if bench.shifted is None else score_shifted(bench, bench.shifted, chain, fold)
    return FoldOutcome(held, time.perf_counter() - start, shifted)


def fit_fold(bench: Bench, config: ChainConfig, fold: int) -> tuple[FittedChain, FloatArray]:
    """Return the fitted chain, not yet calibrated, and its probabilities of the fold's cases."""
    with threadpool_limits(THREADS):
        return _fitter(bench, written_digest(bench.material)).fit(config, fold, THREADS)


def score_shifted(bench: Bench, folder: Path, chain: FittedChain, fold: int) -> FloatArray:
    """Return what the chain of a fold says of its sampled cases under shift.

    Returns
    -------
    ndarray of shape (n_shifts, n_sampled, n_classes)
        Calibrated if the chain is.

    Raises
    ------
    LeakageError
        If the chain applies a network that is not for the cases of this fold, or one that was tuned on them.
    """
    material = _material(bench.material, written_digest(bench.material))
    shifted = ShiftedMaterial.read(folder, material.cases)
    check_networks(chain.config, fold, material.n_folds, material.inputs, material.plan_digest)
    inputs = shifted.inputs(material.inputs, chain.image_names, fold)
    with threadpool_limits(THREADS):
        return shifted.by_shift(chain.predict(inputs))


@lru_cache(maxsize=1)
def _fitter(bench: Bench, digest: str) -> FoldFitter:
    return make_fitter(_material(bench.material, digest), bench.encoder, bench.seed)


@lru_cache(maxsize=1)
def _material(folder: Path, digest: str) -> Material:  # noqa: ARG001 - material made anew is read anew
    return Material.read(folder)
