import numpy as np
import pandas as pd
import pytest

from automl_skin.chains.inputs import CaseInputs
from automl_skin.explain.case_parts import BASE, IMAGE, METADATA, explain_cases, field_column
from automl_skin.metrics.odds import log_odds

FIELDS = ["a", "b", "c", "d", "e"]


@pytest.fixture
def inputs():
    random = np.random.default_rng(0)
    metadata = pd.DataFrame(random.normal(size=(9, 5)), index=[f"case {i}" for i in range(9)], columns=FIELDS)
    metadata.iloc[1] = np.nan
    metadata.iloc[2, 0] = np.nan
    has_image = np.arange(9) != 3
    embeddings = random.normal(size=(9, 4)).astype(np.float32) * has_image[:, None]
    return CaseInputs({"network": embeddings}, has_image, metadata)


def predict(inputs, interaction=1.0):
    image = inputs.embeddings["network"].sum(axis=1) + inputs.has_image
    fields = inputs.metadata.fillna(0.0).to_numpy()
    score = image + fields @ np.arange(5) + interaction * fields[:, 0] * (image + fields[:, 1] * fields[:, 2])
    positive = 1 / (1 + np.exp(-score / 4 + 1))
    return np.column_stack([1 - positive, positive])


def test_parts_add_up(inputs):
    parts = explain_cases(predict, inputs)
    whole = parts[[BASE, IMAGE, METADATA]].sum(axis=1)
    np.testing.assert_allclose(whole, log_odds(predict(inputs)[:, 1]), atol=1e-6)
    fields = parts[[field_column(name) for name in FIELDS]].sum(axis=1)
    np.testing.assert_allclose(fields, parts[METADATA], atol=1e-6)


def test_of_what_adds_up_by_itself_parts_are_its_terms(inputs):
    parts = explain_cases(lambda cases: predict(cases, interaction=0.0), inputs)
    terms = inputs.metadata.fillna(0.0).to_numpy() * np.arange(5) / 4
    np.testing.assert_allclose(parts[[field_column(name) for name in FIELDS]], terms, atol=1e-6)
    np.testing.assert_allclose(parts[BASE], -1.0, atol=1e-6)


def test_what_is_absent_has_no_part(inputs):
    parts = explain_cases(predict, inputs)
    assert parts.loc["case 3", IMAGE] == pytest.approx(0.0, abs=1e-9)
    assert parts.loc["case 1", METADATA] == pytest.approx(0.0, abs=1e-9)
    assert parts.loc["case 2", field_column("a")] == pytest.approx(0.0, abs=1e-9)


def test_one_case_alone_as_in_a_batch(inputs):
    alone = explain_cases(predict, inputs.take(np.array([4])))
    pd.testing.assert_frame_equal(alone, explain_cases(predict, inputs).iloc[[4]], atol=1e-6, rtol=0)


def test_metadata_without_fields(inputs):
    bare = CaseInputs(inputs.embeddings, inputs.has_image, pd.DataFrame(index=inputs.metadata.index))
    parts = explain_cases(
        lambda cases: np.column_stack([1 - cases.has_image * 0.5, cases.has_image * 0.5]), bare
    )
    assert list(parts) == [BASE, IMAGE, METADATA]
    assert (parts[METADATA] == 0).all()
