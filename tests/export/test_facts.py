from dataclasses import replace

import pytest

from automl_skin.errors import IntegrityError
from automl_skin.export.bundle import read_facts
from automl_skin.export.facts import BundleFacts
from automl_skin.files import write_json
from automl_skin.records import from_plain, to_plain


def test_facts_survive_json(tiny):
    facts = read_facts(tiny.bundle)
    assert from_plain(BundleFacts, to_plain(facts), "a file") == facts


def test_facts_tell_the_study(tiny):
    facts = read_facts(tiny.bundle)
    assert facts.positive == ("carcinoma", "melanoma") or set(facts.positive) == {"melanoma", "carcinoma"}
    assert facts.plan == tiny.study.read_plan().digest
    assert facts.measured
    assert facts.auc.low <= facts.auc.value <= facts.auc.high
    assert facts.is_binary
    assert not replace(facts, positive=()).is_binary


def test_other_format_is_refused(tiny, tmp_path):
    write_json(tmp_path / "bundle.json", {**to_plain(read_facts(tiny.bundle)), "format": 99})
    with pytest.raises(
        IntegrityError, match="got 99; score it with the version of automl-skin that wrote it"
    ):
        read_facts(tmp_path)
