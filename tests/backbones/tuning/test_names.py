import dataclasses

import pytest

from automl_skin.backbones.tuning.names import TUNINGS, Tuning
from automl_skin.backbones.tuning.recipe import TuningRecipe
from automl_skin.errors import ConfigError


def test_a_recipe_by_name_with_changes():
    recipe = Tuning("robust", {"epochs": "6", "learning_rate": "3e-4", "mode": "partial"}).recipe
    expected = dataclasses.replace(TUNINGS["robust"], epochs=6, learning_rate=3e-4, mode="partial")
    assert recipe == expected
    assert Tuning("full").recipe == TuningRecipe()
    assert Tuning("full", {"epochs": "6"}).name == "full-6-epochs"
    assert Tuning("full").name == "full"


def test_unknown_names_are_answered_with_a_suggestion():
    with pytest.raises(ConfigError, match=r"did you mean full.*known are head, partial"):
        _ = Tuning("ful").recipe
    with pytest.raises(ConfigError, match=r"no field 'epoch'.*did you mean epochs"):
        _ = Tuning("full", {"epoch": "6"}).recipe
    with pytest.raises(ConfigError, match=r"epochs of a tuning recipe: expected a whole number, got '6.5'"):
        _ = Tuning("full", {"epochs": "6.5"}).recipe
    with pytest.raises(ConfigError, match="learning_rate of a tuning recipe: expected a number, got 'fast'"):
        _ = Tuning("full", {"learning_rate": "fast"}).recipe


def test_a_name_may_be_followed_by_changes():
    named = Tuning.parse("  full   epochs=6 sampling=balanced ")
    assert (named.base, named.name) == ("full", "full-6-epochs-balanced-sampling")
    assert named.recipe == TuningRecipe(epochs=6, sampling="balanced")
    assert Tuning.parse("joint").recipe == TUNINGS["joint"]
    assert Tuning.parse("joint").name == "joint"


def test_what_follows_a_name_wins_over_what_holds_for_all():
    named = Tuning.parse("full epochs=6", {"epochs": "2", "loss": "focal"})
    assert named.recipe == TuningRecipe(epochs=6, loss="focal")
    assert named.name == "full-6-epochs-focal-loss"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "expected NAME or NAME field=value ...*known names are head, partial"),
        ("epochs=6", "expected NAME or NAME field=value"),
        ("full epochs", "the tuning 'full epochs': expected name=value.*got 'epochs'"),
        ("full epochs=", "expected name=value.*got 'epochs='"),
        ("full epochs=6 epochs=7", "each name once.*got 'epochs=7'"),
    ],
)
def test_what_is_no_name_is_answered(text, message):
    with pytest.raises(ConfigError, match=message):
        Tuning.parse(text)


def test_what_is_wrong_in_a_name_is_answered_with_a_suggestion():
    with pytest.raises(ConfigError, match=r"unknown tuning 'fulll' \(did you mean full\?\)"):
        _ = Tuning.parse("fulll epochs=6").recipe
    with pytest.raises(ConfigError, match=r"no field 'epoch' \(did you mean epochs\?\)"):
        _ = Tuning.parse("full epoch=6").recipe


def test_many_changes_go_by_number_and_digest_and_stay_apart():
    changes = {f"field_{number}": "value" for number in range(12)}
    name = Tuning("full", changes).name
    assert name.startswith("full-12-changes-")
    assert len(name) < 40
    assert name == Tuning("full", dict(reversed(changes.items()))).name
    assert name != Tuning("full", {**changes, "field_3": "other"}).name


def test_a_name_may_stand_in_files_and_metrics():
    named = Tuning.parse("joint fusion=metanet fusion.layers=2 fusion.width=8 epochs=6")
    assert named.name == "joint-6-epochs-metanet-fusion-2-fusion-layers-8-fusion-width"
    assert named.recipe.fusion_settings == {"layers": 2, "width": 8}
    steps = {"schedule": "steps", "milestones": "50,120"}
    assert Tuning("full", steps).name == "full-50_120-milestones-steps-schedule"
