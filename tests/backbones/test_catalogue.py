import json
import warnings

import pytest
import timm
import torch
from safetensors.torch import save_file

from automl_skin.backbones.catalogue import at_size, backbone_from_folder, resolve_backbone
from automl_skin.backbones.network import load_network
from automl_skin.errors import BackboneError


def make_folder(weights_dir, name, architecture="test_resnet", **pretrained_cfg):
    folder = weights_dir / name
    folder.mkdir(parents=True)
    (folder / "model.safetensors").touch()
    config = {"architecture": architecture, "pretrained_cfg": pretrained_cfg}
    (folder / "config.json").write_text(json.dumps(config))
    return folder


def test_a_folder_comes_before_timm(tmp_path):
    make_folder(tmp_path, "resnet18.a1_in1k", "resnet18", mean=[0.1, 0.2, 0.3], license="mit")
    backbone = resolve_backbone("resnet18.a1_in1k", tmp_path)
    assert (backbone.weights, backbone.mean, backbone.licence) == ("folder", (0.1, 0.2, 0.3), "mit")


def test_an_architecture_alone_finds_its_only_folder(tmp_path):
    make_folder(tmp_path, "resnet18.mine", "resnet18", tag="mine")
    backbone = resolve_backbone("resnet18", tmp_path)
    assert (backbone.name, backbone.tag, backbone.weights) == ("resnet18.mine", "mine", "folder")


def test_two_folders_of_an_architecture_are_ambiguous(tmp_path):
    make_folder(tmp_path, "resnet18.one", "resnet18")
    make_folder(tmp_path, "resnet18.two", "resnet18")
    with pytest.raises(BackboneError, match=r"ambiguous.*resnet18\.one, resnet18\.two"):
        resolve_backbone("resnet18", tmp_path)


def test_a_plain_timm_name_gets_its_tag():
    backbone = resolve_backbone("resnet18")
    assert (backbone.name, backbone.tag, backbone.weights) == ("resnet18.a1_in1k", "a1_in1k", "timm")
    assert (backbone.height, backbone.licence) == (224, "apache-2.0")


def test_facts_belong_to_the_tag():
    assert resolve_backbone("mobilenetv3_large_100.miil_in21k").mean == (0.0, 0.0, 0.0)
    assert resolve_backbone("mobilenetv3_large_100.ra_in1k").mean == (0.485, 0.456, 0.406)


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("restnet18", r"unknown backbone 'restnet18' \(did you mean .*resnet18"),
        ("resnet18.a9", r"unknown backbone 'resnet18\.a9' \(did you mean .*resnet18\.a1_in1k"),
        ("../secrets", r"unknown backbone '\.\./secrets'"),
        ("regnetz_005", "no pretrained weights for 'regnetz_005'"),
        ("nothing_at_all.random", "expected an architecture of timm, got 'nothing_at_all'"),
    ],
)
def test_unknown_names_list_the_choices(name, message):
    with pytest.raises(BackboneError, match=message):
        resolve_backbone(name)


def test_an_unknown_name_lists_the_folders(tmp_path):
    make_folder(tmp_path, "resnet18.one", "resnet18")
    with pytest.raises(BackboneError, match=r"found: resnet18\.one"):
        resolve_backbone("nonsense", tmp_path)


def test_random_weights_take_the_facts_of_the_timm_name():
    backbone = resolve_backbone("mobilenetv3_small_050", weights="random", seed=3)
    assert (backbone.name, backbone.weights, backbone.seed) == ("mobilenetv3_small_050.random", "random", 3)
    assert backbone.mean == (0.485, 0.456, 0.406)
    assert resolve_backbone(backbone.name, seed=3) == backbone


def test_a_folder_of_an_architecture_that_timm_has_not(tmp_path):
    folder = make_folder(tmp_path, "mine", "resnet18x")
    with pytest.raises(BackboneError, match=r"expected an architecture of timm .*got 'resnet18x'.*resnet18"):
        backbone_from_folder(folder)


def test_a_network_of_one_size_is_built_for_another():
    backbone = at_size(resolve_backbone("test_vit.random"), 64, 96)
    assert (backbone.height, backbone.width) == (64, 96)
    assert json.loads(backbone.model_args) == {"img_size": [64, 96]}


@pytest.mark.parametrize(("name", "height"), [("test_vit.random", 160), ("resnet10t.random", 64)])
def test_others_stay_as_they_are(name, height):
    backbone = resolve_backbone(name)
    assert at_size(backbone, height, height) is backbone


def hand_made(folder, architecture, **cfg):
    """Write weights with a config that says nothing of the size."""
    network = timm.create_model(architecture, num_classes=0)
    folder.mkdir()
    save_file(
        {name: each.contiguous() for name, each in network.state_dict().items()}, folder / "model.safetensors"
    )
    (folder / "config.json").write_text(json.dumps({"architecture": architecture, "pretrained_cfg": cfg}))
    return backbone_from_folder(folder)


@pytest.mark.parametrize(
    ("architecture", "size", "own"),
    [
        ("vit_tiny_patch16_224", (96, 128), 224),
        ("coatnet_pico_rw_224", (64, 64), 224),
        ("resnet10t", (64, 64), 176),
    ],
)
def test_a_hand_made_folder_is_built_for_any_size_whatever_its_config_says(tmp_path, architecture, size, own):
    """A vision transformer without `fixed_input_size` ended in an AssertionError of timm."""
    start = hand_made(tmp_path / "mine", architecture)
    assert (start.height, start.width, start.fixed_size) == (own, own, False)
    backbone = at_size(start, *size)
    assert json.loads(backbone.model_args) == ({} if architecture == "resnet10t" else {"img_size": [*size]})
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)  # timm's interpolation of what weights know of places
        network = load_network(backbone)
    assert torch.isfinite(network(torch.zeros(1, 3, *size))).all()


def test_a_hand_made_folder_may_be_wrong_about_its_own_size(tmp_path):
    start = hand_made(tmp_path / "mine", "vit_tiny_patch16_224", input_size=[3, 64, 64])
    backbone = at_size(start, start.height, start.width)
    assert json.loads(backbone.model_args) == {"img_size": [64, 64]}
    assert backbone.fixed_size


@pytest.mark.parametrize("architecture", ["test_vit", "coatnet_pico_rw_224"])
def test_a_size_that_cannot_be_had_is_refused_for_a_hand_made_folder(tmp_path, architecture):
    start = hand_made(tmp_path / "mine", architecture)
    with pytest.raises(BackboneError, match=r"mine cannot be built for images of 72 x 90 pixels"):
        at_size(start, 72, 90)


@pytest.mark.parametrize("name", ["test_vit.random", "coatnet_pico_rw_224.random"])
def test_a_size_that_cannot_be_had_is_refused(name):
    with pytest.raises(BackboneError, match=r"cannot be built for images of 72 x 96 pixels.*multiple of 32"):
        at_size(resolve_backbone(name), 72, 96)
