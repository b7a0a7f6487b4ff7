import json
import tomllib

import pytest

from automl_skin.errors import ConfigError
from automl_skin.features.encoder import EncoderConfig
from automl_skin.study.config import (
    RUNTIME,
    StudyConfig,
    parse_settings,
)
from automl_skin.study.settings import SETTINGS
from automl_skin.study.settings_file import read_settings, write_settings


def test_defaults_stand():
    config = parse_settings({}, "nothing")
    assert config == StudyConfig()
    assert (config.max_trials, config.folds, config.locked_share, config.metric) == (200, 5, 0.2, "auc")
    assert config.is_synthetic


def test_an_unknown_key_lists_the_known_ones():
    with pytest.raises(
        ConfigError, match=r"unknown setting 'trails' in study.toml \(did you mean 'trials'\?\); known"
    ) as caught:
        parse_settings({"trails": 3}, "study.toml")
    assert all(name in str(caught.value) for name in SETTINGS)
    with pytest.raises(ConfigError, match=r"unknown setting 'zzz' in study.toml; known settings are data, "):
        parse_settings({"zzz": {"nested": 1}}, "study.toml")


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("trials", "200"),
        ("trials", 2.5),
        ("folds", True),
        ("allow_missing", "yes"),
        ("allow_missing", 1),
        ("positive", "mel"),
        ("group", [1]),
        ("views", 2),
        ("colour", ["grey"]),
        ("timeout_seconds", "2h"),
        ("target", 3),
    ],
)
def test_types_are_checked(name, value):
    with pytest.raises(
        ConfigError, match=rf"settings in study.toml have another type than expected: {name}.*got "
    ):
        parse_settings({name: value}, "study.toml")


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"trials": 0}, "trials: expected at least 1, got 0"),
        ({"folds": 1}, "folds: expected at least 2, got 1"),
        ({"jobs": -3}, "jobs: expected at least 0, got -3"),
        ({"seed": -1}, "seed: expected at least 0"),
        ({"mask_share": 1.0}, r"mask_share: expected a share in \[0, 1\), got 1.0"),
        ({"sensitivity": 1.0}, "sensitivity: expected a share between 0 and 1, got 1.0"),
        ({"confidence": 95.0}, "confidence: expected a share between 0 and 1, got 95.0"),
        ({"mask_case_share": -0.1}, "mask_case_share: expected a share"),
        ({"batch_size": -1}, "batch_size: expected at least 0"),
        ({"timeout_seconds": 0}, "timeout_seconds: expected more than 0 seconds, got 0"),
        ({"backbone": []}, "backbone: expected at least one, got none"),
        ({"family": ["lightgbm", "svm"]}, "family: expected some of lightgbm, .*; got svm"),
        ({"fusion": []}, "fusion: expected some of image, .*; got none"),
        ({"tuning_budget_seconds": 0}, "tuning_budget_seconds: expected more than 0 seconds, got 0"),
        ({"shift_cases": -1}, "shift_cases: expected at least 0"),
        (
            {"shift_cases": 0, "objective": "robust"},
            "shift_cases: expected at least 1 for the objective robust, got 0",
        ),
        ({"way": ["across"]}, "way: expected some of within, rotation, logits, own; got across"),
        ({"way": ["rotation"], "folds": 2}, "folds: expected at least 3 for the way rotation.*got 2"),
        ({"tuning": []}, "tuning: expected none, auto, or different names of tunings.*got nothing"),
        ({"tuning": ["auto", "full"]}, "got auto, full"),
        ({"tuning": ["full", "full"]}, "got full, full"),
        ({"tuning": ["full"], "tuning_set": ["epochs"]}, "tuning_set: expected name=value.*got 'epochs'"),
        ({"tuning": ["none"], "tuning_set": ["epochs=3"]}, "since tuning is none; got epochs=3"),
        ({"tuning": ["full", "fulll epochs=2"]}, r"unknown tuning 'fulll' \(did you mean full\?\)"),
        ({"tuning": ["full epoch=2"]}, r"no field 'epoch' \(did you mean epochs\?\)"),
        ({"tuning": ["auto", "full epochs=2"]}, "got auto, full epochs=2"),
        ({"tuning": ["full", "full epochs=3"]}, "'full' and 'full epochs=3' are the same one"),
        ({"resize": "300 x 300"}, "resize: expected HEIGHTxWIDTH or one side in pixels.*got '300 x 300'"),
        ({"fit": "stretch"}, "settings in study.toml have another type than expected: fit"),
        ({"metric": "accuracy"}, "metric: expected one of auc, "),
        ({"metric": "partial_auc", "min_tpr": 1.0}, r"min_tpr: expected a value in \[0, 1\)"),
    ],
)
def test_values_are_checked(settings, message):
    with pytest.raises(ConfigError, match=message):
        parse_settings(settings, "study.toml")


def test_whole_numbers_are_real_numbers_too():
    assert parse_settings({"timeout_seconds": 60, "min_tpr": 0}, "").timeout_seconds == 60.0


def test_flags_win_over_the_file():
    config = parse_settings({"trials": 50, "seed": 3}, "study.toml").with_settings({"trials": 80})
    assert (config.trials, config.seed) == (80, 3)


def test_a_written_file_gives_the_same_study(tmp_path):
    config = parse_settings(
        {
            "data": 'C:\\skin\\"new".csv',
            "target": "Dia\u0067nos\u00e9\nfull",
            "positive": ["mel", "bcc"],
            "locked_share": 0.25,
            "allow_missing": True,
            "trials": 40,
            "timeout_seconds": 1e-5,
        },
        "",
    )
    write_settings(tmp_path / "study.toml", config, "A study\n\nof two lines")
    assert parse_settings(read_settings(tmp_path / "study.toml"), "") == config
    written = (tmp_path / "study.toml").read_text(encoding="utf-8")
    assert written.startswith("# A study\n#\n# of two lines\n")
    assert "folds" not in tomllib.loads(written)


@pytest.mark.parametrize("content", [b"trials = ", b"target = 'Diagn\xf3stico'"])
def test_what_is_no_toml_is_named(content, tmp_path):
    path = tmp_path / "study.toml"
    path.write_bytes(content)
    with pytest.raises(ConfigError, match=r"study.toml: expected a TOML file in UTF-8, got something else"):
        read_settings(path)


def test_identity_is_json_without_what_may_change():
    config = parse_settings({"positive": ["mel"], "trials": 3}, "")
    identity = config.identity()
    assert json.loads(json.dumps(identity)) == identity
    assert not RUNTIME & set(identity)
    assert set(SETTINGS) >= RUNTIME > {"data", "trials", "jobs"}
    assert identity == config.with_settings({"trials": 9, "jobs": 2, "device": "cpu"}).identity()
    assert identity != config.with_settings({"seed": 1}).identity()


def test_budget_and_devices_may_change_and_what_is_tuned_may_not():
    config = StudyConfig()
    later = {"tuning_budget_seconds": 60.0, "devices": ["cuda:0", "cuda:1"]}
    assert config.identity() == config.with_settings(later).identity()
    assert config.identity() != config.with_settings({"tuning": ["none"]}).identity()


def test_role_columns_and_encoder():
    config = parse_settings({"case_column": "id", "mask_share": 0.3}, "")
    assert config.role_columns == {"case": "id"}
    assert parse_settings({"case_column": "", "patient_column": "auto"}, "").role_columns == {"case": ""}
    assert config.encoder.mask_share == 0.3
    as_published = {"imputation": "mean", "scaling": "unit", "mask_share": 0.0, "mask_case_share": 0.0}
    encoder = parse_settings(as_published, "").encoder
    assert {name: getattr(encoder, name) for name in as_published} == as_published
    assert StudyConfig().encoder == EncoderConfig()


def test_one_study_may_hold_several_recipes_of_one_tuning():
    names = ["full", "full epochs=6", "joint"]
    config = parse_settings({"tuning": names, "tuning_set": ["epochs=2"]}, "")
    assert config.identity()["tuning"] == names


@pytest.mark.parametrize("data", ["a.csv", ["a.csv"], ("a.csv",)])
def test_one_table_needs_no_brackets(data):
    assert parse_settings({"data": data}, "here").data == ("a.csv",)
    assert parse_settings({"data": ""}, "here").is_synthetic


@pytest.mark.parametrize(
    ("settings", "on_gpu", "seconds"),
    [
        ({}, False, 0.0),
        ({}, True, 3600.0),
        ({"timeout_seconds": 600.0}, True, 300.0),
        ({"tuning_budget_seconds": 60.0}, False, 60.0),
        ({"tuning": ["none"], "tuning_budget_seconds": 60.0}, True, 0.0),
        ({"tuning": ["full"]}, False, None),
        ({"tuning": ["full"], "tuning_budget_seconds": 60.0}, False, 60.0),
    ],
)
def test_budget_by_device(settings, on_gpu, seconds):
    assert StudyConfig().with_settings(settings).tuning_seconds(on_gpu=on_gpu) == seconds


def test_a_number_of_trials_a_time_or_both():
    config = StudyConfig()
    assert config.max_trials == 200
    assert config.with_settings({"budget_seconds": 60.0}).max_trials > 5000
    assert config.with_settings({"budget_seconds": 60.0, "trials": 30}).max_trials == 30
    with pytest.raises(ConfigError, match="budget_seconds: expected more than 0 seconds, got 0"):
        config.with_settings({"budget_seconds": 0.0})
    with pytest.raises(ConfigError, match="trials: expected at least 1, got 0"):
        config.with_settings({"trials": 0})
    given = config.with_settings({"budget_seconds": 60.0, "trials": 30, "sampler": "tpe"})
    assert given.identity() == config.identity()  # a later call may have another budget
