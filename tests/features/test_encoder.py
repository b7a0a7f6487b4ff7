"""Encoded metadata: absence is not evidence, and nothing else of it surprises."""

import numpy as np
import pandas as pd
import pytest
from sklearn.metrics import roc_auc_score

from automl_skin.features.encoder import EncoderConfig, MetadataEncoder, fit_encoder
from automl_skin.heads.catalogue import FAMILIES
from automl_skin.heads.design import Design
from automl_skin.heads.training import training_targets
from automl_skin.records import from_plain, to_plain

KINDS = {"age_years": "number", "sex": "category", "site": "category"}


def make_metadata(n_cases=400, seed=0):
    rng = np.random.default_rng(seed)
    table = pd.DataFrame(
        {
            "age_years": rng.integers(5, 90, n_cases).astype(float),
            "sex": rng.choice(["female", "male"], n_cases),
            "site": rng.choice(["back", "face", "hand", "scalp"], n_cases, p=[0.6, 0.3, 0.09, 0.01]),
        }
    )
    table.loc[rng.random(n_cases) < 0.2, "site"] = None
    table.loc[rng.random(n_cases) < 0.2, "age_years"] = np.nan
    return table


def fitted(metadata=None, **values):
    return fit_encoder(EncoderConfig(**values), make_metadata() if metadata is None else metadata, KINDS)


def auc_of_held_out(head, metadata, labels, seed=0, **values):
    """Return the AUC on the second half of a head trained on the first half of the encoded metadata."""
    half, kinds = len(labels) // 2, dict.fromkeys(metadata.columns, "number") | {"site": "category"}
    train, test = metadata.iloc[:half], metadata.iloc[half:]
    encoder = fit_encoder(EncoderConfig(**values), train, kinds)
    matrix = encoder.transform_training(train, np.random.default_rng(1))
    family = FAMILIES[head]
    design = Design(matrix, 0)
    model = family.fit(family.config(), design, training_targets(design, labels[:half], 2, None), seed, 1)
    return roc_auc_score(labels[half:], model.predict(Design(encoder.transform(test), 0))[:, 1])


def curated(seed, n_cases=6000, *, told_by_values=False):
    """Return fields that are missing far more often in one class, and noise (or not) where they are present."""
    rng = np.random.default_rng(seed)
    labels = (rng.random(n_cases) < 0.4).astype(int)
    shift = labels if told_by_values else np.zeros(n_cases)
    site = rng.choice(["back", "face", "hand"], n_cases)
    site[(rng.random(n_cases) < 0.3 * shift)] = "scalp"
    table = pd.DataFrame({"age_years": rng.normal(size=n_cases) + shift, "site": site})
    for column in table:
        table.loc[rng.random(n_cases) < np.where(labels == 1, 0.6, 0.1), column] = None
    return table, labels


@pytest.mark.parametrize("head", ["lightgbm", "logistic"])
def test_absence_is_not_evidence(head):
    # All cases without a field share one score, whose rank among the others is chance: hence the mean.
    aucs = [auc_of_held_out(head, *curated(seed)) for seed in range(8)]
    assert abs(np.mean(aucs) - 0.5) < 0.06


@pytest.mark.parametrize("head", ["lightgbm", "logistic"])
def test_absence_would_be_evidence_with_indicators(head):
    assert auc_of_held_out(head, *curated(0), missing_indicators=True) > 0.8


def asked_of_one_class(seed, n_cases=1200):
    """Return six fields of noise, of which the absence alone tells the class with an AUC of 0.89."""
    rng = np.random.default_rng(seed)
    labels = (rng.random(n_cases) < 0.5).astype(int)
    fields = {f"number_{field}": rng.normal(size=n_cases) for field in range(5)}
    table = pd.DataFrame({**fields, "site": rng.choice(list("abc"), n_cases)})
    absent = rng.random(table.shape) < np.where(labels == 1, 0.2, 0.53)[:, None]
    return table.mask(absent), labels


def test_absence_alone_would_tell_the_class():
    table, labels = asked_of_one_class(0)
    assert roc_auc_score(labels, table.notna().sum(axis=1)) == pytest.approx(0.89, abs=0.02)
    assert auc_of_held_out("lightgbm", table, labels, missing_indicators=True) > 0.8


@pytest.mark.parametrize("head", FAMILIES)
def test_no_family_reads_absence(head):
    # The rank of a neutral field among the values is chance (a network's is that of its first weights): hence the
    # mean over data and seeds of the head.
    aucs = [auc_of_held_out(head, *asked_of_one_class(seed), seed) for seed in range(6)]
    assert abs(np.mean(aucs) - 0.5) < 0.06, aucs


@pytest.mark.parametrize("head", ["lightgbm", "logistic"])
def test_values_keep_their_signal(head):
    assert auc_of_held_out(head, *curated(0, told_by_values=True)) > 0.65


def test_missing_fields_are_neutral_at_scoring():
    metadata = make_metadata()
    encoder = fitted(metadata)
    row = encoder.transform(pd.DataFrame({"age_years": [np.nan], "sex": [None], "site": [None]}))[0]
    assert np.isfinite(row).all()
    shares = dict(zip(encoder.columns, row, strict=True))
    assert shares["age_years"] == 0.0
    assert shares["sex=male"] == pytest.approx((metadata["sex"] == "male").mean(), abs=1e-6)
    assert shares["site=back"] == pytest.approx((metadata["site"].dropna() == "back").mean(), abs=1e-6)


def test_absent_columns_are_missing_and_order_does_not_matter():
    metadata, encoder = make_metadata(), fitted()
    assert (encoder.transform(metadata[["site", "sex", "age_years"]]) == encoder.transform(metadata)).all()
    without = encoder.transform(metadata[["sex"]])
    assert (without == encoder.transform(metadata.assign(site=None, age_years=np.nan))).all()
    assert (encoder.transform(metadata.assign(other=1)) == encoder.transform(metadata)).all()


def test_no_metadata_at_all_is_one_neutral_row():
    matrix = fitted().transform(pd.DataFrame(index=["a", "b"]))
    assert np.isfinite(matrix).all()
    assert (matrix[0] == matrix[1]).all()


def test_unseen_level_counts_as_rare_where_there_were_rare_ones():
    encoder = fitted()
    assert [column for column in encoder.columns if column.startswith("site")] == [
        "site=back",
        "site=face",
        "site=hand",
        "site=(rare)",
    ]
    answer = encoder.transform(pd.DataFrame({"site": ["tongue", "scalp"], "sex": ["diverse", None]}))
    assert (answer[0] == answer[1]).all()
    assert answer[0, encoder.columns.index("site=(rare)")] == 1.0


@pytest.mark.parametrize("extreme", [1e9, -1e9, 1e300, "1e12"])
def test_extreme_numbers_are_clipped_to_the_widened_training_range(extreme):
    encoder, index = fitted(), fitted().columns.index("age_years")
    seen = encoder.transform(pd.DataFrame({"age_years": [5.0, 89.0]}))[:, index]
    value = encoder.transform(pd.DataFrame({"age_years": [extreme]}))[0, index]
    width = seen[1] - seen[0]
    assert seen[0] - 0.2 * width < value < seen[1] + 0.2 * width
    assert value > seen[1] or value < seen[0]


@pytest.mark.parametrize("value", ["fifty", np.inf, -np.inf, None, "nan"])
def test_what_is_no_number_is_missing(value):
    encoder = fitted()
    column = pd.DataFrame({"age_years": pd.Series([value], dtype=object)})
    assert (encoder.transform(column) == encoder.transform(pd.DataFrame(index=[0]))).all()


def test_levels_coded_as_numbers_are_the_same_in_any_type():
    kinds = {"site": "category"}
    encoder = fit_encoder(EncoderConfig(rare_below=1), pd.DataFrame({"site": [1, 2, 2, 3]}), kinds)
    expected = encoder.transform(pd.DataFrame({"site": [2, 3]}))
    assert (expected.sum(axis=1) == 1).all()
    for values in ([2.0, 3.0], ["2", "3"]):
        assert (encoder.transform(pd.DataFrame({"site": values})) == expected).all()


def test_a_case_alone_is_encoded_as_in_a_batch():
    metadata, encoder = make_metadata(), fitted()
    together = encoder.transform(metadata)
    assert all((encoder.transform(metadata.iloc[[i]]) == together[i]).all() for i in range(0, 400, 37))


def test_training_fields_are_masked_at_random_and_filled_from_others():
    metadata, encoder = make_metadata(20_000), fitted(make_metadata(20_000), mask_case_share=0.05)
    matrix = encoder.transform_training(metadata, np.random.default_rng(77))
    age = matrix[:, encoder.columns.index("age_years")]
    neutral = ~np.isin(matrix[:, encoder.columns.index("sex=male")], [0.0, 1.0])
    missing = metadata["age_years"].isna().to_numpy()
    assert neutral.mean() == pytest.approx(1 - 0.9 * 0.95, abs=0.01)
    assert (matrix[neutral] == encoder.transform(pd.DataFrame(index=[0]))).all(axis=1).mean() > 0.2
    # A filled field is distributed as an observed one, and is as often neutral.
    assert age[missing].std() == pytest.approx(age[~missing].std(), abs=0.03)
    assert (age[missing] == 0).mean() == pytest.approx((age[~missing] == 0).mean(), abs=0.02)


def test_training_repeats_with_its_generator():
    metadata, encoder = make_metadata(), fitted()
    first, second, other = (encoder.transform_training(metadata, np.random.default_rng(s)) for s in (0, 0, 1))
    assert (first == second).all()
    assert (first != other).any()


@pytest.mark.parametrize("missing_indicators", [False, True])
def test_comes_back_from_json(missing_indicators):
    encoder = fitted(missing_indicators=missing_indicators)
    back = from_plain(MetadataEncoder, to_plain(encoder), "a file")
    assert back == encoder
    assert (back.transform(make_metadata()) == encoder.transform(make_metadata())).all()


def test_columns_without_a_value_or_without_variety():
    metadata = pd.DataFrame({"age_years": [np.nan] * 5, "sex": ["male"] * 5, "site": [None] * 5})
    encoder = fitted(metadata, rare_below=1)
    assert encoder.columns == ("sex=male",)
    constant = fit_encoder(EncoderConfig(), pd.DataFrame({"age_years": [40.0] * 5}), KINDS)
    assert (constant.transform(pd.DataFrame({"age_years": [40.0, 90.0]})) == 0.0).all()


def test_no_columns():
    encoder = fit_encoder(EncoderConfig(), pd.DataFrame(index=range(3)), {})
    assert encoder.transform(pd.DataFrame(index=range(3))).shape == (3, 0)
    assert encoder.transform_training(pd.DataFrame(index=range(3)), np.random.default_rng(0)).shape == (3, 0)


def with_gaps():
    ages, sites = [20.0, 30.0, 80.0, None, None], ["back", "face", "face", None, "hand"]
    return pd.DataFrame({"age_years": ages, "sex": ["male", "male", None, "female", "female"], "site": sites})


@pytest.mark.parametrize(("imputation", "age"), [("mean", 130 / 3), ("median", 30.0)])
@pytest.mark.parametrize("scaling", ["standard", "unit"])
def test_imputation_fills_the_same_value_in_training_and_in_scoring(imputation, age, scaling):
    metadata = with_gaps()
    encoder = fitted(
        metadata, imputation=imputation, scaling=scaling, rare_below=1, mask_share=0.0, mask_case_share=0.0
    )
    filled = metadata.fillna({"age_years": age, "site": "face", "sex": "female"})
    expected = encoder.transform(filled)
    assert np.allclose(encoder.transform(metadata), expected)
    assert np.allclose(encoder.transform_training(metadata, np.random.default_rng(0)), expected)


def test_what_is_filled_in_is_fitted_on_the_training_rows_alone():
    encoder = fitted(with_gaps().iloc[:2], imputation="mean", scaling="unit", rare_below=1)
    answer = encoder.transform(with_gaps().iloc[3:])
    assert answer[:, encoder.columns.index("age_years")].tolist() == [0.5, 0.5]


def test_rare_levels_together_are_not_the_most_frequent_one():
    sites = pd.DataFrame({"site": ["face"] * 10 + ["back"] * 9 + ["hand"] * 8 + [None]})
    answer = fitted(sites, imputation="median").transform(sites.iloc[-1:])
    assert answer.tolist() == [[1.0, 0.0]]


@pytest.mark.parametrize("scaling", ["standard", "unit"])
@pytest.mark.parametrize("imputation", ["neutral", "mean", "median"])
def test_an_encoder_that_imputes_comes_back_from_json(imputation, scaling):
    encoder = fitted(imputation=imputation, scaling=scaling)
    back = from_plain(MetadataEncoder, to_plain(encoder), "a file")
    assert back == encoder
    assert (back.transform(make_metadata()) == encoder.transform(make_metadata())).all()


@pytest.mark.parametrize("imputation", ["neutral", "mean"])
def test_all_missing_stands_as_one_row(imputation):
    encoder = fitted(imputation=imputation)
    nothing = make_metadata(3).mask(np.ones((3, 3), dtype=bool))
    assert encoder.absent().shape == (len(encoder.columns),)
    assert (encoder.transform(nothing) == encoder.absent()).all()
