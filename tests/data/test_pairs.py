import pandas as pd
import pytest

from automl_skin.data.locate import index_images
from automl_skin.data.pairs import find_pairs, kind_columns
from automl_skin.data.recognise import recognise

PAIRS = pd.DataFrame(
    {
        "lesion_id": ["l1", "l1", "l2", "l2", "l3"],
        "image_id": [f"i{number}" for number in range(5)],
        "image_type": [
            "clinical: close-up",
            "dermoscopic",
            "clinical: close-up",
            "dermoscopic",
            "dermoscopic",
        ],
        "dx": ["mel", "mel", "nv", "nv", "nv"],
    }
)


def test_a_lesion_with_one_photograph_of_each_kind_is_the_case(tmp_path):
    roles = recognise(PAIRS, index_images(tmp_path), {}, "dx")
    assert (roles.case, roles.lesion, roles.image_role) == ("lesion_id", "lesion_id", "image_type")
    assert roles.reasons["lesion_id"] == "the case: 2 of 3 have several photographs, each of another kind"


@pytest.mark.parametrize(
    "table",
    [
        PAIRS.assign(image_type="dermoscopic"),
        PAIRS.drop(columns="image_type"),
        PAIRS.assign(lesion_id=["l1", "l1", "l2", "l3", "l4"]).iloc[1:],
        PAIRS.assign(lesion_id=["l1", "l1", "l2", None, None]),
    ],
)
def test_a_lesion_photographed_twice_is_two_cases_of_one_group(table, tmp_path):
    roles = recognise(table, index_images(tmp_path), {}, "dx")
    assert (roles.case, roles.lesion, roles.image_role) == (None, "lesion_id", None)


def test_two_photographs_of_one_kind_are_said_and_stay_two_cases(tmp_path):
    table = PAIRS.assign(image_type=["dermoscopic", "dermoscopic", *PAIRS["image_type"][2:]])
    roles = recognise(table, index_images(tmp_path), {}, "dx")
    assert roles.case is None
    assert "1 of 3 have several photographs of one kind (column 'image_type')" in roles.doubts["lesion_id"]


def test_few_pairs_are_enough_in_a_table_that_is_known_to_hold_them():
    table = PAIRS.assign(lesion_id=["l1", "l1", "l2", "l3", "l4"])
    assert find_pairs(table, "lesion_id", kind_columns(table))[0] is None
    assert find_pairs(table, "lesion_id", kind_columns(table), known=True)[0] is not None


def test_what_the_user_said_wins(tmp_path):
    roles = recognise(PAIRS, index_images(tmp_path), {"case": ""}, "dx")
    assert roles.case is None
