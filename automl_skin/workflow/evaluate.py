"""Evaluating a bundle on a labelled set that it has never seen."""

import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from automl_skin.data.groups import connected_groups
from automl_skin.data.manifest import Manifest, ManifestOptions, build_manifest
from automl_skin.data.table import read_table
from automl_skin.errors import ConfigError
from automl_skin.evaluation.labelled import LabelledEvaluation, evaluate_scores
from automl_skin.evaluation.plots import calibration_plot, roc_plot
from automl_skin.export.facts import BundleFacts
from automl_skin.export.predictor import Predictor
from automl_skin.files import atomic_write, write_json
from automl_skin.scoring.decide import Wishes, operating_point
from automl_skin.scoring.stream import Job, score_table


@dataclass(frozen=True)
class LabelledSet:
    """A labelled table for evaluation.

    Parameters
    ----------
    data, images : Path
    target : str
        Column of the diagnosis.
    positive : tuple of str
        Its positive values.
    roles : dict of str to str
        Columns by role where they are not recognised.
    """

    data: Path
    images: Path
    target: str
    positive: tuple[str, ...]
    roles: dict[str, str]
