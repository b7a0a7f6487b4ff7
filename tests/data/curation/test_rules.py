import pytest

from automl_skin.data.curation.rules import CurationRules
from automl_skin.errors import ConfigError


@pytest.mark.parametrize(
    ("wrong", "match"),
    [
        ({"melanoma": ()}, "at least one value"),
        ({"unlabelled": "guess"}, "negative or drop"),
        ({"sex": "age_approx"}, "four columns"),
    ],
)
def test_rules_that_contradict_each_other_are_refused(wrong, match):
    with pytest.raises(ConfigError, match=match):
        CurationRules(**wrong)
