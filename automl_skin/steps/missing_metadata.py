"""How far the stack drops when metadata are missing; out-of-fold cases only, by the chains that were measured.

A value is hidden where a uniform number, drawn once per case and field, lies below the share that is to be hidden.
"""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from automl_skin.arrays import FloatArray
from automl_skin.evaluation.missing_metadata import SHARES, MissingMetadata
from automl_skin.evaluation.resampling import resampled_aucs
from automl_skin.metrics.intervals import Interval, central_range, fewest_groups
from automl_skin.metrics.parts import MIN_GROUPS
from automl_skin.metrics.ranking import macro_auc
from automl_skin.search.material import Material
from automl_skin.search.trial import BASELINES, TrialRecord
from automl_skin.seeding import generator
from automl_skin.stacking.fitted import FittedStack, needed_chains
from automl_skin.steps.embed import find_needed
from automl_skin.steps.networks import with_pixels_alone
from automl_skin.steps.stack import STACK, compared_stacks, fit_chains, load_stack
from automl_skin.study.stack_files import BuiltStack
from automl_skin.study.study import Study

N_RESAMPLES = 200


def measure_missing_metadata(
    study: Study, records: Sequence[TrialRecord], built: BuiltStack, material: Material
) -> MissingMetadata | None:
    """Measure the stack and the baselines with ever fewer metadata, and write it down; None if there are none.

    What was measured for the same stack is not measured again.
    """
    before = study.missing_metadata.find()
    if before is not None and before.stack == built.stack.digest:
        return before
    if material.inputs.metadata.empty:
        return None
    answers = {
        name: answers_without(study, records, name, built, material) for name in (STACK, *baselines(records))
    }
    labels = material.labels
    seed = study.config.seed
    ends = resampled_aucs(
        labels, [answers[STACK][0], answers[STACK][-1]], material.groups, n_resamples=N_RESAMPLES, seed=seed
    )
    aucs = {name: [macro_auc(labels, each) for each in shares] for name, shares in answers.items()}
    changes = {name: tuple(auc - first for auc in [first, *rest]) for name, (first, *rest) in aucs.items()}
    enough = fewest_groups(labels, material.groups) >= MIN_GROUPS
    change = Interval(changes[STACK][-1], *central_range(ends[1] - ends[0]), enough=enough)
    networks = with_pixels_alone(find_needed(study, built.stack))
    inside = any(bool(each.backbone.spatial) for each in networks)
    measured = MissingMetadata(len(labels), SHARES, changes, change, built.stack.digest, inside)
    study.missing_metadata.write(measured)
    return measured


def baselines(records: Sequence[TrialRecord]) -> list[str]:
    """Return the names of the baselines that finished."""
    done = {record.plan.name for record in records if record.state == "finished"}
    return [name for name in BASELINES if name in done]


def answers_without(
    study: Study, records: Sequence[TrialRecord], name: str, built: BuiltStack, material: Material
) -> list[FloatArray]:
    """Return the out-of-fold probabilities of one model at every share of hidden values."""
    stack = compared_stacks(records, built)[name]
    fit_chains(study, records, needed_chains(stack))
    fitted = load_stack(study, stack, material)
    draws = generator(study.config.seed, "missing metadata").random(material.inputs.metadata.shape)
    return [predict_out_of_fold(fitted, hide(material, draws < share)) for share in SHARES]


def hide(material: Material, hidden: np.ndarray[tuple[int, int], np.dtype[np.bool_]]) -> Material:
    """Return the material with some values of its metadata missing."""
    inputs = replace(material.inputs, metadata=material.inputs.metadata.mask(hidden))
    return replace(material, inputs=inputs)


def predict_out_of_fold(stack: FittedStack, material: Material) -> FloatArray:
    """Return the probabilities of all cases, each by the chains of its fold alone."""
    answer = np.empty((len(material.cases), material.n_classes))
    for fold in range(material.n_folds):
        rows = np.flatnonzero(material.folds == fold)
        answer[rows] = stack.predict_fold(material.inputs.take(rows), fold)
    return answer
