import pytest

from automl_skin.chains.config import FUSIONS, BranchConfig, ChainConfig
from automl_skin.errors import ConfigError
from automl_skin.heads.catalogue import FAMILIES
from automl_skin.heads.neural.fusions.catalogue import NEURAL_FUSIONS
from automl_skin.records import from_plain, to_plain


@pytest.mark.parametrize("family", FAMILIES)
@pytest.mark.parametrize("fusion", ["concat", "late"])
def test_json_round_trip(fusion, family, small_chain):
    config = small_chain(
        fusion, family, components=17, labels="diagnosis", weighting="sqrt", image_weight=0.3
    )
    assert from_plain(ChainConfig, to_plain(config), "a file") == config


def test_an_unknown_family_is_named():
    with pytest.raises(ConfigError, match="unknown family 'oracle'; known are lightgbm"):
        BranchConfig("oracle", {})


def test_inputs_of_fusions():
    assert {name: sorted(fusion.inputs) for name, fusion in FUSIONS.items()} == {
        "image": ["image"],
        "metadata": ["metadata"],
        "concat": ["image", "metadata"],
        **{name: ["image", "metadata"] for name in NEURAL_FUSIONS},
        "late": ["image", "metadata"],
        "rank": ["image", "metadata"],
    }


def test_titles_can_be_read(small_chain):
    assert small_chain("concat", "mlp").title == "net+other plain frozen concat mlp"
    assert small_chain("metadata", "lightgbm").title == "metadata lightgbm"
    assert not small_chain("metadata").uses_image
    assert not small_chain("image").uses_metadata


def test_tuning_and_way_are_in_title_kind_and_names(small_chain):
    config = small_chain("concat", "mlp", tuning="full", way="rotation", backbones=("net", "other"))
    assert config.title == "net+other plain full rotation concat mlp"
    assert config.kind == "concat mlp target full rotation"
    assert config.image_names(4, 5) == ("net@plain@full.without-0-4", "other@plain@full.without-0-4")
    within = small_chain("concat", "mlp", tuning="full", way="within")
    assert within.image_names(4, 5) == ("net@plain@full.without-4",)
    assert within.kind != small_chain("concat", "mlp", tuning="full", way="logits").kind
    assert from_plain(ChainConfig, to_plain(config), "a file") == config


@pytest.mark.parametrize(
    ("fusion", "family", "values"),
    [
        ("metadata", "logistic", {"way": "within", "backbones": ("net",)}),
        ("concat", "logistic", {"way": "sideways"}),
        ("concat", "logistic", {"way": "own"}),
        ("concat", "own", {"way": "own"}),
        ("image", "own", {"way": "within"}),
        ("image", "own", {"way": "own", "backbones": ("net", "other")}),
        ("image", "logistic", {"way": "logits", "components": 8}),
    ],
)
def test_ways_that_do_not_fit_are_named(fusion, family, values, small_chain):
    with pytest.raises(ConfigError, match="expected an image and one of the ways within, rotation"):
        small_chain(fusion, family, tuning="full", **values)


def test_frozen_networks_have_no_way(small_chain):
    with pytest.raises(ConfigError, match="expected tuned networks, got frozen ones"):
        small_chain("concat", "logistic", way="logits")


def test_fields_are_kept_and_named(small_chain):
    config = small_chain("concat", "mlp", fields=("age", "sex"))
    assert from_plain(ChainConfig, to_plain(config), "a file") == config
    assert config.title.endswith("concat mlp (age+sex)")


@pytest.mark.parametrize(("fusion", "fields"), [("image", ("age",)), ("concat", ("age", "age"))])
def test_fields_need_metadata_and_stand_once(small_chain, fusion, fields):
    with pytest.raises(ConfigError, match="fields: expected different metadata fields"):
        small_chain(fusion, "mlp", fields=fields)
