import numpy as np
import pandas as pd
import pytest

from automl_skin.data.identifiers import why_id

N = 240
RNG = np.random.default_rng(0)
WHO = np.repeat(np.arange(N // 3), 3)
NONE = pd.DataFrame(index=range(N))


def patients(columns=("sex", "age", "skin")):
    """Columns that are one for each patient."""
    rng = np.random.default_rng(1)
    made = {"sex": rng.choice(["m", "f"], N), "age": rng.integers(20, 90, N), "skin": rng.integers(1, 7, N)}
    return pd.DataFrame({name: made[name][WHO] for name in columns})


def why(values, name="x", others=NONE):
    return why_id(pd.Series(values, name=name), others)


@pytest.mark.parametrize(
    ("name", "values"),
    [
        ("PatientenNr", WHO + 1),
        ("record number", WHO % 7),
        ("MRN", [f"{who}" for who in WHO]),
        ("x", WHO * 7 + 481_516),
        ("x", [f"PAT_{who}" for who in WHO]),
        ("x", [f"P{who:03d}" for who in WHO]),
        ("x", WHO * 1003 + 17),
    ],
)
def test_ids_that_repeat(name, values):
    found = why(values, name, patients() if name == "x" else NONE)
    assert found is not None
    assert found.repeats


@pytest.mark.parametrize(
    ("name", "values", "word"),
    [
        ("x", np.arange(N) + 500, "like an id"),
        ("x", np.arange(100).tolist() + [None] * (N - 100), "a running number"),
        ("x", [f"IMG_{row}.HEIC" for row in range(N)], "names of image files"),
        ("x", [f"a long story of lesion {row}" for row in range(N)], "free text"),
        ("id", [f"{row:x}" for row in range(N)], "named like an id"),
    ],
)
def test_ids_that_do_not_repeat(name, values, word):
    found = why(values, name)
    assert word in found.reason
    assert not found.repeats


def test_whole_numbers_whose_rows_share_a_patient_are_ids_of_patients():
    numbers = np.random.default_rng(2).permutation(400)[: N // 3][WHO]
    assert "share other columns" in why(numbers, others=patients()).reason
    assert why(numbers) is None
    assert why(numbers, others=patients(["sex"])) is None  # one column may be so by chance
    assert why(numbers, "n_naevi", others=patients()) is None


@pytest.mark.parametrize(
    ("name", "values"),
    [
        ("age", RNG.integers(0, 100, N)),
        ("Alter", np.arange(N) % 90),
        ("diameter_mm", RNG.integers(1, 40, N)),
        ("naevi", RNG.integers(0, 300, N)),
        ("ldh", RNG.integers(100, 400, N)),
        ("weight", RNG.integers(40, 130, N)),
        ("fitzpatrick", RNG.integers(1, 7, N)),
        ("year", RNG.integers(2000, 2021, N)),
        ("lesion_area_px", RNG.integers(1_000, 90_000, N)),
        ("thickness", RNG.gamma(2.0, 1.0, N).round(2)),
        ("site", RNG.choice(["back", "arm", "face"], N)),
        ("code", RNG.choice(["C44.1", "C44.3", "C44.9"], N)),
        ("size", RNG.choice([f"{size} mm" for size in range(30)], N)),
        ("location", RNG.choice([f"Sector {sector}" for sector in range(30)], N)),
        ("platelets", RNG.integers(150, 450, N) * 1000),
    ],
)
def test_honest_columns_are_no_ids(name, values):
    assert why(values, name, patients()) is None


def test_a_coarser_form_of_a_number_proves_nothing():
    numbers = RNG.integers(0, 60, N)
    others = pd.DataFrame({"third": numbers // 3, "tenth": numbers // 10, "half": numbers // 30})
    assert why(numbers, others=others) is None
