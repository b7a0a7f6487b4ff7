import json
from dataclasses import replace

import pytest

from automl_skin.errors import IntegrityError
from automl_skin.export.bundle import read_facts
from automl_skin.export.facts import BundleFacts


def test_facts_survive_json(tiny):
    facts = read_facts(tiny.bundle)
    assert BundleFacts.from_json(json.loads(json.dumps(facts.to_json()))) == facts


def test_facts_tell_the_study(tiny):
    facts = read_facts(tiny.bundle)
    assert facts.positive == ("carcinoma", "melanoma") or set(facts.positive) == {"melanoma", "carcinoma"}
    assert facts.plan == tiny.study.read_plan().digest
    assert facts.measured
    assert facts.auc["low"] <= facts.auc["value"] <= facts.auc["high"]
    assert facts.is_binary
    assert not replace(facts, positive=()).is_binary


def test_other_format_is_refused(tiny):
    value = {**read_facts(tiny.bundle).to_json(), "format": 99}
    with pytest.raises(IntegrityError, match="score it with the version of automl-skin that wrote it"):
        BundleFacts.from_json(value)
