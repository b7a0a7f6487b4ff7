"""Stacks with the objective `robust`: rows under shift take part in the choice and in nothing else."""

from dataclasses import replace

import numpy as np
import pytest

from automl_skin.chains.fitted import cross_calibrate
from automl_skin.metrics.ranking import macro_auc
from automl_skin.stacking.blend import fit_logistic
from automl_skin.stacking.methods import METHODS, best_single, logistic_stacking
from automl_skin.stacking.stack import cross_fit, fit_stack


@pytest.fixture
def make_shifted(make_rows):
    """Rows with the first 100 cases again under two shifts, under which the first half of the trials falls apart."""

    def make(n_classes=2, **values):
        rows = make_rows(n_classes=n_classes, **values)
        shifted = rows.probabilities[:, :100].copy()
        half = len(rows.numbers) // 2
        shifted[:half] = np.random.default_rng(1).dirichlet(np.ones(n_classes), size=(half, 100))
        beside = [*[np.arange(250)], *[np.arange(100)] * 2]
        again = np.concatenate(beside)
        return replace(
            rows,
            probabilities=np.concatenate([rows.probabilities, shifted, shifted], axis=1),
            labels=rows.labels[again],
            folds=rows.folds[again],
            shift=np.repeat([0, 1, 2], [250, 100, 100]),
        )

    return make


def at_home(rows):
    home = rows.at_home
    return replace(
        rows,
        probabilities=rows.probabilities[:, home],
        labels=rows.labels[home],
        folds=rows.folds[home],
        shift=None,
    )


def test_a_folds_utility_is_the_mean_of_home_and_shifts(make_shifted):
    rows = make_shifted()
    probabilities = rows.probabilities[7]
    for fold, utility in enumerate(rows.utilities(probabilities)):
        values = []
        for shift in range(3):
            own = (rows.folds == fold) & (rows.shift == shift)
            values.append(macro_auc(rows.labels[own], probabilities[own]))
        assert utility == pytest.approx(values[0] / 2 + (values[1] + values[2]) / 4)


def test_the_choice_goes_by_the_objective(make_shifted):
    rows = make_shifted()
    for probabilities in rows.probabilities[:6]:
        probabilities[:250, 1] = np.where(
            rows.labels[:250] == 1, 0.9, 0.1
        )  # perfect at home, nothing under shift
        probabilities[:250, 0] = 1 - probabilities[:250, 1]
    weak = max(rows.utility(each) for each in rows.probabilities[6:])
    strong = max(rows.utility(each) for each in rows.probabilities[:6])
    assert (best_single(rows).members[0] in rows.numbers[:6]) == (strong > weak)
    assert best_single(at_home(rows)).members[0] in rows.numbers[:6]


def test_logistic_stacking_trusts_who_stands_under_shift(make_shifted):
    rows = make_shifted()
    share = {True: 0.0, False: 0.0}
    for rows_seen, key in ((rows, True), (at_home(rows), False)):
        blend = logistic_stacking(rows_seen)
        falling = set(rows.numbers[:6])
        share[key] = sum(
            weight for member, weight in zip(blend.members, blend.weights, strict=True) if member in falling
        )
    assert share[True] < share[False]


def test_logistic_stacking_weighs_home_and_shift_by_halves(make_shifted):
    rows = make_shifted()
    blend = logistic_stacking(rows)
    members = rows.probabilities[[rows.numbers.index(each) for each in blend.members]]
    halves = np.where(np.arange(450) < 250, 0.5, 0.5 * 250 / 200)
    assert blend == fit_logistic(blend.members, members, rows.labels, halves)
    assert blend != fit_logistic(blend.members, members, rows.labels)


def test_weights_of_home_and_shift_are_halves_and_one_a_case(make_shifted):
    rows = make_shifted()
    weights = rows.row_weights
    assert weights[rows.at_home].sum() == pytest.approx(125)
    assert weights[~rows.at_home].sum() == pytest.approx(125)
    assert at_home(rows).row_weights is None


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("where", ["home", "shift"])
def test_a_folds_rows_do_not_change_its_blend_shifted_or_not(method, where, make_shifted):
    rows = make_shifted()
    held = (rows.folds == 2) & (rows.at_home == (where == "home"))
    changed = rows.probabilities.copy()
    changed[:, held] = changed[::-1][:, held]
    labels = np.where(held, 1 - rows.labels, rows.labels)
    other = cross_fit(method, replace(rows, probabilities=changed, labels=labels))[0]
    assert other[2] == cross_fit(method, rows)[0][2]


@pytest.mark.parametrize("method", METHODS)
def test_blends_are_measured_at_home_as_they_would_be_alone(method, make_shifted):
    """Rank references and the calibrator are of the cases at home."""
    rows = make_shifted()
    blends, raw = cross_fit(method, rows)
    alone = at_home(rows)
    for fold, blend in enumerate(blends):
        held = alone.folds == fold
        members = alone.probabilities[[rows.numbers.index(each) for each in blend.members]][:, held]
        expected = blend.apply(members, np.sort(members, axis=1))
        assert (raw[:250][held] == expected).all()


@pytest.mark.parametrize("n_classes", [2, 4])
def test_the_stacks_answer_is_of_the_cases_at_home(n_classes, make_shifted):
    rows = make_shifted(n_classes)
    stack, probabilities, comparison = fit_stack(rows)
    assert probabilities.shape == (250, n_classes)
    _, raw = cross_fit(stack.method, rows)
    calibrators, calibrated = cross_calibrate(raw[:250], rows.labels[:250], rows.folds[:250])
    assert list(stack.calibrators) == calibrators
    assert (probabilities == calibrated).all()
    assert comparison.utilities[stack.method] == rows.utilities(raw)
