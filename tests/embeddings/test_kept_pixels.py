import numpy as np
import pandas as pd
import pytest
from PIL import Image

from automl_skin.digests import digest_file
from automl_skin.embeddings.kept_pixels import KeptPixels
from automl_skin.images.pixels import PixelCache
from automl_skin.images.recipe import Recipe


@pytest.fixture
def kept(tmp_path):
    """Pixels of one photograph by two recipes."""
    path = tmp_path / "images" / "a.png"
    path.parent.mkdir()
    Image.fromarray(np.zeros((16, 16, 3), np.uint8)).save(path)
    images = pd.DataFrame({"path": ["a.png"], "content": [digest_file(path)]})
    for height in (8, 12):
        PixelCache(tmp_path / "pixels").open(path.parent, images, Recipe(height, 8))
    return KeptPixels(tmp_path / "pixels")


def test_pixels_are_listed(kept):
    entries = kept.list()
    assert {entry.key["recipe"]["height"] for entry in entries} == {8, 12}
    assert all(entry.key["images"] == 1 and entry.size_bytes >= 8 * 8 * 3 for entry in entries)


def test_pixels_are_let_go_of(kept):
    first, second = kept.list()
    assert kept.prune(digest=first.digest[:12]) == (first,)
    assert kept.list() == (second,)
    kept.prune(everything=True)
    assert kept.list() == ()


def test_nothing_is_kept_in_no_folder(tmp_path):
    assert KeptPixels(tmp_path / "none").list() == ()
