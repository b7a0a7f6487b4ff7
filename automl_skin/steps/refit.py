"""The stack of a study fitted once more, on all rows: no row is left to measure it on, and everything says so.

Each member has one chain instead of K. What is chosen or fitted on probabilities (members and weights, calibrators,
rank references) uses the out-of-fold rows of the development cases, as in the measured stack, but all of them at
once. There is no mean over folds, and so no calibrator of it: a chain on all rows says about what the measured ones
say, which have (K - 1) / K of them. The locked cases are among the training rows once the locked test set was opened,
and never before.
"""

import numpy as np
import pandas as pd
from threadpoolctl import threadpool_limits

from automl_skin.arrays import BoolArray, FloatArray
from automl_skin.chains.calibration import fit_calibrator
from automl_skin.chains.fitted import FittedChain, with_calibrator, with_reference
from automl_skin.chains.fitting import FoldFitter, refuse_tuned
from automl_skin.chains.inputs import CaseInputs
from automl_skin.images.loading import Progress
from automl_skin.search.material import Material
from automl_skin.search.objective import THREADS, make_fitter
from automl_skin.search.trial import TrialRecord
from automl_skin.stacking.fitted import FittedStack
from automl_skin.stacking.methods import METHODS, Rows
from automl_skin.stacking.stack import Stack, cross_fit
from automl_skin.steps.locked import read_locked_material
from automl_skin.steps.stack import fit_chains, out_of_fold
from automl_skin.study.kept_chains import read_chain
from automl_skin.study.locked_part import LockedPart
from automl_skin.study.study import Study


def refit_stack(
    study: Study, method: str, material: Material, progress: Progress | None = None
) -> FittedStack:
    """Return a stack of one chain per member, fitted on all rows.

    Parameters
    ----------
    method : str
        How the measured stack was chosen; a name in `METHODS`.
    material : Material
        Of the development cases.
    progress : callable, optional
        Called with the members done and the members in all.

    Raises
    ------
    ConfigError
        If a member has tuned networks: none of them was tuned on all rows.
    """
    records = study.journal.read()
    by_number = {record.plan.number: record for record in records}
    rows = out_of_fold(study, records, material)
    stack = stack_on_all_rows(method, rows)
    for member in stack.members:  # before anything is fitted
        refuse_tuned(by_number[member].plan.config)
    fitter = make_fitter(all_rows(study, material), study.config.encoder, study.config.seed)
    chains = {}
    for done, member in enumerate(stack.members, 1):
        chains[member, 0] = _refit(study, fitter, by_number[member], material)
        if progress is not None:
            progress(done, len(stack.members))
    references = {
        (member, 0): np.sort(study.journal.predictions(member).calibrated, axis=0) for member in stack.members
    }
    return FittedStack(stack, chains, references)


def stack_on_all_rows(method: str, rows: Rows) -> Stack:
    """Return the stack of one blend, chosen on all rows; its calibrator is fitted on cross-fitted blends."""
    _, raw = cross_fit(method, rows)
    home = rows.at_home
    return Stack(method, (METHODS[method](rows),), (fit_calibrator(raw[home], rows.labels[home]),))


def refitted_cases(study: Study) -> "pd.Index[str]":
    """Return the cases of `all_rows`."""
    plan = study.read_plan()
    return plan.development.append(plan.locked) if LockedPart(study).records() else plan.development


def all_rows(study: Study, development: Material) -> Material:
    """Return the development cases, and the locked ones with their labels once these were opened."""
    part = LockedPart(study)
    records = part.records()
    if not records:
        return development
    locked = read_locked_material(study, development)
    labels = part.open_as_recorded(records[-1]).loc[locked.cases.index]
    cases = locked.cases.assign(
        target=labels["label"].astype("int64"), diagnosis=labels["diagnosis"].astype("str")
    )
    first, second = development.inputs, locked.inputs
    inputs = CaseInputs(
        {
            name: np.concatenate([first.embeddings[name], second.embeddings[name]])
            for name in first.embeddings
            if name not in first.tuned_on
        },
        np.concatenate([first.has_image, second.has_image]),
        pd.concat([first.metadata, second.metadata]),
        roles=first.roles,
        has_role=_both(first.has_role, second.has_role),
    )
    return Material(
        pd.concat([development.cases, cases]),
        inputs,
        development.kinds,
        {**dict(zip(cases["diagnosis"], cases["target"].tolist(), strict=True)), **development.class_of},
        development.n_classes,
        development.plan_digest,
    )


def _both(first: BoolArray | None, second: BoolArray | None) -> BoolArray | None:
    return None if first is None or second is None else np.concatenate([first, second])


def _refit(study: Study, fitter: FoldFitter, record: TrialRecord, material: Material) -> FittedChain:
    with threadpool_limits(THREADS):
        chain = fitter.fit_all(record.plan.config, THREADS)
    if record.plan.config.fusion == "rank":
        chain = with_reference(chain, _pooled_reference(study, record, material))
    raw = study.journal.predictions(record.plan.number).raw
    return with_calibrator(chain, fit_calibrator(raw, material.labels))


def _pooled_reference(study: Study, record: TrialRecord, material: Material) -> FloatArray:
    """Return the branches' out-of-fold probabilities of all folds, sorted, shape (n_branches, n_cases, n_classes)."""
    pairs = [(record.plan.number, int(fold)) for fold in np.unique(material.folds)]
    fit_chains(study, study.journal.read(), pairs)
    references = [read_chain(study, *pair).reference for pair in pairs]
    return np.sort(np.concatenate([each for each in references if each is not None], axis=1), axis=1)
