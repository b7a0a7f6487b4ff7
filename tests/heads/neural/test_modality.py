import pytest
import torch

from automl_skin.heads.neural.modality import lose_modalities


@pytest.mark.parametrize("share", [0.1, 0.3, 0.5])
def test_cases_lose_one_or_the_other_and_never_both(share):
    absent, generator = torch.tensor([5.0, 6.0]), torch.Generator().manual_seed(0)
    image, metadata = lose_modalities(torch.ones(4000, 3), torch.zeros(4000, 2), absent, share, generator)
    blind, untold = (image == 0).all(dim=1), (metadata == absent).all(dim=1)
    assert not (blind & untold).any()
    assert torch.equal(image[~blind], torch.ones(int((~blind).sum()), 3))
    assert torch.equal(metadata[~untold], torch.zeros(int((~untold).sum()), 2))
    for lost in (blind, untold):
        assert abs(float(lost.float().mean()) - share) < 0.03
