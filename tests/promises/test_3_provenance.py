"""Promise 3: weights that were tuned on a case never score it, and belong to one plan."""

import pytest

from automl_skin.embeddings.key import EmbeddingKey, TunedOn, check_tuned_on
from automl_skin.errors import LeakageError

FOLDS = range(5)


def key(tuned_on=None):
    return EmbeddingKey("weights", "recipe", 1, "float32", tuned_on)


@pytest.mark.parametrize("held_out", [(0,), (3,), (1, 4), ()])
def test_only_held_out_folds_are_scored(held_out):
    for fold in FOLDS:
        if fold in held_out:
            check_tuned_on(TunedOn("plan", held_out), "plan", fold)
        else:
            with pytest.raises(
                LeakageError, match=f"fold {fold}: expected weights that were tuned without it"
            ):
                check_tuned_on(TunedOn("plan", held_out), "plan", fold)


def test_weights_of_another_plan_are_refused_for_every_fold():
    for fold in (*FOLDS, None):
        with pytest.raises(LeakageError, match="expected those of the study's own fold plan"):
            check_tuned_on(TunedOn("another plan", tuple(FOLDS)), "plan", fold)


def test_the_locked_cases_are_scored_by_weights_of_the_plan():
    check_tuned_on(TunedOn("plan", (2,)), "plan", None)


def test_networks_of_different_folds_have_different_keys():
    keys = [key(), *(key(TunedOn("plan", (fold,))) for fold in FOLDS), key(TunedOn("other", (0,)))]
    assert len({each.digest for each in keys}) == 7
