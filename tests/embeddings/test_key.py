import dataclasses

import pytest

from automl_skin.embeddings.key import EmbeddingKey, TunedOn, check_tuned_on
from automl_skin.errors import LeakageError

FROZEN = EmbeddingKey("w", "r", 1, "float32")
TUNED = dataclasses.replace(FROZEN, tuned_on=TunedOn("plan", (2, 3)))


@pytest.mark.parametrize(
    "change",
    [
        {"weights": "x"},
        {"recipe": "x"},
        {"views": 4},
        {"precision": "bfloat16"},
        {"tuned_on": TunedOn("plan", (2,))},
        {"shift": "blur-1-0"},
    ],
)
def test_everything_is_in_the_digest(change):
    assert dataclasses.replace(FROZEN, **change).digest != FROZEN.digest


def test_embeddings_that_were_kept_are_found():
    assert FROZEN.digest == "642d90ac941f9f770abf6d3b9f8893583b671dd384a033c1c106ae4cb36e270a"
    assert TUNED.digest == "aa1adc4aae1bc38e690606f975dce2979eb822c057a36b8d407f7a687cab1844"


def test_networks_of_different_folds_never_share_a_digest():
    other = dataclasses.replace(FROZEN, tuned_on=TunedOn("plan", (2,)))
    assert len({FROZEN.digest, TUNED.digest, other.digest}) == 3


@pytest.mark.parametrize("fold", [2, 3, None])
def test_tuned_weights_score_what_they_have_not_seen(fold):
    check_tuned_on(TUNED.tuned_on, "plan", fold)


def test_tuned_weights_never_score_what_tuned_them():
    with pytest.raises(LeakageError, match=r"fold 0: expected weights .* held out 2, 3"):
        check_tuned_on(TUNED.tuned_on, "plan", 0)


@pytest.mark.parametrize("fold", [2, None])
def test_tuned_weights_of_another_plan_score_nothing(fold):
    with pytest.raises(LeakageError, match="own fold plan"):
        check_tuned_on(TUNED.tuned_on, "another plan", fold)
