"""From trials to a stack, and from the stack to the fitted chains that score new cases."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import numpy.typing as npt

from automl_skin.chains.fitted import FittedChain, with_calibrator
from automl_skin.errors import IntegrityError, SearchError
from automl_skin.evaluation.figures import BEST_TRIAL
from automl_skin.images.loading import Progress
from automl_skin.networks import FROZEN
from automl_skin.search.material import Material
from automl_skin.search.objective import fit_fold
from automl_skin.search.shifted import ShiftedMaterial
from automl_skin.search.trial import TrialRecord
from automl_skin.stacking.fitted import FittedStack, needed_chains, single_stack
from automl_skin.stacking.methods import Rows
from automl_skin.stacking.stack import Stack, fit_stack
from automl_skin.steps.deployed import calibrate_deployed
from automl_skin.steps.trials import bench_of, worker_count
from automl_skin.study.kept_chains import chain_folder, keep_chain, read_chain
from automl_skin.study.stack_files import BuiltStack
from automl_skin.study.study import Study
from automl_skin.workers.processes import open_workers

STACK = "stack"

MAX_DIFFERENCE = 1e-6
"""By how much a probability of a chain on disk may differ from the measured one: sums in another order, no more."""

MAX_RANK_DIFFERENCE = 0.02
"""The same where it is made of ranks: the last digit of a probability may move a case by a place."""


def finished(records: Sequence[TrialRecord]) -> list[TrialRecord]:
    """Return the trials that finished, the best first, equal ones by number.

    Raises
    ------
    SearchError
        If there is none.
    """
    done = [record for record in records if record.state == "finished"]
    if not done:
        raise SearchError("cannot build a stack: no trial has finished; give the study more trials or time")
    return sorted(done, key=lambda record: (-record.utility, record.plan.number))


def out_of_fold(study: Study, records: Sequence[TrialRecord], material: Material) -> Rows:
    """Return the calibrated out-of-fold probabilities of the finished trials, by number.

    With the objective ``robust`` the rows of the sampled cases under every shift follow those of the cases.
    """
    numbers = tuple(sorted(record.plan.number for record in finished(records)))
    predictions = [study.journal.predictions(number) for number in numbers]
    probabilities = np.stack([each.calibrated for each in predictions])
    kind_of = {record.plan.number: record.plan.config.kind for record in records}
    kinds = tuple(kind_of[number] for number in numbers)
    rows = Rows(numbers, probabilities, material.labels, material.folds, study.scored_by(), kinds)
    if study.config.objective != "robust":
        return rows
    sample = ShiftedMaterial.read(study.shifted, material.cases).sample
    under = np.stack([each.shifted for each in predictions if each.shifted is not None])
    return replace(
        rows,
        probabilities=np.concatenate(
            [probabilities, under.reshape(len(numbers), -1, material.n_classes)], axis=1
        ),
        labels=sample.beside(rows.labels),
        folds=sample.beside(rows.folds),
        shift=sample.shift_of(len(rows.labels)),
    )


def groups_of(study: Study, rows: Rows, material: Material) -> npt.NDArray[np.object_]:
    """Return the group of every row of `out_of_fold`: a case under shift is of its own group."""
    if rows.shift is None:
        return material.groups
    return ShiftedMaterial.read(study.shifted, material.cases).sample.beside(material.groups)


def build_stack(
    study: Study, records: Sequence[TrialRecord], material: Material, progress: Progress | None = None
) -> BuiltStack:
    """Choose the stack from all finished trials, calibrate its mean over folds, and write it down."""
    stack, probabilities, comparison = fit_stack(out_of_fold(study, records, material))
    stack, deployed = calibrate_deployed(study, records, stack, probabilities, material, progress)
    built = BuiltStack(stack, probabilities, deployed, comparison)
    study.stack.write(built, material.cases.index, trials=len(records))
    return built


def fit_chains(
    study: Study,
    records: Sequence[TrialRecord],
    wanted: Sequence[tuple[int, int]],
    progress: Progress | None = None,
) -> None:
    """Fit the chains of some (trial, fold) pairs again, and keep them.

    What a refitted chain says of its fold must be what was measured, bit for bit; so the chains that
    score new cases are the very ones that were measured.

    Raises
    ------
    IntegrityError
        If a chain does not repeat its out-of-fold probabilities.
    """
    by_number = {record.plan.number: record for record in records}
    missing = [pair for pair in dict.fromkeys(wanted) if not chain_folder(study, *pair).is_dir()]
    # by fold: chains of one fold share its projections
    missing.sort(key=lambda pair: (pair[1], pair[0]))
    with open_workers(min(worker_count(study), max(len(missing), 1))) as workers:
        futures = [workers.submit(_fit_and_keep, study, by_number[trial], fold) for trial, fold in missing]
        for done, future in enumerate(futures, 1):
            future.result()
            if progress is not None:
                progress(done, len(futures))


def load_stack(study: Study, stack: Stack, material: Material) -> FittedStack:
    """Return a stack with its fitted chains from the study's folder.

    Raises
    ------
    IntegrityError
        As `load_chains`.
    """
    pairs = needed_chains(stack)
    chains = load_chains(study, pairs, material)
    folds = material.folds
    references = {
        (trial, fold): np.sort(study.journal.predictions(trial).calibrated[folds == fold], axis=0)
        for trial, fold in pairs
    }
    return FittedStack(stack, chains, references)


def load_chains(
    study: Study, pairs: Sequence[tuple[int, int]], material: Material
) -> dict[tuple[int, int], FittedChain]:
    """Return fitted chains from the study's folder, each applied to its fold once more: it must say what was measured.

    Raises
    ------
    IntegrityError
        If a file was changed, or a chain says something else of its fold.
    """
    chains = {pair: read_chain(study, *pair) for pair in pairs}
    measured = {trial: study.journal.predictions(trial).calibrated for trial in {trial for trial, _ in pairs}}
    for (trial, fold), chain in chains.items():
        rows = np.flatnonzero(material.folds == fold)
        said = chain.predict(material.inputs.only(chain.image_names).take(rows))
        worst = float(np.abs(said - measured[trial][rows]).max())
        limit = MAX_RANK_DIFFERENCE if chain.config.fusion == "rank" else MAX_DIFFERENCE
        if not worst <= limit:  # NaN is no number that was measured
            message = (
                f"{chain_folder(study, trial, fold)}: expected a chain that repeats the out-of-fold probabilities of "
                f"trial {trial} on fold {fold}, got one that differs by up to {worst:.2g}. It was changed after it "
                "was measured; delete the folder, and the chain is fitted again"
            )
            raise IntegrityError(message)
    return chains


def compared_stacks(records: Sequence[TrialRecord], built: BuiltStack) -> dict[str, Stack]:
    """Return, by name, what the locked test set is opened for.

    The stack, the best trial, the baselines, and where networks were tuned the best trial of each tuning and way.
    """
    n_folds, n_classes = len(built.stack.blends), built.probabilities.shape[1]
    best = finished(records)[0].plan.number
    singles = {
        record.plan.name: single_stack(record.plan.number, n_folds, n_classes)
        for record in records
        if record.plan.kind == "baseline" and record.state == "finished"
    }
    ways = {
        name: single_stack(record.plan.number, n_folds, n_classes)
        for name, record in best_of_ways(records).items()
    }
    return {STACK: built.stack, BEST_TRIAL: single_stack(best, n_folds, n_classes), **singles, **ways}


def best_of_ways(records: Sequence[TrialRecord]) -> dict[str, TrialRecord]:
    """Return the best trial of each tuning and way, by name (``full within``), frozen first; none without tuning."""
    best: dict[str, TrialRecord] = {}
    for record in finished(records):
        config = record.plan.config
        if config.uses_image and record.plan.kind != "baseline":
            best.setdefault(f"{config.tuning} {config.way}".strip(), record)
    tuned = {name: best[name] for name in sorted(best) if name != FROZEN}
    frozen = {name: record for name, record in best.items() if name == FROZEN}
    return {**frozen, **tuned} if tuned else {}


def _fit_and_keep(study: Study, record: TrialRecord, fold: int) -> None:
    material = Material.read(study.material)
    fitted, held = fit_fold(bench_of(study), record.plan.config, fold)
    chain = with_calibrator(fitted, record.calibrators[fold])
    measured = study.journal.predictions(record.plan.number)
    rows = material.folds == fold
    calibrated = record.calibrators[fold].apply(held)
    if not (
        np.array_equal(held, measured.raw[rows]) and np.array_equal(calibrated, measured.calibrated[rows])
    ):
        worst = float(np.abs(calibrated - measured.calibrated[rows]).max())
        message = (
            f"trial {record.plan.number} does not repeat what was measured on fold {fold} bit for bit: it differs by "
            f"up to {worst:.2g}. Its file was changed, or the machine or a library is not the one that ran the search; "
            "finish it where it began"
        )
        raise IntegrityError(message)
    keep_chain(chain, chain_folder(study, record.plan.number, fold))
