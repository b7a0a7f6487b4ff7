import pytest

from automl_skin.errors import TableError
from automl_skin.papers.curation.fields import SITES, encode, fit_fill, read_fields
from automl_skin.papers.curation.rules import CurationRules

RULES = CurationRules()


def test_mode_and_median_are_those_of_the_training_rows_alone(isic):
    table = isic(6, sex=["female", "female", "male", "male", "male", "male"])
    table["age_approx"] = [30.0, 40.0, 50.0, 80.0, 80.0, 80.0]
    table["split"] = ["train"] * 3 + ["test"] * 3
    fill = fit_fill(read_fields(table, RULES), RULES)
    assert (fill.sex, fill.age, fill.rows) == ("female", 40.0, 3)
    whole = fit_fill(read_fields(table.drop(columns="split"), RULES), RULES)
    assert (whole.sex, whole.age, whole.rows) == ("male", 65.0, 6)


@pytest.mark.parametrize("age", ["old", "150", "-3"])
def test_an_age_that_cannot_be_is_named_by_its_row(isic, age):
    table = isic(3, age_approx=["50", age, None])
    with pytest.raises(TableError, match=r"ages from 0 to 120.*isic.csv, row 2"):
        read_fields(table, RULES)


@pytest.mark.parametrize("column", ["sex", "age_approx"])
def test_a_field_without_any_value_cannot_be_filled(isic, column):
    table = isic(3, **{column: [None, None, None]})
    with pytest.raises(TableError, match=f"{column}.*--no-impute"):
        fit_fill(read_fields(table, RULES), RULES)


def test_sex_age_and_one_column_per_site(isic):
    table = isic(3, anatom_site_general=["torso", "unknown", "elbow"])
    features = encode(table, CurationRules())
    assert features["sex"].tolist() == [1, 0, 1]
    assert features["age_approx"].tolist() == table["age_approx"].tolist()
    sites = features.filter(regex="^site_")
    assert sites.shape == (3, len(SITES) + 1)
    assert sites.sum(axis=1).tolist() == [1, 1, 1]
    assert sites["site_elbow"].tolist() == [0, 0, 1]
