from dataclasses import replace

import pytest

from automl_skin.search.known import KNOWN_GOOD, baselines, fixed_trials, known_good
from automl_skin.search.space import Given, SpaceOptions, choose_chain

OPTIONS = SpaceOptions(("a", "b"), ("plain", "grey"), diagnosis=True)


def test_all_known_good_configurations_are_possible_and_distinct():
    chosen = [config for _, config in known_good(OPTIONS)]
    assert len(chosen) == len(KNOWN_GOOD) == 12
    assert len(set(map(repr, chosen))) == 12


def test_answers_are_what_was_meant():
    for answers, (params, config) in zip(KNOWN_GOOD, known_good(OPTIONS), strict=True):
        assert {name: params[name] for name in answers if name in params} == {
            name: value for name, value in answers.items() if name in params
        }
        assert set(answers) - set(params) <= {"neural_head"}  # one answer only, so not asked
        assert choose_chain(Given(params), OPTIONS) == config


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
    chosen = known_good(options)
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
