import numpy as np
import pandas as pd
import pytest

from automl_skin.embeddings.source import named_images
from automl_skin.errors import InputError

IMAGES = pd.DataFrame({"content": ["a" * 64, "b" * 64, None, "a" * 64]})


def test_without_metadata_the_bytes_name_an_image():
    named = named_images(IMAGES, None)
    assert named.names == ["a" * 64, "b" * 64, "", "a" * 64]
    assert named.content_of("b" * 64) == "b" * 64
    assert named.metadata_of(named.names) is None


def test_one_photograph_with_two_rows_has_two_names():
    rows = np.array([[0, 1], [0, 1], [0, 1], [1, 1]], np.float32)
    named = named_images(IMAGES, rows)
    assert len(set(named.names)) == 4
    assert named.names[2] == ""
    assert all(len(name) == 64 for name in named.names if name)
    assert [named.content_of(name) for name in named.names] == ["a" * 64, "b" * 64, "", "a" * 64]
    np.testing.assert_array_equal(named.metadata_of([named.names[3], named.names[0]]), rows[[3, 0]])


def test_rows_that_do_not_fit_are_refused():
    with pytest.raises(
        InputError, match=r"one row of metadata per image, got the shape \(3, 2\) for 4 images"
    ):
        named_images(IMAGES, np.zeros((3, 2), np.float32))
