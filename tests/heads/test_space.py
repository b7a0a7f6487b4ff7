import pytest

from automl_skin.heads.space import Categorical, Integer, Real


def test_bounds_are_inside():
    assert Real(0.1, 1.0).contains(0.1)
    assert Real(0.1, 1.0).contains(1)
    assert Integer(2, 5, log=True).contains(5)


@pytest.mark.parametrize(
    ("space", "value"),
    [
        (Real(0.1, 1.0), 1.01),
        (Real(0.0, 1.0), True),
        (Real(0.0, 1.0), None),
        (Real(0.0, 1.0), float("nan")),
        (Integer(1, 5), 2.0),
        (Integer(0, 5), None),
        (Integer(1, 5), "2"),
        (Integer(0, 1), False),
        (Categorical(True, False), 1),
        (Categorical("a", "b"), "c"),
    ],
)
def test_outside(space, value):
    assert not space.contains(value)


def test_none_can_be_a_choice():
    assert Categorical(None, 32).contains(None)


def test_what_is_set_by_name_is_accepted_and_not_searched():
    space = Categorical("narrow", by_name=("published", 1))
    assert space.accepts("narrow")
    assert space.accepts("published")
    assert not space.accepts(True)
    assert not space.contains("published")
    assert space.values == ("narrow",)
    assert [Integer(1, 3).accepts(value) for value in (3, 4)] == [True, False]
    assert [Real(0.0, 1.0).accepts(value) for value in (1.0, 1.5)] == [True, False]


@pytest.mark.parametrize("kind", [Real, Integer])
def test_bounds_must_be_in_order(kind):
    with pytest.raises(ValueError, match="low: expected less than high, got 3 and 2"):
        kind(3, 2)


def test_logarithmic_bounds_must_be_positive():
    with pytest.raises(ValueError, match="expected a positive low, got 0"):
        Real(0.0, 1.0, log=True)


def test_a_choice_needs_values():
    with pytest.raises(ValueError, match="at least one value"):
        Categorical()


def test_spaces_are_values():
    assert Categorical(1, 2) == Categorical(1, 2)
    assert hash(Real(0, 1)) == hash(Real(0, 1))
