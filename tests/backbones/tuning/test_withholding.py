import numpy as np
import pytest
import torch

from automl_skin.backbones.tuning.withholding import ABSENT_SHARE, withheld_shares, withhold

N = 4_000


def rows(lacking):
    """Return classes and presence; `lacking` says how often each class lacks each kind, never both."""
    rng, n_classes = np.random.default_rng(0), len(lacking)
    classes = rng.integers(n_classes, size=N)
    drawn, shares = rng.random(N), np.asarray(lacking)[classes]
    first = drawn < shares[:, 0]
    second = ~first & (drawn < shares.sum(axis=1))
    return classes, ~np.stack([first, second], axis=1)


@pytest.mark.parametrize(
    "lacking", [((0.0, 0.0), (0.0, 0.0)), ((0.3, 0.0), (0.02, 0.1)), ((0.0, 0.2), (0.1, 0.0), (0.05, 0.05))]
)
def test_each_kind_is_absent_as_often_in_every_class(lacking):
    classes, present = rows(lacking)
    shares = torch.from_numpy(withheld_shares(present, classes)[classes])
    torch.manual_seed(1)
    seen = np.mean([withhold(torch.from_numpy(present), shares).numpy() for _ in range(40)], axis=0)
    absent = np.stack([1.0 - seen[classes == each].mean(axis=0) for each in range(len(lacking))])
    assert np.ptp(absent, axis=0).max() < 0.01
    assert absent.min() > ABSENT_SHARE - 0.01


def test_no_case_loses_its_only_photograph_and_none_gains_one():
    classes, present = rows(((0.4, 0.4), (0.1, 0.1)))
    shares = torch.from_numpy(withheld_shares(present, classes)[classes])
    after = withhold(torch.from_numpy(present), shares).numpy()
    assert after.any(axis=1).all()
    assert not (after & ~present).any()
    assert (after[~present.all(axis=1)] == present[~present.all(axis=1)]).all()


def test_a_class_without_any_whole_case_is_left_as_it_is():
    present = np.array([[True, False]] * 5 + [[True, True]] * 5)
    shares = withheld_shares(present, np.repeat([0, 1], 5))
    assert (shares[0] == 0).all()
    assert shares[1].sum() <= 0.9 + 1e-12
