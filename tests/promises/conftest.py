"""A study on fabricated material from the plan to the locked test, without images and files."""

from dataclasses import dataclass, replace

import numpy as np
import pytest

from automl_skin.chains.fitted import cross_calibrate, with_calibrator
from automl_skin.metrics.catalogue import METRICS
from automl_skin.metrics.ranking import macro_auc
from automl_skin.metrics.selection import CorrectedBest, examine_choice
from automl_skin.stacking.fitted import FittedStack, needed_chains
from automl_skin.stacking.methods import Rows
from automl_skin.stacking.stack import MethodComparison, fit_stack


@dataclass(frozen=True)
class Measured:
    """A study after its trials and its stack.

    `rows` are what was measured out of fold; `in_sample` are the same trials with the mistake of asking chains about
    rows that they were fitted on.
    """

    rows: Rows
    in_sample: Rows
    comparison: MethodComparison
    best: CorrectedBest
    locked_auc: float


def propose(number, small_chain):
    """Return the chain of a cheap trial; what differs between trials makes choosing among them worth something."""
    families = ("logistic", "extra_trees", "lightgbm")
    fusion = ("image", "concat", "late", "rank", "metadata")[number % 5]
    config = small_chain(fusion, families[number % 3])
    values = {"components": 3 + number} if config.uses_image else {}
    return replace(config, **values, weighting=("none", "balanced")[number % 2])


@pytest.fixture(scope="session")
def run_study(small_chain, make_fitter):
    """Run trials, stack them and score the locked cases by the chains that were measured."""

    def run(study, n_trials=15):
        material, chains = study.development, {}
        fitter = make_fitter(material)
        honest, mistaken = [], []
        for number in range(n_trials):
            raw = np.empty((len(material.cases), material.n_classes))
            for fold in range(5):
                held = material.folds == fold
                chains[number, fold], raw[held] = fitter.fit(propose(number, small_chain), fold)
            calibrators, calibrated = cross_calibrate(raw, material.labels, material.folds)
            for fold in range(5):
                chains[number, fold] = with_calibrator(chains[number, fold], calibrators[fold])
            honest.append(calibrated)
            mistaken.append(chains[number, 0].predict(material.inputs))
        rows = Rows(tuple(range(n_trials)), np.stack(honest), material.labels, material.folds, METRICS["auc"])
        stack, _, comparison = fit_stack(rows)
        references = {
            (trial, fold): np.sort(rows.probabilities[trial, rows.folds == fold], axis=0)
            for trial, fold in needed_chains(stack)
        }
        locked = FittedStack(stack, chains, references).predict(study.locked.inputs)
        in_sample = replace(rows, probabilities=np.stack(mistaken))
        best = examine_choice(rows.by_fold, rows.probabilities, material.groups, n_resamples=60).best
        return Measured(rows, in_sample, comparison, best, macro_auc(study.locked_labels, locked))

    return run
