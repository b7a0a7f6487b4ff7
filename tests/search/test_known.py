from dataclasses import replace

import pytest

from automl_skin.chains.config import WAYS
from automl_skin.heads.catalogue import FAMILIES, SEARCHED_FAMILIES
from automl_skin.networks import NetworkId
from automl_skin.search.known import KNOWN_GOOD, baselines, fixed_trials, list_known_good, list_tuned_trials
from automl_skin.search.propose import given
from automl_skin.search.space import Given, SpaceOptions, choose_chain

OPTIONS = SpaceOptions(("a", "b"), ("plain", "grey"), diagnosis=True)
EVERY_FAMILY = replace(OPTIONS, families=tuple(FAMILIES))


def test_all_known_good_configurations_are_possible_and_distinct():
    chosen = [config for _, config in list_known_good(EVERY_FAMILY)]
    assert len(chosen) == len(KNOWN_GOOD) == 14
    assert len(set(map(repr, chosen))) == 14


def test_families_that_are_searched_by_name_alone_are_not_tried_unasked():
    assert {config.family for _, config in list_known_good(OPTIONS)} == set(SEARCHED_FAMILIES)
    assert {config.family for _, config in list_known_good(EVERY_FAMILY)} == set(FAMILIES)


def test_answers_are_what_was_meant():
    for answers, (params, config) in zip(KNOWN_GOOD, list_known_good(EVERY_FAMILY), strict=True):
        assert {name: params[name] for name in answers if name in params} == {
            name: value for name, value in answers.items() if name in params
        }
        assert set(answers) - set(params) <= {"neural_head"}  # one answer only, so not asked
        assert choose_chain(Given(params), EVERY_FAMILY) == config


@pytest.mark.parametrize(
    "values",
    [
        {"families": ("lightgbm", "logistic")},
        {"fusions": ("image", "metadata")},
        {"fusions": ("late",)},
        {"has_metadata": False},
        {"diagnosis": False},
        {"families": ("mlp",), "fusions": ("metanet", "image")},
    ],
)
def test_a_narrower_study_stays_within_its_choice(values):
    options = replace(OPTIONS, **values)
    chosen = list_known_good(options)
    assert chosen
    for params, config in chosen:
        assert config.fusion in options.usable_fusions
        assert config.family in options.families
        assert options.diagnosis or config.labels == "target"
        asked = Given(params)
        choose_chain(asked, options)
        assert all(asked.asked[name].contains(value) for name, value in params.items())
    assert len({repr(config) for _, config in chosen}) == len(chosen)


def test_the_baselines_always_run_first():
    names = [proposal.plan.name for proposal in fixed_trials(OPTIONS)[:3]]
    assert names == ["metadata alone", "image alone", "rank average"]
    narrow = replace(OPTIONS, families=("mlp",), fusions=("metanet",))
    assert [proposal.plan.name for proposal in fixed_trials(narrow)[:3]] == names
    assert list(baselines(replace(OPTIONS, has_metadata=False))) == ["image alone"]


def test_fixed_trials_are_numbered_and_never_stopped():
    fixed = fixed_trials(OPTIONS)
    assert [proposal.plan.number for proposal in fixed] == list(range(15))
    assert {proposal.plan.kind for proposal in fixed} == {"baseline", "known"}
    assert not any(proposal.should_stop([0.0, 0.0]) for proposal in fixed)


FULL, HEAD = NetworkId("a", "plain", "full"), NetworkId("b", "grey", "head")
TUNED = replace(OPTIONS, tuned=(FULL, HEAD), ways=WAYS)


def told(proposals):
    return [
        (each.plan.config.way, each.plan.config.fusion, each.plan.config.family, each.plan.config.labels)
        for each in proposals
    ]


def test_every_tuned_set_is_tried_in_every_way():
    proposals = list_tuned_trials(TUNED, [HEAD])
    assert told(proposals) == [
        ("own", "image", "own", "diagnosis"),
        ("own", "late", "own", "diagnosis"),
        ("within", "concat", "logistic", "target"),
        ("within", "concat", "logistic", "diagnosis"),
        ("within", "concat", "lightgbm", "target"),
        ("within", "concat", "mlp", "diagnosis"),
        ("logits", "concat", "logistic", "target"),
        ("logits", "concat", "lightgbm", "target"),
        ("rotation", "concat", "logistic", "target"),
        ("rotation", "concat", "lightgbm", "target"),
    ]
    assert {each.plan.config.tuning for each in proposals} == {"head"}
    assert [each.plan.config.components for each in proposals].count(64) == 2
    assert len(list_tuned_trials(TUNED)) == 20
    assert not any(each.should_stop([0.1] * 4) for each in proposals)


def test_ways_heads_and_labels_that_a_study_does_not_have_are_left_out():
    assert {each[0] for each in told(list_tuned_trials(replace(TUNED, ways=("own", "logits"))))} == {
        "own",
        "logits",
    }
    few = told(list_tuned_trials(replace(TUNED, families=("logistic",), diagnosis=False), [FULL]))
    assert few == [
        ("own", "image", "own", "target"),
        ("own", "late", "own", "target"),
        ("within", "concat", "logistic", "target"),
        ("logits", "concat", "logistic", "target"),
        ("rotation", "concat", "logistic", "target"),
    ]
    alone = told(list_tuned_trials(replace(TUNED, has_metadata=False, ways=("own", "logits")), [FULL]))
    assert alone == [
        ("own", "image", "own", "diagnosis"),
        ("logits", "image", "logistic", "target"),
        ("logits", "image", "lightgbm", "target"),
    ]


def test_answers_of_tuned_trials_give_the_same_chain_again():
    for proposal in list_tuned_trials(TUNED):
        assert given(dict(proposal.plan.params), TUNED)[1] == proposal.plan.config


def test_baselines_stay_frozen():
    assert baselines(TUNED) == baselines(OPTIONS)
