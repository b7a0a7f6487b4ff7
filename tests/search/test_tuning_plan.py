import math
from dataclasses import replace

import pytest

from automl_skin.backbones.tuning.epoch import Epoch
from automl_skin.backbones.tuning.names import Tuning
from automl_skin.networks import NetworkId
from automl_skin.records import from_plain, to_plain
from automl_skin.search.tuning_plan import (
    decide,
    in_words,
    plan_in_words,
    predict_seconds,
    rank_frozen,
    trials_after_round,
    trials_before_tuning,
)
from automl_skin.search.tuning_steps import StepOutcome, TunedNetwork, TuningRequest, TuningStep

A, B, C = (NetworkId(name, "plain") for name in "abc")
FROZEN = {A: 0.80, B: 0.85, C: 0.70}
AUTO = TuningRequest(("auto",), n_images=1000, n_folds=5, budget_seconds=1000.0)
"""With 0.01 s an image: an epoch of a fold network is 8 s, five of three epochs are 120 s."""


def carry_out(decision, speed=0.01, aucs=None, n_images=1000, failing=()):
    """Return what would come of a decision, by simple arithmetic."""
    outcomes = []
    for step in decision.steps:
        folds = 1 if decision.kind == "probe" else 5
        seconds = 0.8 * n_images * step.tuning.recipe.epochs * speed * folds
        outcomes.append(
            StepOutcome(
                step,
                "failed" if step.network.backbone in failing else "finished",
                decision.kind == "probe",
                seconds=seconds,
                image_seconds=speed,
                inner_auc=(aucs or {}).get(step.network.backbone, math.nan),
            )
        )
    return outcomes


def words(step):
    return step.network.backbone, step.tuning.name


def play(request, frozen=FROZEN, reached=None, **world):
    """Return the rounds of a whole study as (kind, tunings by backbone), and why it ended."""
    past, rounds, probed = [], [], False
    while True:
        tuned = {each.tuned: (reached or {}).get(words(each.step), 0.9) for each in past}
        decision = decide(request, frozen | tuned, past, probed=probed)
        if not decision.steps:
            return rounds, decision.why, past
        rounds.append((decision.kind, [words(step) for step in decision.steps]))
        probed = probed or decision.kind == "probe"
        past += carry_out(decision, **world)


def test_auto_probes_then_halves_then_goes_on_with_the_best():
    rounds, why, past = play(
        AUTO,
        aucs={"a": 0.9, "b": 0.8, "c": 0.95},
        reached={("c", "full"): 0.90, ("a", "full"): 0.93, ("a", "full-6-epochs"): 0.94},
    )
    assert rounds == [
        ("probe", [("b", "full-1-epochs"), ("a", "full-1-epochs"), ("c", "full-1-epochs")]),
        ("tuning", [("c", "full"), ("a", "full")]),
        ("tuning", [("a", "full-6-epochs")]),
        ("tuning", [("a", "robust")]),
        ("tuning", [("a", "joint")]),
    ]
    assert why == "nothing more fits the 4 min that are left"
    assert sum(each.seconds for each in past) <= AUTO.budget_seconds


def test_longer_still_only_where_longer_was_better():
    rich = replace(AUTO, budget_seconds=10_000.0)
    gained, _, _ = play(rich, {A: 0.80}, reached={("a", "full-6-epochs"): 0.95})
    assert gained[-1] == ("tuning", [("a", "full-12-epochs")])
    lost, _, _ = play(rich, {A: 0.80}, reached={("a", "full-6-epochs"): 0.85})
    assert [tunings for _, tunings in lost][-1] == [("a", "joint")]


def test_without_metadata_nothing_is_tuned_jointly():
    rounds, _, _ = play(replace(AUTO, has_metadata=False, budget_seconds=10_000.0), {A: 0.80})
    assert not [name for _, tunings in rounds for _, name in tunings if name == "joint"]


def test_a_change_that_contradicts_a_tuning_leaves_it_out():
    rounds, _, _ = play(replace(AUTO, changes={"mixup": "0.2"}, budget_seconds=10_000.0), {A: 0.80})
    names = [name for _, tunings in rounds for _, name in tunings]
    assert "robust-0.2-mixup" in names
    assert not [name for name in names if name.startswith("joint")]


def test_a_robust_objective_tunes_robustly_first():
    rounds, _, _ = play(replace(AUTO, robust=True), {A: 0.80})
    assert [tunings[0][1] for _, tunings in rounds] == [
        "robust-1-epochs",
        "robust",
        "robust-6-epochs",
        "full",
        "joint",
    ]


def test_a_short_budget_shortens_the_epochs_and_a_shorter_one_says_what_it_lacks():
    rounds, why, _ = play(replace(AUTO, budget_seconds=100.0), {A: 0.80})
    assert rounds == [("probe", [("a", "full-1-epochs")]), ("tuning", [("a", "full-2-epochs")])]
    rounds, why, _ = play(replace(AUTO, budget_seconds=40.0), {A: 0.80})
    assert rounds == [("probe", [("a", "full-1-epochs")])]
    assert why == (
        "a plain full-1-epochs needs about 40 s, and 32 s of the budget are left: "
        "give a greater --tuning-budget to continue"
    )


def test_what_failed_in_the_probe_is_not_promising_and_all_failing_ends_it():
    rounds, _, _ = play(AUTO, failing={"b", "c"})
    assert rounds[1] == ("tuning", [("a", "full")])
    _, why, _ = play(AUTO, failing={"a", "b", "c"})
    assert why == "no probe succeeded"


def test_where_nothing_is_watched_the_frozen_rank_decides():
    rounds, _, _ = play(AUTO)
    assert rounds[1] == ("tuning", [("b", "full"), ("a", "full")])


def test_named_tunings_are_carried_out_on_every_set_without_a_probe():
    request = replace(AUTO, names=("full", "joint"), budget_seconds=None)
    rounds, why, _ = play(request)
    assert rounds == [("tuning", [(name, tuning)]) for name in "bac" for tuning in ("full", "joint")]
    assert why == "all named tunings are done"
    failing, _, _ = play(request, failing={"a", "b", "c"})
    assert failing == rounds  # the next one may succeed


def test_named_tunings_within_a_budget_are_probed_and_stop_where_it_ends():
    rounds, why, past = play(replace(AUTO, names=("full",), budget_seconds=300.0))
    assert rounds[1:] == [("tuning", [("b", "full")]), ("tuning", [("a", "full")])]
    assert why.startswith("c plain full needs about 2 min, and 36 s of the budget are left")
    assert sum(each.seconds for each in past) <= 300.0


def test_changes_hold_for_every_named_tuning():
    rounds, _, _ = play(
        replace(AUTO, names=("full",), budget_seconds=None, changes={"epochs": "6"}), {A: 0.80}
    )
    assert rounds == [("tuning", [("a", "full-6-epochs")])]


def test_decisions_repeat():
    world = {"aucs": {"a": 0.9, "b": 0.8, "c": 0.95}}
    assert play(AUTO, **world)[:2] == play(AUTO, **world)[:2]


def test_prediction_takes_the_nearest_measurement():
    step = TuningStep(A, Tuning("full"))
    outcome = StepOutcome(step, "finished", image_seconds=0.01)
    other = StepOutcome(TuningStep(B, Tuning("full")), "finished", image_seconds=0.03)
    joint = StepOutcome(TuningStep(A, Tuning("joint")), "finished", image_seconds=0.02)
    assert predict_seconds(step, AUTO, []) is None
    assert predict_seconds(step, AUTO, [outcome, other, joint]) == pytest.approx(5 * 800 * 3 * 0.01)
    assert predict_seconds(step, AUTO, [other, joint]) == pytest.approx(5 * 800 * 3 * 0.02)
    assert predict_seconds(step, AUTO, [other]) == pytest.approx(5 * 800 * 3 * 0.03)
    two = replace(AUTO, lanes=2)
    assert predict_seconds(step, two, [outcome]) == pytest.approx(3 * 800 * 3 * 0.01)
    rotating = replace(AUTO, ways=("rotation",))
    assert predict_seconds(step, rotating, [outcome]) == pytest.approx(5 * 600 * 3 * 0.01)


def test_what_was_not_ranked_comes_last():
    unknown = NetworkId("d", "plain")
    assert rank_frozen({unknown: math.nan, **FROZEN}) == [B, A, C, unknown]


def test_the_plan_is_said_in_words():
    lines = plan_in_words(AUTO, 3)
    assert lines[0] == "5 networks per backbone, recipe and tuning, 1 side by side; ways: within, logits, own"
    assert "rank 3 sets" in lines[1]
    assert "then full (3 epochs) on the better half, as far as 17 min go" in lines
    named = plan_in_words(replace(AUTO, names=("full", "joint"), budget_seconds=None), 1)
    assert named[1:] == ["then full, joint on every set, the best-ranked first, within as long as it takes"]


def test_trials_are_left_for_what_is_tuned():
    assert [trials_before_tuning(total, 15) for total in (1, 3, 6, 12, 60, 200)] == [1, 3, 3, 4, 20, 35]
    assert trials_after_round(200, 35, 8) == 53
    assert trials_after_round(12, 4, 8) == 12


EPOCH = Epoch(1, 2, 0.5, math.nan, 100.0, 0.5, 0.0)


def test_outcomes_come_back_as_they_were():
    outcome = StepOutcome(
        TuningStep(A, Tuning("full", {"epochs": "6"})),
        "failed",
        reason="diverged",
        networks=(TunedNetwork(NetworkId("a", "grey", "full-6-epochs", (0, 1), "close-up"), (EPOCH,), "x"),),
    )
    back = from_plain(StepOutcome, to_plain(outcome), "a file")
    assert repr(back) == repr(outcome)
    assert math.isnan(back.inner_auc)


def test_times_in_words():
    assert in_words(3660) == "1 h 01 min"


def test_several_recipes_of_one_tuning_are_carried_out_in_their_order():
    names = ("full", "full epochs=6 sampling=balanced", "joint")
    request = TuningRequest(names, n_images=1000, n_folds=5, changes={"epochs": "2"})
    rounds, why, _ = play(request, {A: 0.80})
    assert [tunings for _, tunings in rounds] == [
        [("a", "full-2-epochs")],
        [("a", "full-6-epochs-balanced-sampling")],
        [("a", "joint-2-epochs")],
    ]
    assert why == "all named tunings are done"
    assert "full, full epochs=6 sampling=balanced, joint" in " ".join(plan_in_words(request, 1))


def test_a_tuning_that_differs_by_more_than_its_epochs_is_timed_by_itself():
    request = TuningRequest(("full",), n_images=1000, n_folds=5)
    slow = StepOutcome(request.step(A, "full augmentation=siim"), "finished", image_seconds=0.1)
    fast = StepOutcome(request.step(A, "full epochs=1"), "finished", image_seconds=0.01)
    assert predict_seconds(request.step(A, "full epochs=2"), request, [slow, fast]) == pytest.approx(80)
    assert predict_seconds(request.step(A, "full loss=focal"), request, [slow]) == pytest.approx(1200)


def test_towers_are_twice_the_networks_on_half_of_the_images():
    step = AUTO.step(A, "full")
    outcome = StepOutcome(step, "finished", image_seconds=0.01)
    towers = replace(AUTO, n_towers=2)
    assert predict_seconds(step, towers, [outcome]) == predict_seconds(step, AUTO, [outcome])
    many = replace(towers, lanes=10)
    assert predict_seconds(step, many, [outcome]) == pytest.approx(400 * 3 * 0.01)
    assert plan_in_words(towers, 1)[0].startswith("10 networks per backbone, recipe and tuning")


def test_networks_are_those_that_the_ways_need():
    assert AUTO.held_out == ((0,), (1,), (2,), (3,), (4,))
    assert replace(AUTO, ways=("rotation",)).held_out == ((0, 1), (0, 4), (1, 2), (2, 3), (3, 4))
    assert len(replace(AUTO, ways=("within", "rotation")).held_out) == 10
