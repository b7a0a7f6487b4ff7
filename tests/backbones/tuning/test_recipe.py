import dataclasses

import pytest

from automl_skin.backbones.tuning.names import TUNINGS
from automl_skin.backbones.tuning.recipe import TuningRecipe
from automl_skin.errors import ConfigError


@pytest.mark.parametrize("name", TUNINGS)
def test_a_recipe_survives_json(name):
    recipe = TUNINGS[name]
    assert TuningRecipe.from_json(recipe.to_json()) == recipe
    assert TuningRecipe.from_json(recipe.to_json()).digest == recipe.digest


def test_every_field_is_in_the_digest():
    other = {"mode": "head", "optimizer": "sgd", "schedule": "steps", "loss": "focal", "sampling": "balanced"}
    other |= {
        "augmentation": "none",
        "batch_norm": "kept",
        "labels": "target",
        "colour": "none",
        "size": "8x8",
    }
    other |= {"epochs": 7, "batch_size": 7, "step_epochs": 7, "last_stages": 7, "inner_parts": 7}
    other |= {"patience": 7, "metadata_width": 7, "layer_decay": 0.5, "wise": 0.5}
    recipe = TuningRecipe()
    digests = {
        dataclasses.replace(recipe, **{field.name: other.get(field.name, 0.123)}).digest
        for field in dataclasses.fields(recipe)
    }
    assert len(digests) == len(dataclasses.fields(recipe))
    assert recipe.digest not in digests


def test_networks_that_were_tuned_before_stay_valid():
    """A new field has to stay out of the digest where it has its default."""
    assert {name: recipe.digest[:16] for name, recipe in TUNINGS.items()} == {
        "head": "ffa507135c70c28f",
        "partial": "1fdd4640f2d34c54",
        "full": "99eea46c5c330ca2",
        "joint": "2368ee7763227912",
        "robust": "57dc9a6f5ba56242",
    }
    assert TuningRecipe().digest == "99eea46c5c330ca2faff179de57fb2e022771396f2b0ce52e06d310ced99d501"


def test_an_unknown_field_is_answered_with_a_suggestion():
    with pytest.raises(ConfigError, match=r"no field 'epoch'.*did you mean epochs"):
        TuningRecipe.from_json({"epoch": 6})


def test_one_and_one_point_zero_are_the_same():
    assert TuningRecipe(wise=1).digest == TuningRecipe(wise=1.0).digest


@pytest.mark.parametrize(
    ("field", "value", "message"),
    [
        ("mode", "fulll", "must be one of head, partial, full, joint, not 'fulll'"),
        ("epochs", 0, "must lie in 1 to 10000"),
        ("epochs", 2.5, "must be a whole number"),
        ("epochs", True, "must be a whole number"),
        ("learning_rate", "fast", "must be a number"),
        ("learning_rate", float("nan"), "must lie in"),
        ("wise", 1.5, "must lie in 0 to 1"),
        ("ema", 1.0, "must lie in 0 to"),
        ("inner_parts", -1, "must lie in"),
    ],
)
def test_what_cannot_be_is_named(field, value, message):
    with pytest.raises(ConfigError, match=f"{field} of a tuning recipe {message}"):
        TuningRecipe(**{field: value})


def test_contradictions_are_named():
    with pytest.raises(ConfigError, match="needs rows to watch"):
        TuningRecipe(patience=2, inner_parts=0)
    with pytest.raises(ConfigError, match="joint cannot mix images"):
        TuningRecipe(mode="joint", mixup=0.2)


def test_a_size_is_height_by_width():
    assert TuningRecipe(size="112x144").input_size == (112, 144)
    assert TuningRecipe().input_size is None
    with pytest.raises(
        ConfigError, match="size of a tuning recipe must be HEIGHTxWIDTH in pixels or empty, not '112'"
    ):
        TuningRecipe(size="112")
