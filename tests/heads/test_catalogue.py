import json
import subprocess
import sys

import pytest

from automl_skin.errors import ConfigError
from automl_skin.heads import protocol
from automl_skin.heads.catalogue import FAMILIES, SEARCHED_FAMILIES, check_installed


def test_names_are_those_of_the_families():
    assert [family.name for family in FAMILIES.values()] == list(FAMILIES)


def test_what_is_searched_by_default_needs_no_extra():
    assert set(SEARCHED_FAMILIES) <= set(FAMILIES)
    assert [name for name in SEARCHED_FAMILIES if FAMILIES[name].package] == []


def test_a_family_without_its_library_is_named(monkeypatch):
    check_installed(FAMILIES)
    monkeypatch.setattr(protocol, "find_spec", lambda name: None)
    check_installed(SEARCHED_FAMILIES)
    with pytest.raises(
        ConfigError, match=r"the family catboost: expected the package catboost, which is not inst"
    ):
        check_installed(["logistic", "catboost"])


def test_heavy_libraries_wait_until_they_are_needed():
    code = (
        "import sys, json, automl_skin.heads.catalogue; "
        "heavy = ('lightgbm', 'xgboost', 'catboost', 'tabm', 'sklearn', 'torch'); "
        "print(json.dumps([m for m in heavy if m in sys.modules]))"
    )
    answer = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
    assert json.loads(answer.stdout) == []
