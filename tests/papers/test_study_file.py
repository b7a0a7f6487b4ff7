from pathlib import Path

import pytest

from automl_skin.errors import ConfigError
from automl_skin.papers.reading import find_study_file, list_paper_studies, read_study_file
from automl_skin.settings import Workspace
from automl_skin.study.config import parse_settings
from automl_skin.study.settings_file import read_settings
from automl_skin.study.study import committed_study, open_study

FILE = """
target = "dx"
trials = 7

[paper]
citation = "Nobody 2020."
what = "A gate."
needs = "photographs"

[[variant]]
name = "one"
title = "one way"

[[cell]]
name = "image"
choose = { fusion = "image", mlp_layers = 1, mlp_dropout = 0.0, keep_columns = true }

[[table]]
title = "Table 1"
columns = ["auc", { label = "recall", metric = "recall of mel" }]
rows = [{ label = "image", cell = "image", published = { auc = 0.8, recall = [0.7, 0.1] } }]

[[analysis]]
name = "wilcoxon"
options = { pairs = [] }
"""


def write(folder, text=FILE):
    path = folder / "studies" / "gate" / "study.toml"
    path.parent.mkdir(parents=True)
    path.write_text(text)
    return path


def test_it_is_read_with_values_of_their_types(tmp_path):
    file = read_study_file(write(tmp_path))
    assert file.name == "gate"
    assert file.settings == {"target": "dx", "trials": 7}
    assert file.cells[0].choose == {
        "fusion": "image",
        "mlp_layers": 1,
        "mlp_dropout": 0.0,
        "keep_columns": True,
    }
    assert [type(value) for value in file.cells[0].choose.values()] == [str, int, float, bool]
    assert [column.metric for column in file.tables[0].headed] == ["auc", "recall of mel"]
    assert file.tables[0].rows[0].published == {"auc": 0.8, "recall": (0.7, 0.1)}


@pytest.mark.parametrize(
    ("typed", "read"),
    [
        ("ours", "full epochs=100 fit=crop"),
        ("ours mode=joint epochs=6 fusion=ha", "full epochs=6 fit=crop fusion=ha mode=joint"),
        ("full epochs=2", "full epochs=2"),
        ("none", "none"),
    ],
)
def test_a_tuning_of_the_paper_is_read_in_general_terms(tmp_path, typed, read):
    text = FILE.replace("[[variant]]", '[tunings]\nours = "full epochs=100 fit=crop"\n[[variant]]')
    text = text.replace('choose = { fusion = "image"', f'choose = {{ tuning = "{typed}", fusion = "image"')
    assert read_study_file(write(tmp_path, text)).cells[0].tuning == read


def test_a_search_starts_from_the_settings_and_ignores_the_rest(tmp_path):
    write(tmp_path)
    study = open_study(Workspace.at(tmp_path, tmp_path / "cache"), "gate", {"data": "table.csv", "trials": 3})
    assert study.config.target == "dx"
    assert study.config.trials == 3


@pytest.mark.parametrize(
    ("before", "after", "message"),
    [
        ('cell = "image"', 'cell = "imago"', "each cell to be one that it defines \\(.*\\), got 'imago'"),
        ("auc = 0.8", "acu = 0.8", "each column to be one .*, got 'acu'"),
        ('title = "one way"', 'title = "one way"\ncolour = 3', "Unexpected keyword argument"),
        ('needs = "photographs"', "", "paper.needs"),
        (
            'name = "wilcoxon"',
            'name = "wilcoxon"\nvariants = ["two"]',
            "each variant to be one .*, got 'two'",
        ),
        (
            "[[variant]]",
            '[tunings]\nfull = "head"\n[[variant]]',
            "expected names of its own, got the general 'full'",
        ),
        ("[[variant]]", "[tunings]\nours = 3\n[[variant]]", "tunings.ours"),
        (
            '[[cell]]\nname = "image"',
            '[[cell]]\nname = "image"\nchoose = {}\n[[cell]]\nname = "image"',
            "cells of gate",
        ),
        (
            'title = "one way"\n',
            (
                'title = "one way"\nsmoke = { cells = ["late"] }\n[[variant]]\nname = "two"\ntitle = "another"\n'
                '[[cell]]\nname = "late"\nvariants = ["two"]\nchoose = {}\n'
            ),
            "each cell of one to be one that it defines \\(image\\), got 'late'",
        ),
    ],
)
def test_a_slip_is_named(tmp_path, before, after, message):
    with pytest.raises(ConfigError, match=message):
        read_study_file(write(tmp_path, FILE.replace(before, after)))


def test_a_study_of_no_paper_is_not_found_and_not_listed(tmp_path):
    path = tmp_path / "studies" / "mine" / "study.toml"
    path.parent.mkdir(parents=True)
    path.write_text('target = "dx"\n')
    workspace = Workspace.at(tmp_path, tmp_path)
    assert "mine" not in [file.name for file in list_paper_studies(workspace)]
    with pytest.raises(
        ConfigError, match="found no study of a paper named 'mine'; `automl-skin studies` lists"
    ):
        find_study_file(workspace, "mine")


@pytest.mark.parametrize("name", [file.name for file in list_paper_studies(Workspace.at(Path("nowhere")))])
def test_what_ships_can_be_read(name):
    file = read_study_file(committed_study(name))
    assert file.cells or file.worlds
    assert file.variants or file.worlds
    assert all(file.cells_of(variant.name) for variant in file.variants)


def test_numbers_of_a_paper_are_read():
    path = committed_study("li_2020")
    file = read_study_file(path)
    assert {"as-published", "lesion-disjoint"} <= {variant.name for variant in file.variants}
    parse_settings(read_settings(path), "")
    published = {(table.title[:7], row.label): row.published for table in file.tables for row in table.rows}
    assert published["Table 1", "SENet154"]["MetaNet"] == (87.64, 0.52)
    assert published["Table 2", "DF"]["none"] == (63.56, 1.32)
    assert published["Table 3", "age, site"]["MetaNet"] == (87.70, 0.99)
    assert published["Table 4", "3 layers"] == {"MetaNet": (87.71, 0.87), "concat": (86.88, 0.54)}
