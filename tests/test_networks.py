import dataclasses

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from automl_skin.errors import IntegrityError
from automl_skin.networks import FROZEN, NetworkId
from automl_skin.records import from_plain, to_plain

WORDS = st.text(st.sampled_from(list("ab1@%.-_/ é")), min_size=1, max_size=12) | st.sampled_from(
    [".without-1", "%40", "x.without-", "full-0.1-wise", FROZEN, "hf-hub:org/net@v2"]
)
FROZEN_NETWORKS = st.builds(NetworkId, WORDS, WORDS)
TUNED_NETWORKS = st.builds(
    NetworkId,
    WORDS,
    WORDS,
    WORDS.filter(lambda tuning: tuning != FROZEN),
    st.lists(st.integers(0, 20), max_size=3).map(tuple),
    WORDS | st.just(""),
)
NETWORKS = FROZEN_NETWORKS | TUNED_NETWORKS
OTHER_VALUES = {"backbone": "b", "recipe": "grey", "tuning": "joint", "held_out": (0, 1), "role": "close-up"}
"""A second value of every field."""


@settings(deadline=None)  # pydantic is imported by the first one
@given(NETWORKS)
def test_a_network_survives_text_and_json(network):
    assert NetworkId.parse(str(network)) == network
    assert from_plain(NetworkId, to_plain(network), "a file") == network


@given(NETWORKS, NETWORKS)
def test_two_networks_have_one_name_only_if_they_are_one(one, other):
    assert (str(one) == str(other)) == (one == other)


@given(st.text(st.sampled_from(list("ab1@%.-")), max_size=14) | st.just("a@b@c.without-01"))
def test_a_text_is_the_name_of_one_network_or_of_none(text):
    try:
        network = NetworkId.parse(text)
    except IntegrityError:
        return
    assert str(network) == text


def test_every_field_is_in_the_name():
    network = NetworkId("a", "plain", "full", (2,), "dermoscopic")
    assert OTHER_VALUES.keys() == {field.name for field in dataclasses.fields(NetworkId)}
    names = {str(dataclasses.replace(network, **{name: value})) for name, value in OTHER_VALUES.items()}
    assert len(names | {str(network)}) == len(OTHER_VALUES) + 1


@pytest.mark.parametrize(
    "text", ["", "net", "@plain", "net@", "a@b@c@d@e", "a@b@c.without-", "a@b.without-1"]
)
def test_what_is_no_name_is_answered(text):
    with pytest.raises(IntegrityError, match="expected"):
        NetworkId.parse(text)


def test_frozen_weights_have_held_out_nothing():
    with pytest.raises(IntegrityError, match=r"expected no held-out folds and no role, got .*\[1\]"):
        NetworkId("a", "plain", held_out=(1,))
