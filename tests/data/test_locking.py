import numpy as np
import pandas as pd
import pytest

from automl_skin.data.groups import connected_groups
from automl_skin.data.locking import _as_fraction, choose_locked
from automl_skin.errors import TableError


@pytest.mark.parametrize(
    ("share", "fraction"), [(0.2, (1, 5)), (0.25, (1, 4)), (0.3, (3, 10)), (0.5, (1, 2)), (0.15, (3, 20))]
)
def test_shares_become_fractions(share, fraction):
    assert _as_fraction(share) == fraction


def study(classes, lesions):
    index = pd.Index([f"c{i:03d}" for i in range(len(classes))])
    groups = connected_groups(pd.DataFrame({"lesion": lesions}, index=index))
    return groups, pd.DataFrame({"class": classes}, index=index)


@pytest.mark.parametrize("share", [0.1, 0.2, 0.3, 0.5])
def test_the_locked_share_is_met_in_every_class(share):
    rng = np.random.default_rng(0)
    groups, strata = study(rng.choice(["a", "b"], 400), [f"l{i}" for i in range(400)])
    locked = choose_locked(groups, strata, 5, share, seed=0)
    assert locked.groupby(strata["class"]).mean().to_numpy() == pytest.approx(share, abs=0.02)


def test_a_rare_class_leaves_a_group_for_every_fold():
    groups, strata = study(["rare"] * 6 + ["often"] * 60, [f"l{i}" for i in range(66)])
    for seed in range(10):
        locked = choose_locked(groups, strata, 5, 0.2, seed=seed)
        assert (~locked[:6]).sum() >= 5


def test_a_class_of_too_few_groups_is_named():
    groups, strata = study(["rare"] * 20 + ["often"] * 60, ["one"] * 10 + [f"l{i}" for i in range(70)])
    strata.loc[groups.ids.index[15:20], "class"] = "often"
    strata.loc[groups.ids.index[10:13], "class"] = "often"
    with pytest.raises(TableError, match=r"at least 6 groups.*rare has 3"):
        choose_locked(groups, strata, 5, 0.2, seed=0)
