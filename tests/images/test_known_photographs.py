import io

import numpy as np
import pytest
from PIL import Image

from automl_skin.images.decode import decode
from automl_skin.images.fingerprint import fingerprint
from automl_skin.images.known_photographs import EXACTLY, NEARLY, NEW, KnownPhotographs, look_at
from automl_skin.synthetic.study import generate

N_KNOWN = 20


@pytest.fixture(scope="module")
def pictures(tmp_path_factory):
    folder = generate(tmp_path_factory.mktemp("skin"), n_lesions=40).images
    return [Image.open(path).convert("RGB") for path in sorted(folder.iterdir())[: 2 * N_KNOWN]]


def prints_of(pictures):
    return np.stack([fingerprint(np.asarray(each)) for each in pictures])


def saved_again(picture):
    file = io.BytesIO()
    picture.save(file, "JPEG", quality=70)
    return Image.fromarray(decode(file.getvalue(), name="again"))


def digests(numbers):
    return [f"{number:064x}"[::-1] for number in numbers]


@pytest.fixture(scope="module")
def known(pictures):
    return KnownPhotographs.of(digests(range(N_KNOWN)), look_at(prints_of(pictures[:N_KNOWN])))


@pytest.mark.parametrize(
    "change",
    [
        saved_again,
        lambda picture: picture.transpose(Image.Transpose.ROTATE_90),
        lambda picture: picture.transpose(Image.Transpose.FLIP_LEFT_RIGHT),
        lambda picture: saved_again(picture.resize((picture.width // 2, picture.height // 2))),
    ],
)
def test_known_ones_are_found_and_others_are_not(pictures, known, change):
    seen = prints_of([change(picture) for picture in pictures])
    found = known.find(digests(range(1000, 1000 + len(pictures))), seen)
    assert (found[:N_KNOWN] == NEARLY).all()
    assert (found[N_KNOWN:] == NEW).all()


def test_the_same_file_is_found_whatever_it_looks_like(pictures, known):
    found = known.find(digests([3, 500]), prints_of([pictures[-1], pictures[-1]]))
    assert found.tolist() == [EXACTLY, NEW]


def test_a_photograph_of_one_colour_is_like_no_other(known):
    grey = np.full((2, 768), 0.5, np.float32)
    both = KnownPhotographs.of(digests([1]), look_at(grey[:1]))
    assert both.find(digests([7, 8]), grey).tolist() == [NEW, NEW]
    assert KnownPhotographs.of([], look_at(grey[:0])).find(digests([7]), grey[:1]).tolist() == [NEW]


def test_their_order_tells_nothing_of_the_table(pictures):
    looks = look_at(prints_of(pictures[:4]))
    one = KnownPhotographs.of(digests([0, 1, 2, 3]), looks)
    other = KnownPhotographs.of(digests([3, 1, 0, 2, 1]), looks[[3, 1, 0, 2, 1]])
    assert np.array_equal(one.contents, other.contents)
    assert np.array_equal(one.looks, other.looks)
    assert one.looks.nbytes + one.contents.nbytes == 4 * 208
