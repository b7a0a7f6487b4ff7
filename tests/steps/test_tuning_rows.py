from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from automl_skin.backbones.tuning.recipe import TuningRecipe
from automl_skin.data.groups import Groups
from automl_skin.data.plan import make_plan
from automl_skin.data.target import choose_target
from automl_skin.errors import ConfigError, LeakageError
from automl_skin.features.encoder import EncoderConfig, fit_encoder
from automl_skin.steps.tuning_rows import tuning_metadata, tuning_rows

N_GROUPS = 90
RECIPE = TuningRecipe(inner_parts=10)
DIAGNOSES = ("nevus", "keratosis", "melanoma")


@pytest.fixture(scope="module")
def study():
    """Images, cases with known development labels, target and plan; every third case has two images."""
    rng = np.random.default_rng(0)
    group = np.repeat(np.arange(N_GROUPS), 2)
    names = pd.Index([f"case_{number:03d}" for number in range(len(group))], name="case")
    diagnosis = pd.Series(rng.choice(DIAGNOSES, len(group)), index=names)
    target = choose_target("dx", diagnosis, ("melanoma",))
    groups = Groups(pd.Series([f"g{each}" for each in group], index=names), pd.DataFrame({"case": []}))
    strata = pd.DataFrame({"class": target.labels(diagnosis).astype(str)}, index=names)
    plan = make_plan(groups, strata, folds=4, seed=3)
    cases = pd.DataFrame({"label": target.labels(diagnosis), "diagnosis": diagnosis}, index=names)
    cases.loc[plan.locked, ["label", "diagnosis"]] = [-1, pd.NA]
    shown = [name for position, name in enumerate(names) for _ in range(1 + (position % 3 == 0))]
    images = pd.DataFrame({"case": shown, "content": [f"{each:064d}" for each in range(len(shown))]})
    return images.assign(readable=True), cases, target, plan


@pytest.mark.parametrize("held_out", [(), (1,), (1, 2)])
def test_rows_are_all_images_of_training_cases_and_no_others(study, held_out):
    images, cases, target, plan = study
    rows = tuning_rows(images, cases, target, plan, held_out, RECIPE, 0)
    assert set(rows.images["case"]) == set(plan.training(held_out))
    assert len(rows.images) == images["case"].isin(plan.training(held_out)).sum()
    assert not set(rows.images["case"]) & set(plan.locked)
    groups = plan.table.loc[rows.images["case"], "group"]
    for fold in held_out:
        assert not set(groups) & set(plan.table.loc[plan.held_out(fold), "group"])
    assert images.iloc[rows.positions].equals(rows.images)


def test_watched_rows_are_whole_groups_of_the_plans_own_split(study):
    images, cases, target, plan = study
    rows = tuning_rows(images, cases, target, plan, (1, 2), RECIPE, 0)
    groups = plan.table.loc[rows.images["case"], "group"].to_numpy()
    assert 0.03 < rows.inner.mean() < 0.3
    assert not set(groups[rows.inner]) & set(groups[~rows.inner])


def test_no_row_is_watched_where_none_is_asked_for(study):
    rows = tuning_rows(*study, (1,), replace(RECIPE, inner_parts=0), 0)
    assert not rows.inner.any()


def test_few_groups_make_fewer_parts(study):
    assert tuning_rows(*study, (1,), replace(RECIPE, inner_parts=1000), 0).inner.any()


def test_labels_are_diagnoses_in_the_order_of_heads_or_the_target(study):
    images, cases, target, plan = study
    rows = tuning_rows(images, cases, target, plan, (1,), RECIPE, 0)
    names = np.array(sorted(DIAGNOSES))
    assert list(names[rows.labels]) == list(cases.loc[rows.images["case"], "diagnosis"])
    assert rows.target_of.tolist() == [0, 1, 0]
    known = cases.loc[rows.images["case"], "label"].to_numpy()
    assert np.array_equal(rows.target_of[rows.labels], known)
    binary = tuning_rows(images, cases, target, plan, (1,), replace(RECIPE, labels="target"), 0)
    assert np.array_equal(binary.labels, known)
    assert binary.target_of.tolist() == [0, 1]


def test_unreadable_images_are_left_out(study):
    images, cases, target, plan = study
    damaged = images.assign(readable=images.index != images.index[images["case"].isin(plan.training(1))][0])
    before = tuning_rows(images, cases, target, plan, (1,), RECIPE, 0)
    after = tuning_rows(damaged, cases, target, plan, (1,), RECIPE, 0)
    assert len(after.labels) == len(before.labels) - 1
    assert after.digest != before.digest


def test_a_case_whose_label_is_hidden_tunes_nothing(study):
    images, cases, target, plan = study
    hidden = cases.copy()
    hidden.loc[plan.held_out(2)[0], "label"] = -1
    with pytest.raises(LeakageError, match="expected development cases alone, whose labels are known here"):
        tuning_rows(images, hidden, target, plan, (1,), RECIPE, 0)


def test_digest_tells_labels_and_watched_rows(study):
    images, cases, target, plan = study
    rows = tuning_rows(images, cases, target, plan, (1,), RECIPE, 0)
    assert rows.digest == tuning_rows(images, cases, target, plan, (1,), RECIPE, 0).digest
    other = replace(rows, labels=np.roll(rows.labels, 1))
    assert len({rows.digest, other.digest, replace(rows, inner=~rows.inner).digest}) == 3


def test_metadata_are_those_of_each_images_case(study):
    images, cases, target, plan = study
    rng = np.random.default_rng(1)
    ages = pd.DataFrame({"age": rng.normal(50, 10, len(cases)).round()}, index=cases.index)
    ages.iloc[::5] = np.nan
    config = EncoderConfig(mask_share=0.0, mask_case_share=0.0)
    rows = tuning_rows(images, cases, target, plan, (1,), RECIPE, 0)
    encoded = tuning_metadata(rows, ages, {"age": "number"}, config, plan.training((1,)), 7)
    fitted = fit_encoder(config, ages.loc[plan.training(1)], {"age": "number"})
    own = fitted.transform(ages.loc[rows.images["case"]])
    known = ages.loc[rows.images["case"], "age"].notna().to_numpy()
    assert np.array_equal(encoded.rows[known], own[known])
    assert np.array_equal(encoded.rows[rows.inner], own[rows.inner])
    # absence is not evidence: where a field is missing, another case's value stands in
    filled = ~known & ~rows.inner
    assert (encoded.rows[filled] != own[filled]).mean() > 0.8
    assert np.array_equal(encoded.absent, fitted.transform(pd.DataFrame(index=["nobody"]))[0])
    again = tuning_metadata(rows, ages, {"age": "number"}, config, plan.training((1,)), 8)
    assert again.digest != encoded.digest


def test_a_tower_learns_from_its_own_kind_alone(study):
    images, cases, target, plan = study
    second = images["case"].duplicated()
    images = images.assign(role=second.map({True: "close-up", False: "dermoscopic"}))
    every = tuning_rows(images, cases, target, plan, (1,), RECIPE, 0)
    towers = {
        role: tuning_rows(images, cases, target, plan, (1,), RECIPE, 0, role)
        for role in ("close-up", "dermoscopic")
    }
    for role, rows in towers.items():
        assert set(rows.images["role"]) == {role}
        assert images.iloc[rows.positions].equals(rows.images)
    assert sum(len(rows.labels) for rows in towers.values()) == len(every.labels)
    assert len({every.digest, *(rows.digest for rows in towers.values())}) == 3
    with pytest.raises(
        ConfigError,
        match=r"expected readable histology photographs of training cases, got none; .*--towers shared",
    ):
        tuning_rows(images, cases, target, plan, (1,), RECIPE, 0, "histology")


ROLES = ("close-up", "dermoscopic")


def with_kinds(images):
    """Every third case has two photographs of one kind, alternately; half of the others have one of each."""
    images = images.assign(role=[ROLES[position % 2] for position in range(len(images))])
    more = images.iloc[::4].assign(role=[ROLES[position // 4 % 2] for position in range(0, len(images), 4)])
    more = more.assign(content=[f"{10_000 + each:064d}" for each in range(len(more))])
    return pd.concat([images, more]).reset_index(drop=True)


def test_towers_that_are_tuned_together_see_a_photograph_of_each_kind_in_a_row(study):
    images, cases, target, plan = study
    images = with_kinds(images)
    rows = tuning_rows(images, cases, target, plan, (1,), RECIPE, 0, towers=ROLES)
    training = images[images["case"].isin(plan.training((1,)))]
    assert set(rows.images["case"]) == set(training["case"])
    assert set(rows.positions[rows.present]) == set(training.index)  # every photograph is seen
    for column, role in enumerate(ROLES):
        seen = images.iloc[rows.positions[rows.present[:, column], column]]
        assert seen["role"].eq(role).all()
        assert (seen["case"].to_numpy() == rows.images["case"][rows.present[:, column]].to_numpy()).all()
        lacks = set(training["case"]) - set(training.loc[training["role"] == role, "case"])
        assert set(rows.images["case"][~rows.present[:, column]]) == lacks
    most = training.groupby(["case", "role"]).size().groupby("case").max()
    assert rows.images["case"].value_counts().to_dict() == most.to_dict()
    assert rows.present.any(axis=1).all()
    groups = plan.table.loc[rows.images["case"], "group"].to_numpy()
    assert not set(groups[rows.inner]) & set(groups[~rows.inner])
    assert not set(groups) & set(plan.table.loc[plan.held_out(1), "group"])
    other = images.assign(content=images["content"].where(images.index != rows.positions[0].max(), "0" * 64))
    assert tuning_rows(other, cases, target, plan, (1,), RECIPE, 0, towers=ROLES).digest != rows.digest


def test_towers_without_any_photograph_of_a_kind_are_refused(study):
    images, cases, target, plan = study
    images = with_kinds(images)
    one = images[images["role"] == "dermoscopic"].reset_index(drop=True)
    with pytest.raises(ConfigError, match=r"expected readable close-up photographs .* \(--towers shared\)"):
        tuning_rows(one, cases, target, plan, (1,), RECIPE, 0, towers=ROLES)
