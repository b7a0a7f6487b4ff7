import dataclasses
import threading

import numpy as np
import pytest

from automl_skin.backbones.tuning.batches import order_of_epoch, read_batches, split_evenly
from automl_skin.backbones.tuning.recipe import TuningRecipe
from automl_skin.errors import ConfigError


def test_natural_order_has_every_training_row_once(toy):
    data, recipe = toy(), TuningRecipe()
    first, again, second = (order_of_epoch(recipe, data, 3, epoch) for epoch in (1, 1, 2))
    assert np.array_equal(first, again)
    assert not np.array_equal(first, second)
    assert np.array_equal(np.sort(first), data.trained)


def test_balanced_order_draws_each_class_as_often(toy):
    data = toy(n=3000)
    rare = dataclasses.replace(data, labels=np.where(np.arange(3000) % 30 == 1, 1, 0))
    order = order_of_epoch(TuningRecipe(sampling="balanced"), rare, 0, 1)
    assert not rare.inner[order].any()
    assert 0.45 < rare.labels[order].mean() < 0.55


@pytest.mark.parametrize("min_size", [1, 2])
def test_pieces_are_neither_too_large_nor_too_small(min_size):
    for n in range(min_size, 70):
        for max_size in range(min_size, 40):
            sizes = [
                len(piece) for piece in np.array_split(np.arange(n), split_evenly(n, max_size, min_size))
            ]
            assert min(sizes) >= min_size
            assert max(sizes) <= max_size + (min_size - 1) * (max_size == min_size)


def test_batches_come_in_order_and_nothing_stays_behind(toy):
    data = toy()
    before = threading.active_count()
    parts = np.array_split(order_of_epoch(TuningRecipe(), data, 0, 1), 5)
    for part, batch in zip(parts, read_batches(data, parts, metadata=True, pinned=False), strict=True):
        assert np.array_equal(batch.pixels.numpy(), data.pixels[part])
        assert np.array_equal(batch.labels.numpy(), data.labels[part])
        assert np.array_equal(batch.metadata.numpy(), data.metadata[part])
    batches = read_batches(data, parts, metadata=False, pinned=False)
    assert next(batches).metadata is None
    batches.close()
    assert threading.active_count() == before


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"pixels": np.zeros((96, 8, 8), np.uint8)}, "expected pixels, labels and inner of the same rows"),
        ({"inner": np.zeros(3, bool)}, "expected pixels, labels and inner of the same rows"),
        ({"n_classes": 2, "target_of": np.arange(2)}, "expected labels from 0 to 1, got 0 to 2"),
        ({"target_of": np.arange(2)}, "expected the target's class of each of 3"),
        ({"inner": np.ones(96, bool)}, "two rows or more to train on, got 0 of 96"),
        ({"metadata": np.full((96, 4), np.nan, np.float32)}, "metadata: expected finite"),
        ({"absent": None}, "as many values that mean absence"),
    ],
)
def test_rows_that_do_not_fit_are_named(changes, message, toy):
    with pytest.raises(ConfigError, match=message):
        dataclasses.replace(toy(), **changes)
