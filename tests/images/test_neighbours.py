import numpy as np
import pytest

from automl_skin.images.alignment import thumbnail
from automl_skin.images.fingerprint import fingerprint
from automl_skin.images.neighbours import (
    ORIENTATIONS,
    describe,
    likely_orientations,
    nearest_pairs,
    oriented,
    turn,
)

N = 30


def _turned(pixels, orientation):
    transpose, flip_rows, flip_columns = orientation
    turned = pixels.swapaxes(0, 1) if transpose else pixels
    turned = turned[::-1] if flip_rows else turned
    return np.ascontiguousarray(turned[:, ::-1] if flip_columns else turned)


@pytest.fixture(scope="module")
def description(paint):
    """30 pictures, then the first 8 of them again, each turned or flipped in another way."""
    copies = [_turned(paint(i), ORIENTATIONS[i]) for i in range(8)]
    return describe(np.array([fingerprint(p) for p in [*map(paint, range(N)), *copies]]))


def _none(n):
    return np.full(n, -1)


@pytest.mark.parametrize("orientation", ORIENTATIONS)
def test_orienting_a_description_is_describing_the_turned_picture(paint, orientation):
    pixels = paint(1)
    expected = describe(fingerprint(_turned(pixels, orientation))[None])
    found = oriented(describe(fingerprint(pixels)[None]), orientation)
    assert np.abs(found - expected).max() < 0.02 * np.abs(expected).max()


@pytest.mark.parametrize("orientation", ORIENTATIONS)
def test_turning_a_thumbnail_is_shrinking_the_turned_picture(paint, orientation):
    pixels = paint(1)
    difference = turn(thumbnail(pixels), orientation).astype(int) - thumbnail(_turned(pixels, orientation))
    assert np.abs(difference).max() <= 2


def test_all_eight_orientations_differ():
    assert len({turn(np.arange(9, dtype=np.uint8).reshape(3, 3), o).tobytes() for o in ORIENTATIONS}) == 8


def test_turned_copies_are_nearest_neighbours(description):
    pairs = nearest_pairs(description, 1, 0.5, _none(N + 8), threads=1)
    assert {(i, N + i) for i in range(8)} <= set(map(tuple, pairs.tolist()))


def test_the_orientation_of_a_copy_is_found(description):
    for i, orientation in enumerate(ORIENTATIONS):
        # The copy is the turned original, so turning the original brings it to the copy.
        assert likely_orientations(description[N + i], description[i], 1) == [orientation]


def test_pairs_are_sorted_and_named_once(description):
    pairs = nearest_pairs(description, 3, 0.0, _none(N + 8), threads=1)
    assert np.all(pairs[:, 0] < pairs[:, 1])
    assert np.array_equal(np.unique(pairs, axis=0), pairs)
    assert 3 * (N + 8) / 2 <= len(pairs) <= 3 * (N + 8)


def test_pairs_within_a_label_are_not_named_and_make_room(description):
    labels = _none(N + 8)
    labels[[0, N]] = 5
    pairs = set(map(tuple, nearest_pairs(description, 1, 0.0, labels, threads=1).tolist()))
    assert (0, N) not in pairs
    assert any(0 in pair for pair in pairs)
    assert (1, N + 1) in pairs


def test_unlike_images_are_not_named(description):
    pairs = nearest_pairs(description, 5, 0.97, _none(N + 8), threads=1)
    assert {(i, N + i) for i in range(8)} <= set(map(tuple, pairs.tolist()))
    assert len(pairs) < 5 * N / 2


def test_chunks_do_not_change_the_pairs(description, monkeypatch):
    different = description[:N]  # a picture and its copy are equally near to others, up to the last digit
    whole = nearest_pairs(different, 2, 0.5, _none(N), threads=1)
    monkeypatch.setattr("automl_skin.images.neighbours._CHUNK_VALUES", 5 * N)
    assert np.array_equal(nearest_pairs(different, 2, 0.5, _none(N), threads=1), whole)


@pytest.mark.parametrize("n_images", [0, 1])
def test_no_pairs_of_fewer_than_two_images(description, n_images):
    pairs = nearest_pairs(description[:n_images], 4, 0.5, _none(n_images), threads=1)
    assert pairs.shape == (0, 2)


def test_exposure_and_white_balance_hardly_change_a_description(paint):
    pixels = paint(2)
    darker = (pixels * np.array([0.9, 0.8, 0.85])).astype(np.uint8)
    first, second, other = describe(np.array([fingerprint(p) for p in (pixels, darker, paint(4))]))
    assert np.linalg.norm(first - second) < 0.2 * np.linalg.norm(first - other)
