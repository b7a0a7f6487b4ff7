import numpy as np
import pandas as pd

from automl_skin.data.audit_checks import (
    Finding,
    contradictions,
    damaged_images,
    doubtful_duplicates,
    duplicate_images,
    large_group,
    missing_together,
    missing_values,
    some,
    split_crossing,
    vanished_images,
)
from automl_skin.data.groups import connected_groups


def test_damaged_and_vanished_images_are_named():
    inspection = pd.DataFrame({"path": ["a.jpg", "b.jpg", "c.jpg"], "error": ["", "truncated", "missing"]})
    (damaged,) = damaged_images(inspection)
    assert (damaged.count, damaged.examples) == (1, ("b.jpg: truncated",))
    (gone,) = vanished_images(inspection)
    assert gone.examples == ("c.jpg",)
    assert not list(damaged_images(inspection[:1]))


def test_duplicates_across_lesions_and_classes_are_named():
    images = pd.DataFrame({"case": ["a", "b", "c", "d"], "path": ["a.jpg", "b.jpg", "c.jpg", "d.jpg"]})
    cases = pd.DataFrame({"label": [0, 0, 1, 1], "lesion": ["l", "l", "m", None]}, index=list("abcd"))
    pairs = pd.DataFrame(
        {
            "path_a": ["a.jpg", "b.jpg", "c.jpg"],
            "path_b": ["b.jpg", "c.jpg", "d.jpg"],
            "kind": ["exact", "near", "near"],
            "similarity": [1.0, 0.8, 0.9],
        }
    )
    findings = {finding.kind: finding for finding in duplicate_images(pairs, images, cases)}
    assert findings["exact duplicates"].count == 1
    assert findings["near duplicates"].examples == ("c.jpg and d.jpg", "b.jpg and c.jpg")
    assert findings["duplicates across lesions"].examples == ("b.jpg and c.jpg",)
    assert findings["duplicates across classes"].count == 1


def test_resemblances_that_tie_nothing_are_counted():
    cases = pd.DataFrame({"patient": ["p"] * 5 + ["q"] * 5}, index=list("abcdefghij"))
    (finding,) = doubtful_duplicates(connected_groups(cases, [("a", "f")]))
    assert (finding.count, finding.examples) == (1, ("a and f",))
    assert "possible duplicates across groups" in finding.reason


def test_a_lesion_of_two_diagnoses_is_a_contradiction():
    cases = pd.DataFrame(
        {"label": [0, 0, 1, 1], "diagnosis": ["nv", "bkl", "mel", "mel"], "lesion": ["l", "l", None, None]},
        index=list("abcd"),
    )
    (finding,) = contradictions(cases, "lesion_id")
    assert (finding.column, finding.count, finding.examples) == ("lesion_id", 1, ("l",))
    assert "different diagnoses" in finding.reason
    (finding,) = contradictions(cases.assign(label=[0, 1, 1, 1]), None)
    assert "different classes" in finding.reason


def test_telling_absence_is_found_and_chance_is_not():
    rng = np.random.default_rng(0)
    classes = pd.Series(np.where(rng.random(1000) < 0.3, "malignant", "benign"))
    by_chance = pd.Series(rng.random(1000)).mask(rng.random(1000) < 0.1)
    telling = pd.Series(rng.random(1000)).mask((classes == "malignant") & (rng.random(1000) < 0.3))
    metadata = pd.DataFrame({"by_chance": by_chance, "telling": telling, "empty": [np.nan] * 1000})
    findings = [(finding.column, finding.reason) for finding in missing_values(metadata, classes)]
    assert [column for column, _ in findings] == ["telling", "empty"]
    assert "100% are malignant" in findings[0][1] or "0% are benign" in findings[0][1]


def test_fields_that_are_missing_together_are_seen_together():
    """Each of three fields is missing at random; all of them in benign cases alone."""
    rng = np.random.default_rng(0)
    classes = pd.Series(np.where(rng.random(1000) < 0.4, "malignant", "benign"))
    missing = rng.random((1000, 3)) < 0.3
    missing[missing.all(axis=1)] = False
    missing[(classes == "benign") & (rng.random(1000) < 0.3)] = True
    metadata = pd.DataFrame(np.where(missing, np.nan, 1.0), columns=["age", "sex", "site"])
    (finding,) = missing_together(metadata, classes)
    assert "without age, sex, site (" in finding.reason
    shuffled = classes.sample(frac=1, random_state=0, ignore_index=True)
    assert not list(missing_together(metadata, shuffled))


def test_patient_zero_is_named():
    table = pd.DataFrame({"patient": ["0"] * 30 + [f"p{i}" for i in range(70)]}, index=map(str, range(100)))
    (finding,) = large_group(connected_groups(table))
    assert (finding.kind, finding.column, finding.count) == ("group", "patient", 30)
    assert not list(large_group(connected_groups(table[30:])))


def test_what_sides_share_is_said_for_each_two():
    table = pd.DataFrame(
        {"lesion": list("aabbcd"), "patient": ["p", "q", "r", "r", "s", "s"]}, index=list("uvwxyz")
    )
    split = pd.Series(["train", "test", "train", "train", "val", "test"], index=table.index)
    findings = list(split_crossing(connected_groups(table), split))
    assert [finding.count for finding in findings] == [2, 2]
    assert "test and train share 1 groups (50.0% of test, 33.3% of train)" in findings[0].reason
    assert "1 by lesion" in findings[0].reason
    assert findings[1].examples == ("y and z (patient)",)


def test_a_finding_reads_as_a_line():
    finding = Finding("missingness", "sex", "missing in 60% of the cases", 6, ("a", "b"))
    assert str(finding) == "[missingness] sex: missing in 60% of the cases (a; b)"
    assert str(Finding("damaged", None, "1 image")) == "[damaged] 1 image"


def test_some_are_few():
    assert some(pd.Index(list("abcdefgh"))) == tuple("abcde")
