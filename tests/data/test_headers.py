import pytest

from automl_skin.data.headers import means_age, means_date, means_quantity, normal_name


@pytest.mark.parametrize(
    ("column", "name"),
    [
        ("Image ID", "image_id"),
        ("Läsion", "lasion"),
        ("Âge", "age"),
        ("Größe (mm)", "grosse_mm"),
        ("Lesão", "lesao"),
    ],
)
def test_names_keep_their_letters(column, name):
    assert normal_name(column) == name


@pytest.mark.parametrize(
    "column",
    ["age", "age_approx", "Patient Age", "Alter", "Alter (Jahre)", "âge", "edad", "Età", "idade_anos"],
)
def test_names_that_mean_an_age(column):
    assert means_age(column)


@pytest.mark.parametrize(
    "column", ["AgeX", "image_manage", "alternative", "age_months", "Alter in Monaten", "meta"]
)
def test_names_that_do_not_mean_an_age_in_years(column):
    assert not means_age(column)


@pytest.mark.parametrize(
    "column", ["Datum", "Aufnahmedatum", "date", "visitDate", "fecha", "data_esame", "DOB"]
)
def test_names_that_mean_a_date(column):
    assert means_date(column)
    assert not any(map(means_date, ["candidate", "update"]))


def test_names_that_mean_a_quantity():
    assert all(
        map(means_quantity, ["area_px", "n_naevi", "Durchmesser", "size", "Anzahl Nävi", "birth year"])
    )
    assert not any(map(means_quantity, ["PatientenNr", "code", "mean", "annotation"]))
