"""Evaluating a bundle on a labelled set that it has never seen."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pandas as pd

from automl_skin.arrays import FloatArray, IntArray
from automl_skin.data.groups import connected_groups
from automl_skin.data.join import Tables, table_paths
from automl_skin.data.labels import LabelledTable, read_labelled
from automl_skin.data.manifest import Manifest, ManifestOptions, build_manifest
from automl_skin.data.one_hot import collapse_one_hot
from automl_skin.data.table import canonical_text, id_text, require_column
from automl_skin.data.target import Target
from automl_skin.errors import ConfigError, TableError
from automl_skin.evaluation.class_decisions import DecidedCases, measure_decisions
from automl_skin.evaluation.labelled import LabelledEvaluation, evaluate_scores
from automl_skin.evaluation.plots.calibration import calibration_plot
from automl_skin.evaluation.plots.curves import roc_plot
from automl_skin.export.facts import BundleFacts
from automl_skin.export.predictor import Predictor
from automl_skin.files import write_bytes
from automl_skin.records import write_record
from automl_skin.scoring.decide import ScoringOptions, operating_point
from automl_skin.scoring.rows import roles_as_trained
from automl_skin.scoring.scores_file import read_scores
from automl_skin.scoring.stream import Job, score_table
from automl_skin.steps.labelled_target import labelled_target
from automl_skin.steps.overlap import find_known_cases, measure_overlap

NOT_LOOKED_FOR = "Whether these cases trained the model was not looked for: the bundle sees no photographs"


@dataclass(frozen=True)
class LabelledSet:
    """A labelled table for evaluation.

    Parameters
    ----------
    data : Path or sequence of Path
        The table, or several that are joined by the id that they share.
    images : Path or None
        None for a bundle that sees no photographs.
    target : str
        Column of the diagnosis; may be empty where a table of labels leaves one possibility.
    positive : tuple of str
        Its positive values.
    roles : dict of str to str
        Columns by role where they are not recognised.
    labels : Path or None
        Table of the diagnoses, where they have one of their own.
    embeddings : tuple of str
        Files of the vectors that the bundle needs, ``FILE`` or ``NAME=FILE``.
    """

    data: Tables
    images: Path | None
    target: str
    positive: tuple[str, ...]
    roles: dict[str, str]
    labels: Path | None = None
    embeddings: tuple[str, ...] = ()

    @property
    def tables(self) -> tuple[Path, ...]:
        """Paths of the table, or of several."""
        return table_paths(self.data)


def evaluate(
    bundle: Path,
    labelled: LabelledSet,
    output: Path,
    *,
    sensitivity: float | None = None,
    device: str = "auto",
    public_key: Path | None = None,
    progress: Callable[[int, int], None] | None = None,
) -> LabelledEvaluation:
    """Score a labelled set and say how good the scores are.

    Writes ``scores.csv``, ``evaluation.json``, ``roc.png`` and ``calibration.png`` into `output`. With a public key the
    bundle must be signed by its owner. Photographs that trained the model are looked for and told.

    Raises
    ------
    AutomlSkinError
        If the bundle or the table cannot be used.
    """
    predictor = Predictor.load(bundle, device, public_key)
    facts = predictor.facts
    read = labelled_rows(labelled)
    table = read.table
    manifest = labelled_manifest(table, labelled, facts)
    ids = id_text(table[manifest.roles.case or manifest.roles.image])
    target = labelled_target(read.target, table.loc[~ids.duplicated(), read.target], labelled.positive, facts)
    labels = case_labels(table, manifest, target)
    named = {role: getattr(manifest.roles, role) or "" for role in ("case", "image", "image_role")}
    scores, vectors = output / "scores.csv", labelled.embeddings
    options = ScoringOptions(sensitivity)
    job = Job(bundle, labelled.tables, labelled.images, scores, options, named, device, embeddings=vectors)
    summary = score_table(job, predictor, progress)
    probabilities = scored_cases(scores, manifest, facts)
    groups = connected_groups(manifest.cases, []).ids.to_numpy(object)
    threshold = operating_point(facts, sensitivity).threshold if facts.is_binary else None
    evaluation = evaluate_scores(labels, probabilities, groups, threshold, classes=facts.classes)
    notes = (*read.notes, target.note, *summary.notes, *evaluation.notes)
    decided = measure_decided(labels, probabilities, groups, facts)
    if manifest.has_photographs:
        known = find_known_cases(bundle, manifest)
        overlap = measure_overlap(known, labels, probabilities, groups, threshold, facts.classes)
        evaluation = replace(evaluation, notes=notes, overlap=overlap, decided=decided)
    else:
        evaluation = replace(evaluation, notes=(*notes, NOT_LOOKED_FOR), decided=decided)
    write_record(output / "evaluation.json", evaluation)
    scored = np.isfinite(probabilities).all(axis=1)
    if len(np.unique(labels[scored])) > 1:
        shown = {"bundle": probabilities[scored]}
        # cases of one group alone have no interval: nobody else was seen
        resampled = groups[scored] if len(np.unique(groups[scored])) > 1 else None
        pictures = {
            "roc": roc_plot(labels[scored], shown, groups=resampled, classes=facts.classes),
            "calibration": calibration_plot(labels[scored], shown),
        }
        for name, png in pictures.items():
            write_bytes(output / f"{name}.png", png)
    return evaluation


def measure_decided(
    labels: IntArray, probabilities: FloatArray, groups: npt.NDArray[np.object_], facts: BundleFacts
) -> DecidedCases | None:
    """Measure the bundle's decisions by class on the scored cases; None where they cannot be measured."""
    scored = np.isfinite(probabilities).all(axis=1)
    if facts.rule is None or len(np.unique(labels[scored])) < 2 or len(np.unique(groups[scored])) < 2:
        return None
    return measure_decisions(
        labels[scored],
        probabilities[scored],
        groups[scored],
        facts.rule,
        facts.classes,
        np.array(facts.priors),
    )


def labelled_rows(labelled: LabelledSet) -> LabelledTable:
    """Return the rows of a labelled table that have a label, the column of the label, and how tables were joined.

    Raises
    ------
    TableError
        If the target is no column, or empty.
    """
    read = read_labelled(labelled.tables, labelled.labels, labelled.target)
    if not read.target:
        message = "expected the column of the diagnosis, got none; give --target COLUMN, or --labels TABLE"
        raise ConfigError(message)
    table, _ = collapse_one_hot(read.table, read.target)
    require_column(table, read.target, "--target")
    table = table[canonical_text(table[read.target]).notna()]
    if table.empty:
        message = (
            f"--target {read.target!r}: expected a column of diagnoses, got an empty one; choose another"
        )
        raise TableError(message)
    return replace(read, table=table, notes=read.notes if labelled.labels else ())


def labelled_manifest(table: pd.DataFrame, labelled: LabelledSet, facts: BundleFacts) -> Manifest:
    """Return the manifest of labelled rows with the bundle's metadata fields; without labels."""
    options = ManifestOptions(
        roles=roles_as_trained(table, facts, labelled.roles),
        allow_missing=True,
        kinds=facts.kinds,  # type: ignore[arg-type]  # "number" or "category", from a checked file
    )
    if facts.photographs and labelled.images is None:
        raise ConfigError(
            "--images: expected the folder of the photographs, which the bundle sees, got none; give --images FOLDER"
        )
    manifest = build_manifest(table, labelled.images if facts.photographs else None, options)
    if not (manifest.roles.case or manifest.roles.image):
        message = "expected a column of ids, by which scores and labels are joined, got none"
        raise TableError(f"{message}; name it by --case-column or --image-column")
    return manifest


def case_labels(table: pd.DataFrame, manifest: Manifest, target: Target) -> IntArray:
    """Return the label of each case in the order of the target's classes.

    Raises
    ------
    TableError
        If the images of one case have different labels.
    """
    ids = id_text(table[manifest.roles.case or manifest.roles.image])
    labels = target.labels(table[target.column])
    by_case = pd.Series(labels, index=ids.to_numpy(object)).groupby(level=0)
    differing = by_case.nunique().gt(1)
    if differing.any():
        first = differing.index[differing][0]
        message = (
            f"column {target.column!r}: expected one label per case, got several in {int(differing.sum()):,} cases, "
            f"such as {first!r}; correct them"
        )
        raise TableError(message)
    return by_case.first().loc[manifest.cases.index].to_numpy(np.int64)


def scored_cases(scores: Path, manifest: Manifest, facts: BundleFacts) -> FloatArray:
    """Return the probabilities of the manifest's cases from a file of scores; NaN where not scored.

    Returns
    -------
    ndarray of shape (n_cases, n_classes)
    """
    table = read_scores(scores)
    column = manifest.roles.case or manifest.roles.image
    table = table.set_axis(pd.Index(id_text(table[column])))
    by_id = table[~table.index.duplicated()].loc[manifest.cases.index]
    if facts.is_binary:
        positive = by_id["probability"].to_numpy(np.float64)
        return np.column_stack([1.0 - positive, positive])
    names = [f"probability_{name}" for name in facts.classes]
    numbers: FloatArray = by_id[names].to_numpy(np.float64)
    return numbers
