from dataclasses import FrozenInstanceError

import pytest


def test_facts_cannot_change_while_a_search_is_written(study):
    facts = study.facts()
    with pytest.raises(FrozenInstanceError, match="digest"):
        facts.digest = "another"
