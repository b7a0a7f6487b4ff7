import numpy as np
import pytest

from automl_skin.errors import ConfigError
from automl_skin.export.bundle import read_facts
from automl_skin.scoring.decide import ScoringOptions, correct_prevalence, decide, operating_point


@pytest.fixture(scope="module")
def facts(tiny):
    return read_facts(tiny.bundle)


@pytest.fixture(scope="module")
def several(multiclass_bundle):
    return read_facts(multiclass_bundle)


def test_prevalence_of_the_development_cases_changes_nothing():
    probabilities = np.array([[0.3, 0.7], [0.9, 0.1]])
    assert correct_prevalence(probabilities, 0.2, 0.2) == pytest.approx(probabilities)


def test_prevalence_agrees_with_bayes_on_simulated_cases():
    # scores with known densities: the posterior under another prior, computed from the densities themselves
    values = np.linspace(-2, 3, 11)
    positive, negative = np.exp(-0.5 * (values - 1) ** 2), np.exp(-0.5 * values**2)

    def posterior(prior):
        joint = prior * positive
        return joint / (joint + (1 - prior) * negative)

    given = np.column_stack([1 - posterior(0.3), posterior(0.3)])
    assert correct_prevalence(given, 0.3, 0.02)[:, 1] == pytest.approx(posterior(0.02))


def test_prevalence_keeps_empty_rows_empty():
    assert np.isnan(correct_prevalence(np.array([[np.nan, np.nan]]), 0.3, 0.1)).all()


@pytest.mark.parametrize("prevalence", [0.0, 1.0, -0.1, 7.0, float("nan")])
def test_impossible_prevalence_is_refused_at_once(prevalence):
    with pytest.raises(ConfigError, match="--prevalence: expected a share between 0 and 1"):
        ScoringOptions(prevalence=prevalence)


@pytest.mark.parametrize("sensitivity", [0.951, 0.3, 1.0, 95.0, float("nan")])
def test_sensitivity_that_is_not_stored_is_refused(facts, sensitivity):
    with pytest.raises(ConfigError, match=r"one of 0.5 to 0.99 in steps of 0.01"):
        operating_point(facts, sensitivity)


def test_sensitivity_is_of_binary_bundles(several):
    with pytest.raises(ConfigError, match="got one of several classes"):
        operating_point(several, 0.95)


def test_decision_is_at_the_stored_threshold(facts):
    threshold = operating_point(facts, 0.8).threshold
    around = np.array([threshold, np.nextafter(threshold, 0), np.nan])
    decisions = decide(facts, np.column_stack([1 - around, around]), ScoringOptions(0.8))
    assert decisions == [facts.classes[1], facts.classes[0], ""]


def test_higher_sensitivity_never_takes_fewer_for_positive(facts):
    thresholds = [operating_point(facts, wanted / 100).threshold for wanted in range(50, 100)]
    assert thresholds == sorted(thresholds, reverse=True)


def test_several_classes_are_weighed_by_their_share(several):
    priors = np.array(several.priors)
    rarest = int(priors.argmin())
    probabilities = priors.copy()
    probabilities[rarest] *= 1.5
    rows = np.vstack([probabilities / probabilities.sum(), np.full(len(priors), np.nan)])
    assert decide(several, rows, ScoringOptions()) == [several.classes[rarest], ""]
