import pytest
import torch

from automl_skin.backbones.device import resolve_device, resolve_precision
from automl_skin.errors import ConfigError


def test_auto_is_a_device_that_is_there():
    assert torch.ones(1, device=resolve_device("auto")).item() == 1


def test_an_unknown_device():
    with pytest.raises(
        ConfigError, match=r"expected a device \(auto, cpu, cuda, cuda:NUMBER or mps\), got 'toaster'"
    ):
        resolve_device("toaster")


def test_an_absent_device():
    with pytest.raises(ConfigError, match="no device 'cuda:99'"):
        resolve_device("cuda:99")


@pytest.mark.parametrize(("capability", "precision"), [(True, "bfloat16"), (False, "float32")])
def test_the_cpu_computes_in_what_it_has(monkeypatch, capability, precision):
    monkeypatch.setattr(torch.cpu, "get_capabilities", lambda: {"avx512_bf16": capability}, raising=False)
    assert resolve_precision(torch.device("cpu")) == precision
