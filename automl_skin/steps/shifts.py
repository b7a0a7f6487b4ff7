"""How far the leading trials and the stack drop when the photographs are shifted; out-of-fold cases only.

A shifted case of fold k is scored as the unshifted case is, by the chain of fold k alone: by the networks that the
chain applies, then its own calibrator, then the stack's blend of that fold.
"""

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd

from automl_skin.arrays import FloatArray
from automl_skin.evaluation.figures import BEST_TRIAL
from automl_skin.evaluation.shifts import ShiftedModel, ShiftFigures, shifted_model
from automl_skin.files import write_bytes
from automl_skin.images.decode import decode
from automl_skin.images.folder import ImageFolder
from automl_skin.images.shifts import shift_sheet
from automl_skin.search.material import Material
from automl_skin.search.objective import score_shifted
from automl_skin.search.shifted import ShiftedMaterial
from automl_skin.search.trial import TrialRecord
from automl_skin.stacking.stack import Stack
from automl_skin.steps.embedded import applied_names, find_networks
from automl_skin.steps.events import Listener, start_progress
from automl_skin.steps.networks import ResolvedNetwork, with_pixels_alone
from automl_skin.steps.prepare import Prepared
from automl_skin.steps.shift_embeddings import ensure_shifted, sampled_cases
from automl_skin.steps.stack import STACK, best_of_ways, finished, fit_chains
from automl_skin.steps.trials import bench_of, worker_count
from automl_skin.study.kept_chains import read_chain
from automl_skin.study.stack_files import BuiltStack
from automl_skin.study.study import Study
from automl_skin.workers.processes import open_workers

MAX_LEADERS = 10
"""Trials that are measured under shift besides the members of the stack and the baselines."""

MIN_ROWS_FOR_WORKERS = 200_000
"""With fewer rows to score, starting several processes takes longer than they save."""

ON_SHEET = 4
"""Photographs that are shown under every shift."""


def prepare_shifts(prepared: Prepared, networks: Sequence[ResolvedNetwork], tell: Listener) -> None:
    """Have the sampled cases embedded under shift before trials use these networks, where the objective is robust."""
    if prepared.study.config.objective == "robust":
        ensure_shifted(prepared, networks, tell)


def measure_shifts(
    prepared: Prepared,
    records: Sequence[TrialRecord],
    built: BuiltStack,
    tell: Listener,
) -> ShiftFigures | None:
    """Measure the leading trials and the stack under shift, and write it down; None if the study asks for none.

    Parameters
    ----------
    records : sequence of TrialRecord
        All trials.
    built : BuiltStack
        Fixed: nothing is chosen by these figures.
    """
    study = prepared.study
    if not study.config.measures_shifts or not sampled_cases(study, len(prepared.plan.development)):
        return None
    trials = leading(records, built.stack)
    n_folds = len(built.stack.blends)
    names = {name for each in trials for name in applied_names(each.plan.config, range(n_folds), n_folds)}
    shifted = ensure_shifted(prepared, with_pixels_alone(find_networks(study, sorted(names))), tell)
    material = Material.read(study.material)
    scores = score_trials(study, records, trials, shifted, material, tell)
    stack = score_stack(study, built.stack, scores, shifted, material)
    figures = figures_of(study, records, built, scores, stack, shifted, material)
    answers = [built.probabilities[shifted.sample.positions], *stack]
    study.shifts.write(figures, answers, material.cases.iloc[shifted.sample.positions])
    draw_sheet(prepared, material.cases.index[shifted.sample.positions])
    return figures


def draw_sheet(prepared: Prepared, cases: "pd.Index[str]") -> None:
    """Write ``report/shift_sheet.png``: a few of the sampled cases' photographs under every shift."""
    some = prepared.images[prepared.images["case"].isin(cases)].iloc[:ON_SHEET]
    folder = ImageFolder(prepared.manifest.images_root)
    photographs = [decode(folder.read(path), name=path) for path in some["path"]]
    write_bytes(prepared.study.report / "shift_sheet.png", shift_sheet(photographs, list(some["content"])))


def leading(records: Sequence[TrialRecord], stack: Stack) -> list[TrialRecord]:
    """Return the trials that are measured under shift, by number.

    The best ones, the members of the stack, the baselines, and the best of each tuning and way.
    """
    done = finished(records)
    members = {*stack.members, *(record.plan.number for record in best_of_ways(records).values())}
    chosen = {
        record.plan.number: record
        for position, record in enumerate(done)
        if position < MAX_LEADERS or record.plan.number in members or record.plan.kind == "baseline"
    }
    return [chosen[number] for number in sorted(chosen)]


def score_trials(
    study: Study,
    records: Sequence[TrialRecord],
    trials: Sequence[TrialRecord],
    shifted: ShiftedMaterial,
    material: Material,
    tell: Listener,
) -> dict[int, FloatArray]:
    """Return each trial's calibrated probabilities under shift, shape (n_shifts, n_sampled, n_classes).

    Trials of a robust search have them. Of others the chains that were measured are fitted again, proven to be the
    same, and applied.
    """
    numbers = [record.plan.number for record in trials]
    kept = {number: study.journal.predictions(number).shifted for number in numbers}
    pairs = [(number, fold) for number in numbers if kept[number] is None for fold in range(material.n_folds)]
    names = f"{len(trials)} trials under {len(shifted.sample.shifts)} shifts"
    fit_chains(study, records, pairs, start_progress(tell, f"Fitting the chains of {names}"))
    shape = (len(shifted.sample.shifts), len(shifted.folds), material.n_classes)
    scores = {number: np.empty(shape) if values is None else values for number, values in kept.items()}
    progress = start_progress(tell, f"Scoring {names}")
    n_rows = len(pairs) * len(shifted.folds) * len(shifted.sample.shifts) // material.n_folds
    with open_workers(worker_count(study) if n_rows > MIN_ROWS_FOR_WORKERS else 1) as workers:
        futures = [workers.submit(_score, study, *pair) for pair in pairs]
        for done, ((number, fold), future) in enumerate(zip(pairs, futures, strict=True), 1):
            scores[number][:, shifted.rows(fold)] = future.result()
            progress(done, len(pairs))
    return scores


def _score(study: Study, trial: int, fold: int) -> FloatArray:
    chain = read_chain(study, trial, fold)
    return score_shifted(bench_of(study), study.shifted, chain, fold)


def score_stack(
    study: Study,
    stack: Stack,
    scores: Mapping[int, FloatArray],
    shifted: ShiftedMaterial,
    material: Material,
) -> FloatArray:
    """Return the stack's probabilities under shift, each case by its fold's blend and calibrator.

    Returns
    -------
    ndarray of shape (n_shifts, n_sampled, n_classes)
    """
    shape = next(iter(scores.values())).shape
    whole = np.empty(shape)
    at_home = {member: study.journal.predictions(member).calibrated for member in stack.members}
    for fold, (blend, calibrator) in enumerate(zip(stack.blends, stack.calibrators, strict=True)):
        rows, held = shifted.rows(fold), material.folds == fold
        members = np.stack([scores[member][:, rows].reshape(-1, shape[2]) for member in blend.members])
        references = np.sort(np.stack([at_home[member][held] for member in blend.members]), axis=1)
        answer = calibrator.apply(blend.apply(members, references))
        whole[:, rows] = answer.reshape(shape[0], len(rows), shape[2])
    return whole


def figures_of(
    study: Study,
    records: Sequence[TrialRecord],
    built: BuiltStack,
    scores: Mapping[int, FloatArray],
    stack: FloatArray,
    shifted: ShiftedMaterial,
    material: Material,
) -> ShiftFigures:
    """Return the figures of the stack and of what the locked test compares it with by name, of all trials by number."""
    sample = shifted.sample
    labels, groups = material.labels[sample.positions], material.groups[sample.positions]

    def measure(at_home: FloatArray, under: FloatArray) -> ShiftedModel:
        home = at_home[sample.positions]
        return shifted_model(labels, home, under, sample.shifts, groups, study.config.seed)

    trials = {
        number: measure(study.journal.predictions(number).calibrated, under)
        for number, under in scores.items()
    }
    baselines = {
        record.plan.name: trials[record.plan.number]
        for record in records
        if record.plan.kind == "baseline" and record.plan.number in trials
    }
    best = trials[finished(records)[0].plan.number]
    ways = {name: trials[record.plan.number] for name, record in best_of_ways(records).items()}
    models = {STACK: measure(built.probabilities, stack), BEST_TRIAL: best, **baselines, **ways}
    return ShiftFigures(
        len(sample.positions), len(material.cases), sample.shifts, models, trials, built.stack.digest
    )
