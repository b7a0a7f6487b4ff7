import time

import pytest
import torch
from huggingface_hub import constants

from automl_skin.backbones.catalogue import resolve_backbone
from automl_skin.backbones.network import load_network
from automl_skin.errors import BackboneError

BRING = r"could not be downloaded.*hf download timm/test_resnet\.r160_in1k .*--weights-dir"


@pytest.fixture
def empty_hub_cache(monkeypatch, tmp_path):
    monkeypatch.setattr(constants, "HF_HUB_CACHE", str(tmp_path))
    monkeypatch.setattr("huggingface_hub.file_download.HF_HUB_CACHE", str(tmp_path), raising=False)


@pytest.mark.usefixtures("empty_hub_cache")
def test_without_network_the_message_comes_at_once_and_says_how_to_bring_weights(monkeypatch):
    monkeypatch.setattr(constants, "ENDPOINT", "http://127.0.0.1:9")
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", False)
    started = time.monotonic()
    with pytest.raises(BackboneError, match=BRING):
        load_network(resolve_backbone("test_resnet"))
    assert time.monotonic() - started < 20


@pytest.mark.usefixtures("empty_hub_cache")
def test_offline_mode_is_respected(monkeypatch):
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", True)
    with pytest.raises(BackboneError, match="HF_HUB_OFFLINE is set"):
        load_network(resolve_backbone("test_resnet"))


def test_weights_with_an_address_of_their_own_are_brought_into_torch_s_cache(monkeypatch, tmp_path):
    monkeypatch.setenv("TORCH_HOME", str(tmp_path))
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", True)
    backbone = resolve_backbone("alexnet")
    assert (backbone.name, backbone.weights, backbone.height) == ("alexnet.tv_in1k", "timm", 224)
    with pytest.raises(BackboneError, match=r"Download https://download.*bring it here as .*checkpoints"):
        load_network(backbone)
    file = tmp_path / "hub" / "checkpoints" / "alexnet-owt-7be5be79.pth"
    file.parent.mkdir(parents=True)
    whole = load_network(resolve_backbone("alexnet.random")).state_dict()
    torch.save(whole | {"classifier.6.weight": torch.zeros(1), "classifier.6.bias": torch.zeros(1)}, file)
    network = load_network(backbone)
    assert all(torch.equal(tensor, whole[name]) for name, tensor in network.state_dict().items())
