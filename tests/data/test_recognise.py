import pandas as pd
import pytest

from automl_skin.data.locate import index_images
from automl_skin.data.recognise import recognise
from automl_skin.errors import ConfigError, TableError


@pytest.fixture
def index(tmp_path):
    for number in range(6):
        (tmp_path / f"{number}.jpg").write_bytes(b"")
    return index_images(tmp_path)


def test_usual_names(index):
    table = pd.DataFrame(
        {
            "Patient ID": ["p", "q"],
            "file": ["1", "2"],
            "Hospital": ["x", "y"],
            "lesion": ["l", "m"],
            "y": [0, 1],
        }
    )
    roles = recognise(table, index, {}, "y")
    assert (roles.image, roles.patient, roles.lesion, roles.source) == (
        "file",
        "Patient ID",
        "lesion",
        "Hospital",
    )
    assert roles.case is None
    assert roles.target == "y"


def test_image_column_by_values_when_names_say_nothing(index):
    table = pd.DataFrame({"c1": [1.0, 1.0, 2.0, 2.0], "c2": [0.0, 3.0, 4.0, 5.0], "c3": ["a", "b", "c", "d"]})
    roles = recognise(table, index, {})
    assert roles.image == "c2"
    assert "files of the image folder (4" in roles.reasons["c2"]


def test_another_id_column_that_fits_the_folder(index):
    table = pd.DataFrame({"image": ["x_mel.jpg", "y_oth.jpg"], "other_id": ["1", "9"]})
    assert recognise(table, index, {}).image == "other_id"


def test_names_decide_when_no_image_is_there(index):
    assert recognise(pd.DataFrame({"a": ["x"], "image_id": ["y"]}), index, {}).image == "image_id"
    with pytest.raises(TableError, match=r"got a, b, none .* \(0\.jpg, 1\.jpg, 2\.jpg\)"):
        recognise(pd.DataFrame({"a": ["x"], "b": ["y"]}), index, {})


def test_what_the_user_says_wins(index):
    table = pd.DataFrame({"image": ["1"], "picture": ["2"], "patient_id": ["p"], "who": ["q"]})
    roles = recognise(table, index, {"image": "picture", "patient": "who", "lesion": ""})
    assert (roles.image, roles.patient, roles.lesion) == ("picture", "who", None)
    assert recognise(table, index, {"patient": ""}).patient is None


def test_groups_are_added_once(index):
    table = pd.DataFrame({"image": ["1"], "lesion_id": ["l"], "family": ["f"]})
    assert recognise(table, index, {}, groups=("lesion_id",)) == recognise(table, index, {})
    roles = recognise(table, index, {}, groups=("family", "lesion_id", "family"))
    assert roles.groups == ("family",)
    assert roles.group_columns == ("lesion_id", "family")


def test_columns_that_are_not_there(index):
    table = pd.DataFrame({"image": ["1"], "dx": ["mel"]})
    for arguments, match in [
        (({}, "diagnosis"), r"--target 'diagnosis': expected a column of the table \(image, dx\)"),
        (({"patient": "who"},), "the patient column 'who'"),
        (({}, None, ("who",)), "--group 'who'"),
    ]:
        with pytest.raises(TableError, match=match):
            recognise(table, index, *arguments)
    with pytest.raises(ConfigError, match=r"expected a role .*, got 'doctor'"):
        recognise(table, index, {"doctor": "dx"})
    with pytest.raises(TableError, match="got the target"):
        recognise(table, index, {}, "dx", ("dx",))


@pytest.mark.parametrize(
    ("header", "roles"),
    [
        ("Bilddatei,PatientenNr,Läsion,Klinik,Fall", "image,patient,lesion,source,case"),
        ("nom_fichier,N° patient,Lésion,Hôpital,id_cas", "image,patient,lesion,source,case"),
        ("imagen,ID Paciente,Lesión,Centro,caso", "image,patient,lesion,source,case"),
        ("immagine,codice_paziente,lesione,ospedale,numero caso", "image,patient,lesion,source,case"),
        ("Imagem,paciente,Lesão,instituição,caso_id", "image,patient,lesion,source,case"),
    ],
)
def test_headers_of_other_languages(index, header, roles):
    table = pd.DataFrame({name: ["1", "2", "3"] for name in header.split(",")})
    found = recognise(table, index, {})
    assert [getattr(found, role) for role in roles.split(",")] == header.split(",")


def test_a_name_alone_makes_no_role(index):
    rows = 30
    table = pd.DataFrame(
        {
            "image": ["a photograph seen from the left"] * rows,
            "id": [f"{row}.png" for row in range(rows)],
            "case": [row % 2 for row in range(rows)],
            "patient": ["inpatient", "outpatient"] * (rows // 2),
            "lesion": ["papule", "plaque", "nodule"] * (rows // 3),
            "source": [f"page {row}" for row in range(rows)],
            "view": [f"v{row}" for row in range(rows)],
        }
    )
    roles = recognise(table, index, {})
    assert roles.image == "id"
    assert (roles.case, roles.patient, roles.lesion, roles.source, roles.image_role) == (None,) * 5
    assert set(roles.doubts) == set(table) - {"id"}
    assert "it holds only '0', '1'; correct it, or give --case-column" in roles.doubts["case"]
    assert roles.reasons["case"] == "named like a case, but its values do not fit"
    assert {"patient", "lesion"}.isdisjoint(roles.reasons), "these may be metadata"
    given = recognise(table, index, {"case": "case", "lesion": "lesion", "source": "source"})
    assert (given.case, given.lesion, given.source) == ("case", "lesion", "source")


def test_ages_do_not_name_images_although_there_are_such_files(index):
    table = pd.DataFrame({"image_id": [f"x{row}" for row in range(9)], "age": [1, 2, 3, 4, 5, 1, 2, 3, 4]})
    assert recognise(table, index, {}).image == "image_id"
    table = pd.DataFrame({"age": range(9), "photo": [f"x{row}.heic" for row in range(9)]})
    assert recognise(table.assign(age=[1, 1, 2] * 3), index, {}).image == "photo"


def test_a_second_photograph_in_a_row_gets_a_hint(index):
    table = pd.DataFrame({"derm": ["0.jpg", "1.jpg"], "clinic": ["2.jpg", "3.jpg"], "again": ["0", "1"]})
    roles = recognise(table, index, {"image": "derm"})
    assert list(roles.doubts) == ["clinic"]
    assert "--image-role-column" in roles.doubts["clinic"]
    assert roles.reasons["clinic"] == "names other photographs than 'derm'"


def test_there_is_always_an_image_column(index):
    with pytest.raises(
        ConfigError, match="--image-column: expected the column of the image ids or paths, got ''"
    ):
        recognise(pd.DataFrame({"image": ["1"]}), index, {"image": ""})
