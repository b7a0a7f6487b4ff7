import json

import pytest

from automl_skin.backbones.hub import folders_of, read_config
from automl_skin.errors import BackboneError


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "model.safetensors").touch()
    return tmp_path


def test_only_folders_in_hub_layout_count(tmp_path):
    (tmp_path / "one").mkdir()
    (tmp_path / "one" / "config.json").write_text("{}")
    (tmp_path / "other").mkdir()
    assert list(folders_of(tmp_path)) == ["one"]


def test_a_missing_weights_dir_is_named(tmp_path):
    with pytest.raises(BackboneError, match=r"one sub-folder per backbone, got .*absent \(not a folder\)"):
        folders_of(tmp_path / "absent")


def test_weights_are_never_pickles(tmp_path):
    (tmp_path / "config.json").write_text("{}")
    (tmp_path / "pytorch_model.bin").touch()
    with pytest.raises(BackboneError, match=r"model\.safetensors is missing"):
        read_config(tmp_path)


@pytest.mark.parametrize(
    ("config", "message"),
    [
        ("{", "expected a JSON file"),
        ("[]", "timm's name of the network"),
        (
            json.dumps({"architecture": "resnet18", "model_args": 3}),
            "expected an object as model_args, got 3",
        ),
        (
            json.dumps({"architecture": "resnet18", "model_args": {"checkpoint_path": "x.bin"}}),
            "in model_args, got checkpoint_path",
        ),
    ],
)
def test_what_cannot_be_used_is_said(folder, config, message):
    (folder / "config.json").write_text(config)
    with pytest.raises(BackboneError, match=message):
        read_config(folder)
