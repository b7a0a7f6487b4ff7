import dataclasses

import pytest

from automl_skin.backbones.tuning.names import TUNINGS, Tuning
from automl_skin.backbones.tuning.recipe import TuningRecipe
from automl_skin.errors import ConfigError


@pytest.mark.parametrize("name", TUNINGS)
def test_a_recipe_survives_json(name):
    recipe = TUNINGS[name]
    assert TuningRecipe.from_json(recipe.to_json()) == recipe
    assert TuningRecipe.from_json(recipe.to_json()).digest == recipe.digest


def test_every_field_is_in_the_digest():
    other = {
        "mode": "full",
        "optimizer": "sgd",
        "schedule": "cosine",
        "loss": "focal",
        "sampling": "balanced",
    }
    other |= {"augmentation": "none", "batch_norm": "kept", "labels": "target", "colour": "none"}
    other |= {"size": "8x8", "epochs": 7, "batch_size": 7, "step_epochs": 7, "last_stages": 7}
    other |= {"inner_parts": 7, "patience": 7, "metadata_width": 7, "layer_decay": 0.5, "wise": 0.5}
    other |= {"fit": "crop", "resize": "9x9", "milestones": "2,3", "fusion": "metanet"}
    other |= {"fusion_settings": "layers=2"}
    recipe = TuningRecipe(mode="joint", schedule="steps")
    names = {field.name for field in dataclasses.fields(recipe)} - {"mixup", "cutmix"}  # not in this mode
    digests = {dataclasses.replace(recipe, **{name: other.get(name, 0.123)}).digest for name in names}
    assert len(digests) == len(names)
    assert recipe.digest not in digests
    images = TuningRecipe()
    assert (
        len({dataclasses.replace(images, **{name: 0.1}).digest for name in ("mixup", "cutmix", "ema")}) == 3
    )


def test_networks_that_were_tuned_before_stay_valid():
    """A new field has to stay out of the digest where it has its default."""
    assert {name: recipe.digest[:16] for name, recipe in TUNINGS.items()} == {
        "head": "ffa507135c70c28f",
        "partial": "1fdd4640f2d34c54",
        "full": "99eea46c5c330ca2",
        "joint": "2368ee7763227912",
        "robust": "57dc9a6f5ba56242",
        "ahammed": "58164d805c2f38e0",
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
        ("milestones", "50;120", "must be epochs such as 50,120,200 or empty, not '50;120'"),
        ("resize", "300", "must be HEIGHTxWIDTH in pixels or empty, not '300'"),
        ("fusion", "", "must be the name of a fusion, not ''"),
        ("fusion_settings", "layers", "must be NAME=VALUE,NAME=VALUE or empty, not 'layers'"),
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
    with pytest.raises(ConfigError, match=r"are of mode=joint, .*found mode=full; choose mode=joint"):
        TuningRecipe(fusion="metanet")
    with pytest.raises(ConfigError, match="milestones are of schedule=steps; found schedule=cosine"):
        TuningRecipe(milestones="2,3")
    with pytest.raises(ConfigError, match="epochs one after the other, such as 50,120,200; found 3,2"):
        TuningRecipe(milestones="3,2", schedule="steps")
    with pytest.raises(ConfigError, match=r"head_dropout is of the linear head; found fusion=ha"):
        TuningRecipe(mode="joint", fusion="ha", head_dropout=0.5)
    with pytest.raises(ConfigError, match="size=8x8 cannot be cut out of resize=9x7"):
        TuningRecipe(size="8x8", resize="9x7")


def test_a_size_is_height_by_width():
    assert TuningRecipe(size="112x144").input_size == (112, 144)
    assert TuningRecipe().input_size is None
    with pytest.raises(
        ConfigError, match="size of a tuning recipe must be HEIGHTxWIDTH in pixels or empty, not '112'"
    ):
        TuningRecipe(size="112")


def test_what_the_papers_say_can_be_said():
    li_2020 = Tuning.parse(
        "joint fusion=metanet fusion_settings=layers=2,shape=published optimizer=momentum learning_rate=0.001 "
        "weight_decay=0.0001 schedule=steps milestones=50,120,200 epochs=250 resize=300x300 size=224x224 warm_up=0 "
        "loss=weighted"
    ).recipe
    assert li_2020.milestone_epochs == (50, 120, 200)
    assert (li_2020.resized_to, li_2020.input_size) == ((300, 300), (224, 224))
    ahammed_2025 = Tuning.parse(
        "joint fusion=ha optimizer=adam learning_rate=3e-4 epochs=100 warm_up=1 warm_up_rate=0.1 patience=10 fit=crop"
    ).recipe
    assert (ahammed_2025.warm_up_rate, ahammed_2025.fit) == (0.1, "crop")
    assert TuningRecipe.from_json(li_2020.to_json()) == li_2020
