import pytest

from automl_skin.data.headers import USUAL_NAMES, means_age, means_date, means_id, means_quantity, normal_name


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


def test_names_are_normal_and_stand_once_per_role():
    for names in USUAL_NAMES.values():
        assert [normal_name(name) for name in names] == list(names)
        assert len(set(names)) == len(names)


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
    "column",
    [
        *(
            "PatientenNr",
            "patient_id",
            "PatientID",
            "record_id",
            "Record Number",
            "MRN",
            "HistoNr",
            "Laufnummer",
        ),
        *(
            "study ID",
            "N° patient",
            "numéro patient",
            "id_paciente",
            "codice_paziente",
            "Aktenzeichen",
            "fall_nr",
        ),
    ],
)
def test_names_that_mean_an_id(column):
    assert means_id(column)


@pytest.mark.parametrize(
    "column", ["number_of_naevi", "humid", "no_of_moles", "fitzpatrick", "sex", "idade", "image"]
)
def test_names_that_do_not_mean_an_id(column):
    assert not means_id(column)


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
