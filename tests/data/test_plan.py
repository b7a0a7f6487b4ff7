import json
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from automl_skin.data.groups import connected_groups
from automl_skin.data.plan import FoldPlan, make_plan, plan_from_split
from automl_skin.errors import ConfigError, IntegrityError, LeakageError, TableError


def study(n=200, seed=0, per_lesion=2, positives=0.3):
    rng = np.random.default_rng(seed)
    index = pd.Index([f"case{i:03d}" for i in range(n)])
    lesion = np.arange(n) // per_lesion
    patient = pd.Series([f"p{number // 3}" for number in lesion], index=index).mask(rng.random(n) < 0.5)
    table = pd.DataFrame({"patient": patient, "lesion": [f"l{number}" for number in lesion]}, index=index)
    positive = (rng.random(lesion.max() + 1) < positives)[lesion]
    diagnosis = np.where(positive, rng.choice(["mel", "bcc"], n), rng.choice(["nv", "bkl"], n))
    strata = pd.DataFrame({"class": positive.astype(str), "diagnosis": diagnosis}, index=index)
    return connected_groups(table), strata


@st.composite
def studies(draw):
    n, seed = draw(st.integers(40, 90)), draw(st.integers(0, 2**31 - 1))
    return study(n, seed, draw(st.integers(1, 3)), draw(st.sampled_from([0.2, 0.5])))


def plan_or_assume(groups, strata, **settings_):
    try:
        return make_plan(groups, strata, **settings_)
    except TableError:
        assume(condition=False)


properties = settings(max_examples=10, deadline=None, suppress_health_check=list(HealthCheck))


@properties
@given(studies(), st.integers(2, 5), st.sampled_from([0.0, 0.2, 0.3]), st.integers(0, 99))
def test_groups_are_never_cut_and_every_case_has_one_place(data, folds, share, seed):
    groups, strata = data
    plan = plan_or_assume(groups, strata, folds=folds, locked_share=share, seed=seed)
    places = plan.table["part"] + plan.table["fold"].astype(str)
    assert places.groupby(groups.ids).nunique().max() == 1
    held = [case for fold in plan.folds for case in plan.held_out(fold)]
    assert sorted([*held, *plan.locked]) == sorted(groups.ids.index)
    assert len(plan.folds) == folds
    for fold in plan.folds:
        assert strata.loc[plan.held_out(fold), "class"].nunique() == 2
        assert sorted([*plan.training(fold), *plan.held_out(fold)]) == sorted(plan.development)
        assert not set(groups.ids[plan.training(fold)]) & set(groups.ids[plan.held_out(fold)])


@properties
@given(studies(), st.integers(2, 4), st.integers(0, 9))
def test_inner_splits_are_whole_groups_of_the_training_rows(data, n_splits, seed):
    groups, strata = data
    plan = plan_or_assume(groups, strata, folds=3)
    for fold in (None, 0):
        assume(groups.ids[plan.training(fold)].nunique() >= n_splits)
        parts = plan.inner(fold, n_splits, seed)
        assert len(parts) == n_splits
        assert sorted(case for _, held in parts for case in held) == sorted(plan.training(fold))
        for fit, held in parts:
            assert set(fit) | set(held) == set(plan.training(fold))
            assert not set(groups.ids[fit]) & set(groups.ids[held])


@properties
@given(studies(), st.integers(0, 9), st.randoms(use_true_random=False))
def test_the_same_study_gives_the_same_plan_whatever_the_order_of_the_rows(data, seed, random):
    groups, strata = data
    plan = plan_or_assume(groups, strata, folds=3, seed=seed)
    order = list(groups.ids.index)
    random.shuffle(order)
    again = make_plan(groups.only(pd.Index(order)), strata, folds=3, seed=seed)
    assert again.digest == plan.digest
    pd.testing.assert_frame_equal(again.table.loc[plan.table.index], plan.table)
    inner = [sorted(held) for _, held in plan.inner(1, 3)]
    assert inner == [sorted(held) for _, held in again.inner(1, 3)]


@properties
@given(studies(), st.data())
def test_the_digest_changes_if_and_only_if_the_assignment_does(data, draw):
    groups, strata = data
    plan = plan_or_assume(groups, strata, folds=3)
    case = draw.draw(st.sampled_from(list(groups.ids.index)))
    column = draw.draw(st.sampled_from(["group", "part", "fold"]))
    changed = plan.table.copy()
    changed.loc[case, column] = {"group": "other", "part": "left_out", "fold": 7}[column]
    assert replace(plan, table=changed).digest != plan.digest
    renamed = plan.table.rename(index={case: "another"})
    assert replace(plan, table=renamed).digest != plan.digest
    same = plan.table.sample(frac=1, random_state=0).assign(stratum_class="x")
    assert FoldPlan(same, seed=5, waiver="yes", crossing_share=0.5, notes=("n",)).digest == plan.digest


def test_another_seed_gives_another_plan():
    groups, strata = study()
    assert make_plan(groups, strata, seed=1).digest != make_plan(groups, strata, seed=2).digest


def test_classes_and_diagnoses_are_even_over_folds():
    groups, strata = study(2000)
    plan = make_plan(groups, strata)
    shares = pd.crosstab(plan.table["fold"], strata["diagnosis"], normalize="index")
    assert (shares.max() - shares.min() < 0.03).all()


def test_strata_may_be_the_classes_alone():
    groups, strata = study()
    assert make_plan(groups, strata["class"], folds=3).folds == (0, 1, 2)


def test_inner_splits_differ_by_seed_and_are_remembered():
    plan = make_plan(*study())
    first = plan.inner(0, 3, seed=1)
    assert plan.inner(0, 3, seed=1) is first
    assert not first[0][1].equals(plan.inner(0, 3, seed=2)[0][1])


def test_inner_splits_without_two_folds_have_no_case_of_either():
    plan = make_plan(*study())
    held_out = plan.held_out(1).union(plan.held_out(3))
    parts = plan.inner((3, 1), 4)
    assert parts is plan.inner((1, 3), 4)
    for fitted, held in parts:
        assert held_out.intersection(fitted.union(held)).empty
        assert set(fitted) | set(held) == set(plan.development) - set(held_out)
        assert not set(plan.table.loc[fitted, "group"]) & set(plan.table.loc[held, "group"])
    assert plan.inner((2,), 4) is plan.inner(2, 4)
    assert plan.inner((), 4) is plan.inner(None, 4)


def test_inner_splits_survive_a_class_that_is_rare_in_them():
    groups, strata = study(120, per_lesion=1)
    strata["class"] = np.where(np.arange(120) < 6, "rare", "often")
    strata["diagnosis"] = strata["class"]
    plan = make_plan(groups, strata, folds=3, locked_share=0)
    assert len(plan.inner(0, 10)) == 10


@pytest.mark.parametrize("n_splits", [1, 1000])
def test_inner_splits_need_a_group_a_part(n_splits):
    with pytest.raises(ConfigError, match=f"2 to .* parts .* got {n_splits}"):
        make_plan(*study()).inner(0, n_splits)


def test_an_unknown_fold_is_named():
    with pytest.raises(ConfigError, match=r"one of the folds \(0, 1, 2, 3, 4\), got 5"):
        make_plan(*study()).held_out(5)


def test_a_class_with_fewer_groups_than_folds_is_named():
    groups, strata = study(100)
    strata["class"] = np.where(np.arange(100) < 6, "rare", "often")
    with pytest.raises(TableError, match=r"at least 6 groups .*rare has [123]\. Use fewer folds"):
        make_plan(groups, strata)


def test_of_several_classes_a_rare_one_is_kept_in_training_and_named():
    groups, strata = study(200, per_lesion=1)
    strata["class"] = np.where(np.arange(200) < 3, "rare", np.where(np.arange(200) % 2, "one", "two"))
    plan = make_plan(groups, strata, seed=1)
    rare = strata.index[:3]
    assert set(plan.table.loc[rare, "part"]) == {"development"}
    assert any("rare has 3) are kept in training" in note for note in plan.notes)
    assert any("locked part has no case of class rare" in note for note in plan.locked_notes)
    for each in plan.folds:  # the others are in every fold as before
        held = plan.held_out(each)
        assert set(strata.loc[held, "class"]) >= {"one", "two"}
    assert 200 * 0.2 / 1.5 <= len(plan.locked) <= 200 * 0.2 * 1.5


def test_a_group_as_large_as_a_fold_is_noted():
    groups, strata = study(100, per_lesion=1)
    table = pd.DataFrame({"patient": ["p0"] * 40 + [None] * 60}, index=groups.ids.index)
    plan = make_plan(connected_groups(table), strata, folds=3, locked_share=0)
    assert any("the group of case000 has 40 of 100" in note for note in plan.notes)


def test_a_group_that_leaves_too_little_to_lock_is_refused_and_named():
    groups, strata = study(200, per_lesion=1)
    table = pd.DataFrame({"patient": ["p0"] * 130 + [None] * 70}, index=groups.ids.index)
    tied = connected_groups(table, [("case000", "case199")])
    named = (
        r"40 locked cases \(20%\), got \d+ at best: the group of case000 has 131 .* 1 x duplicate .* 1 x pat"
    )
    with pytest.raises(TableError, match=named):
        make_plan(tied, strata)


def test_a_large_group_is_not_locked_where_another_part_fits():
    groups, strata = study(200, per_lesion=1)
    table = pd.DataFrame({"patient": ["p0"] * 80 + [None] * 120}, index=groups.ids.index)
    tied = connected_groups(table)
    for seed in range(5):
        locked = make_plan(tied, strata, seed=seed).locked
        assert 200 * 0.2 / 1.5 <= len(locked) <= 200 * 0.2 * 1.5
        assert "case000" not in locked


def test_a_group_that_holds_a_whole_class_is_refused():
    index = pd.Index([f"c{i}" for i in range(60)])
    groups = connected_groups(pd.DataFrame({"patient": ["p"] * 20 + [None] * 40}, index=index))
    classes = pd.Series(["malignant"] * 20 + ["benign"] * 40, index=index)
    with pytest.raises(TableError, match="malignant has 1"):
        make_plan(groups, classes)


def test_locked_cases_have_no_strata_in_the_plan(tmp_path):
    plan = make_plan(*study())
    assert (plan.table.loc[plan.locked, ["stratum_class", "stratum_diagnosis"]] == "").all(axis=None)
    assert (plan.table.loc[plan.development, "stratum_class"] != "").all()


def test_what_is_written_is_read(tmp_path):
    plan = make_plan(*study(), seed=4)
    plan.write(tmp_path)
    again = FoldPlan.read(tmp_path)
    pd.testing.assert_frame_equal(again.table, plan.table, check_index_type=False, check_dtype=False)
    assert replace(again, table=plan.table) == replace(plan, table=plan.table)
    assert again.digest == plan.digest
    assert [list(held) for _, held in again.inner(0, 3)] == [list(held) for _, held in plan.inner(0, 3)]
    assert json.loads((tmp_path / "plan.json").read_text())["digest"] == plan.digest


@pytest.mark.parametrize("case", ["NA", "001", "1.0", 'a,"b"', "ä b", "null"])
def test_odd_case_ids_survive_writing(tmp_path, case):
    groups, strata = study()
    table = pd.DataFrame({"lesion": groups.ids.to_numpy()}, index=[case, *groups.ids.index[1:]])
    plan = make_plan(connected_groups(table), strata.set_axis(table.index))
    plan.write(tmp_path)
    assert FoldPlan.read(tmp_path).table.index[0] == case
    assert FoldPlan.read(tmp_path).digest == plan.digest


def test_a_changed_plan_is_refused(tmp_path):
    make_plan(*study()).write(tmp_path)
    file = tmp_path / "plan.csv"
    file.write_text(file.read_text().replace(",locked,-1", ",development,0", 1))
    with pytest.raises(IntegrityError, match=r"plan\.csv: expected the digest"):
        FoldPlan.read(tmp_path)
    file.write_text("nothing\n")
    with pytest.raises(IntegrityError, match="expected the table of a fold plan"):
        FoldPlan.read(tmp_path)


def whole_split(groups, words=("train", "test")):
    number = pd.Series(pd.factorize(groups.ids)[0], index=groups.ids.index)
    return (number % 4 == 0).map({True: words[1], False: words[0]})


def test_a_split_of_whole_groups_is_taken():
    groups, strata = study()
    split = whole_split(groups)
    plan = plan_from_split(groups, split.sample(frac=1, random_state=0), strata, folds=3)
    assert set(plan.locked) == set(split.index[split == "test"])
    assert (plan.waiver, plan.crossing_share) == (None, 0.0)
    assert plan.table["fold"].groupby(groups.ids).nunique().max() == 1


def test_given_folds_are_taken():
    groups, strata = study()
    number = pd.Series(pd.factorize(groups.ids)[0], index=groups.ids.index)
    plan = plan_from_split(groups, number % 3 + 1, strata)
    assert plan.folds == (0, 1, 2)
    assert len(plan.locked) == 0
    assert (plan.table["fold"] == number % 3).all()


def test_a_split_that_cuts_groups_is_refused_and_says_what_it_cuts():
    groups, strata = study(per_lesion=2)
    split = whole_split(groups)
    split["case000"], split["case001"] = "train", "test"
    with pytest.raises(
        LeakageError, match=r"cuts 1 groups.*lesion \(1\).*case000 and case001.*--waive-leakage"
    ):
        plan_from_split(groups, split, strata)


def test_folds_that_cut_groups_are_refused():
    groups, strata = study()
    folds = pd.Series(np.arange(len(groups.ids)) % 3, index=groups.ids.index)
    with pytest.raises(LeakageError, match="have their group on more than one side"):
        plan_from_split(groups, folds, strata, drop_crossing=True)


def test_a_waiver_is_carried_and_written(tmp_path):
    groups, strata = study()
    split = whole_split(groups)
    group = groups.ids == groups.ids["case000"]
    split[group] = "train"
    split["case001"] = "test"
    plan = plan_from_split(groups, split, strata, waive=True)
    assert plan.crossing_share == pytest.approx(group.mean())
    plan.write(tmp_path)
    again = FoldPlan.read(tmp_path)
    assert "cuts 1 groups" in again.waiver
    assert again.crossing_share == plan.crossing_share
    assert again.waiver in again.notes


def test_crossing_cases_can_be_left_out_of_development():
    groups, strata = study()
    split = whole_split(groups)
    group = groups.ids.index[groups.ids == groups.ids["case000"]]
    split[group] = "train"
    split["case001"] = "test"
    plan = plan_from_split(groups, split, strata, drop_crossing=True)
    assert set(plan.left_out) == set(group) - {"case001"}
    assert "case001" in plan.locked
    assert (plan.table.loc[plan.left_out, "fold"] == -1).all()
    assert (plan.waiver, plan.crossing_share) == (None, 0.0)
    assert f"{len(group) - 1} of " in plan.notes[0]
    assert "lesion (1)" in plan.notes[0]
    used = {case for fit, held in plan.inner(None, 3) for case in (*fit, *held)}
    assert not used & set(plan.left_out)


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"seed": "0"}, "seed"),
        ({"digest": None}, "digest"),
        ({"notes": "none"}, "notes"),
        ({"more": 1}, "more"),
    ],
)
def test_a_damaged_record_of_the_plan_is_named(tmp_path, change, field):
    make_plan(*study()).write(tmp_path)
    path = tmp_path / "plan.json"
    path.write_text(json.dumps({**json.loads(path.read_text()), **change}))
    with pytest.raises(IntegrityError, match=rf"plan\.json: PlanFacts\.{field}: .*got"):
        FoldPlan.read(tmp_path)
