import time

import pytest
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
