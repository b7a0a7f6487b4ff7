import json

import pytest

from automl_skin.chains.config import FUSIONS, BranchConfig, ChainConfig
from automl_skin.errors import ConfigError
from automl_skin.heads.catalogue import FAMILIES


@pytest.mark.parametrize("family", FAMILIES)
@pytest.mark.parametrize("fusion", ["concat", "late"])
def test_json_round_trip(fusion, family, small_chain):
    config = small_chain(
        fusion, family, components=17, labels="diagnosis", weighting="sqrt", image_weight=0.3
    )
    assert ChainConfig.from_json(json.loads(json.dumps(config.to_json()))) == config


def test_an_unknown_family_is_named():
    with pytest.raises(ConfigError, match="unknown family 'oracle'; known are lightgbm"):
        BranchConfig.from_json({"family": "oracle", "head": {}})


def test_inputs_of_fusions():
    assert {name: sorted(fusion.inputs) for name, fusion in FUSIONS.items()} == {
        "image": ["image"],
        "metadata": ["metadata"],
        "concat": ["image", "metadata"],
        "metanet": ["image", "metadata"],
        "late": ["image", "metadata"],
        "rank": ["image", "metadata"],
    }


def test_titles_can_be_read(small_chain):
    assert small_chain("concat", "mlp").title == "net+other plain frozen concat mlp"
    assert small_chain("metadata", "lightgbm").title == "metadata lightgbm"
    assert not small_chain("metadata").uses_image
    assert not small_chain("image").uses_metadata
