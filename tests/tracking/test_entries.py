import math
from dataclasses import replace

import pytest

from automl_skin.chains.config import BranchConfig, ChainConfig
from automl_skin.heads.catalogue import FAMILIES
from automl_skin.networks import NetworkId
from automl_skin.tracking.entries import STATUS, end_of, start_of, trial_metrics, trial_params, trial_tags


@pytest.mark.parametrize("number", range(30))
def test_parameters_name_the_chain_and_its_hyperparameters(study, number):
    plan = study.plan(number)
    params = trial_params(plan)
    assert params["fusion"] == plan.config.fusion
    assert params["head"] == plan.config.family
    assert params.get("tuning") == ("frozen" if plan.config.uses_image else None)
    assert params.get("backbone", "") == "+".join(plan.config.backbones)
    assert any(name.startswith(f"with_{plan.config.family}_") for name in params)
    renamed = {"components": "pca_components", "fields": "metadata_fields"}
    for name, value in plan.params.items():
        if name != "neural_head":  # what the optimiser chose has the same names and values
            known = {renamed.get(name, name), f"with_{name}"} & params.keys()
            assert {params[each] for each in known} == {str(value)}
    chain = [name for name in sorted(params) if not name.startswith("with_")]
    assert sorted(params)[: len(chain)] == chain  # the pages sort by name: first what the trial is made of
    others = set(FAMILIES) - {branch.family for branch in plan.config.branches}
    assert not [name for name in params for other in others if name.startswith(f"with_{other}_")]


def test_kinds_of_photograph_and_towers_are_named(study):
    plan = study.plan(0)
    image = BranchConfig("logistic", FAMILIES["logistic"].config())
    names = ("close-up", "dermoscopic")
    config = ChainConfig(
        "image",
        (image,),
        tuple(NetworkId("net", "plain", "full", role=role) for role in names),
        way="within",
        roles=names,
    )
    params = trial_params(replace(plan, config=config))
    assert (params["roles"], params["towers"]) == ("close-up+dermoscopic", "own")
    assert trial_params(replace(plan, config=config), "joint")["towers"] == "joint"
    assert not {"roles", "towers"} & set(trial_params(plan, "joint"))


def test_a_baseline_shows_its_default_hyperparameters(study):
    plan = study.plan(0)
    assert plan.params == {}
    assert trial_params(plan)["with_lightgbm_num_leaves"] == str(plan.config.branches[0].head.num_leaves)


def test_folds_are_steps_and_what_is_not_finite_is_left_out(study):
    record, _ = study.trial(1)
    record.metrics["auc_low"] = math.nan
    entries = list(trial_metrics(record))
    assert [(value, step) for name, value, step in entries if name == "fold_auc"] == [
        (value, step) for step, value in enumerate(record.aucs)
    ]
    assert "auc_low" not in {name for name, _, _ in entries}
    assert entries[0] == ("auc", record.metrics["auc"], 0)


def test_tags_say_what_kind_and_why(study):
    assert trial_tags(study.trial(0)[0])["kind"].startswith("baseline: ")
    failed, _ = study.trial(28)
    assert STATUS[failed.state] == "FAILED"
    assert trial_tags(failed)["reason"] == failed.reason
    assert "reason" not in trial_tags(study.trial(1)[0])


def test_times_are_the_recorded_ones(study):
    record, _ = study.trial(3)
    assert start_of(record) == 1_790_000_030_000
    assert end_of(record) - start_of(record) == pytest.approx(1000 * record.seconds, abs=1)
