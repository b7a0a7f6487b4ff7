import numpy as np
import torch

from automl_skin.backbones.tuning.cuts import cut_anywhere, cut_centre
from automl_skin.images.recipe import centre


def places(n=400):
    """Images whose pixels say where they are: row in the first channel, column in the second."""
    rows, columns = torch.meshgrid(torch.arange(12), torch.arange(10), indexing="ij")
    return torch.stack([rows, columns, rows * 0], dim=2).byte().repeat(n, 1, 1, 1)


def test_pieces_come_from_everywhere_and_are_whole():
    torch.manual_seed(0)
    cut = cut_anywhere(places(), 8, 7)
    assert cut.shape == (400, 8, 7, 3)
    assert cut.dtype == torch.uint8
    assert set(cut[:, 0, 0, 0].tolist()) == set(range(5))
    assert set(cut[:, 0, 0, 1].tolist()) == set(range(4))
    rows, columns = cut[..., 0].int(), cut[..., 1].int()
    assert bool((rows.diff(dim=1) == 1).all())
    assert bool((columns.diff(dim=2) == 1).all())
    assert len({tuple(place) for place in cut[:, 0, 0, :2].tolist()}) == 20


def test_the_centre_is_that_of_embedding():
    images = places(2)
    for side in ((8, 7), (12, 10), (1, 1)):
        np.testing.assert_array_equal(cut_centre(images, *side).numpy(), centre(images.numpy(), *side))
