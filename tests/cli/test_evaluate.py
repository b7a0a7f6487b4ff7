import json

import pytest
from sklearn.metrics import roc_auc_score


@pytest.fixture
def evaluate(tiny, end_to_end, tmp_path):
    def run(rows, *flags, target="diagnosis", bundle=None):
        rows.to_csv(tmp_path / "labelled.csv", index=False)
        return end_to_end.command(
            "evaluate",
            bundle or tiny.bundle,
            "--data",
            tmp_path / "labelled.csv",
            "--images",
            tiny.images,
            "--target",
            target,
            "--output",
            tmp_path / "evaluation",
            *flags,
        )

    run.folder = tmp_path / "evaluation"
    return run


def test_figures_and_plots_of_a_labelled_set(tiny, evaluate):
    ended = evaluate(tiny.rows)
    assert ended.code == 0, ended.errors
    assert "AUC" in ended.output
    assert {path.name for path in evaluate.folder.iterdir()} == {
        "scores.csv",
        "evaluation.json",
        "roc.png",
        "calibration.png",
    }
    value = json.loads((evaluate.folder / "evaluation.json").read_text())
    assert sum(value["class_counts"]) == len(tiny.rows)


def test_another_name_and_other_words_for_the_target(tiny, evaluate, end_to_end):
    malignant = tiny.rows["diagnosis"].isin(["melanoma", "carcinoma"])
    renamed = tiny.rows.drop(columns="diagnosis").assign(melanoma=malignant.astype(int))
    by_flag = evaluate(renamed, "--positive", "1", target="melanoma")
    assert by_flag.code == 0, by_flag.errors
    given = json.loads((evaluate.folder / "evaluation.json").read_text())
    scores = end_to_end.read_scores(evaluate.folder / "scores.csv")["probability"]
    assert given["auc"]["value"] == pytest.approx(roc_auc_score(malignant, scores))


@pytest.mark.parametrize(("value", "counts"), [("0", 0), ("1", 1)])
def test_one_class_alone_is_measured_as_far_as_it_goes(tiny, evaluate, value, counts):
    ended = evaluate(tiny.rows.head(12).assign(melanoma=value), "--positive", "1", target="melanoma")
    assert ended.code == 0, ended.errors
    evaluation = json.loads((evaluate.folder / "evaluation.json").read_text())
    assert evaluation["auc"] is None
    assert evaluation["class_counts"][counts] == 12
    assert not (evaluate.folder / "roc.png").exists()


def test_rows_without_a_label_are_left_out(tiny, evaluate):
    rows = tiny.rows.assign(diagnosis=["", *tiny.rows["diagnosis"][1:]])
    assert evaluate(rows).code == 0
    assert sum(json.loads((evaluate.folder / "evaluation.json").read_text())["class_counts"]) == len(rows) - 1


def test_values_that_are_not_understood_are_wrong_input(tiny, evaluate):
    strange = tiny.rows.assign(grade=["low", "high", "other"] * (len(tiny.rows) // 3))
    ended = evaluate(strange, target="grade")
    assert ended.code == 2
    assert "it holds low (32), high (32), other (32). Add --positive" in ended.errors
    absent = evaluate(tiny.rows, target="dx")
    assert absent.code == 2
    assert "'dx': expected a column of the table" in absent.errors
    typo = evaluate(tiny.rows, "--positive", "melanom")
    assert typo.code == 2
    assert "melanoma" in typo.errors


def test_several_classes(tiny, evaluate, multiclass_bundle):
    ended = evaluate(tiny.rows, bundle=multiclass_bundle)
    assert ended.code == 0, ended.errors
    strange = evaluate(tiny.rows.assign(diagnosis="wart"), bundle=multiclass_bundle)
    assert strange.code == 2
    assert "wart" in strange.errors
