import dataclasses

import pytest

from automl_skin.backbones.tuning.names import TUNINGS, Tuning
from automl_skin.backbones.tuning.recipe import TuningRecipe, read_field
from automl_skin.errors import ConfigError
from automl_skin.records import from_plain, to_plain


def test_every_field_is_in_the_digest():
    other = {
        "mode": "full",
        "optimizer": "sgd",
        "loss": "focal",
        "sampling": "balanced",
    }
    other |= {"augmentation": "none", "batch_norm": "kept", "labels": "target", "colour": "none"}
    other |= {"size": "8x8", "epochs": 7, "batch_size": 7}
    other |= {"inner_parts": 7, "patience": 7, "metadata_width": 7, "layer_decay": 0.5, "wise": 0.5}
    other |= {"fit": "crop", "resize": "9x9", "milestones": "3,4", "fusion": "metanet"}
    other |= {"fusion_settings": {"layers": 2}}
    recipe = TuningRecipe(mode="joint", schedule="steps", milestones="2")
    # not in this mode, and not with these milestones
    names = {field.name for field in dataclasses.fields(recipe)} - {"mixup", "schedule"}
    digests = {dataclasses.replace(recipe, **{name: other.get(name, 0.123)}).digest for name in names}
    assert len(digests) == len(names)
    assert recipe.digest not in digests
    images = TuningRecipe()
    others = [dataclasses.replace(images, **each) for each in ({"mixup": 0.1}, {"schedule": "constant"})]
    assert len({each.digest for each in [images, *others]}) == 3


def test_networks_that_were_tuned_before_stay_valid():
    """Whoever changes a default or adds a field tunes all networks of the cache again, and says so here."""
    assert {name: recipe.digest[:16] for name, recipe in TUNINGS.items()} == {
        "head": "b64f90ec1ce00246",
        "partial": "ebbf31c5d2fad464",
        "full": "c6bc01f2da0b0302",
        "joint": "4b95c1ef82350716",
        "robust": "02307d1d416e03d0",
    }
    assert TuningRecipe().digest == "c6bc01f2da0b0302d4a1930eae22c3d3328ae75c57eb38b69e9462e98b348ea1"


def test_an_unknown_field_is_answered_with_a_suggestion():
    with pytest.raises(ConfigError, match=r"no field 'epoch'.*did you mean epochs"):
        read_field("epoch", "6")


def test_one_and_one_point_zero_are_the_same():
    assert TuningRecipe(wise=1).digest == TuningRecipe(wise=1.0).digest


@pytest.mark.parametrize(
    ("field", "value", "message"),
    [
        ("mode", "fulll", "one of head, partial, full, joint, got 'fulll'"),
        ("epochs", 0, "1 to 10000, got 0"),
        ("epochs", 2.5, "a whole number"),
        ("epochs", True, "a whole number"),
        ("learning_rate", "fast", "a number"),
        ("learning_rate", float("nan"), "1e-09 to 100"),
        ("wise", 1.5, "0 to 1"),
        ("ema", 1.0, "0 to"),
        ("inner_parts", -1, "0 to 1000"),
        ("milestones", "50;120", "epochs such as 50,120,200 or empty, got '50;120'"),
        ("resize", "300", "HEIGHTxWIDTH in pixels or empty, got '300'"),
        ("fusion", "", "the name of a fusion, got ''"),
    ],
)
def test_what_cannot_be_is_named(field, value, message):
    with pytest.raises(ConfigError, match=f"{field} of a tuning recipe: expected {message}"):
        TuningRecipe(**{field: value})


def test_contradictions_are_named():
    with pytest.raises(ConfigError, match="expected rows to watch, got inner_parts=0"):
        TuningRecipe(patience=2, inner_parts=0)
    with pytest.raises(ConfigError, match="images cannot be mixed in mode=joint"):
        TuningRecipe(mode="joint", mixup=0.2)
    with pytest.raises(ConfigError, match=r"expected mode=joint, .*got mode=full; choose mode=joint"):
        TuningRecipe(fusion="metanet")
    with pytest.raises(
        ConfigError, match="schedule=steps and with no other, got schedule=cosine and milestones=2,3"
    ):
        TuningRecipe(milestones="2,3")
    with pytest.raises(ConfigError, match="expected ascending epochs, such as 50,120,200, got 3,2"):
        TuningRecipe(milestones="3,2", schedule="steps")
    with pytest.raises(ConfigError, match="got schedule=steps and milestones=empty"):
        TuningRecipe(schedule="steps")
    with pytest.raises(ConfigError, match="expected the linear head, got fusion=ha"):
        TuningRecipe(mode="joint", fusion="ha", head_dropout=0.5)
    with pytest.raises(ConfigError, match="size=8x8 cannot be cut out of resize=9x7"):
        TuningRecipe(size="8x8", resize="9x7")


def test_a_size_is_height_by_width():
    assert TuningRecipe(size="112x144").input_size == (112, 144)
    assert TuningRecipe().input_size is None
    with pytest.raises(
        ConfigError, match="size of a tuning recipe: expected HEIGHTxWIDTH in pixels or empty, got '112'"
    ):
        TuningRecipe(size="112")


def test_what_the_papers_say_can_be_said():
    li_2020 = Tuning.parse(
        "joint fusion=metanet fusion.layers=2 fusion.shape=published optimizer=momentum learning_rate=0.001 "
        "weight_decay=0.0001 schedule=steps milestones=50,120,200 epochs=250 resize=300x300 size=224x224 warm_up=0 "
        "loss=weighted"
    ).recipe
    assert li_2020.milestone_epochs == (50, 120, 200)
    assert (li_2020.resized_to, li_2020.input_size) == ((300, 300), (224, 224))
    ahammed_2025 = Tuning.parse(
        "joint fusion=ha optimizer=adam learning_rate=3e-4 epochs=100 warm_up=1 warm_up_rate=0.1 patience=10 fit=crop"
    ).recipe
    assert (ahammed_2025.warm_up_rate, ahammed_2025.fit) == (0.1, "crop")
    assert from_plain(TuningRecipe, to_plain(li_2020), "a file") == li_2020
