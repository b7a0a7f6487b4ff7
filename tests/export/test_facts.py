import json
from dataclasses import replace

import pytest

from automl_skin.errors import IntegrityError
from automl_skin.export.bundle import read_facts
from automl_skin.export.facts import BundleEmbedding, BundleFacts


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


def test_a_tower_says_what_it_is_for_and_other_networks_say_nothing(tiny):
    (embedding,) = read_facts(tiny.bundle).embeddings
    assert "role" not in embedding.to_json()
    tower = replace(embedding, role="close-up")
    assert BundleEmbedding.from_json(tower.to_json()) == tower
    assert BundleEmbedding.from_json(embedding.to_json()) == embedding
