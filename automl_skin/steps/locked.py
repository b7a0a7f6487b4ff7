"""The locked test set of a search: scored by everything that is compared, then opened, and measured.

The labels come from `LockedPart`, which writes the opening down first. The probabilities of the locked cases are on
disk before that, in ``locked/predictions.parquet``.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from automl_skin.arrays import FloatArray
from automl_skin.chains.networks import check_applied
from automl_skin.data.record import write_parquet
from automl_skin.errors import IntegrityError
from automl_skin.evaluation.at_threshold import measure_at_threshold
from automl_skin.evaluation.class_decisions import ClassDecisions, measure_decisions
from automl_skin.evaluation.figures import Figures, locked_figures
from automl_skin.evaluation.operating_point import OperatingPoint
from automl_skin.evaluation.subgroups import subgroup_figures
from automl_skin.images.loading import Progress
from automl_skin.metrics.ranking import class_priors
from automl_skin.records import from_plain, to_plain
from automl_skin.search.material import Material
from automl_skin.search.trial import TrialRecord
from automl_skin.stacking.fitted import needed_chains
from automl_skin.stacking.stack import Stack
from automl_skin.steps.decisions import fix_decisions
from automl_skin.steps.operating import fix_operating_point
from automl_skin.steps.stack import compared_stacks, fit_chains, load_stack
from automl_skin.steps.subgroups import locked_levels
from automl_skin.study.locked_part import LockedPart, OpeningRecord
from automl_skin.study.stack_files import BuiltStack
from automl_skin.study.study import Study

LOCKED_TEST = "locked_test.json"
"""File of a report: the figures of the opening."""


@dataclass(frozen=True)
class Opening:
    """One opening of the locked test set, measured.

    Parameters
    ----------
    when : str
        UTC, ISO 8601.
    stack : str
        Digest of the stack for which it was opened.
    trials : int
        Trials that the study had.
    figures : Figures
    """

    when: str
    stack: str
    trials: int
    figures: Figures


def read_openings(study: Study) -> list[Opening]:
    """Return all openings that were measured, the first one first."""
    records = LockedPart(study).records()
    return [_measured(each, each.figures) for each in records if each.figures is not None]


def has_locked_cases(study: Study) -> bool:
    """Return whether the plan has a locked part at all."""
    return len(study.read_plan().locked) > 0


def why_not_opened(study: Study) -> str:
    """Say in words why a search ended without a figure on the locked test set."""
    if not has_locked_cases(study):
        return "The plan has no locked part: there is no figure on cases that the search never saw."
    first = LockedPart(study).records()[0]
    figures = f"{study.report.name}/{LOCKED_TEST} has that stack's figures"
    if first.figures is None:
        figures = "that search ended before it had figures"
    return (
        f"The locked test set was opened on {first.when} for another stack of this study ({first.trials} trials), "
        f"and stays closed: {figures}. `--open-again` opens it for this stack; every figure then says how often it "
        "was opened."
    )


def open_locked(
    study: Study,
    records: Sequence[TrialRecord],
    built: BuiltStack,
    development: Material,
    *,
    again: bool = False,
    progress: Progress | None = None,
) -> Opening | None:
    """Score the locked cases with the stack, the best trial and the baselines; then open their labels.

    Parameters
    ----------
    again : bool
        Open it although it was opened for another stack before.

    Returns
    -------
    Opening or None
        None where it was opened for another stack and `again` was not said.
    """
    part, digest = LockedPart(study), built.stack.digest
    record = part.find(digest)
    if record is not None and record.figures is not None:
        return _measured(record, record.figures)
    stacks = compared_stacks(records, built)
    fit_chains(study, records, [pair for stack in stacks.values() for pair in needed_chains(stack)], progress)
    if part.stays_closed(digest, again=again):
        return None
    locked = read_locked_material(study, development)
    point = fix_operating_point(study, built, development)
    decisions = fix_decisions(study, built, development)
    if record is None:
        score_locked(study, stacks, locked, development)
    predictions = study.locked_predictions
    record, labels = part.open(for_=digest, trials=len(records), predictions=predictions)
    probabilities = read_predictions(predictions, list(stacks), locked)
    return measure_opening(study, record, labels, locked, development, probabilities, point, decisions)


def read_locked_material(study: Study, development: Material) -> Material:
    """Return the locked cases, which have no labels.

    Raises
    ------
    IntegrityError
        If they are of another plan than the development cases.
    """
    locked = Material.read(study.locked_material)
    if locked.plan_digest != development.plan_digest:
        message = (
            f"the locked cases of {study.folder}: expected the plan {development.plan_digest[:16]}, got "
            f"{locked.plan_digest[:16]}; restore the folder `locked`, or begin another study"
        )
        raise IntegrityError(message)
    return locked


def measure_opening(
    study: Study,
    record: OpeningRecord,
    labels: pd.DataFrame,
    locked: Material,
    development: Material,
    probabilities: Mapping[str, FloatArray],
    point: OperatingPoint | None = None,
    decisions: ClassDecisions | None = None,
) -> Opening:
    """Measure what an opening was for, write the figures down, and return them; what was measured stays.

    Parameters
    ----------
    record, labels
        As `LockedPart.open` returned them.
    probabilities : mapping of str to ndarray of shape (n_locked, n_classes)
        By name; the first is compared with the others.
    point : OperatingPoint, optional
        Of the first; fixed before the opening.
    decisions : ClassDecisions, optional
        Likewise.
    """
    if record.figures is not None:
        return _measured(record, record.figures)
    cases = locked.cases.assign(target=labels.loc[locked.cases.index, "label"])
    priors = class_priors(development.labels, development.n_classes)
    figures = locked_figures(
        cases,
        probabilities,
        priors=priors,
        times_opened=record.times_opened,
        seed=study.config.seed,
        reopened_share=record.reopened_share,
    )
    first, target = probabilities[figures.first], cases["target"].to_numpy(np.int64)
    if point is not None:
        at_threshold = measure_at_threshold(target, first[:, 1], locked.groups, point)
        figures = replace(figures, at_threshold=at_threshold)
    if decisions is not None:
        decided = measure_decisions(target, first, locked.groups, decisions.rule, decisions.classes, priors)
        figures = replace(figures, decided=decided)
    subgroups = subgroup_figures(
        target,
        first,
        locked.groups,
        locked_levels(study, development, locked, labels),
        threshold=None if point is None else point.threshold,
    )
    figures = replace(figures, subgroups=tuple(subgroups))
    described: Any = to_plain(figures)
    return _measured(LockedPart(study).conclude(record, described), described)


def score_locked(study: Study, stacks: Mapping[str, Stack], locked: Material, development: Material) -> None:
    """Write the probabilities of the locked cases down, by name of the stack.

    Raises
    ------
    LeakageError
        If a tuned network was tuned under another plan, which may not have locked these cases.
    IntegrityError
        If a fitted chain does not say of its fold what was measured.
    """
    fitted = {name: load_stack(study, stack, development) for name, stack in stacks.items()}
    applied = {
        each for stack in fitted.values() for chain in stack.chains.values() for each in chain.image_names
    }
    check_applied(sorted(applied), locked.inputs, development.plan_digest)
    columns = {
        f"{name}: {label}": values[:, label]
        for name, values in ((name, stack.predict(locked.inputs)) for name, stack in fitted.items())
        for label in range(values.shape[1])
    }
    write_parquet(study.locked_predictions, pd.DataFrame(columns, index=locked.cases.index))


def read_predictions(path: Path, names: Sequence[str], locked: Material) -> dict[str, FloatArray]:
    """Return, by name, the probabilities of the locked cases that `score_locked` wrote."""
    table = pd.read_parquet(path).loc[locked.cases.index]
    return {
        name: table[[f"{name}: {label}" for label in range(locked.n_classes)]].to_numpy(np.float64)
        for name in names
    }


def _measured(record: OpeningRecord, figures: Mapping[str, Any]) -> Opening:
    measured = from_plain(Figures, dict(figures), "the figures of an opening of the locked part")
    return Opening(record.when, record.stack, record.trials, measured)
