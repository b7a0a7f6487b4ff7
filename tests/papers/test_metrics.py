import numpy as np
import pytest
import sklearn.metrics

from automl_skin.errors import ConfigError
from automl_skin.papers.metrics import KNOWN, published_metric

CLASSES = ("bkl", "mel", "nv")


def made(n=200, seed=0):
    rng = np.random.default_rng(seed)
    labels = rng.integers(0, 3, n)
    scores = rng.random((n, 3)) + np.eye(3)[labels]
    return labels, scores / scores.sum(axis=1, keepdims=True)


def value(name, classes=CLASSES, data=None):
    return published_metric(name, classes).function(*(data or made()))


def test_they_agree_with_scikit_learn():
    labels, probabilities = made()
    said = probabilities.argmax(axis=1)
    assert value("top_1") == pytest.approx(sklearn.metrics.accuracy_score(labels, said))
    assert value("mean_class_recall") == pytest.approx(sklearn.metrics.balanced_accuracy_score(labels, said))
    assert value("f1") == pytest.approx(sklearn.metrics.f1_score(labels, said, average="macro"))
    assert value("auc") == pytest.approx(
        sklearn.metrics.roc_auc_score(labels, probabilities, multi_class="ovr")
    )


def test_of_one_class_against_the_rest():
    labels, probabilities = made()
    truth, said = labels == 1, probabilities.argmax(axis=1) == 1
    assert value("auc of mel") == pytest.approx(sklearn.metrics.roc_auc_score(truth, probabilities[:, 1]))
    for name in ("recall", "sensitivity"):
        assert value(f"{name} of mel") == pytest.approx(sklearn.metrics.recall_score(truth, said))
    assert value("specificity of mel") == pytest.approx(sklearn.metrics.recall_score(~truth, ~said))
    assert value("precision of mel") == pytest.approx(sklearn.metrics.precision_score(truth, said))
    assert value("f1 of mel") == pytest.approx(sklearn.metrics.f1_score(truth, said))
    assert value("accuracy of mel") == pytest.approx(sklearn.metrics.accuracy_score(truth, said))
    assert value("brier of mel") == pytest.approx(np.mean((probabilities[:, 1] - truth) ** 2))


def test_of_several_classes_their_probabilities_are_summed():
    labels, probabilities = made()
    summed = probabilities[:, :2].sum(axis=1)
    truth = labels < 2
    assert value("auc of bkl+mel") == pytest.approx(sklearn.metrics.roc_auc_score(truth, summed))
    said = probabilities.argmax(axis=1) < 2
    assert value("recall of bkl+mel") == pytest.approx(said[truth].mean())


def test_without_classes_it_is_of_the_positive_one_of_two():
    labels = np.array([0, 0, 1, 1])
    probabilities = np.array([[0.9, 0.1], [0.4, 0.6], [0.2, 0.8], [0.3, 0.7]])
    assert value("sensitivity", ("benign", "malignant"), (labels, probabilities)) == 1.0
    assert value("specificity", ("benign", "malignant"), (labels, probabilities)) == 0.5
    assert value("precision", ("benign", "malignant"), (labels, probabilities)) == pytest.approx(2 / 3)


def test_calibrated_probabilities_are_for_the_balanced_accuracy_alone():
    assert [name for name in KNOWN if published_metric(name, CLASSES).calibrated] == ["balanced_accuracy"]


def test_a_fold_without_the_class_has_no_value():
    labels, probabilities = made()
    without = labels != 1
    parts = [(labels, probabilities), (labels[without], probabilities[without])]
    first, second = published_metric("recall of mel", CLASSES).on_parts(parts)
    assert np.isfinite(first)
    assert np.isnan(second)


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("luck", "a metric: expected one of"),
        ("recall of wart", "classes among bkl, mel, nv, got 'wart'"),
        ("top_1 of mel", "expected 'top_1' alone, as it is of all classes"),
    ],
)
def test_a_slip_is_named(name, message):
    with pytest.raises(ConfigError, match=message):
        published_metric(name, CLASSES)
