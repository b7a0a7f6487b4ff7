import pandas as pd
import pytest

from automl_skin.data.image_rows import image_roles, image_rows, missing_images
from automl_skin.data.locate import index_images
from automl_skin.data.roles import Roles
from automl_skin.errors import TableError


@pytest.fixture
def index(tmp_path):
    (tmp_path / "a.jpg").write_bytes(b"")
    return index_images(tmp_path)


def test_each_row_is_an_image_of_a_case(index):
    rows = pd.DataFrame({"who": ["x", "x"], "image": ["a", "b"], "view": ["near", None]})
    images = image_rows(rows, Roles(image="image", case="who", image_role="view"), index)
    assert images["case"].tolist() == ["x", "x"]
    assert images["role"].tolist() == ["near", "image"]
    assert images["status"].tolist() == ["found", "missing"]
    assert images["given"].tolist() == ["a", "b"]


def test_one_image_under_two_names_is_a_duplicate(index):
    with pytest.raises(TableError, match="'a' in rows 1, 2"):
        image_rows(pd.DataFrame({"image": ["a", "a.jpg"]}), Roles(image="image"), index)


def test_a_missing_image_given_twice_is_a_duplicate(index):
    with pytest.raises(TableError, match="'b' in rows 1, 3"):
        image_rows(pd.DataFrame({"image": ["b", "a", "b"]}), Roles(image="image"), index)


def test_missing_case_ids(index):
    with pytest.raises(
        TableError, match="column 'who': expected the id of its case in each row, got none in row 1"
    ):
        image_rows(pd.DataFrame({"who": ["na"], "image": ["a"]}), Roles(image="image", case="who"), index)


def test_all_missing_is_an_error_unless_allowed(index):
    images = image_rows(pd.DataFrame({"image": ["x", "y"]}), Roles(image="image"), index)
    with pytest.raises(TableError, match="names x, y, the folder holds 1 images"):
        missing_images(images, index, allow=False)
    assert "2 of 2 images (100.0%)" in missing_images(images, index, allow=True)[0].text


def test_kinds_of_photograph_can_be_parts_of_names():
    values = pd.Series(["Dermoscopic", " clinical: close-up/near ", "--", None, ""])
    assert list(image_roles(values)) == ["dermoscopic", "clinical-close-up-near", "image", "image", "image"]
