import numpy as np
import pytest
from PIL import Image

from automl_skin.images.decode import decode
from automl_skin.images.folder import ImageFolder
from automl_skin.images.loading import load_batches, prepare
from automl_skin.images.recipe import Recipe, apply

RECIPE = Recipe(height=24, width=32)


def load_image(root, path, recipe):
    """One photograph by itself."""
    return prepare(ImageFolder(root).read(path), recipe, name=path)


@pytest.fixture(scope="module")
def root(tmp_path_factory):
    folder = tmp_path_factory.mktemp("images")
    rng = np.random.default_rng(0)
    for i in range(10):
        pixels = rng.integers(0, 256, (40 + i, 50, 3), dtype=np.uint8)
        Image.fromarray(pixels).save(folder / f"{i}.jpg")
    (folder / "cut.jpg").write_bytes((folder / "0.jpg").read_bytes()[:700])
    (folder / "text.jpg").write_text("not an image")
    return folder


PATHS = ["0.jpg", "cut.jpg", "1.jpg", "gone.jpg", "2.jpg", "../3.jpg", "text.jpg", "4.jpg", "0.jpg"]


@pytest.mark.parametrize("batch_size", [1, 2, 4, 100])
@pytest.mark.parametrize("threads", [1, 4])
def test_every_path_is_in_exactly_one_batch_in_order(root, batch_size, threads):
    batches = list(load_batches(root, PATHS, RECIPE, batch_size, threads))
    positions = [p for batch in batches for p in batch.positions]
    failures = {p: reason for batch in batches for p, reason in batch.failures.items()}
    assert positions == [0, 2, 4, 7, 8]
    assert sorted(failures) == [1, 3, 5, 6]
    assert all(len(b.positions) + len(b.failures) <= batch_size for b in batches)
    pixels = np.concatenate([b.pixels for b in batches])
    assert pixels.dtype == np.uint8
    for position, image in zip(positions, pixels, strict=True):
        np.testing.assert_array_equal(image, load_image(root, PATHS[position], RECIPE))


def test_failures_say_which_file_and_why(root):
    (batch,) = load_batches(root, PATHS, RECIPE, 100, 2)
    for position, reason in (
        (1, "damaged"),
        (3, "not found"),
        (5, "expected a path inside"),
        (6, "expected an image"),
    ):
        assert PATHS[position] in batch.failures[position]
        assert reason in batch.failures[position]


def test_a_change_comes_before_the_recipe_and_knows_which_image_it_is(root):
    def change(position, pixels):
        assert pixels.shape == (40 + int(PATHS[position][0]), 50, 3)
        return np.full_like(pixels, position)

    (batch,) = load_batches(root, PATHS, RECIPE, 100, 2, change)
    assert batch.positions.tolist() == batch.pixels[:, 5, 5, 0].tolist() == [0, 2, 4, 7, 8]


def test_a_batch_of_failures_alone_is_an_empty_array(root):
    (batch,) = load_batches(root, ["gone.jpg"], RECIPE, 8)
    assert batch.pixels.shape == (0, 24, 32, 3)
    assert batch.positions.dtype == np.int64
    assert list(batch.failures) == [0]


def test_no_paths_no_batches(root):
    assert list(load_batches(root, [], RECIPE, 8)) == []


def test_large_photographs_are_reduced_by_the_decoder(root):
    pixels = np.random.default_rng(1).integers(0, 256, (400, 600, 3), dtype=np.uint8)
    Image.fromarray(pixels).save(root / "large.jpg")
    content = (root / "large.jpg").read_bytes()
    reduced = apply(RECIPE, decode(content, name="large.jpg", minimum_side=32))
    assert (reduced != apply(RECIPE, decode(content, name="large.jpg"))).any()
    np.testing.assert_array_equal(load_image(root, "large.jpg", RECIPE), reduced)


@pytest.mark.slow
def test_memory_does_not_grow_with_the_number_of_paths(root):
    import resource

    def peak():
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss

    recipe = Recipe(height=256, width=256)  # 0.2 MB an image
    for _ in load_batches(root, ["1.jpg"] * 200, recipe, 16, 2):
        pass
    before = peak()
    for _ in load_batches(root, ["1.jpg"] * 2000, recipe, 16, 2):
        pass
    assert peak() - before < 40_000  # kilobytes; all of them would be 393,000
