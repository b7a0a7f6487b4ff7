import pandas as pd
import pytest

from automl_skin.errors import TableError
from automl_skin.papers.curation.curate import BALANCED, LISTED, REPEATED, SAME_BYTES, Uncurated, curate
from automl_skin.papers.curation.duplicates import ListedCopy
from automl_skin.papers.curation.rules import TARGET, CurationRules

RULES = CurationRules()


@pytest.fixture
def curated(isic, as_given):
    table = isic(30)
    table.loc[table.index[3], "isic_id"] = "ISIC_0000002"
    table.loc[table.index[[8, 11]], ["sex", "age_approx"]] = None
    table.loc[table.index[20], "anatom_site_general"] = None
    table.loc[table.index[1], "benign_malignant"] = None
    contents = pd.Series([f"digest {number}" for number in range(30)], index=table.index)
    contents.iloc[[5, 6]] = "digest 5"
    contents.iloc[29] = None
    lists = (
        ListedCopy("ISIC_0000001", "", "list.txt, line 1"),
        ListedCopy("ISIC_0000099", "", "list.txt, line 2"),
    )
    return table, curate(as_given(table, contents=contents, listed=lists), RULES)


def test_every_step_counts_what_it_took_away(curated):
    _, result = curated
    counts = {count.step: count for count in result.ledger.counts}
    assert [counts[step].dropped for step in (LISTED, REPEATED, SAME_BYTES)] == [1, 1, 1]
    assert counts[SAME_BYTES].note == "27 of 28 rows have an image that can be compared"
    rows = [count.rows for count in result.ledger.counts]
    assert rows == sorted(rows, reverse=True)
    assert all(
        after == before - count.dropped
        for before, after, count in zip(rows, rows[1:], result.ledger.counts[1:], strict=False)
    )
    assert counts[BALANCED].melanoma == counts[BALANCED].other


def test_every_row_is_kept_or_recorded_with_a_reason(curated):
    table, result = curated
    record = result.ledger.record
    dropped = record[record["done"] == "dropped"]
    gone = set(zip(dropped["table"], dropped["row"], strict=True))
    assert gone | set(result.ledger.table.index) == set(table.index)
    assert not gone & set(result.ledger.table.index)
    assert dropped["why"].notna().all()
    assert (dropped["why"] == "same bytes as isic.csv, row 6").sum() == 1


def test_every_changed_value_is_recorded_as_it_was_and_is(curated):
    table, result = curated
    kept, record = result.ledger.table, result.ledger.record
    changed = record[record["done"] == "changed"]
    expected = kept.index[kept["sex"] != table.loc[kept.index, "sex"]]
    of_sex = changed[changed["column"] == "sex"]
    assert list(zip(of_sex["table"], of_sex["row"], strict=True)) == list(expected)
    assert of_sex["before"].isna().all()
    assert set(of_sex["after"]) == {"male"}
    assert set(changed.loc[changed["step"] == "sites merged", "before"]) == {
        "anterior torso",
        "lateral torso",
    }
    assert set(changed["column"]) <= set(RULES.fields)


def test_nothing_is_missing_afterwards_and_the_torso_is_one_site(curated):
    _, result = curated
    kept = result.ledger.table
    assert kept[list(RULES.fields)].notna().all().all()
    assert set(kept["anatom_site_general"]) <= {"torso", "head/neck", "unknown"}
    assert len(result.features) == len(kept)


def test_unlabelled_rows_are_said(curated):
    _, result = curated
    assert "1 rows have no benign_malignant and are counted as NON-MEL, as in the paper" in result.notes


def test_contradictory_copies_are_said(isic, as_given):
    table = isic(6)
    contents = pd.Series(["a", "b", "a", "d", "e", "f"], index=table.index)
    notes = curate(as_given(table, contents=contents), RULES).notes
    assert notes == ("1 binary duplicates have two values of benign_malignant: malignant and benign",)


def test_without_imputing_missing_values_stay(isic, as_given):
    table = isic(6, sex=[None] * 6)
    result = curate(as_given(table), CurationRules(balance=False), impute=False)
    assert result.ledger.table["sex"].isna().all()
    assert result.features is None
    assert len(result.ledger.table) == 6


def test_a_set_that_was_curated_before_is_left_out(isic, as_given):
    table, before = isic(9), isic(3, name="before.csv", first=9)
    contents = pd.Series(list("abcdefghi"), index=table.index)
    known = pd.Series(["z", "a", None], index=before.index)
    result = curate(
        as_given(table, contents=contents, reference_images=before["isic_id"], reference_contents=known),
        CurationRules(balance=False),
    )
    gone = result.ledger.record.query("done == 'dropped'")
    assert gone["why"].tolist() == ["same image id as before.csv, row 1", "same bytes as before.csv, row 2"]


def test_rows_without_an_image_can_be_left_out(isic, as_given):
    table = isic(6)
    contents = pd.Series(["a", "b", "c", None, None, None], index=table.index)
    result = curate(as_given(table, contents=contents), CurationRules(balance=False), only_with_image=True)
    assert list(result.ledger.table["isic_id"]) == ["ISIC_0000001", "ISIC_0000002", "ISIC_0000003"]


@pytest.mark.parametrize(
    ("change", "match"),
    [
        (lambda table: table.drop(columns="age_approx"), "--age-column 'age_approx': expected a column"),
        (lambda table: table.assign(**{TARGET: "x"}), "column 'melanoma': the curated table adds one"),
        (
            lambda table: table.assign(isic_id=[None, *table["isic_id"][1:]]),
            r"got 1 rows without one \(first isic.csv, row 1\)",
        ),
    ],
)
def test_a_table_that_cannot_be_curated_says_why(isic, change, match):
    table = change(isic(6))
    with pytest.raises(TableError, match=match):
        curate(Uncurated(table, table["isic_id"].astype("str").mask(table["isic_id"].isna())), RULES)
