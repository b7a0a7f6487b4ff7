"""Embeddings that depend on metadata too: one of each photograph and row."""

import json
from dataclasses import replace

import cv2
import numpy as np
import pandas as pd
import pytest

from automl_skin.backbones.catalogue import backbone_from_folder, resolve_backbone
from automl_skin.backbones.network import load_network, save_network
from automl_skin.backbones.recipe import default_recipe
from automl_skin.backbones.spatial.catalogue import add_metadata
from automl_skin.digests import digest_file
from automl_skin.embeddings.cache import EmbeddingCache
from automl_skin.embeddings.extract import StageOneOptions, extract
from automl_skin.images.pixels import PixelCache

SPATIAL = {"fusion": "metanet_map", "n_metadata": 2, "settings": {}}
N_IMAGES = 10


@pytest.fixture(scope="module")
def backbone(tmp_path_factory):
    start = resolve_backbone("resnet10t.random")
    folder = tmp_path_factory.mktemp("network")
    network = add_metadata(load_network(start), seed=0, **SPATIAL)
    save_network(replace(start, spatial=json.dumps(SPATIAL)), network, folder)
    return backbone_from_folder(folder)


@pytest.fixture(scope="module")
def pictures(tmp_path_factory):
    folder = tmp_path_factory.mktemp("images")
    drawn = np.random.default_rng(0)
    names = [f"{number}.png" for number in range(N_IMAGES)]
    for name in names:
        cv2.imwrite(str(folder / name), drawn.integers(0, 256, (32, 32, 3), dtype=np.uint8))
    return folder, pd.DataFrame({"path": names, "content": [digest_file(folder / name) for name in names]})


def run(backbone, pictures, cache, metadata, **options):
    folder, images = pictures
    recipe = default_recipe(backbone, 32, 32)
    chosen = StageOneOptions(device="cpu", precision="float32", batch_size=4, threads=1, **options)
    return extract(backbone, recipe, folder, images, cache, options=chosen, metadata=metadata)


ROWS = np.random.default_rng(1).standard_normal((N_IMAGES, 2)).astype(np.float32)


def test_a_row_belongs_to_its_image_and_is_computed_once(backbone, pictures, tmp_path):
    cache = EmbeddingCache(tmp_path)
    first = run(backbone, pictures, cache, ROWS)
    assert first.computed == N_IMAGES
    assert run(backbone, pictures, cache, ROWS).computed == 0
    others = ROWS.copy()
    others[3] += 1.0
    second = run(backbone, pictures, cache, others)
    assert second.computed == 1
    changed = np.abs(second.embeddings - first.embeddings).max(axis=1) > 1e-4
    assert changed.tolist() == [number == 3 for number in range(N_IMAGES)]


def test_any_order_and_from_kept_pixels(backbone, pictures, tmp_path):
    folder, images = pictures
    first = run(backbone, pictures, EmbeddingCache(tmp_path / "first"), ROWS)
    order = np.random.default_rng(2).permutation(N_IMAGES)
    pixels = PixelCache(tmp_path / "pixels")
    pixels.open(folder, images, default_recipe(backbone, 32, 32), None)
    cache = EmbeddingCache(tmp_path / "second")
    again = run(backbone, (folder, images.iloc[order]), cache, ROWS[order], pixels=pixels)
    np.testing.assert_allclose(again.embeddings, first.embeddings[order], rtol=1e-4, atol=1e-5)


def test_no_image_at_all_is_as_wide_as_any(backbone, pictures, tmp_path):
    folder, images = pictures
    found = [
        run(backbone, (folder, images[:count]), EmbeddingCache(tmp_path), ROWS[:count]) for count in (0, 1)
    ]
    assert [each.embeddings.shape for each in found] == [(0, found[1].embeddings.shape[1]), (1, 512)]
