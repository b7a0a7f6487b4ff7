"""One small study of a paper from its file to its report, in this process."""

import json
import shutil
from dataclasses import replace
from unittest import mock

import pandas as pd
import pytest
from safetensors.numpy import load_file, save_file

from automl_skin.errors import ConfigError, IntegrityError
from automl_skin.papers.events import LeftOut, VariantEnded
from automl_skin.papers.locked import open_cells
from automl_skin.papers.reading import read_study_file
from automl_skin.papers.reproduce import list_left_out, reproduce
from automl_skin.papers.study_file import AnalysisCall, Row, Table
from automl_skin.papers.variant import Overrides
from automl_skin.settings import Workspace
from automl_skin.steps import embedder
from automl_skin.study.locked_part import LockedPart
from automl_skin.study.stage_one_file import read_embedded

SMOKE = (
    '{ backbone = ["test_resnet"], weights = "random", size = "32", folds = 3, jobs = 1, device = "cpu", '
    "lesions = 70 }"
)
FILE = """
target = "diagnosis"
positive = ["melanoma", "carcinoma"]
backbone = ["resnet18"]
seed = 3

[paper]
citation = "Nobody 2020."
what = "A gate."
needs = "photographs"

[[variant]]
name = "held-out"
title = "a fifth is locked"
settings = { locked_share = 0.3 }
smoke = SMOKE

[[variant]]
name = "image-folds"
title = "lesions on both sides"
preparation = "image_folds"
settings = { split = "fold", waive_leakage = true }
smoke = SMOKE

[[cell]]
name = "metadata"
choose = { fusion = "metadata", head = "logistic" }

[[cell]]
name = "both"
choose = { fusion = "concat", head = "logistic", keep_columns = true }
own_backbone = true

[[cell]]
name = "age"
choose = { fusion = "concat", head = "logistic" }
fields = ["age"]

[[cell]]
name = "the same"
choose = { fusion = "concat", head = "logistic", keep_columns = true }

[[table]]
title = "Table 1"
columns = ["auc", { label = "top 1", metric = "top_1" }]
scale = 100.0
rows = [
  { label = "metadata", cell = "metadata", published = { auc = [70.0, 1.5] } },
  { label = "both", cells = { auc = "both", "top 1" = "age" } },
  { label = "nevus", cell = "age", metric = "recall of wart" },
]

[[table]]
title = "Table 2"
columns = ["auc"]
on = "locked"
variants = ["held-out"]
rows = [{ label = "both", cell = "both" }]
""".replace("SMOKE", SMOKE)


class Listener:
    """Keeps what it is told of variants."""

    def __init__(self):
        self.done = []

    def __call__(self, event):
        if isinstance(event, LeftOut):
            self.lines = list(event.lines)
        elif isinstance(event, VariantEnded):
            self.done.append(event.reproduced)


@pytest.fixture(scope="module")
def run():
    def run_it(folder, cache=None, **wishes):
        workspace = Workspace.at(folder / "workspace", cache or folder / "cache")
        file = read_study_file(workspace.study_folder("gate") / "study.toml")
        listener = Listener()
        outcome = reproduce(
            workspace, file, Overrides(smoke=True, **wishes), listener, "automl-skin reproduce gate"
        )
        return outcome, {each.context.variant.name: each for each in listener.done}

    return run_it


def write(folder, text=FILE):
    path = folder / "workspace" / "studies" / "gate" / "study.toml"
    path.parent.mkdir(parents=True)
    path.write_text(text)


@pytest.fixture(scope="module")
def done(tmp_path_factory, run):
    folder = tmp_path_factory.mktemp("gate")
    write(folder)
    return folder, *run(folder)


def test_every_cell_is_a_trial_and_equal_ones_are_one(done):
    _, _, variants = done
    context = variants["held-out"].context
    assert [each.state for each in context.cells.values()] == ["finished"] * 4
    records = context.study.journal.read()
    assert [record.plan.name for record in records] == ["metadata", "both", "age"]
    assert {record.plan.kind for record in records} == {"cell"}
    assert context.cells["the same"].record == context.cells["both"].record
    assert context.cells["age"].record.plan.config.fields == ("age",)
    assert (context.probabilities("age") != context.probabilities("both")).any()


def test_tables_have_the_paper_and_ours(done):
    _, _, variants = done
    table = variants["held-out"].tables[0]
    assert table.columns == ("", "auc, paper", "auc, ours", "top 1, paper", "top 1, ours")
    assert table.rows[0][1] == "70.00 ± 1.50"
    assert "±" in table.rows[0][2]
    assert table.rows[1][2].endswith("*")  # another network than the paper's
    assert table.rows[2][2] == "no such class"
    assert any("test_resnet.random in place of resnet18" in note for note in table.notes)


def test_locked_cases_are_opened_once_for_all_cells(run, done):
    folder, _, variants = done
    context = variants["held-out"].context
    assert context.locked.times_opened == 1
    assert context.locked.raw["both"].shape == (3, len(context.locked.labels), 2)
    assert "±" in variants["held-out"].tables[1].rows[0][2]
    assert variants["image-folds"].context.locked is None
    again, _ = run(folder)
    openings = json.loads((context.study.locked / "openings.json").read_text())
    assert len(openings) == 1
    assert again.variants[0].context.locked.when == context.locked.when


def test_a_second_call_repeats_nothing(run, done):
    folder, _, variants = done
    before = variants["held-out"].context.study.journal.read()
    _, after = run(folder)
    assert after["held-out"].context.study.journal.read() == before
    assert after["held-out"].tables == variants["held-out"].tables


def test_the_report_says_what_leaks(done):
    _, outcome, _ = done
    text = outcome.report.read_text()
    assert "**Leakage was waived**" in text
    assert "automl-skin reproduce gate" in text
    assert "opened on" in text
    assert outcome.report.name == "report-smoke.md"


def test_a_cell_that_is_added_is_one_more_trial(run, done, tmp_path):
    more = '[[cell]]\nname = "more"\nchoose = { fusion = "image" }\n\n[[cell]]\nname = "age"'
    cache = done[0] / "cache"
    write(tmp_path)
    run(tmp_path, cache, variants=("image-folds",))
    path = tmp_path / "workspace" / "studies" / "gate" / "study.toml"
    path.write_text(FILE.replace('[[cell]]\nname = "age"', more))
    _, variants = run(tmp_path, cache, variants=("image-folds",))
    records = variants["image-folds"].context.study.journal.read()
    assert [record.plan.name for record in records] == ["metadata", "both", "age", "more"]


@pytest.mark.parametrize(
    ("before", "after", "message"),
    [
        ("keep_columns = true", "keep_colums = true", "expected answers to .*, got one to 'keep_colums'"),
        ('head = "logistic" }\nfields', 'head = "oracle" }\nfields', "expected head = .*, got 'oracle'"),
        ('fields = ["age"]', 'fields = ["weight"]', "expected metadata of the study .*, got weight"),
        ("keep_columns = true", "keep_columns = 7", "expected keep_columns to be one of .*, got 7"),
        ('"image_folds"', '"image_fold"', "preparation: expected one of"),
    ],
)
def test_a_slip_is_found_before_anything_long(run, done, tmp_path, before, after, message):
    write(tmp_path, FILE.replace(before, after))
    with pytest.raises(ConfigError, match=message):
        run(tmp_path, done[0] / "cache", variants=("image-folds",))


def test_a_variant_that_is_unknown_is_named(run, done):
    with pytest.raises(ConfigError, match="expected one of held-out, image-folds, got 'random'"):
        run(done[0], variants=("random",))


def metadata_alone():
    """Return the file with the cells that see no image, and no table."""
    file = FILE[: FILE.index("[[table]]")]
    head, *cells = file.split("[[cell]]")
    return "[[cell]]".join([head, *(cell for cell in cells if 'fusion = "metadata"' in cell)])


def test_where_no_cell_sees_an_image_nothing_is_embedded(run, done, tmp_path):
    write(tmp_path, metadata_alone())
    with mock.patch.object(embedder, "extract", side_effect=AssertionError("an image was embedded")):
        _, variants = run(tmp_path, variants=("held-out",))
        run(tmp_path, variants=("held-out",))
    context = variants["held-out"].context
    before = done[2]["held-out"].context
    assert context.cells["metadata"].state == "finished"
    assert (context.material.inputs.embeddings, read_embedded(context.study)) == ({}, {})
    assert (
        context.cells["metadata"].predictions.calibrated == before.cells["metadata"].predictions.calibrated
    ).all()
    assert (context.locked.calibrated["metadata"] == before.locked.calibrated["metadata"]).all()


def test_a_study_of_metadata_that_was_begun_with_embeddings_goes_on_with_them(run, tmp_path):
    write(tmp_path, metadata_alone())
    with mock.patch("automl_skin.papers.run.uses_image", return_value=True):  # as it was once
        _, first = run(tmp_path, variants=("held-out",))
    _, again = run(tmp_path, variants=("held-out",))
    first, again = (each["held-out"].context for each in (first, again))
    assert again.study.folder == first.study.folder
    assert list(again.material.inputs.embeddings) == ["test_resnet.random@plain"]
    assert again.cells["metadata"].record == first.cells["metadata"].record


def test_some_cells_alone(run, tmp_path):
    write(tmp_path)
    _, variants = run(tmp_path, variants=("image-folds",), cells=("metadata",))
    context = variants["image-folds"].context
    assert context.cells["metadata"].state == "finished"
    others = [each for name, each in context.cells.items() if name != "metadata"]
    assert {(each.state, each.reason) for each in others} == {("not run", "not asked for")}


def test_a_cell_that_is_unknown_is_named(run, done):
    with pytest.raises(ConfigError, match=r"gate has no cell 'bath' \(did you mean 'both'\?\)"):
        run(done[0], cells=("bath",))


def test_without_data_there_is_no_study_of_a_paper(done):
    folder = done[0]
    workspace = Workspace.at(folder / "workspace", folder / "cache")
    file = read_study_file(workspace.study_folder("gate") / "study.toml")
    with pytest.raises(ConfigError, match="gate needs photographs: give --data"):
        reproduce(workspace, file, Overrides(), Listener(), "")


@pytest.mark.slow
def test_a_search_starts_from_the_same_file_and_goes_beyond_it(done, end_to_end):
    folder, _, variants = done
    data = variants["held-out"].context.study.config
    workspace = Workspace.at(folder / "workspace", folder / "cache")
    outcome = end_to_end.search(workspace, "gate", data=data.data, images=data.images, trials=4)
    assert outcome.study.config.positive == ("melanoma", "carcinoma")
    assert len(outcome.records) == 4
    assert outcome.opening is not None


OWN = """
[[analysis]]
name = "roc"
options = { title = "ROC of warts", positive = ["wart"] }

[[analysis]]
name = "roc"
options = { title = "ROC of melanoma", positive = ["MM"] }

[[analysis]]
name = "confusion"
options = { title = "Of no cell", cells = ["nobody's"] }
"""


def test_cases_of_ones_own_with_other_names_are_carried_through(tiny, tmp_path):
    write(
        tmp_path,
        FILE.replace("seed = 3", 'seed = 3\ngroup = ["patient"]').replace("[70.0, 1.5]", "70.0") + OWN,
    )
    table = pd.read_csv(tiny.table)
    names = {"melanoma": "MM", "nevus": "Naevus", "carcinoma": "MM", "keratosis": "Naevus"}
    own = table.assign(diagnosis=table["diagnosis"].replace(names)).rename(columns={"age": "alter_jahre"})
    own = own.drop(columns=[name for name in own if name in {"lesion_id", "patient_id"}])
    own.to_csv(tmp_path / "own.csv", index=False)
    workspace = Workspace.at(tmp_path / "workspace", tmp_path / "cache")
    file = read_study_file(workspace.study_folder("gate") / "study.toml")
    listener = Listener()
    flags = {"data": [str(tmp_path / "own.csv")], "images": str(tiny.images), "positive": ["MM"]}
    flags |= {"backbone": ["test_resnet"], "weights": "random", "size": "32", "folds": 2, "jobs": 1}
    outcome = reproduce(workspace, file, Overrides(flags, variants=("held-out",)), listener, "a command")
    assert [line.partition(":")[0] for line in listener.lines] == ["Table 1", "ROC of warts"]
    (done,) = outcome.variants
    assert done.context.cells["age"].state == "not run"
    assert "no field age in the table" in done.context.cells["age"].reason
    assert "metadata" in done.context.finished
    report = outcome.report.read_text()
    assert "group without patient, which the table lacks" in report
    assert "no class 'wart'" in report
    assert "an analysis of held-out: expected cells of this variant" in report
    assert [len(section.pictures) for section in done.sections] == [0, 1, 0]


@pytest.fixture
def context(done, tmp_path):
    """The variant with locked cases as it was before they were opened, in a workspace and with a cache of its own."""
    before = done[2]["held-out"].context
    workspace = Workspace.at(tmp_path / "workspace", tmp_path / "cache")
    folder = shutil.copytree(before.study.folder, workspace.studies / "gate" / "held-out")
    (folder / "locked" / "openings.json").unlink()
    return replace(before, study=replace(before.study, folder=folder, workspace=workspace), locked=None)


def silent(*_):
    pass


def test_without_a_finished_cell_nothing_is_opened(context):
    unfinished = {name: replace(each, state="failed") for name, each in context.cells.items()}
    assert open_cells(replace(context, cells=unfinished), silent, again=True) is None
    assert LockedPart(context.study).records() == []


def test_without_locked_cases_nothing_is_opened(done):
    context = done[2]["image-folds"].context
    assert open_cells(context, silent, again=True) is None
    assert LockedPart(context.study).records() == []


def test_other_cells_leave_the_locked_cases_closed_unless_asked_for(context):
    assert open_cells(context, silent, again=False).opened == "opened once"
    fewer = replace(context, cells={"age": context.cells["age"]})
    assert open_cells(fewer, silent, again=False) is None
    assert len(LockedPart(context.study).records()) == 1
    again = open_cells(fewer, silent, again=True)
    assert (again.times_opened, again.opened) == (2, "opened 2 times")
    assert len(LockedPart(context.study).records()) == 2


def test_cells_of_another_plan_open_nothing(context):
    strange = replace(context, material=replace(context.material, plan_digest="0" * 64))
    with pytest.raises(IntegrityError, match="expected the plan 0000"):
        open_cells(strange, silent, again=False)
    assert LockedPart(context.study).records() == []


def test_changed_probabilities_of_the_locked_cases_are_refused(context):
    open_cells(context, silent, again=False)
    path = context.study.locked / "cells.safetensors"
    save_file({name: 1.0 - values for name, values in load_file(path).items()}, path)
    with pytest.raises(IntegrityError, match=r"cells\.safetensors: expected what was written before"):
        open_cells(context, silent, again=False)


def test_a_chain_of_a_cell_that_was_changed_opens_nothing(context):
    number = context.cells["age"].record.plan.number
    path = context.study.chains / f"{number:04d}-1" / "chain.json"
    value = json.loads(path.read_text())
    value["calibrator"]["slopes"] = [-each for each in value["calibrator"]["slopes"]]
    path.write_text(json.dumps(value))
    with pytest.raises(IntegrityError, match=r"but chain\.json was changed"):
        open_cells(context, silent, again=False)
    assert LockedPart(context.study).records() == []


def test_what_is_of_a_class_that_there_is_not_is_named():
    table = Table("Table 1", ("auc",), (Row("scc", metric="auc of scc+mel"), Row("all")))
    calls = [
        AnalysisCall("roc", {"title": "ROC", "positive": ["mel", "scc"]}),
        AnalysisCall("forest_grid", {"sides": {"AUC cancer": ["mel", "bcc"]}}),
        AnalysisCall("confusion", {"title": "Confusion"}),
    ]
    assert list(list_left_out([table], calls, ["mel", "nv"])) == [
        "Table 1: figures of scc (no class 'scc'; the classes are mel, nv)",
        "ROC: no class 'scc'; the classes are mel, nv",
        "forest_grid: AUC cancer (no class 'bcc'; the classes are mel, nv)",
    ]
    assert list(list_left_out([table], calls, ["bcc", "mel", "scc"])) == []
