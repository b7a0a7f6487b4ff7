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
from automl_skin.evaluation.plots.calibration import calibration_plot
from automl_skin.evaluation.plots.curves import roc_plot
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


def evaluate(
    bundle: Path,
    labelled: LabelledSet,
    output: Path,
    *,
    sensitivity: float = 0.95,
    device: str = "auto",
    progress: Callable[[int, int], None] | None = None,
) -> LabelledEvaluation:
    """Score a labelled set and say how good the scores are.

    Writes ``scores.csv``, ``evaluation.json``, ``roc.png`` and ``calibration.png`` into `output`.

    Raises
    ------
    AutomlSkinError
        If the bundle or the table cannot be used.
    """
    predictor = Predictor.load(bundle, device)
    facts = predictor.facts
    manifest = labelled_manifest(labelled, facts)
    labels = bundle_labels(manifest, facts)
    job = Job(
        bundle, labelled.data, labelled.images, output / "scores.csv", Wishes(sensitivity), labelled.roles, device
    )
    score_table(job, predictor, progress)
    probabilities = scored_cases(output / "scores.csv", manifest, facts)
    groups = connected_groups(manifest.cases, []).ids.to_numpy(object)
    threshold = operating_point(facts, sensitivity).threshold if facts.is_binary else None
    evaluation = evaluate_scores(labels, probabilities, groups, threshold, classes=facts.classes)
    write_json(output / "evaluation.json", evaluation.to_json())
    known = np.isfinite(probabilities).all(axis=1)
    if len(np.unique(labels[known])) > 1:
        shown = {"bundle": probabilities[known]}
        pictures = {
            "roc": roc_plot(labels[known], shown, groups=groups[known], classes=facts.classes),
            "calibration": calibration_plot(labels[known], shown),
        }
        for name, png in pictures.items():
            with atomic_write(output / f"{name}.png") as path:
                path.write_bytes(png)
    return evaluation


def labelled_manifest(labelled: LabelledSet, facts: BundleFacts) -> Manifest:
    """Return the manifest of a labelled table with the bundle's metadata fields."""
    table = read_table(labelled.data)
    roles = {role: column for role, column in facts.roles.items() if column in table.columns}
    options = ManifestOptions(
        target=labelled.target,
        positive=labelled.positive,
        roles={**roles, **labelled.roles},
        allow_missing=True,
        kinds=facts.kinds,  # type: ignore[arg-type]
    )
    return build_manifest(table, labelled.images, options)


def bundle_labels(manifest: Manifest, facts: BundleFacts) -> "np.ndarray[tuple[int], np.dtype[np.int64]]":
    """Return the labels of a labelled set in the order of the bundle's classes.

    Raises
    ------
    ConfigError
        If its classes are not the bundle's.
    """
    target = manifest.target
    assert target is not None
    if facts.is_binary and target.is_binary:
        return manifest.cases["label"].to_numpy(np.int64)
    strange = sorted(set(target.classes) - set(facts.classes))
    if strange or facts.is_binary:
        message = (
            f"the labelled set must have the bundle's classes ({', '.join(facts.classes)}); found "
            f"{', '.join(target.classes)}: give --positive for a binary bundle, or map the values"
        )
        raise ConfigError(message)
    position = {name: label for label, name in enumerate(facts.classes)}
    names = pd.Series(target.classes)
    return manifest.cases["label"].map(names).map(position).to_numpy(np.int64)


def scored_cases(
    scores: Path, manifest: Manifest, facts: BundleFacts
) -> "np.ndarray[tuple[int, int], np.dtype[np.float64]]":
    """Return the probabilities of the manifest's cases from a file of scores; NaN where not scored."""
    table = read_table(scores)
    column = manifest.roles.case or manifest.roles.image
    key = manifest.cases.index if manifest.roles.case else manifest.images.set_index("case")["given"]
    by_id = table.drop_duplicates(column).set_index(table[column].astype("str"))
    rows = by_id.reindex(pd.Index(key).astype("str"))
    if facts.is_binary:
        positive = rows["probability"].to_numpy(np.float64)
        return np.column_stack([1.0 - positive, positive])
    return rows[[f"probability_{name}" for name in facts.classes]].to_numpy(np.float64)
