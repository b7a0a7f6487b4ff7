import dataclasses

import pytest

from automl_skin.backbones.tuning.names import TUNINGS, changed_name, parse_tuning, tuning_by_name
from automl_skin.backbones.tuning.recipe import TuningRecipe
from automl_skin.errors import ConfigError


def test_a_recipe_by_name_with_changes():
    recipe = tuning_by_name("robust", {"epochs": "6", "learning_rate": "3e-4", "mode": "partial"})
    expected = dataclasses.replace(TUNINGS["robust"], epochs=6, learning_rate=3e-4, mode="partial")
    assert recipe == expected
    assert tuning_by_name("full") == TuningRecipe()
    assert changed_name("full", {"epochs": "6"}) == "full-6-epochs"
    assert changed_name("full") == "full"


def test_unknown_names_are_answered_with_a_suggestion():
    with pytest.raises(ConfigError, match=r"did you mean full.*known are head, partial"):
        tuning_by_name("ful")
    with pytest.raises(ConfigError, match=r"no field 'epoch'.*did you mean epochs"):
        tuning_by_name("full", {"epoch": "6"})
    with pytest.raises(ConfigError, match=r"epochs of a tuning recipe must be a whole number, not '6.5'"):
        tuning_by_name("full", {"epochs": "6.5"})
    with pytest.raises(ConfigError, match="learning_rate of a tuning recipe must be a number, not 'fast'"):
        tuning_by_name("full", {"learning_rate": "fast"})


def test_a_name_may_be_followed_by_changes():
    named = parse_tuning("  full   epochs=6 sampling=balanced ")
    assert (named.base, named.title) == ("full", "full-6-epochs-balanced-sampling")
    assert named.recipe == TuningRecipe(epochs=6, sampling="balanced")
    assert parse_tuning("joint").recipe == TUNINGS["joint"]
    assert parse_tuning("joint").title == "joint"


def test_what_follows_a_name_wins_over_what_holds_for_all():
    named = parse_tuning("full epochs=6", {"epochs": "2", "loss": "focal"})
    assert named.recipe == TuningRecipe(epochs=6, loss="focal")
    assert named.title == "full-6-epochs-focal-loss"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "must be named NAME or NAME field=value ...*known names are head, partial"),
        ("epochs=6", "must be named NAME or NAME field=value"),
        ("full epochs", "the tuning 'full epochs' must be name=value.*found 'epochs'"),
        ("full epochs=", "must be name=value.*found 'epochs='"),
        ("full epochs=6 epochs=7", "each name once.*found 'epochs=7'"),
    ],
)
def test_what_is_no_name_is_answered(text, message):
    with pytest.raises(ConfigError, match=message):
        parse_tuning(text)


def test_what_is_wrong_in_a_name_is_answered_with_a_suggestion():
    with pytest.raises(ConfigError, match=r"unknown tuning 'fulll' \(did you mean full\?\)"):
        _ = parse_tuning("fulll epochs=6").recipe
    with pytest.raises(ConfigError, match=r"no field 'epoch' \(did you mean epochs\?\)"):
        _ = parse_tuning("full epoch=6").recipe


def test_many_changes_go_by_number_and_digest_and_stay_apart():
    changes = {f"field_{number}": "value" for number in range(12)}
    name = changed_name("full", changes)
    assert name.startswith("full-12-changes-")
    assert len(name) < 40
    assert name == changed_name("full", dict(reversed(changes.items())))
    assert name != changed_name("full", {**changes, "field_3": "other"})


def test_a_name_may_stand_in_files_and_metrics():
    named = parse_tuning("joint fusion=metanet fusion_settings=layers=2,width=8 epochs=6")
    assert named.title == "joint-6-epochs-metanet-fusion-layers-2_width-8-fusion-settings"
    assert named.recipe.fusion_settings == "layers=2,width=8"
    steps = {"schedule": "steps", "milestones": "50,120"}
    assert changed_name("full", steps) == "full-50_120-milestones-steps-schedule"
