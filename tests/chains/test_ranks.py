import numpy as np
from scipy.stats import rankdata

from automl_skin.chains.ranks import rank_positions


def test_positions_in_their_own_distribution_are_ranks():
    values = np.random.default_rng(0).integers(20, size=(2, 50, 3)).astype(np.float64)  # many ties
    positions = rank_positions(values, np.sort(values, axis=1))
    np.testing.assert_allclose(positions, rankdata(values, axis=1) / 51, atol=1e-12)


def test_a_row_has_its_position_alone_as_in_a_batch():
    rng = np.random.default_rng(1)
    reference, values = np.sort(rng.random((1, 30, 2)), axis=1), rng.random((1, 9, 2))
    together = rank_positions(values, reference)
    for row in range(9):
        assert (rank_positions(values[:, [row]], reference) == together[:, [row]]).all()


def test_a_value_is_a_tie_with_its_own_reference_whatever_its_last_bits():
    reference = np.sort(np.random.default_rng(2).random((1, 30, 2)), axis=1)
    expected = rank_positions(reference, reference)
    for nudge in (-1e-13, 1e-13):
        assert (rank_positions(reference + nudge, reference) == expected).all()


def test_values_beyond_the_reference_stay_inside():
    reference = np.linspace(0.2, 0.8, 9).reshape(1, 9, 1)
    positions = rank_positions(np.array([0.0, 1.0]).reshape(1, 2, 1), reference).ravel()
    assert positions.tolist() == [0.05, 0.95]
