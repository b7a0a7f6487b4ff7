import json
import subprocess
import sys

import pytest

from automl_skin.errors import ConfigError
from automl_skin.heads.catalogue import FAMILIES, family_by_name


def test_names_are_those_of_the_families():
    assert [family.name for family in FAMILIES.values()] == list(FAMILIES)


def test_a_family_is_found_by_name():
    assert family_by_name("logistic") is FAMILIES["logistic"]


def test_an_unknown_family_is_named():
    with pytest.raises(ConfigError, match="no head 'svm'; choose one of lightgbm, xgboost, random_forest"):
        family_by_name("svm")


def test_heavy_libraries_wait_until_they_are_needed():
    code = (
        "import sys, json, automl_skin.heads.catalogue; "
        "print(json.dumps([m for m in ('lightgbm', 'xgboost', 'sklearn', 'torch') if m in sys.modules]))"
    )
    answer = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
    assert json.loads(answer.stdout) == []
