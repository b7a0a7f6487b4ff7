"""One trial: what was tried, how far it came, and what it is worth.

A finished trial is two files of the study's folder, ``trials/0017.safetensors`` (its out-of-fold
probabilities) and then ``trials/0017.json``; the trial counts from the moment at which the second is
in its place, so that a kill at any time leaves a trial whole or absent. The second has the digest of the first
and its own, so that a changed figure or probability is an error and no result.
"""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

import numpy as np
from safetensors.numpy import load_file, save_file

from automl_skin.arrays import FloatArray
from automl_skin.chains.calibration import Calibrator
from automl_skin.chains.config import ChainConfig
from automl_skin.digests import digest_file, digest_json
from automl_skin.errors import IntegrityError
from automl_skin.files import atomic_write, read_json, write_json
from automl_skin.heads.space import Value
from automl_skin.records import from_plain, to_plain
from automl_skin.search.alone import alone_in

State = Literal["finished", "stopped", "failed"]
Kind = Literal["baseline", "known", "search", "tuning", "cell"]

METADATA_ALONE, IMAGE_ALONE, RANK_AVERAGE = "metadata alone", "image alone", "rank average"
BASELINES = (METADATA_ALONE, IMAGE_ALONE, RANK_AVERAGE)
"""Names of the trials of kind ``baseline``, which every study has (promise 6)."""

KINDS: dict[str, str] = {
    "baseline": "a fixed, untuned baseline",
    "known": "a configuration that is known to do well on small collections, tried in every study before the search",
    "search": "proposed by the optimiser",
    "tuning": "networks whose tuning failed",
    "cell": "a model of a paper",
}
"""What each kind of trial is, in words."""


@dataclass(frozen=True)
class TrialPlan:
    """What is to be tried.

    Parameters
    ----------
    number : int
        Position in the study, from 0.
    kind : {"baseline", "known", "search", "tuning", "cell"}
        A fixed baseline, a known-good configuration, a proposal of the optimiser, networks whose tuning failed, or a
        model of a paper.
    name : str
        Short name of a baseline, of a tuning or of a paper's model; what the chain is otherwise.
    params : mapping of str to value
        The answers by which the chain was chosen; empty for a baseline.
    config : ChainConfig
    """

    number: int
    kind: Kind
    name: str
    params: Mapping[str, Value]
    config: ChainConfig

    @property
    def title(self) -> str:
        """Number and chain, as in the list of runs."""
        name = f"{self.name}: " if self.kind == "cell" else ""
        return f"{self.number:03d} {name}{self.config.title}"


@dataclass(frozen=True)
class TrialRecord:
    """What came of a trial.

    Parameters
    ----------
    plan : TrialPlan
    state : {"finished", "stopped", "failed"}
    utilities : tuple of float
        The study's metric (greater is better) on each fold that was finished, in the folds' order.
    aucs : tuple of float
        AUC on each fold that was finished.
    seconds : float
        Time of its folds.
    started : float
        Seconds since 1970.
    reason : str
        Why it was stopped or failed.
    metrics : mapping of str to float
        Over the folds that it finished.
    calibrators : tuple of Calibrator
        One per fold; empty unless finished.
    material : str
        Digest of the material, and with it of the fold plan, that it was measured on.
    """

    plan: TrialPlan
    state: State
    utilities: tuple[float, ...]
    aucs: tuple[float, ...]
    seconds: float
    started: float
    reason: str = ""
    metrics: Mapping[str, float] = field(default_factory=dict)
    calibrators: tuple[Calibrator, ...] = ()
    material: str = ""

    @property
    def utility(self) -> float:
        """Mean of the study's metric over the folds that were finished."""
        return float(np.mean(self.utilities)) if self.utilities else float("nan")


@dataclass(frozen=True)
class TrialFile:
    """What stands in ``trials/0017.json``, beside its own digest: the trial, and the digest of its predictions."""

    record: TrialRecord
    predictions: str


@dataclass(frozen=True)
class Predictions:
    """Out-of-fold probabilities of a finished trial, for the development cases in their order.

    Parameters
    ----------
    raw, calibrated : ndarray of shape (n_cases, n_classes)
        As the heads gave them, and after each fold's calibrator.
    shifted : ndarray of shape (n_shifts, n_sampled, n_classes), optional
        Of the sampled cases under every shift, calibrated; where the objective is robust.
    """

    raw: FloatArray
    calibrated: FloatArray
    shifted: FloatArray | None = None


@dataclass(frozen=True)
class TrialRecorded:
    """A trial was finished, stopped or failed, and is on disk; told to the listener of a search."""

    record: TrialRecord
    predictions: Predictions | None


class TrialJournal:
    """The trials of a study, one after another without a gap.

    Parameters
    ----------
    folder : Path
        ``trials/`` of the study.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    @contextmanager
    def held(self) -> Iterator[None]:
        """Keep other processes from running the same study, and clear what a killed one left half written.

        Raises
        ------
        SearchError
            If another process runs it.
        """
        with alone_in(self.folder):
            for left_over in self.folder.glob(".writing-*"):
                left_over.unlink(missing_ok=True)
            yield

    def write(
        self, record: TrialRecord, predictions: Predictions | None, held: FloatArray | None = None
    ) -> None:
        """Add a trial.

        Parameters
        ----------
        predictions : Predictions or None
            Of a finished trial.
        held : ndarray of shape (n_cases, n_classes), optional
            Raw probabilities of a stopped trial on the folds that it finished, NaN on the others.
        """
        arrays = {} if held is None else {"raw": held}
        if predictions is not None:
            arrays = {"raw": predictions.raw, "calibrated": predictions.calibrated}
            if predictions.shifted is not None:
                arrays["shifted"] = predictions.shifted
        digest = ""
        if arrays:
            with atomic_write(self._file(record.plan.number, "safetensors")) as path:
                save_file(arrays, path)
            digest = digest_file(self._file(record.plan.number, "safetensors"))
        value: Any = to_plain(TrialFile(record, digest))
        write_json(self._file(record.plan.number, "json"), {**value, "digest": digest_json(value)})

    def read(self) -> list[TrialRecord]:
        """Return all trials by number.

        Raises
        ------
        IntegrityError
            If a trial between two others is gone, or one was changed.
        """
        # a number and nothing else: what a killed process was writing lies beside them
        paths = [path for path in self.folder.glob("*.json") if path.stem.isdecimal()]
        records = [self._read(path).record for path in paths]
        for path, record in zip(paths, records, strict=True):
            if record.plan.number != int(path.stem):
                raise IntegrityError(_changed(path))
        records.sort(key=lambda record: record.plan.number)
        numbers = [record.plan.number for record in records]
        if numbers != list(range(len(numbers))):
            missing = sorted(set(range(max(numbers) + 1)) - set(numbers))
            message = (
                f"the trials in {self.folder}: expected numbers without a gap, but {missing[:5]} are missing. "
                "Restore these files, or begin a new study"
            )
            raise IntegrityError(message)
        return records

    def predictions(self, number: int) -> Predictions:
        """Return the out-of-fold probabilities of a finished trial.

        Raises
        ------
        IntegrityError
            If the file is gone, damaged or changed.
        """
        arrays = self._arrays(number)
        return Predictions(arrays["raw"], arrays["calibrated"], arrays.get("shifted"))

    def raw(self, number: int) -> FloatArray:
        """Return the raw out-of-fold probabilities of a trial, NaN on the folds that a stopped one did not finish.

        Raises
        ------
        IntegrityError
            As `predictions`.
        """
        return self._arrays(number)["raw"]

    def _arrays(self, number: int) -> dict[str, FloatArray]:
        path = self._file(number, "safetensors")
        expected = self._read(self._file(number, "json")).predictions
        if not path.is_file() or digest_file(path) != expected:
            raise IntegrityError(_changed(path))
        arrays: dict[str, FloatArray] = load_file(path)
        return arrays

    def _read(self, path: Path) -> TrialFile:
        """Return what a trial's JSON file says, its digest verified."""
        value: Any = read_json(path)
        digest = value.pop("digest", "") if isinstance(value, dict) else ""
        if digest_json(value) != digest:
            raise IntegrityError(_changed(path))
        return from_plain(TrialFile, value, str(path))

    def _file(self, number: int, suffix: str) -> Path:
        return self.folder / f"{number:04d}.{suffix}"


def _changed(path: Path) -> str:
    return (
        f"{path}: expected what the search wrote (its digest is on record), got another file or none. "
        "It was changed after the trial; restore it, or begin another study"
    )
