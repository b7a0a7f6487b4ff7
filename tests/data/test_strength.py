import numpy as np
import pandas as pd
import pytest

from automl_skin.data.acquisition import PLACE
from automl_skin.data.strength import Shortcuts, find_shortcuts
from automl_skin.records import read_record, write_record

N = 400


def measured(metadata=None, facts=None, labels=None, **options):
    rng = np.random.default_rng(0)
    labels = rng.integers(0, 2, N) if labels is None else labels
    index = [f"c{number}" for number in range(len(labels))]
    plan = pd.DataFrame({"group": index, "fold": np.arange(len(labels)) % 5}, index=index)
    frames = [pd.DataFrame(columns or {}, index=index) for columns in (metadata, facts)]
    return find_shortcuts(*frames, labels, plan, **options)


def drawn(seed=0):
    rng = np.random.default_rng(seed)
    return rng.integers(0, 2, N), rng


def test_a_column_that_nearly_says_the_class_is_asked_about_until_it_is_allowed():
    labels, rng = drawn()
    site = np.where(labels ^ (rng.random(N) < 0.02), "clinic", "practice")
    metadata = {"site": site, "age": rng.normal(50, 10, N) + 10 * labels}
    found = measured(metadata, labels=labels)
    (question,) = [line for line in found.lines() if line.startswith("QUESTION")]
    assert "site alone reaches an AUC of 0.9" in question
    assert "is it known before the diagnosis? If not: --quarantine site; if so: --allow site" in question
    assert [each.column for each in found.columns] == ["site", "age"]
    assert not measured(metadata, labels=labels, allowed=("site",)).questions()


def test_columns_that_say_the_class_together_are_asked_about():
    labels, rng = drawn()
    first = rng.integers(0, 2, N)
    found = measured({"first": first.astype(float), "second": (first ^ labels).astype(float)}, labels=labels)
    assert not found.suspicious
    (question,) = found.questions()
    assert "do they give the class away between them?" in question


def test_noise_says_nothing():
    values = []
    for seed in range(5):
        labels, rng = drawn(seed)
        facts = {"file size": rng.random(N), "camera": rng.choice(list("abc"), N)}
        found = measured({"age": rng.random(N)}, facts, labels)
        assert not found.is_shortcut
        assert not found.questions()
        values.append(
            [found.all_facts.value, found.all_columns.value, *(each.auc.value for each in found.facts)]
        )
    assert np.mean(values, axis=0) == pytest.approx(0.5, abs=0.06)


def test_acquisition_that_differs_by_class_is_a_shortcut():
    labels, rng = drawn()
    facts = {"camera": np.where(labels ^ (rng.random(N) < 0.2), "A", "B"), "file size": rng.random(N)}
    found = measured(facts=facts, labels=labels)
    assert found.is_shortcut
    assert "how photographs were taken in place of the lesion" in found.describe_facts()
    assert found.facts[0].column == "camera"


def test_the_place_in_the_table_is_told_apart():
    labels = np.repeat([0, 1], N // 2)
    found = measured(facts={PLACE: np.arange(N, dtype=float)}, labels=labels)
    assert found.all_facts is None
    assert "The place in the table, not among them, has 0.9" in found.describe_facts()
    assert "in the order of the diagnosis" in found.describe_facts()
    shuffled = measured(facts={PLACE: drawn()[1].permutation(N).astype(float)}, labels=labels)
    assert shuffled.order_warning == ""


def test_absence_in_metadata_is_not_evidence_and_in_acquisition_it_is():
    labels, rng = drawn()
    column = np.where(labels & (rng.random(N) < 0.9), np.nan, rng.normal(size=N))
    found = measured({"depth": column}, {"date taken": column}, labels)
    assert found.columns[0].auc.value < 0.6
    assert found.all_columns.value < 0.6
    assert found.facts[0].auc.value > 0.9


@pytest.mark.parametrize("labels", [np.arange(N) % 3, np.array([0, 1, 2, *[0, 1] * ((N - 3) // 2), 0])])
def test_several_classes_even_where_a_fold_lacks_one(labels):
    found = measured({"age": np.arange(N, dtype=float) % 7}, labels=labels)
    assert 0 <= found.columns[0].auc.value <= 1


def test_an_empty_column_is_left_out_and_the_record_is_read_again(tmp_path):
    found = measured({"empty": [np.nan] * N, "text": pd.Series([None] * N, dtype="str").to_numpy()})
    assert found.columns == ()
    assert found.all_columns is None
    write_record(tmp_path / "s.json", found)
    assert read_record(Shortcuts, tmp_path / "s.json") == found
