from dataclasses import replace

import numpy as np
import pytest
import torch

from automl_skin.backbones.tuning.batches import read_batches
from automl_skin.backbones.tuning.inputs import Preparation, cut_anywhere, cut_centre
from automl_skin.backbones.tuning.recipe import TuningRecipe
from automl_skin.errors import ConfigError
from automl_skin.images.recipe import centre

MEAN, STD = (0.4, 0.5, 0.6), (0.2, 0.3, 0.25)
CPU = torch.device("cpu")


@pytest.fixture
def prepared(toy):
    data = toy()
    batch = next(read_batches(data, [np.arange(32)], metadata=True, pinned=False))

    def make(seed=0, **values):
        recipe = TuningRecipe(**{"augmentation": "none", **values})
        torch.manual_seed(seed)
        return Preparation(recipe, data, MEAN, STD, CPU).for_training(batch)

    before = torch.get_rng_state()
    make.batch, make.data = batch, data
    yield make
    torch.set_rng_state(before)


def test_pixels_are_normalised_and_stay_as_they_were(prepared):
    pixels = prepared.batch.pixels.clone()
    images = prepared().images
    expected = (pixels.numpy() / 255.0 - MEAN) / STD
    np.testing.assert_allclose(images.permute(0, 2, 3, 1), expected, atol=1e-5)
    assert images.is_contiguous(memory_format=torch.channels_last)
    assert torch.equal(prepared.batch.pixels, pixels)


def test_watching_is_training_without_chance(prepared):
    watched = Preparation(
        TuningRecipe(augmentation="light", mixup=1.0), prepared.data, MEAN, STD, CPU
    ).for_watching(prepared.batch)
    plain = prepared(metadata_dropout=0.0)
    assert torch.equal(watched.images, plain.images)
    assert torch.equal(watched.soft, plain.soft)
    assert torch.equal(watched.metadata, plain.metadata)


def test_mixed_labels_are_shares_and_the_seed_decides(prepared):
    one, again, other = (prepared(seed, mixup=1.0) for seed in (0, 0, 1))
    assert torch.equal(one.images, again.images)
    assert not torch.equal(one.images, other.images)
    torch.testing.assert_close(one.soft.sum(dim=1), torch.ones(32))
    assert 0 < one.soft.max(dim=1).values.min() < 1
    assert not torch.equal(one.images, prepared().images)


def test_a_share_of_the_cases_loses_its_metadata(prepared):
    whole, half, none = (prepared(metadata_dropout=share).metadata for share in (0.0, 0.5, 1.0))
    assert torch.equal(whole, prepared.batch.metadata)
    assert not none.any()
    lost = (half == 0).all(dim=1)
    assert 5 < lost.sum() < 27
    assert torch.equal(half[~lost], whole[~lost])


def test_pieces_are_the_whole(prepared):
    whole = prepared()
    pieces = whole.split(3)
    for name in ("images", "soft", "metadata"):
        assert torch.equal(torch.cat([getattr(piece, name) for piece in pieces]), getattr(whole, name))


def test_training_sees_pieces_from_anywhere_and_watching_the_centre(prepared):
    data = replace(prepared.data, cut=(24, 20))
    prepare = Preparation(TuningRecipe(augmentation="light"), data, MEAN, STD, CPU)
    assert prepare.for_training(prepared.batch).images.shape == (32, 3, 24, 20)
    centre = (prepared.batch.pixels[:, 4:28, 6:26].numpy() / 255.0 - MEAN) / STD
    watched = prepare.for_watching(prepared.batch).images
    np.testing.assert_allclose(watched.permute(0, 2, 3, 1), centre, atol=1e-5)


def test_no_piece_is_greater_than_the_pixels(prepared):
    with pytest.raises(ConfigError, match=r"cannot cut 33 x 20 pixels out of 32 x 32"):
        replace(prepared.data, cut=(33, 20))


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
