import pytest

from automl_skin.errors import ConfigError
from automl_skin.papers.analyses.catalogue import check_call
from automl_skin.papers.study_file import AnalysisCall


@pytest.mark.parametrize(
    ("name", "options", "message"),
    [
        ("luck", {}, "analysis: expected one of roc, .*, cam, got 'luck'"),
        (
            "cam",
            {"colour": "red"},
            "analysis cam: expected the options cells, cases, method, title, got 'colour'",
        ),
        ("roc", {"context": None}, "analysis roc: .*, got 'context'"),
        ("size_grid", {"metrics": ["auc"]}, "analysis size_grid: give the option 'sizes', which it needs"),
    ],
)
def test_a_slip_is_named(name, options, message):
    with pytest.raises(ConfigError, match=message):
        check_call(AnalysisCall(name, options))


def test_a_call_with_what_it_needs_passes():
    check_call(AnalysisCall("size_grid", {"sizes": {"0": ["one"]}, "title": "Sizes"}))
