import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from automl_skin.data.audit import run_audit
from automl_skin.data.groups import connected_groups
from automl_skin.data.manifest import Manifest
from automl_skin.data.roles import Remark, Roles
from automl_skin.data.target import Target
from automl_skin.errors import ConfigError

N = 800


@pytest.fixture
def material():
    """A table whose `confirmed` gives the class away, and its manifest as the data room makes it."""
    rng = np.random.default_rng(0)
    positive = rng.random(N) < 0.4
    name = pd.Series([f"img_{i:03d}_{'mel' if p else 'oth'}" for i, p in enumerate(positive)])
    table = pd.DataFrame(
        {
            "image": name,
            "lesion_id": [f"l{i // 2}" for i in range(N)],
            "dx": np.where(positive, "mel", "nv"),
            "confirmed": np.where(positive, "histology", rng.choice(["histology", "follow-up"], N)),
            "age": pd.Series(rng.integers(20, 90, N).astype(float)).mask(rng.random(N) < 0.1),
        }
    )
    index = pd.Index(name, name="case")
    cases = pd.DataFrame(
        {
            "label": positive.astype(int),
            "diagnosis": table["dx"].to_numpy(),
            "patient": pd.Series([pd.NA] * N, index=index, dtype="str"),
            "lesion": table["lesion_id"].to_numpy(),
            "source": pd.Series([pd.NA] * N, index=index, dtype="str"),
        },
        index=index,
    )
    images = pd.DataFrame(
        {"case": name, "role": "image", "path": name + ".jpg", "status": "found", "given": name}
    )
    manifest = Manifest(
        cases=cases,
        images=images,
        metadata=table[["confirmed", "age"]].set_axis(index),
        target=Target("dx", ("negative", "positive"), ("mel",), ("mel", "nv")),
        roles=Roles("image", target="dx", lesion="lesion_id", metadata=("confirmed", "age")),
        images_root=Path(),
        kinds={"confirmed": "category", "age": "number"},
        findings=(Remark("age", "1 value above 120 is taken as missing"),),
    )
    inspection = pd.DataFrame({"path": name + ".jpg", "error": ["truncated", *[""] * (N - 1)]})
    return manifest, table, inspection


NO_PAIRS = pd.DataFrame({"path_a": [], "path_b": [], "kind": [], "similarity": []}).astype("str")


def audit(material, **options):
    manifest, table, inspection = material
    return run_audit(manifest, table, inspection, NO_PAIRS, connected_groups(manifest.cases), **options)


def test_leaks_are_quarantined_and_ids_are_findings_only(material):
    result = audit(material)
    assert list(result.quarantined) == ["confirmed"]
    leaks = {finding.column: finding.reason for finding in result.findings if finding.kind == "leak"}
    assert set(leaks) == {"confirmed", "image"}
    assert "suffix" in leaks["image"]
    assert "never given to a model" in leaks["image"]


def few_rows(material):
    """The first cases of the material, with as little evidence as an honest predictor may give."""
    manifest, table, inspection = material
    return replace(manifest.select(manifest.cases.index[:200]), findings=()), table[:200], inspection[:200]


def test_what_rests_on_few_rows_is_asked_and_kept(material):
    result = audit(few_rows(material))
    assert "confirmed" not in result.quarantined
    (question,) = [finding for finding in result.findings if finding.kind == "question"]
    assert question.column == "confirmed"
    assert "If not: --quarantine confirmed; if so: --allow confirmed" in question.reason
    text = "\n".join(result.lines())
    assert "QUESTIONS (1), these columns are kept until you decide:" in text
    assert "Not searched for: " in text


def test_nothing_is_asked_of_a_column_that_no_model_gets(material):
    manifest, table, inspection = few_rows(material)
    ignored = replace(manifest, roles=replace(manifest.roles, metadata=("age",), ignored=("confirmed",)))
    result = audit((ignored, table, inspection))
    assert not [finding for finding in result.findings if finding.kind == "question"]
    (leak,) = [finding for finding in result.findings if finding.column == "confirmed"]
    assert leak.kind == "leak"
    assert "ignored, never given to a model" in leak.reason


def test_a_question_is_answered_by_an_option(material):
    for option in ("allow", "quarantine"):
        result = audit(few_rows(material), **{option: ["confirmed"]})
        assert not [finding for finding in result.findings if finding.kind == "question"]
        assert ("confirmed" in result.quarantined) == (option == "quarantine")


def test_allow_and_quarantine_have_the_last_word(material):
    result = audit(material, allow=["confirmed"], quarantine=["age"])
    assert dict(result.quarantined) == {"age": "as given by --quarantine"}
    assert any("allowed by --allow" in finding.reason for finding in result.findings)


@pytest.mark.parametrize("option", ["allow", "quarantine"])
def test_unknown_columns_are_named(material, option):
    with pytest.raises(ConfigError, match=rf"--{option}: expected columns .*confirmed.* got cofirmed"):
        audit(material, **{option: ["cofirmed"]})


def test_a_column_cannot_be_both(material):
    with pytest.raises(ConfigError, match="got age in both"):
        audit(material, allow=["age"], quarantine=["age"])


def test_everything_is_counted(material):
    result = audit(material)
    labels = material[0].cases["label"]
    assert dict(result.class_counts) == {"negative": int((labels == 0).sum()), "positive": int(labels.sum())}
    assert result.images["damaged"] == 1
    assert result.largest_group["cases"] == 2
    assert set(result.missingness["age"]) == {"all", "negative", "positive"}
    assert result.missingness["age"]["all"] == pytest.approx(material[1]["age"].isna().mean())


def test_the_kinds_of_findings(material):
    manifest = material[0]
    split = pd.Series(["train", "test"] * (N // 2), index=manifest.cases.index)
    kinds = {finding.kind for finding in audit(material, split=split).findings}
    assert {"leak", "table", "damaged", "contradiction", "split"} <= kinds


def test_the_json_names_columns_and_reasons(material, tmp_path):
    result = audit(material)
    result.write(tmp_path)
    written = json.loads((tmp_path / "audit.json").read_text())
    assert written["quarantined"] == dict(result.quarantined)
    assert {"kind", "column", "reason", "count", "examples"} == set(written["findings"][0])
    assert "age" in [finding["column"] for finding in written["findings"]]


def test_the_lines_name_the_quarantined_columns_and_the_other_findings(material):
    text = "\n".join(audit(material).lines())
    assert "Quarantined columns (1)" in text
    assert "confirmed: " in text
    assert "age: 1 value above 120" not in text  # a note of `describe`, which stands above
    assert "truncated" in text


def test_cases_that_do_not_decide_quarantine_nothing_and_free_nothing(material):
    """Half of the cases decide: whatever the columns of the others say, the same is kept from training."""
    manifest, table, inspection = material
    half = manifest.cases.index[: N // 2]
    mixed = table.assign(confirmed=np.where(np.arange(N) < N // 2, table["confirmed"], "histology"))
    leaking = mixed.assign(
        score=np.where(np.arange(N) < N // 2, np.arange(N) % 7, 9.0 * (table["dx"] == "mel")),
    )
    for changed in (table, mixed, leaking, leaking.assign(score=leaking["score"].astype("str") + " mm")):
        result = audit((manifest, changed, inspection), deciding=half)
        assert list(result.quarantined) == ["confirmed"]
        assert "of the rows" in result.quarantined["confirmed"]
    assert audit((manifest, table, inspection), deciding=half).quarantined == result.quarantined
    reported = {each.column: each.reason for each in result.findings if each.kind == "undecided"}
    assert list(reported) == ["score"]
    assert "but not in the development rows, which decide alone: kept" in reported["score"]
