import json
import subprocess
import sys

from automl_skin.heads.catalogue import FAMILIES


def test_names_are_those_of_the_families():
    assert [family.name for family in FAMILIES.values()] == list(FAMILIES)


def test_heavy_libraries_wait_until_they_are_needed():
    code = (
        "import sys, json, automl_skin.heads.catalogue; "
        "print(json.dumps([m for m in ('lightgbm', 'xgboost', 'sklearn', 'torch') if m in sys.modules]))"
    )
    answer = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
    assert json.loads(answer.stdout) == []
