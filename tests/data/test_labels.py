import pandas as pd
import pytest

from automl_skin.data.labels import join_labels, read_labelled
from automl_skin.errors import TableError

CASES = pd.DataFrame(
    {
        "lesion_id": ["IL_1", "IL_1", "IL_2", "IL_2", "IL_3"],
        "isic_id": ["ISIC_1", "ISIC_2", "ISIC_3", "ISIC_4", "ISIC_5"],
        "age_approx": ["70", "70", "45", "45", "30"],
    }
)
ONE_HOT = pd.DataFrame(
    {"lesion_id": ["IL_3", "IL_1", "IL_2"], "MEL": ["0.0", "1.0", "0.0"], "NV": ["1.0", "0.0", "1.0"]}
)


def test_one_hot_labels_per_lesion_become_the_target():
    read = join_labels(CASES, ONE_HOT, name="meta.csv", other="truth.csv")
    assert read.target == "diagnosis"
    assert read.table["diagnosis"].tolist() == ["MEL", "MEL", "NV", "NV", "NV"]
    assert read.table.drop(columns="diagnosis").equals(CASES)
    (note,) = read.notes
    assert note == (
        "truth.csv was joined to meta.csv by column 'lesion_id': the target 'diagnosis' is the 2 columns MEL, NV, of "
        "which one is 1 in each row"
    )


def test_one_column_beside_the_id_is_the_target_whatever_the_id_is_called():
    labels = pd.DataFrame({"file": [f"ISIC_{row}.jpg" for row in range(1, 6)], "finding": list("aabba")})
    read = join_labels(CASES, labels)
    assert read.target == "finding"
    assert read.table["finding"].tolist() == list("aabba")
    assert "'isic_id' (there 'file')" in read.notes[0]


def test_an_id_of_the_photograph_comes_before_one_that_repeats():
    labels = CASES[["lesion_id", "isic_id"]].assign(dx=list("abbaa"))
    assert join_labels(CASES, labels).table["dx"].tolist() == list("abbaa")


def test_a_column_of_several_is_named_by_the_target():
    others = dict.fromkeys(["BCC", "AKIEC", "BKL", "DF", "VASC"], "0")
    labels = ONE_HOT.assign(certainty=["low", "high", "high"], **others)
    with pytest.raises(
        TableError, match="got 9 possibilities and no --target; choose among MEL, NV, certainty, BCC"
    ):
        join_labels(CASES, labels)
    assert join_labels(CASES, labels, "certainty").table["certainty"].tolist()[0] == "high"
    assert join_labels(CASES, labels, "MEL").table["MEL"].tolist() == ["1", "1", "0", "0", "0"]
    assert join_labels(CASES, labels, "diagnosis").table["diagnosis"].tolist()[0] == "MEL"
    with pytest.raises(TableError, match="got --target 'dx'"):
        join_labels(CASES, labels, "dx")


def test_ids_on_one_side_only_are_said_and_their_rows_stay_without_a_diagnosis():
    labels = ONE_HOT.assign(lesion_id=["IL_9", "IL_1", "IL_2"])
    read = join_labels(CASES, labels, name="meta.csv", other="truth.csv")
    assert read.table["diagnosis"].isna().tolist() == [False, False, False, False, True]
    assert read.notes[1:] == (
        "1 of 5 rows of meta.csv have no diagnosis in truth.csv ('IL_3'; row 5); they are left out",
        "1 of 3 rows of truth.csv belong to no row of meta.csv ('IL_9'; row 1); they are left out",
    )


def test_equal_rows_of_one_id_are_one_and_an_empty_row_is_none():
    labels = pd.concat([ONE_HOT, ONE_HOT.iloc[[1]], pd.DataFrame({"lesion_id": ["IL_2"]})], ignore_index=True)
    assert join_labels(CASES, labels).table["diagnosis"].tolist() == ["MEL", "MEL", "NV", "NV", "NV"]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda labels: labels.assign(lesion_id=list("xyz")), r"got none: .*'lesion_id' \(IL_1\).*\(x\)"),
        (
            lambda labels: pd.concat([labels, labels.iloc[[0]].assign(MEL="1", NV="0")], ignore_index=True),
            "one diagnosis per 'lesion_id', got several for 1: 'IL_3' has 'NV' and 'MEL' in rows 1, 4",
        ),
        (lambda labels: labels.assign(NV=["1", "1", "1"]), "truth.csv: .*several in row 2"),
        (lambda labels: labels.assign(NV=["1", "0", "0"]), "truth.csv: .*none in row 3"),
        (lambda labels: labels.assign(NV=["0.4", "0", "1"]), "truth.csv: .*soft labels"),
        (
            lambda labels: labels.assign(lesion_id=["IL_3", None, "IL_2"]),
            "an id in each row .* got none in row 2",
        ),
        (lambda labels: labels[["lesion_id"]], "other columns: there are none"),
    ],
)
def test_bad_labels_are_named_with_their_rows(change, message):
    with pytest.raises(TableError, match=message):
        join_labels(CASES, change(ONE_HOT), name="meta.csv", other="truth.csv")


def test_lost_zeros_are_explained():
    cases, labels = (
        CASES.assign(lesion_id=["007", "007", "8", "8", "9"]),
        ONE_HOT.assign(lesion_id=["7", "70", "71"]),
    )
    with pytest.raises(TableError, match="differ in leading zeros alone"):
        join_labels(cases, labels)


def test_numbers_do_not_join_by_chance():
    labels = pd.DataFrame({"number": ["70", "45", "30"], "finding": ["a", "b", "a"]})
    with pytest.raises(TableError, match="ids of photographs, lesions or cases that stand in both, got none"):
        join_labels(CASES, labels)


def test_patients_of_the_label_table_keep_cases_together_and_nothing_else_comes_along():
    labels = ONE_HOT.assign(patient_id=["p1", "p2", "p2"])
    read = join_labels(CASES, labels)
    assert read.table["patient_id"].tolist() == ["p2", "p2", "p2", "p2", "p1"]
    assert "'patient_id' of it as well, which keep cases together" in read.notes[0]


def test_a_diagnosis_of_the_cases_must_not_contradict_and_keeps_its_column():
    given = CASES.assign(dx=["mel", "mel", "nv", "nv", "bkl"])
    labels = pd.DataFrame({"lesion_id": ["IL_1", "IL_2", "IL_3"], "dx": ["mel", "nv", "nv"]})
    with pytest.raises(
        TableError, match="column 'dx': the table and the label table contradict each other in row 5"
    ):
        join_labels(given, labels)
    assert join_labels(CASES.assign(diagnosis="x"), ONE_HOT).target == "label"


def test_tables_are_read_and_joined(tmp_path):
    CASES.to_csv(tmp_path / "meta.csv", index=False)
    ONE_HOT.to_csv(tmp_path / "truth.csv", index=False)
    read = read_labelled([tmp_path / "meta.csv"], tmp_path / "truth.csv")
    assert read.table["diagnosis"].tolist() == ["MEL", "MEL", "NV", "NV", "NV"]
    assert read_labelled([tmp_path / "meta.csv"], None, "age_approx").target == "age_approx"
