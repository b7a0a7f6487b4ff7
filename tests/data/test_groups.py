import numpy as np
import pandas as pd
from hypothesis import given
from hypothesis import strategies as st

from automl_skin.data.groups import MIN_LARGE, connected_groups


def cases(**columns):
    n = len(next(iter(columns.values())))
    return pd.DataFrame(columns, index=[f"c{i}" for i in range(n)])


def parts(groups):
    return {frozenset(members) for members in groups.ids.groupby(groups.ids).groups.values()}


def test_patient_lesion_and_duplicates_join_into_components():
    table = cases(patient=["p1", "p1", None, None, None], lesion=[None, "l1", "l1", "l2", None])
    groups = connected_groups(table, [("c3", "c4")])
    assert parts(groups) == {frozenset({"c0", "c1", "c2"}), frozenset({"c3", "c4"})}


def test_a_missing_id_is_a_group_of_its_own():
    groups = connected_groups(cases(patient=[None, np.nan, pd.NA], lesion=["a", "b", None]))
    assert groups.ids.nunique() == 3


def test_equal_ids_of_different_columns_are_different():
    table = cases(patient=["7", None], lesion=[None, "7"], group_clinic=[None, None])
    assert connected_groups(table).ids.nunique() == 2


def test_extra_group_columns_tie_and_other_columns_do_not():
    table = cases(group_clinic=["a", "a", "b"], diagnosis=["x", "x", "x"], source=["s", "s", "s"])
    assert parts(connected_groups(table)) == {frozenset({"c0", "c1"}), frozenset({"c2"})}


def test_a_group_has_the_same_name_whatever_the_order_of_the_rows():
    table = cases(lesion=["a", "b", "a", "b"])
    forward, backward = connected_groups(table).ids, connected_groups(table[::-1]).ids
    pd.testing.assert_series_equal(forward, backward[::-1])
    assert forward["c2"] == "c0"


def test_a_duplicate_that_is_not_a_case_still_ties():
    groups = connected_groups(cases(lesion=[None, None]), [("c0", "gone"), ("gone", "c1")])
    assert len(set(groups.ids)) == 1
    assert list(groups.ids.index) == ["c0", "c1"]


def test_only_keeps_names_and_ties():
    table = cases(lesion=["a", "a", "b"])
    few = connected_groups(table).only(pd.Index(["c1", "c2"]))
    assert few.ids.to_dict() == {"c1": "c0", "c2": "c2"}


def test_crossing_names_the_kinds_of_link_and_pairs():
    table = cases(patient=["p", "p", None, None], lesion=["l", "m", "m", None])
    groups = connected_groups(table, [("c2", "c3")])
    sides = pd.Series(["train", "test", "test", "train"], index=table.index)
    crossing = groups.crossing(sides)
    assert crossing.groups == 1
    assert crossing.share == 1.0
    assert crossing.kinds == {"patient": 1, "duplicate": 1}
    assert set(crossing.examples) == {("patient", "c0", "c1"), ("duplicate", "c2", "c3")}
    assert "patient (1)" in crossing.describe()


def test_crossing_is_empty_where_groups_are_whole_and_ignores_missing_sides():
    table = cases(lesion=["a", "a", "b"])
    sides = pd.Series(["train", None, "test"], index=table.index)
    crossing = connected_groups(table).crossing(sides)
    assert (crossing.groups, crossing.cases, crossing.examples) == (0, 0, ())


def test_at_most_five_examples_and_kinds_take_turns():
    n = 40
    lesion = [f"l{i // 2}" for i in range(n)]
    table = cases(lesion=lesion)
    groups = connected_groups(table, [("c0", "c3")])
    sides = pd.Series(["a", "b"] * (n // 2), index=table.index)
    kinds = [kind for kind, _, _ in groups.crossing(sides).examples]
    assert len(kinds) == 5
    assert "duplicate" in kinds


ids = st.one_of(st.none(), st.sampled_from("abcdef"))


@given(st.lists(st.tuples(ids, ids), min_size=1, max_size=30), st.data())
def test_agrees_with_merging_sets_one_by_one(rows, data):
    table = cases(patient=[a for a, _ in rows], lesion=[b for _, b in rows])
    number = st.integers(0, len(rows) - 1)
    pairs = data.draw(st.lists(st.tuples(number, number), max_size=5))
    slow = {name: {name} for name in table.index}

    def merge(a, b):
        joined = slow[a] | slow[b]
        for name in joined:
            slow[name] = joined

    for i, first in enumerate(rows):
        for j, second in enumerate(rows[:i]):
            if any(x is not None and x == y for x, y in zip(first, second, strict=True)):
                merge(f"c{i}", f"c{j}")
    for a, b in pairs:
        merge(f"c{a}", f"c{b}")
    groups = connected_groups(table, copies=[(f"c{a}", f"c{b}") for a, b in pairs])
    assert parts(groups) == {frozenset(members) for members in slow.values()}


def patients(n_patients, cases_each):
    names = [f"c{number}" for number in range(n_patients * cases_each)]
    return pd.DataFrame({"patient": np.repeat(np.arange(n_patients), cases_each).astype(str)}, index=names)


def test_random_resemblances_make_no_giant_group():
    """400 false pairs in 10,000 images of 500 patients: 63 % of the cases in one group, were they all followed."""
    table = patients(500, 20)
    pairs = [(f"c{a}", f"c{b}") for a, b in np.random.default_rng(0).integers(0, 10_000, (400, 2))]
    assert connected_groups(table, copies=pairs).sizes.iloc[0] > 5_000
    groups = connected_groups(table, pairs)
    assert groups.sizes.iloc[0] <= 100
    assert len(groups.not_followed) > 350


def test_a_second_pair_or_a_copy_ties_large_groups():
    table = patients(4, MIN_LARGE)
    assert len(connected_groups(table, [("c0", "c5")]).sizes) == 4
    assert len(connected_groups(table, [("c0", "c5"), ("c6", "c1")]).sizes) == 3
    assert len(connected_groups(table, [("c0", "c5"), ("c0", "c6")]).sizes) == 4  # both rest on one image
    assert len(connected_groups(table, copies=[("c0", "c5")]).sizes) == 3


def test_one_pair_ties_a_small_group():
    table = patients(2, MIN_LARGE)[:-1]
    groups = connected_groups(table, [("c0", "c5")])
    assert (len(groups.sizes), groups.not_followed) == (1, ())
