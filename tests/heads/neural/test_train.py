import pytest
import torch

from automl_skin.heads.neural.config import MlpConfig
from automl_skin.heads.neural.train import _batches, _mixing_share, _schedule


def test_rate_rises_and_falls_to_zero():
    rates = [_schedule(step / 100) for step in range(101)]
    assert max(rates) == rates[10] == pytest.approx(1.0)
    assert 0 < rates[0] < 0.2
    assert rates[100] == pytest.approx(0.0)
    assert rates[10:] == sorted(rates[10:], reverse=True)


def test_an_epoch_takes_each_case_once():
    batches = list(_batches(MlpConfig(epochs=2, batch_size=4), torch.zeros(70).long(), torch.Generator()))
    assert [len(batch) for batch in batches] == 2 * ([4] * 17 + [2])
    assert sorted(torch.cat(batches[:18]).tolist()) == list(range(70))
    assert not torch.equal(torch.cat(batches[:18]), torch.cat(batches[18:]))


def test_a_small_study_takes_smaller_batches():
    batches = list(_batches(MlpConfig(epochs=1, batch_size=512), torch.zeros(160).long(), torch.Generator()))
    assert [len(batch) for batch in batches] == [10] * 16


def test_balanced_sampling_draws_the_classes_alike():
    codes = (torch.arange(1000) % 10 == 0).long()
    config = MlpConfig(epochs=4, balanced_sampling=True)
    drawn = codes[torch.cat(list(_batches(config, codes, torch.Generator().manual_seed(0))))]
    assert abs(float(drawn.float().mean()) - 0.5) < 0.05


def test_mixing_share_has_the_mean_of_its_distribution():
    generator = torch.Generator().manual_seed(0)
    shares = torch.tensor([_mixing_share(0.2, generator) for _ in range(2000)])
    assert abs(float(shares.mean()) - 0.5) < 0.04
    assert abs(float(shares.var()) - 0.25 / 1.4) < 0.02  # Beta(a, a): 1 / (4 (2 a + 1))
