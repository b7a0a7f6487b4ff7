from types import SimpleNamespace

import numpy as np
import pytest

from automl_skin.errors import ConfigError
from automl_skin.papers.analyses.wilcoxon import signed_rank
from automl_skin.papers.context import CellResult, LockedCells, ReproduceContext
from automl_skin.papers.study_file import Cell, Column, Row, Table, Variant
from automl_skin.papers.tables import fill_table
from automl_skin.search.trial import Predictions

N = 120


def made(seed, strength):
    rng = np.random.default_rng(seed)
    labels = np.arange(N) % 3
    raw = rng.random((N, 3)) + strength * np.eye(3)[labels]
    return labels, raw / raw.sum(axis=1, keepdims=True)


def context_of(locked=False, **strengths):
    labels = np.arange(N) % 3
    material = SimpleNamespace(labels=labels, folds=np.arange(N) // 3 % 5, n_folds=5)
    manifest = SimpleNamespace(target=SimpleNamespace(classes=("bkl", "mel", "nv")))
    cells = {}
    for number, (name, strength) in enumerate(strengths.items()):
        raw = made(number, strength)[1]
        record = SimpleNamespace(plan=SimpleNamespace(number=number))
        cells[name] = CellResult(Cell(name, {}), "finished", "", record, Predictions(raw, raw))
    cells["absent"] = CellResult(Cell("absent", {}), "not run", "no weights: they could not be downloaded")
    part = None
    if locked:
        stacked = {name: np.stack([each.predictions.raw] * 5) for name, each in cells.items() if each.record}
        part = LockedCells(None, labels, stacked, stacked, "today", 1)
    return ReproduceContext(Variant("v", "v"), None, material, manifest, cells, None, part)


def table(rows, **values):
    columns = (Column("MCR", "mean_class_recall"), "auc of mel")
    return Table("Table 1", columns, tuple(rows), **values)


def test_figures_are_mean_and_deviation_over_folds_in_the_papers_unit():
    context = context_of(one=0.3)
    filled = fill_table(table([Row("one", "one", published={"MCR": (81.6, 1.67)})], scale=100.0), context)
    labels, raw = made(0, 0.3)
    hits = raw.argmax(axis=1) == labels
    folds = np.arange(N) // 3 % 5
    recalls = [np.mean([hits[(folds == k) & (labels == c)].mean() for c in range(3)]) for k in range(5)]
    assert filled.rows[0][1] == "81.60 ± 1.67"
    assert filled.rows[0][2] == f"{100 * np.mean(recalls):.2f} ± {100 * np.std(recalls, ddof=1):.2f}"
    assert filled.rows[0][3] == "-"
    assert "| one | 81.60 ± 1.67 |" in filled.markdown()


def test_what_was_not_run_says_why():
    rows = fill_table(table([Row("x", "absent"), Row("y")]), context_of(one=0.3)).rows
    assert rows[0][2] == "not run: no weights"
    assert rows[1][2] == "-"


def test_on_the_locked_cases():
    one = table([Row("one", "one")], on="locked")
    assert fill_table(one, context_of(one=0.3)).rows[0][2] == "not opened"
    filled = fill_table(one, context_of(locked=True, one=0.3))
    assert filled.rows[0][2].endswith("± 0.000")
    assert "locked" in filled.notes[0]


def test_a_metric_that_is_unknown_is_an_error():
    with pytest.raises(ConfigError, match="a metric: expected one of"):
        fill_table(Table("T", ("luck",), (Row("one", "one"),)), context_of(one=0.3))


def pair(first, second):
    return {"pairs": [{"label": "a pair", "first": first, "second": second}]}


def test_signed_ranks_find_what_is_better_and_leave_out_what_was_not_run():
    context = context_of(weak=0.0, strong=1.0, alike=0.0)
    text = signed_rank(context, **pair(["strong", "absent"], ["weak", "weak"])).markdown
    over_folds = next(line for line in text.splitlines() if "folds of 1 networks" in line)
    assert "| 5 | +0." in over_folds
    assert over_folds.endswith("0.0625 |")  # the least that five pairs can have
    assert "no network has both" in signed_rank(context, **pair(["absent"], ["weak"])).markdown
    assert "| 5 | +0.0000 | 1.0000 |" in signed_rank(context, **pair(["weak"], ["weak"])).markdown


def test_a_pair_of_different_lengths_is_refused():
    with pytest.raises(ConfigError, match="expected as many first as second cells"):
        signed_rank(context_of(one=0.0), **pair(["one"], []))
