import pytest

from automl_skin.errors import ConfigError
from automl_skin.papers.curation.rules import CurationRules


@pytest.mark.parametrize(
    ("wrong", "match"),
    [
        ({"melanoma": ()}, "at least one value"),
        ({"unlabelled": "guess"}, "negative or drop"),
        ({"sex": "age_approx"}, "four different columns"),
    ],
)
def test_rules_that_contradict_each_other_are_refused(wrong, match):
    with pytest.raises(ConfigError, match=match):
        CurationRules(**wrong)
