import numpy as np
import pytest

from automl_skin.data.costs import read_costs
from automl_skin.errors import ConfigError, TableError
from automl_skin.metrics.catalogue import metric_by_name

CLASSES = ("nv", "mel")


def written(tmp_path, text):
    path = tmp_path / "costs.csv"
    path.write_text(text)
    return path


def test_costs_are_in_the_order_of_the_classes(tmp_path):
    path = written(tmp_path, "class,mel,nv\nmel,0,10\nnv,1,0\n")
    np.testing.assert_array_equal(read_costs(path, CLASSES), [[0, 1], [10, 0]])


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("class,mel,nv\nmel,0,10\n", r"expected one row per class \(nv, mel\), got none for nv"),
        ("class,mel,nv,bcc\nmel,0,10,1\nnv,1,0,1\n", "expected one column per class .* got one for bcc"),
        ("class,mel,nv\nmel,0,10\nmel,0,10\nnv,1,0\n", "several for mel"),
        (
            "class,mel,nv\nmel,0,-1\nnv,1,0\n",
            "numbers of 0 or more, got '-1' for deciding nv where mel is true",
        ),
        ("class,mel,nv\nmel,0,\nnv,1,x\n", r"numbers of 0 or more, got .* \(2 such cells\)"),
        ("class,mel,nv\nmel,1,1\nnv,2,2\n", "wrong decisions to cost more"),
    ],
)
def test_what_is_wrong_is_named(tmp_path, text, message):
    with pytest.raises(TableError, match=message):
        read_costs(written(tmp_path, text), CLASSES)


def test_decisions_are_the_cheapest_and_cost_what_the_table_says():
    costs = np.array([[0.0, 1.0], [10.0, 0.0]])
    metric = metric_by_name("expected_cost", costs=costs)
    probabilities = np.array([[0.95, 0.05], [0.8, 0.2], [0.8, 0.2], [0.95, 0.05]])
    labels = np.array([0, 1, 0, 1])
    assert metric.function(labels, probabilities) == pytest.approx((0 + 0 + 1 + 10) / 4)
    assert metric.utility(labels, probabilities) == pytest.approx(-11 / 4)
    found = metric.on_resamples(labels, probabilities, np.array([[1.0, 0, 2, 0], [0, 0, 0, 0]]))
    np.testing.assert_allclose(found, [2 / 3, np.nan])


def test_a_cost_needs_its_table():
    with pytest.raises(ConfigError, match="expected a table of costs, got none; give --costs FILE"):
        metric_by_name("expected_cost")
