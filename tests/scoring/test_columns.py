from dataclasses import replace

import pandas as pd
import pytest

from automl_skin.data.roles import Roles
from automl_skin.export.bundle import read_facts
from automl_skin.scoring.columns import describe_columns, nearest


@pytest.fixture(scope="module")
def facts(tiny):
    return read_facts(tiny.bundle)


def test_says_which_column_serves_as_what(facts):
    rows = pd.DataFrame(columns=["file", "patient_id", "age", "sex", "site"])
    roles = Roles(image="file", patient="patient_id")
    (line,) = describe_columns(rows, roles, facts)
    assert line == "columns: image = 'file', patient = 'patient_id'; metadata: 'age', 'sex', 'site'"
    (line,) = describe_columns(rows, Roles(image="file", case="patient_id", source="hospital"), facts)
    assert line.startswith("columns: case = 'patient_id', image = 'file'; metadata"), (
        "a source is not looked for"
    )


def test_a_field_of_a_photograph_is_one_column_for_all_kinds(facts):
    trained = replace(facts, kinds={"age": "number", "hair@close-up": "number", "hair@dermoscopic": "number"})
    _, line = describe_columns(pd.DataFrame(columns=["file", "age", "hair"]), Roles(image="file"), trained)
    assert line == "read once per kind of photograph: 'hair'"
    lines = describe_columns(pd.DataFrame(columns=["file", "age"]), Roles(image="file"), trained)
    assert [line.split(" is not")[0] for line in lines[1:]] == [
        "the model's field 'hair@close-up'",
        "the model's field 'hair@dermoscopic'",
    ]


@pytest.mark.parametrize("header", ["Age", "age_years", "AGE "])
def test_an_absent_field_is_one_line_with_the_nearest_header(facts, header):
    rows = pd.DataFrame(columns=["file", header, "sex", "site"])
    _, line = describe_columns(rows, Roles(image="file"), facts)
    assert line == (
        f"the model's field 'age' is not in the table: missing in all rows; if {header!r} is meant, rename it"
    )


def test_headers_in_another_language_are_the_nearest(facts):
    rows = pd.DataFrame(columns=["Bild", "Stage", "Alter", "Geschlecht", "K\u00f6rperstelle"])
    _, *lines = describe_columns(rows, Roles(image="Bild"), facts)
    assert [line.split("; ")[1] for line in lines] == [
        "if 'Alter' is meant, rename it",
        "if 'Geschlecht' is meant, rename it",
        "if 'K\u00f6rperstelle' is meant, rename it",
    ]


@pytest.mark.parametrize(
    ("name", "columns", "expected"),
    [
        ("age_approx", ["sexe", "\u00c2ge"], "\u00c2ge"),
        ("Edad", ["age months", "idade"], "idade"),
        ("age", ["Alter in Monaten", "stage"], None),
        ("gender", ["six", "Sexo"], "Sexo"),
        ("sex", ["Patientengeschlecht", "six"], "Patientengeschlecht"),
        ("anatom_site_general", ["localisation", "source"], "localisation"),
        ("hospital", ["website", "Klinik"], "Klinik"),
        ("Alter", ["Alter", "age"], "Alter"),
    ],
)
def test_headers_that_mean_the_same(name, columns, expected):
    assert nearest(name, columns) == expected


def test_an_absent_field_without_a_like_one(facts):
    rows = pd.DataFrame(columns=["image_id", "lesion", "sex", "site"])
    _, line = describe_columns(rows, Roles(image="image_id"), facts)
    assert line.endswith("missing in all rows")


def test_a_case_column_that_the_model_does_not_know_is_named(facts):
    rows = pd.DataFrame(columns=["file", "Case ID", "age", "sex", "site"])
    _, line = describe_columns(rows, Roles(image="file"), facts)
    assert line == "'Case ID' is not used: the model was trained without cases, every row is one"


def test_no_columns_no_nearest():
    assert nearest("age", []) is None
