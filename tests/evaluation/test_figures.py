import json
from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest

from automl_skin.data.plan_checks import expected_interval_width
from automl_skin.errors import InputError
from automl_skin.evaluation import figures as module
from automl_skin.evaluation.figures import BEST_TRIAL, Figures, locked_figures
from automl_skin.metrics.intervals import Interval, auc_difference, auc_interval
from automl_skin.metrics.ranking import macro_auc
from automl_skin.records import from_plain, to_plain

PRIORS = np.array([0.8, 0.2])


@pytest.fixture(scope="module")
def cases():
    rng = np.random.default_rng(0)
    lesion = np.sort(rng.integers(0, 250, 400))
    of_lesion = (rng.random(250) < 0.25).astype(int)
    return pd.DataFrame(
        {
            "target": of_lesion[lesion],
            "group": [f"g{k // 2}" for k in lesion],
            "lesion": [f"l{k}" for k in lesion],
        },
        index=[f"case{i}" for i in range(400)],
    )


def score(cases, strength, seed):
    z = strength * cases["target"].to_numpy() + np.random.default_rng(seed).normal(-1.5, 1, len(cases))
    p = 1 / (1 + np.exp(-z))
    return np.column_stack([1 - p, p])


def test_intervals_are_those_of_the_metrics(cases):
    models = {"stack": score(cases, 2, 0), "image alone": score(cases, 1, 1)}
    figures = locked_figures(cases, models, PRIORS, 1, seed=5)
    labels, groups = cases["target"].to_numpy(), cases["group"].to_numpy(object)
    assert figures.models["image alone"].auc == auc_interval(labels, models["image alone"], groups, seed=5)
    gain = auc_difference(labels, models["stack"], models["image alone"], groups, seed=5)
    assert figures.gains["image alone"].value == pytest.approx(gain.value)
    assert figures.gains["image alone"].low == pytest.approx(gain.low)
    assert list(figures.gains) == ["image alone"]


def test_lesions_are_averaged(cases):
    p = score(cases, 2, 0)
    figures = locked_figures(cases, {"stack": p, "image alone": score(cases, 1, 1)}, PRIORS, 1, 0)
    by_lesion = pd.DataFrame({"p": p[:, 1], "y": cases["target"], "l": cases["lesion"]}).groupby("l").mean()
    scores = by_lesion["p"].to_numpy()
    expected = macro_auc(by_lesion["y"].to_numpy().astype(int), np.column_stack([1 - scores, scores]))
    assert figures.models["stack"].lesion_auc.value == pytest.approx(expected)
    lesion_auc = figures.models["stack"].lesion_auc
    assert lesion_auc.low < lesion_auc.value < lesion_auc.high
    assert lesion_auc.low > figures.models["image alone"].lesion_auc.low
    assert lesion_auc.value > figures.models["stack"].auc.value
    assert figures.n_lesions == cases["lesion"].nunique()
    assert figures.n_groups == cases["group"].nunique()
    assert figures.class_counts == tuple(np.bincount(cases["target"]))


def test_a_stack_that_wins_and_one_that_does_not(cases):
    good = locked_figures(
        cases, {"stack": score(cases, 2.5, 0), "metadata alone": score(cases, 0.5, 1)}, PRIORS, 1, 0
    )
    assert good.not_beaten == []
    assert good.verdict == "The stack beats every simple baseline: metadata alone."
    models = {"stack": score(cases, 2, 0), BEST_TRIAL: score(cases, 2, 2), "rank average": score(cases, 2, 1)}
    tied = locked_figures(cases, models, PRIORS, 1, 0)
    assert tied.not_beaten == ["rank average"]
    assert "does not beat every simple baseline" in tied.verdict
    assert tied.verdict in tied.lines()
    tuned = locked_figures(cases, {**models, "full within": score(cases, 2, 0)}, PRIORS, 1, 0)
    assert tuned.not_beaten == ["rank average"], "the best of a tuning and way is no simple baseline"
    alone = locked_figures(cases, {"stack": score(cases, 2, 0)}, PRIORS, 1, 0)
    assert alone.verdict == "There is no simple baseline to compare with."


def test_a_gain_whose_interval_reaches_zero_is_no_win(cases):
    figures = locked_figures(
        cases, {"stack": score(cases, 2, 0), "image alone": score(cases, 1, 1)}, PRIORS, 1, 0
    )
    unsure = replace(figures, gains={"image alone": Interval(0.01, -0.001, 0.02)})
    assert unsure.not_beaten == ["image alone"]
    assert "(image alone: +0.010 (-0.001 to +0.020))" in unsure.verdict
    sure = replace(figures, gains={"image alone": Interval(0.01, 0.001, 0.02)})
    assert sure.not_beaten == []


def test_every_line_with_a_figure_says_how_often_it_was_opened(cases):
    models = {"stack": score(cases, 2, 0), "image alone": score(cases, 1, 1)}
    figures = locked_figures(cases, models, PRIORS, 3, 0)
    lines = [line for line in figures.lines() if "0." in line and "does not" not in line]
    lines = [line for line in lines if "smallest class" not in line]
    assert len(lines) >= 4
    assert all("opened 3 times" in line for line in lines)
    assert any("may be too good" in line for line in figures.lines())
    once = locked_figures(cases, models, PRIORS, 1, 0)
    assert not any("too good" in line for line in once.lines())
    assert "opened once" in once.lines()[0]


def test_few_positives_are_said(cases):
    cases = cases.assign(group=np.arange(len(cases)) // 2)
    cases.loc[cases["target"] == 1, "group"] = 1000 + np.arange(104)
    figures = locked_figures(cases, {"stack": score(cases, 2, 0)}, PRIORS, 1, 0)
    assert figures.expected_half_width is None
    assert figures.note == ""
    positive = cases["target"] == 1
    few = cases[~positive | (positive.cumsum() <= 20)]
    few = few.assign(group=few["group"].where(few["group"] != 1001, 1000))
    figures = locked_figures(few, {"stack": score(few, 2, 0)}, PRIORS, 1, 0)
    assert (
        figures.expected_half_width
        == expected_interval_width(figures.class_groups[1], figures.n_groups - figures.class_groups[1]) / 2
    )
    assert figures.class_groups[1] == 19
    assert figures.note.startswith(
        f"The smallest class has only {figures.class_groups[1]} groups (20 cases): the interval"
    )
    assert figures.note in figures.lines()


@pytest.mark.parametrize("n_classes", [2, 4])
def test_json(n_classes, monkeypatch):
    monkeypatch.setattr(module, "resampled_aucs", lambda y, m, g, seed: np.full((len(m), 9), 0.7))
    rng = np.random.default_rng(0)
    cases = pd.DataFrame(
        {"target": rng.integers(0, n_classes, 90), "group": np.arange(90), "lesion": np.arange(90)}
    )
    p = rng.dirichlet(np.ones(n_classes), 90)
    figures = locked_figures(cases, {"stack": p, "other": p}, np.full(n_classes, 1 / n_classes), 1, 0)
    text = json.dumps(to_plain(figures), allow_nan=False)
    assert from_plain(Figures, json.loads(text), "a file") == figures
    assert "0 of class 3" not in figures.counts
    named = figures.name_counts(list("abcd")[:n_classes])
    assert named == (
        figures.counts if n_classes == 2 else ", ".join(map("{} {}".format, figures.class_counts, "abcd"))
    )


def test_a_class_without_cases_is_counted(cases):
    p = np.column_stack([score(cases, 2, 0), np.full(len(cases), 0.01)])
    figures = locked_figures(
        cases, {"stack": p / p.sum(axis=1, keepdims=True)}, np.array([0.7, 0.2, 0.1]), 1, 0
    )
    assert figures.class_counts[2] == 0
    assert "0 of class 2" in figures.lines()[0]


def test_no_model_and_a_missing_probability(cases):
    with pytest.raises(InputError, match="at least one model"):
        locked_figures(cases, {}, PRIORS, 1, 0)
    p = score(cases, 1, 0)
    p[7] = np.nan
    with pytest.raises(InputError, match="expected finite probabilities, got others in 1 of 400"):
        locked_figures(cases, {"stack": p}, PRIORS, 1, 0)


def test_a_slope_far_from_one_is_said_of_the_first_model(cases):
    p = score(cases, 2, 0)
    figures = locked_figures(cases, {"stack": p, "image alone": p}, PRIORS, 1, 0)
    assert "the probabilities are not extreme enough" in figures.lines()[-1]
    calm = {"calibration_slope_high": 2.5, "calibration_slope_low": 0.9}
    models = {**figures.models, "stack": replace(figures.models["stack"], **calm)}
    assert not any("Warning" in line for line in replace(figures, models=models).lines())


LOCKED = Interval(0.8, 0.75, 0.85)
FIGURES = SimpleNamespace(models={"stack": SimpleNamespace(auc=LOCKED)}, opened="opened once")


@pytest.mark.parametrize(
    ("expected", "words"),
    [
        (Interval(0.9, 0.86, 0.93), "below the 0.900 (0.860 to 0.930) that cross-validation led to expect"),
        (Interval(0.7, 0.66, 0.74), "above the 0.700 (0.660 to 0.740) that cross-validation led to expect"),
        (Interval(0.9, 0.85, 0.93), ""),
        (Interval(0.7, 0.6, 0.75), ""),
    ],
)
def test_intervals_that_do_not_meet_are_said(expected, words):
    found = Figures.find_disagreements(FIGURES, {"stack": expected, "not measured": Interval(0.1, 0.1, 0.1)})
    assert len(found) == bool(words)
    if words:
        assert words in found[0]
        assert found[0].startswith(
            "Warning: the AUC of the stack is 0.800 (0.750 to 0.850) on the locked test set"
        )


@pytest.mark.parametrize(("n_positive", "enough"), [(9, False), (10, True)])
def test_below_ten_groups_of_a_class_a_gain_is_too_few_to_tell_and_beats_nothing(n_positive, enough):
    names = [f"g{k}" for k in np.arange(200) // 2]
    cases = pd.DataFrame({"target": (np.arange(200) < 2 * n_positive).astype(int), "group": names})
    cases["lesion"] = names
    models = {"stack": score(cases, 5, 0), "metadata alone": score(cases, 0, 1)}
    found = locked_figures(cases, models, PRIORS, 1, 0)
    assert found.gains["metadata alone"].low > 0
    assert found.gains["metadata alone"].enough is enough
    assert (found.not_beaten == []) is enough
    gain = next(line for line in found.lines() if "stack minus metadata alone" in line)
    assert ("too few to tell" in gain) is not enough
    assert ("too few to tell" in found.verdict) is not enough
