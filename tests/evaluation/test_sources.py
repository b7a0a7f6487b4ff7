import json

import pytest

from automl_skin.evaluation.sources import LeftOutSource, SourceFigures
from automl_skin.metrics.intervals import Interval
from automl_skin.records import from_plain, to_plain


def figures(**values):
    sources = {
        "Vienna": LeftOutSource(
            300, 700, {"frozen": Interval(0.8, 0.75, 0.85), "rank": Interval(0.7, 0.6, 0.8)}
        ),
        "Sydney": LeftOutSource(
            200, 800, {"frozen": Interval(0.6, 0.5, 0.7), "rank": Interval(0.65, 0.6, 0.7)}
        ),
    }
    models = {"frozen": "013 net plain frozen late logistic", "rank": "rank average"}
    return SourceFigures(models, sources, {"Rome": "8 cases"}, **values)


def test_means_and_metrics_are_of_the_leading_model():
    assert figures().mean("frozen") == pytest.approx(0.7)
    assert figures().metrics == {
        "auc_left_out_source": pytest.approx(0.7),
        "auc_source_Vienna": 0.8,
        "auc_source_Sydney": 0.6,
    }


def test_a_metric_has_a_name_that_mlflow_takes():
    strange = SourceFigures({"a": "b"}, {"São Paulo (2)": figures().sources["Vienna"]}, {})
    strange.sources["São Paulo (2)"].aucs["a"] = Interval(0.5, 0.4, 0.6)
    assert strange.metrics == {"auc_left_out_source": 0.5, "auc_source_S_o_Paulo_2_": 0.5}


def test_it_says_what_was_not_left_out_and_why_a_tuned_trial_is_not_there():
    text = " ".join(figures(tuned_leads=True).sentences())
    assert "Not left out: Rome (8 cases)." in text
    assert "tuned on cases of every source" in text
    assert "tuned" not in " ".join(figures().sentences())


def test_a_terminal_is_told_of_every_source():
    assert any("Sydney: frozen 0.600" in line for line in figures().lines())


def test_json_round_trip():
    value = json.loads(json.dumps(to_plain(figures(tuned_leads=True))))
    assert from_plain(SourceFigures, value, "a file") == figures(tuned_leads=True)
