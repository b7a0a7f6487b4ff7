"""What tracking is told about a study; the step above gathers it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import pandas as pd

from automl_skin.arrays import IntArray
from automl_skin.backbones.tuning.epoch import Epoch
from automl_skin.search.trial import TrialRecord


@dataclass(frozen=True)
class DatasetFacts:
    """The data, named and not copied.

    Parameters
    ----------
    name, source : str
        What it is called, and where the table lies.
    digest : str
        Of the table's bytes.
    columns : mapping of str to {"number", "category"}
        Metadata fields.
    profile : mapping of str to int or str
        Numbers of cases and images, and the like.
    """

    name: str
    source: str
    digest: str
    columns: Mapping[str, str]
    profile: Mapping[str, int | str]


@dataclass(frozen=True)
class StudyFacts:
    """A study as its parent run shows it.

    Parameters
    ----------
    digest : str
        Of this very study: another one of the same name and settings has another digest.
    settings : mapping of str to str
        What makes the study what it is; these never change.
    begun_with : mapping of str to str
        What may change from call to call.
    """

    name: str
    digest: str
    plan_digest: str
    waiver: str | None
    crossing_share: float
    settings: Mapping[str, str]
    begun_with: Mapping[str, str]
    dataset: DatasetFacts


@dataclass(frozen=True)
class TuningFacts:
    """One embedding set tuned in one way, as its run shows it.

    Parameters
    ----------
    name : str
        Different for every tuning of the study.
    title : str
        Of the run.
    began, seconds : float
        Since 1970, and how long.
    curves : mapping of str to sequence of Epoch
        By network: ``fold_0`` is the one without fold 0.
    files : mapping of str to bytes
        To be kept as artefacts, by name.
    """

    name: str
    title: str
    state: str
    began: float
    seconds: float
    params: Mapping[str, str]
    tags: Mapping[str, str]
    metrics: Mapping[str, float]
    curves: Mapping[str, Sequence[Epoch]]
    files: Mapping[str, bytes]


@dataclass(frozen=True)
class CaseFacts:
    """What the table of out-of-fold predictions says about each case besides its probability.

    Parameters
    ----------
    table : DataFrame of n_cases rows
        Index ``case``; columns ``fold``, ``label`` (the class's name) and ``image`` (paths).
    labels : ndarray of shape (n_cases,)
        The classes as numbers.
    """

    table: pd.DataFrame
    labels: IntArray
    classes: tuple[str, ...]


@dataclass(frozen=True)
class Conclusion:
    """What a search ended with, ready to be logged.

    Parameters
    ----------
    weights : mapping of int to float
        Weight of each member of the stack.
    files : mapping of str to bytes
        To be kept as artefacts, by name.
    folders : mapping of str to Path
        Folders to be kept as artefacts, by name.
    note : str
        For people, Markdown.
    trial_metrics : mapping of int to mapping of str to float
        What was measured of some trials afterwards, by number.
    """

    records: Sequence[TrialRecord]
    weights: Mapping[int, float]
    metrics: Mapping[str, float]
    files: Mapping[str, bytes]
    folders: Mapping[str, Path]
    note: str
    tunings: Sequence[TuningFacts] = ()
    trial_metrics: Mapping[int, Mapping[str, float]] = field(default_factory=dict)
