from mlflow import MlflowClient


def test_a_study_that_is_unknown_is_named(end_to_end, tmp_path):
    ended = end_to_end.command("reproduce", "nobody_2020", "--workspace", tmp_path)
    assert ended.code == 2
    assert "no study of a paper named 'nobody_2020'" in ended.errors


def test_it_says_which_data_it_needs(end_to_end, tmp_path):
    ended = end_to_end.command("reproduce", "li_2020", "--workspace", tmp_path)
    assert ended.code == 2
    assert "li_2020 needs HAM10000" in ended.errors
    assert "--smoke" in ended.errors


STUDY = """
target = "diagnosis"
positive = ["melanoma", "carcinoma"]
[paper]
citation = "Nobody 2020."
what = "A gate."
needs = "photographs"
[[variant]]
name = "one"
title = "one way"
settings = { locked_share = 0.0, backbone = ["test_resnet"], weights = "random", size = "32x40", folds = 3, jobs = 1 }
[[cell]]
name = "linear"
choose = { fusion = "concat", head = "logistic", keep_columns = true }
[[cell]]
name = "absent"
choose = { backbone = "vgg19.tv_in1k", fusion = "image", head = "logistic", keep_columns = true }
own_backbone = true
[[table]]
title = "Table 1"
columns = ["auc"]
rows = [{ label = "linear", cell = "linear", published = { auc = 0.9 } }, { label = "VGG19", cell = "absent" }]
"""


def test_table_report_and_runs_of_a_paper(tiny, end_to_end, tmp_path):
    folder = tmp_path / "workspace" / "studies" / "gate"
    folder.mkdir(parents=True)
    (folder / "study.toml").write_text(STUDY)
    places = ("--workspace", tmp_path / "workspace", "--cache-dir", tiny.workspace.cache)
    data = ("--data", tiny.table, "--images", tiny.images, "--backbone", "test_resnet", "--device", "cpu")
    ended = end_to_end.command("reproduce", "gate", *data, *places)
    assert ended.code == 0, ended.errors
    assert "auc, paper" in ended.output
    assert "0.9" in ended.output
    assert "not run: another network" in ended.output
    assert "automl-skin search --study gate" in ended.output
    report = (folder / "report.md").read_text()
    assert "automl-skin reproduce gate --data" in report
    assert "absent: not run: another network was asked for" in report
    client = MlflowClient(f"sqlite:///{tmp_path / 'workspace' / 'mlruns' / 'mlflow.db'}")
    ids = [each.experiment_id for each in client.search_experiments()]
    runs = {run.info.run_name: run for run in client.search_runs(ids)}
    cell = next(run for name, run in runs.items() if name.startswith("000 linear"))
    assert cell.data.tags["kind"] == "cell: linear"
    assert cell.data.params["head"] == "logistic"
    assert {"mean_class_recall_mean", "top_1_sd"} <= set(cell.data.metrics)
