import numpy as np
import pandas as pd
import pytest

from automl_skin.errors import InputError
from automl_skin.features.lesion import kinds_of, missing_roles, pool_images, roles_of

CASES = pd.Index(["a", "b", "c"])
IMAGES = pd.DataFrame(
    {
        "case": ["b", "a", "b", "a", "other"],
        "role": ["close", "dermoscopic", "dermoscopic", "dermoscopic", "close"],
    }
)
EMBEDDINGS = np.arange(10, dtype=np.float32).reshape(5, 2)


def test_mean_within_a_role_and_roles_side_by_side():
    pooled = pool_images(EMBEDDINGS, IMAGES, CASES)
    assert roles_of(IMAGES) == ("close", "dermoscopic")
    assert pooled.dtype == np.float32
    assert pooled[1].tolist() == [0, 1, 4, 5]
    assert pooled[0, 2:].tolist() == [4, 5]


def test_an_absent_role_is_zero():
    assert pool_images(EMBEDDINGS, IMAGES, CASES)[0, :2].tolist() == [0, 0]


def test_a_case_without_images_is_zero():
    assert pool_images(EMBEDDINGS, IMAGES, CASES)[2].tolist() == [0, 0, 0, 0]


def test_missing_roles():
    assert missing_roles(IMAGES, CASES).tolist() == [[True, False], [False, False], [True, True]]


def test_kinds_are_told_where_there_are_several():
    roles, has_role = kinds_of(IMAGES, CASES, ("close", "dermoscopic"))
    assert roles == ("close", "dermoscopic")
    assert has_role.tolist() == [[False, True], [True, True], [False, False]]
    assert kinds_of(IMAGES, CASES, ("close",)) == ((), None)


def test_roles_are_those_of_training():
    only = IMAGES[IMAGES["role"] == "dermoscopic"]
    pooled = pool_images(EMBEDDINGS[only.index], only, CASES, roles=("close", "dermoscopic"))
    assert pooled.shape == (3, 4)
    assert missing_roles(IMAGES, CASES, roles=("histology",)).all()


def test_one_image_a_case_is_taken_as_it_is():
    images = pd.DataFrame({"case": ["c", "a", "b"], "role": "dermoscopic"})
    pooled = pool_images(EMBEDDINGS[:3], images, CASES)
    assert pooled.tolist() == [[2, 3], [4, 5], [0, 1]]
    assert pool_images(EMBEDDINGS[:3], images, CASES, roles=("close",)).tolist() == [[0, 0]] * 3


def test_the_order_and_the_company_of_images_do_not_matter():
    rng = np.random.default_rng(0)
    embeddings = rng.normal(size=(60, 33)).astype(np.float32)
    images = pd.DataFrame({"case": rng.choice(list("abcdefgh"), 60), "role": rng.choice(["x", "y"], 60)})
    cases = pd.Index(sorted(images["case"].unique()))
    together, order = pool_images(embeddings, images, cases), rng.permutation(60)
    assert (pool_images(embeddings[order], images.iloc[order], cases) == together).all()
    mine = (images["case"] == "c").to_numpy()
    alone = pool_images(embeddings[mine], images[mine], pd.Index(["c"]), roles=("x", "y"))
    assert (alone[0] == together[2]).all()


def test_one_embedding_an_image():
    with pytest.raises(InputError, match="one embedding per image, got 4 for 5 images"):
        pool_images(EMBEDDINGS[:4], IMAGES, CASES)
