import torch

from automl_skin.heads.neural.dense import dense


def test_has_the_initial_distribution_of_torch():
    ours = dense(400, 300, torch.Generator().manual_seed(0))
    torch.manual_seed(0)
    theirs = torch.nn.Linear(400, 300)
    for name in ("weight", "bias"):
        mine, usual = getattr(ours, name).detach(), getattr(theirs, name).detach()
        assert abs(float(mine.std() / usual.std()) - 1.0) < 0.1
        assert float(mine.abs().max()) <= 0.05
        assert getattr(ours, name).requires_grad
