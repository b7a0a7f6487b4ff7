import shutil
from dataclasses import replace

import numpy as np
import pytest

from automl_skin.errors import IntegrityError, SearchError
from automl_skin.search.material import Material
from automl_skin.search.trial import Predictions
from automl_skin.settings import Workspace
from automl_skin.steps.leaderboard import make_leaderboard, read_leaderboard, trial_table
from automl_skin.steps.report_facts import leaders_of
from automl_skin.study.study import existing_study


@pytest.fixture
def material(tiny):
    return Material.read(tiny.study.material)


@pytest.fixture
def records(tiny):
    return tiny.study.journal.read()


def test_the_best_comes_first_and_equal_ones_by_number(tiny, records):
    table = read_leaderboard(tiny.study).table
    utility = {record.plan.number: record.utility for record in records}
    assert list(table.index) == sorted(utility, key=lambda number: (-utility[number], number))
    assert table["utility"].is_monotonic_decreasing
    assert table["utility"].duplicated().any()


def test_the_best_trial_is_one_thing_and_has_one_interval(tiny, records, material):
    board = make_leaderboard(tiny.study, records, material)
    first = board.table.iloc[0]
    assert board.best.naive == pytest.approx(first["utility"], abs=1e-12)
    corrected = first[["auc_corrected", "auc_corrected_low", "auc_corrected_high"]].tolist()
    interval = board.best.interval
    assert corrected == [interval.value, interval.low, interval.high]
    assert board.table["auc_corrected"].notna().tolist() == board.table["best"].tolist()
    assert board.table["best"].tolist() == [True] + [False] * (len(records) - 1)


def test_pooled_figures_are_of_all_trials_alike_as_the_trials_have_them(tiny, records, material):
    """Seen to fail when the corrected mean over folds stood in the column of the best trial's pooled AUC."""
    board = make_leaderboard(tiny.study, records, material)
    for number, row in board.table.iterrows():
        assert {name: row[name] for name in ("auc", "auc_pooled", "auc_low", "auc_high")} == {
            name: records[number].metrics[name] for name in ("auc", "auc_pooled", "auc_low", "auc_high")
        }


def test_the_number_of_tied_trials_is_that_of_the_rows_that_are_marked(tiny, records, material):
    board = make_leaderboard(tiny.study, records, material)
    assert board.tied == board.table["tied"].sum()
    assert not board.table.loc[board.table["best"], "tied"].any()
    assert f"{board.tied} other trials are tied with it" in board.best_in_words
    assert [each.standing for each in leaders_of(records, board)].count("the best") == 1
    assert "1 other trial is tied with it" in replace(board, tied=1).best_in_words


def test_stopped_and_failed_trials_stand_below_and_are_tied_with_nothing(tiny, records, material, tmp_path):
    study = replace(tiny.study, folder=shutil.copytree(tiny.study.folder, tmp_path / "tiny"))
    best = max(records, key=lambda record: record.utility).plan.number
    states = {best: "stopped", 0: "failed"}
    changed = [
        replace(each, state=states[each.plan.number], reason="slow") if each.plan.number in states else each
        for each in records
    ]
    raw = study.journal.raw(best)
    study.journal.write(changed[best], None, np.where(material.folds[:, None] == 0, raw, np.nan))
    board = make_leaderboard(study, changed, material)
    assert list(board.table.index[-2:]) == sorted(states)
    assert not board.table.loc[list(states), "tied"].any()
    assert list(board.table["reason"]) == [*[""] * (len(records) - 2), "slow", "slow"]
    assert board.spread["trials"].sum() == len(records)
    assert board.spread["finished"].sum() == len(records) - 2
    assert board.spread.set_index("fusion")["best"].isna().to_dict()["metadata"]


def test_tied_is_what_the_paired_comparison_cannot_tell_from_the_best(tiny, records, material, tmp_path):
    study = replace(tiny.study, folder=shutil.copytree(tiny.study.folder, tmp_path / "tiny"))
    board = read_leaderboard(study)
    others = board.table["tied"][~board.table["best"]]
    assert others.drop(0, errors="ignore").all()  # so few cases tell from chance, and nobody else
    knows = np.eye(2)[material.labels] * 0.8 + 0.1
    for number in (1, 5):
        found = replace(records[number], utilities=(1.0,) * 3)
        study.journal.write(found, Predictions(knows, knows))
    board = read_leaderboard(study)
    assert board.table.index[board.table["best"]].tolist() == [1]
    assert board.table.index[board.table["tied"]].tolist() == [5]
    assert board.tied == 1


def test_what_the_locked_test_is_expected_to_say(tiny, records, material):
    board = make_leaderboard(tiny.study, records, material)
    assert board.expected["stack"] == board.expected["best trial"] == board.best.interval
    image = next(record for record in records if record.plan.name == "image alone")
    assert board.expected["image alone"].low == image.metrics["auc_low"]
    other = replace(tiny.study, config=replace(tiny.study.config, metric="average_precision"))
    chosen_otherwise = make_leaderboard(other, records, material).expected
    assert set(chosen_otherwise) == set(board.expected) - {"stack", "best trial"}, (
        "no correction of its AUC exists"
    )


def test_trial_table_has_nothing_of_the_clock(records):
    later = [replace(each, seconds=each.seconds + 9.0, started=each.started + 1e6) for each in records]
    table = trial_table(records)
    assert table.equals(trial_table(later))
    assert not [name for name in table if "second" in name or "start" in name]
    assert table["utilities"].map(len).eq(3).all()
    assert table.loc[0, "name"] == "metadata alone"


def test_no_finished_trial_is_told(tiny, records, material):
    with pytest.raises(SearchError, match="no trial has finished"):
        make_leaderboard(tiny.study, [replace(each, state="failed") for each in records], material)


def test_a_plan_that_was_changed_is_believed_by_nobody(tiny, tmp_path):
    folder = tmp_path / "workspace" / "studies" / tiny.study.name
    shutil.copytree(tiny.study.folder, folder)
    plan = (folder / "plan.csv").read_text()
    (folder / "plan.csv").write_text(plan.replace("development,1", "development,0", 1))
    with pytest.raises(IntegrityError, match=r"plan\.csv"):
        existing_study(Workspace.at(tmp_path / "workspace"), tiny.study.name)


def test_below_ten_groups_of_a_class_no_figure_is_told_as_if_it_were_sure(tiny, records, material):
    kept = np.flatnonzero(material.labels == 1)[:9]
    target = np.isin(np.arange(len(material.labels)), kept).astype(np.int64)
    few = replace(material, cases=material.cases.assign(target=target))
    board = make_leaderboard(tiny.study, records, few)
    assert not any(each.enough for each in board.expected.values())
    assert not board.table["enough"].any()
    assert "too few to tell" in board.best_in_words
