from dataclasses import dataclass, fields

import pandas as pd
import pytest

from automl_skin.data import recognise as recognition
from automl_skin.data.describe import describe
from automl_skin.data.groups import connected_groups
from automl_skin.data.headers import normal_name
from automl_skin.data.manifest import ManifestOptions, build_manifest
from automl_skin.data.roles import ROLES, Role, Roles, means_id
from automl_skin.study.settings import StudySettings

ROWS = 60


def test_group_columns_are_patient_lesion_and_the_further_ones():
    assert Roles(image="i").group_columns == ()
    roles = Roles(image="i", patient="p", lesion="l", source="s", groups=("family",))
    assert roles.group_columns == ("p", "l", "family")
    assert roles.case_columns == {"patient": "p", "lesion": "l", "source": "s", "group_family": "family"}


def test_names_are_normal_and_stand_once_per_role():
    for role in ROLES.values():
        assert [normal_name(name) for name in role.names] == list(role.names)
        assert len(set(role.names)) == len(role.names)
        assert not set(role.strict) & set(role.weak) or role.name == "image"


def test_each_role_is_a_field_and_a_setting():
    assert set(ROLES) <= {each.name for each in fields(Roles)}
    assert {f"{role}_column" for role in ROLES} <= {each.name for each in fields(StudySettings)}


@dataclass(frozen=True)
class RolesWithDoctor(Roles):
    doctor: str | None = None


def test_a_role_is_added_in_one_place(tmp_path, monkeypatch):
    doctor = Role("doctor", ("arzt",), ("reader",), lambda text: None, of_cases=True, ties=True)
    monkeypatch.setitem(ROLES, "doctor", doctor)
    monkeypatch.setattr(recognition, "Roles", RolesWithDoctor)
    for number in range(4):
        (tmp_path / f"{number}.jpg").write_bytes(b"")
    table = pd.DataFrame(
        {"image": list("0123"), "Arzt": ["a", "a", "b", "c"], "age": ["1", "2", "2", "2"], "y": list("0101")}
    )
    manifest = build_manifest(table, tmp_path, ManifestOptions("y"))
    assert manifest.roles.by_role["doctor"] == "Arzt"
    assert manifest.roles.served == {"image": "image", "doctor": "Arzt"}
    assert manifest.roles.reasons["Arzt"] == "the doctor column by its name"
    assert (manifest.roles.metadata, manifest.roles.ignored) == (("age",), ())
    assert list(manifest.cases["doctor"]) == ["a", "a", "b", "c"]
    assert "Doctor:   column 'Arzt', 3 different, 0 missing, kept together" in describe(manifest)
    assert list(connected_groups(manifest.cases).ids) == ["0", "0", "2", "3"]
    given = build_manifest(table, tmp_path, ManifestOptions("y", roles={"doctor": "age"}))
    assert given.roles.group_columns == ("age",)


@pytest.mark.parametrize(
    "column",
    [
        *("PatientenNr", "patient_id", "PatientID", "record_id", "Record Number", "MRN", "HistoNr"),
        "Laufnummer",
        *("study ID", "N° patient", "numéro patient", "id_paciente", "codice_paziente", "Aktenzeichen"),
        "fall_nr",
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
    ("role", "name", "values", "word"),
    [
        ("case", "case_id", ["a", None], "it is empty in row 2"),
        ("case", "case_id", [None, None], "it is empty"),
        ("case", "case", [0, 1] * 30, "it holds only '0', '1'"),
        ("case", "case", list("abc") * 20, "it has only 3 different values in 60 rows"),
        ("case", "case", [f"seen by doctor number {row} today" for row in range(ROWS)], "it holds sentences"),
        ("image", "image", ["a photograph seen from the left"] * ROWS, "it holds sentences"),
        ("image", "image", list("abc") * 20, "it has only 3 different values in 60 rows"),
        ("patient", "patient", ["in", "out"] * 30, "it has only 2 different values"),
        ("patient", "patient_id", [None] * ROWS, "it is empty"),
        ("lesion", "lesion", [f"kind {letter}" for letter in "abcdefghij"] * 6, "are words"),
        ("source", "source", [f"s{row}" for row in range(ROWS)], "too many for sources"),
        ("image_role", "view", [f"s{row}" for row in range(ROWS)], "too many for kinds of photograph"),
    ],
)
def test_values_that_no_column_of_a_role_has(role, name, values, word):
    assert word in ROLES[role].why_not(pd.Series(values, name=name))


@pytest.mark.parametrize(
    ("role", "name", "values"),
    [
        ("case", "case", [row // 2 for row in range(ROWS)]),
        ("image", "image", [f"i{row}" for row in range(ROWS)]),
        ("patient", "patient_id", [row % 5 for row in range(ROWS)]),
        ("patient", "patient", [None if row % 2 else f"p{row // 4}" for row in range(ROWS)]),
        ("patient", "patient", ["Anna", "Berta"]),
        ("lesion", "lesion", [f"{row // 3}.{row % 3}" for row in range(ROWS)]),
        ("source", "hospital", ["a", "b", "c"] * 20),
        ("source", "hospital", ["a"]),
        ("image_role", "view", ["dermoscopic", "clinical"] * 30),
    ],
)
def test_values_that_a_role_may_have(role, name, values):
    assert ROLES[role].why_not(pd.Series(values, name=name)) is None
