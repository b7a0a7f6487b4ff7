from dataclasses import replace

import numpy as np
import pytest

from automl_skin.chains.fitted import cross_calibrate, with_calibrator
from automl_skin.explain.stack_heat import HeatShares, network_directions
from automl_skin.metrics.calibration import log_odds
from automl_skin.stacking.blend import Blend, fit_logistic
from automl_skin.stacking.fitted import FittedStack
from automl_skin.stacking.stack import Stack

SMOOTH = (("concat", "logistic"), ("late", "mlp"), ("metadata", "logistic"))
WITH_TREES = (("concat", "logistic"), ("rank", "mlp"), ("concat", "extra_trees"), ("metadata", "logistic"))
WEIGHTS = {3: (0.5, 0.3, 0.2), 4: (0.4, 0.2, 0.3, 0.1)}
CASES = np.arange(3)


@pytest.fixture(scope="module", params=[2, 4])
def several(request, material, material_of_four):
    return material if request.param == 2 else material_of_four


def stack_of(material, make_fitter, small_chain, members, rule="average"):
    fitter = make_fitter(material)
    chains, calibrated = {}, []
    for number, names in enumerate(members):
        raw = np.empty((len(material.cases), material.n_classes))
        for fold in range(5):
            chains[number, fold], raw[material.folds == fold] = fitter.fit(small_chain(*names), fold)
        calibrators, probabilities = cross_calibrate(raw, material.labels, material.folds)
        calibrated.append(probabilities)
        for fold in range(5):
            chains[number, fold] = with_calibrator(chains[number, fold], calibrators[fold])
    numbers = tuple(range(len(members)))
    blend = Blend(rule, numbers, WEIGHTS[len(members)])
    if rule == "logistic":
        blend = fit_logistic(numbers, np.stack(calibrated), material.labels)
    calibrators, _ = cross_calibrate(calibrated[0], material.labels, material.folds)
    references = {
        (number, fold): np.sort(calibrated[number][material.folds == fold], axis=0) for number, fold in chains
    }
    return FittedStack(Stack(rule, (blend,) * 5, tuple(calibrators)), chains, references)


def measured_gradients(stack, inputs, classes, directions, place=0):
    """By what the stack itself says of embeddings, one column after another, shape (n_cases, n_columns)."""
    rows, found = np.arange(len(inputs)), []
    for each in directions:
        width = each.directions.shape[1]
        for column in range(place * width, (place + 1) * width):
            ends = []
            for step in (0.2, -0.2):
                moved = {name: values.copy() for name, values in inputs.embeddings.items()}
                moved[each.name][:, column] += np.float32(step)
                ends.append(log_odds(stack.predict(replace(inputs, embeddings=moved))[rows, classes]))
            found.append((ends[0] - ends[1]) / 0.4)
    return np.array(found).T


@pytest.mark.parametrize("rule", ["average", "logistic"])
def test_directions_are_the_gradient_of_what_the_stack_says(several, make_fitter, small_chain, rule):
    stack = stack_of(several, make_fitter, small_chain, SMOOTH, rule)
    inputs = several.inputs.take(CASES)
    classes = np.full(3, several.n_classes - 1)
    directions = network_directions(stack, inputs, classes)
    assert sorted(each.name for each in directions) == ["net@plain", "other@plain"]
    found = np.concatenate([each.directions for each in directions], axis=1)
    expected = measured_gradients(stack, inputs, classes, directions)
    lengths = np.linalg.norm(found, axis=1), np.linalg.norm(expected, axis=1)
    likeness = (found * expected).sum(axis=1) / (lengths[0] * lengths[1])
    if several.n_classes == 2:
        assert likeness.min() > 0.999
        np.testing.assert_allclose(*lengths, rtol=0.01)
    else:  # a chain moves the other classes' proportions as well, which dl/dx leaves out
        assert likeness.min() > 0.9


def test_a_case_alone_has_the_directions_that_it_has_in_a_batch(several, make_fitter, small_chain):
    stack = stack_of(several, make_fitter, small_chain, SMOOTH)
    classes = np.array([0, 1, 0])
    together = network_directions(stack, several.inputs.take(CASES), classes)
    alone = network_directions(stack, several.inputs.take(CASES[1:2]), classes[1:2])
    for one, each in zip(alone, together, strict=True):
        np.testing.assert_allclose(one.directions[0], each.directions[1], rtol=1e-4, atol=1e-7)
        np.testing.assert_array_equal(one.average, each.average)


@pytest.mark.parametrize("rule", ["average", "rank"])
def test_ranks_move_and_trees_are_left_out_and_said(material, make_fitter, small_chain, rule):
    stack = stack_of(material, make_fitter, small_chain, WITH_TREES, rule)
    directions = network_directions(stack, material.inputs.take(CASES), np.ones(3, np.int64))
    assert all((np.abs(each.directions).sum(axis=1) > 0).all() for each in directions)
    shares = HeatShares.of(stack)
    np.testing.assert_allclose((shares.shown, shares.trees, shares.metadata), (0.5, 0.3, 0.2))
    assert shares.in_words() == (
        "heat speaks for 50% of the stack's weight; left out: 30% trees, which have no gradient, 20% metadata alone"
    )
    assert HeatShares(1.0, 0.0, 0.0).in_words() == "heat speaks for 100% of the stack's weight"


def test_trees_alone_give_no_direction(material, make_fitter, small_chain):
    members = (("concat", "extra_trees"), ("late", "extra_trees"), ("metadata", "logistic"))
    stack = stack_of(material, make_fitter, small_chain, members)
    assert network_directions(stack, material.inputs.take(CASES), np.ones(3, np.int64)) == []
    assert HeatShares.of(stack).shown == 0


@pytest.mark.parametrize("seen", [(), ("close-up",)])
def test_each_kind_of_photograph_has_its_own_columns(material, make_fitter, small_chain, seen):
    """Of two kinds the second is noise, and a chain that sees the first alone has no direction of it."""
    kinds = ("close-up", "dermoscopic")
    noise = np.random.default_rng(0)
    doubled = {
        name: np.concatenate([each, noise.normal(size=each.shape).astype(np.float32)], axis=1)
        for name, each in material.inputs.embeddings.items()
    }
    has = np.repeat(material.inputs.has_image[:, None], 2, axis=1)
    inputs = replace(material.inputs, embeddings=doubled, roles=kinds, has_role=has)
    paired = replace(material, inputs=inputs)
    fitter = make_fitter(paired)
    chains = {
        (0, fold): fitter.fit(small_chain("image", "logistic", roles=seen), fold)[0] for fold in range(5)
    }
    chains = {
        pair: with_calibrator(each, cross_calibrators(material)[pair[1]]) for pair, each in chains.items()
    }
    stack = FittedStack(
        Stack("one", (Blend("average", (0,), (1.0,)),) * 5, tuple(cross_calibrators(material))), chains, {}
    )
    first, second = (
        network_directions(stack, inputs.take(CASES), np.ones(3, np.int64), place) for place in (0, 1)
    )
    widths = {name: each.shape[1] for name, each in material.inputs.embeddings.items()}
    assert {each.name: each.directions.shape[1] for each in first} == widths
    means = {each.name: each.average for each in first}
    np.testing.assert_allclose(
        means["net@plain"], material.inputs.embeddings["net@plain"].mean(axis=0), atol=0.2
    )
    if seen:
        assert second == []
    else:
        expected = measured_gradients(stack, inputs.take(CASES), np.ones(3, np.int64), second, place=1)
        np.testing.assert_allclose(
            np.concatenate([each.directions for each in second], axis=1), expected, rtol=0.05, atol=1e-3
        )
        noise_means = next(each.average for each in second if each.name == "net@plain")
        np.testing.assert_allclose(
            noise_means, doubled["net@plain"][:, widths["net@plain"] :].mean(axis=0), atol=0.1
        )


def cross_calibrators(material):
    probabilities = np.full((len(material.cases), 2), 0.5)
    return [
        replace(each, slopes=(1.0,), intercepts=(0.0,))
        for each in cross_calibrate(probabilities, material.labels, material.folds)[0]
    ]
